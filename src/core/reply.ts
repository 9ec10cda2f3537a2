/**
 * Replies of control commands (CONFIG, FUNCTION, …) as values, and their encoding as RESP bytes.
 *
 * Data plane replies never pass through here: native code writes those itself.
 */

/** A status reply: `+OK`. The text holds no CR or LF. */
export class Simple {
  constructor(readonly text: string) {}
}

/** An error reply; the text starts with its code: `ERR Unknown option`. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** RESP3 double; a bulk string in RESP2. */
export class Double {
  constructor(readonly value: number) {}
}

/** RESP3 verbatim string (`txt` or `mkd`); a bulk string in RESP2. */
export class Verbatim {
  constructor(
    readonly format: "txt" | "mkd",
    readonly text: string,
  ) {}
}

export const OK = new Simple("OK");

export type ReplyValue =
  | string
  | Uint8Array
  | number
  | bigint
  | null
  | boolean
  | readonly ReplyValue[]
  | Map<string, ReplyValue>
  | ReadonlySet<ReplyValue>
  | Simple
  | ErrorReply
  | Double
  | Verbatim;

export type Protocol = 2 | 3;

/** A command that the TypeScript main thread serves. `argv[0]` is the command's name as the client sent it. */
export type ControlCommand = (
  argv: readonly Uint8Array[],
  context: {
    readonly proto: Protocol;
    /** The client is on this machine. */
    readonly local?: boolean;
    /** Name of the user who asks. */
    readonly user?: string;
  },
) => ReplyValue | Promise<ReplyValue>;

/** `value` as RESP bytes of the given protocol. Cost: one pass; texts are joined first, and become bytes together. */
export function encodeReply(value: ReplyValue, proto: Protocol): Uint8Array {
  const kept = value instanceof Map ? KEPT.get(value) : undefined;
  const known = kept?.[proto];
  if (known !== undefined) return known;
  const out = new Encoder(proto);
  out.write(value);
  const bytes = out.bytes();
  if (kept !== undefined) kept[proto] = bytes;
  return bytes;
}

const KEPT = new WeakMap<object, { [proto in Protocol]?: Uint8Array }>();

/** The value, whose bytes are kept from the first time it is encoded: it must not change any more. */
export function keepEncoded(value: Map<string, ReplyValue>): ReplyValue {
  KEPT.set(value, {});
  return value;
}

class Encoder {
  readonly #chunks: Uint8Array[] = [];
  /** Text that is not in the chunks yet. */
  #text = "";

  constructor(private readonly proto: Protocol) {}

  bytes(): Uint8Array {
    if (this.#chunks.length === 0) return Buffer.from(this.#text);
    this.#flush();
    return Buffer.concat(this.#chunks);
  }

  write(value: ReplyValue): void {
    const isNew = this.proto === 3;
    if (value === null) this.#text += isNew ? "_\r\n" : "$-1\r\n";
    else if (typeof value === "string") this.#bulk(value);
    else if (value instanceof Uint8Array) this.#bytes(value);
    else if (typeof value === "number" || typeof value === "bigint") this.#text += `:${value}\r\n`;
    else if (typeof value === "boolean") this.#text += isNew ? `#${value ? "t" : "f"}\r\n` : `:${value ? 1 : 0}\r\n`;
    else if (value instanceof Simple) this.#text += `+${oneLine(value.text)}\r\n`;
    else if (value instanceof ErrorReply) this.#text += `-${oneLine(value.text)}\r\n`;
    else if (value instanceof Double) {
      if (isNew) this.#text += `,${doubleText(value.value)}\r\n`;
      else this.#bulk(doubleText(value.value));
    } else if (value instanceof Verbatim) {
      if (isNew) this.#text += `=${Buffer.byteLength(value.text) + 4}\r\n${value.format}:${value.text}\r\n`;
      else this.#bulk(value.text);
    } else if (value instanceof Map) {
      this.#text += isNew ? `%${value.size}\r\n` : `*${value.size * 2}\r\n`;
      for (const [key, item] of value) {
        this.#bulk(key);
        this.write(item);
      }
    } else if (value instanceof Set) {
      this.#text += `${isNew ? "~" : "*"}${value.size}\r\n`;
      for (const item of value) this.write(item);
    } else {
      this.#text += `*${(value as readonly ReplyValue[]).length}\r\n`;
      for (const item of value) this.write(item);
    }
  }

  #bulk(body: string): void {
    this.#text += `$${Buffer.byteLength(body)}\r\n${body}\r\n`;
  }

  #bytes(body: Uint8Array): void {
    this.#text += `$${body.length}\r\n`;
    this.#flush();
    this.#chunks.push(body);
    this.#text = "\r\n";
  }

  #flush(): void {
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = "";
  }
}

/** Error texts may quote what a user sent; a line break in them would end the reply early. */
function oneLine(line: string): string {
  return line.replace(/[\r\n]/g, " ");
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  return value === -Infinity ? "-inf" : String(value);
}
