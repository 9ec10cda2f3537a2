/** One attempt to get out of the sandbox, or to harm what it does not own. */
export interface Attempt {
  /** A sentence: what the library tries. */
  readonly name: string;
  /** The library, without its header; it has a function `attack`, which returns what it got. */
  readonly source: string;
  readonly keys?: readonly string[];
  readonly args?: readonly string[];
  /** FUNCTION LOAD itself must refuse it. */
  readonly refused?: boolean;
  /** What the reply has to show; besides, no reply may say ESCAPED. */
  readonly reply?: RegExp;
  /** Only a whole server can show it. */
  readonly wireOnly?: boolean;
  /** The call must be stopped by the time limit. */
  readonly stopped?: boolean;
  /** Called once more afterwards, by another library: what that must answer. */
  readonly bystander?: { readonly source: string; readonly reply: RegExp };
}

/** What an attempt runs against. */
export interface Target {
  /** Sets the time limit, in ms. */
  allow(limit_ms: number): Promise<void>;
  /** FUNCTION LOAD REPLACE; throws an Error with the reply's text where it is refused. */
  load(source: string): Promise<void>;
  /** FCALL in RESP3: the reply, `-` and the text for an error. */
  call(name: string, keys: readonly string[], args: readonly string[]): Promise<string>;
}
