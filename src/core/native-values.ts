/** What native code hands over: requests, figures, texts. */

/** A request that the main thread has to serve. */
export interface ControlRequest {
  readonly id: number;
  readonly proto: 2 | 3;
  /** Who asks is on this machine. */
  readonly local: boolean;
  /** Name of the user who asks. */
  readonly user: string;
  readonly argv: Uint8Array[];
}

/** What a function did: its name and library, and counts and times by name (`calls`, `p99_usec`). */
export interface FunctionFigures {
  readonly name: string;
  readonly library: string;
  readonly [figure: string]: number | string;
}

/** What a core runs at this moment. */
export interface RunningFunction {
  readonly name: string;
  readonly command: readonly string[];
  readonly ms: number;
  /** 1: a script in Lua, 2: a function in Lua, 0: a function in the core's VM. */
  readonly lua: 0 | 1 | 2;
}

/** Texts that stand each behind its length. */
export function unpacked(packed: Buffer): Buffer[] {
  const texts: Buffer[] = [];
  for (let from = 0; from < packed.length; ) {
    const end = from + 4 + packed.readUInt32LE(from);
    texts.push(packed.subarray(from + 4, end));
    from = end;
  }
  return texts;
}
