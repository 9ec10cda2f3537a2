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

/** `value` as RESP bytes of the given protocol. Cost: one pass and one copy. */
export function encodeReply(value: ReplyValue, proto: Protocol): Uint8Array {
  const chunks: Uint8Array[] = [];
  write(chunks, value, proto);
  return Buffer.concat(chunks);
}

function write(out: Uint8Array[], value: ReplyValue, proto: Protocol): void {
  if (value === null) out.push(text(proto === 3 ? "_\r\n" : "$-1\r\n"));
  else if (typeof value === "string") bulk(out, Buffer.from(value));
  else if (value instanceof Uint8Array) bulk(out, value);
  else if (typeof value === "number" || typeof value === "bigint") out.push(text(`:${value}\r\n`));
  else if (typeof value === "boolean")
    out.push(text(proto === 3 ? `#${value ? "t" : "f"}\r\n` : `:${value ? 1 : 0}\r\n`));
  else if (value instanceof Simple) out.push(text(`+${oneLine(value.text)}\r\n`));
  else if (value instanceof ErrorReply) out.push(text(`-${oneLine(value.text)}\r\n`));
  else if (value instanceof Double) {
    if (proto === 3) out.push(text(`,${doubleText(value.value)}\r\n`));
    else bulk(out, Buffer.from(doubleText(value.value)));
  } else if (value instanceof Verbatim) {
    const body = Buffer.from(value.text);
    if (proto === 3) out.push(text(`=${body.length + 4}\r\n${value.format}:`), body, text("\r\n"));
    else bulk(out, body);
  } else if (value instanceof Map) {
    out.push(text(proto === 3 ? `%${value.size}\r\n` : `*${value.size * 2}\r\n`));
    for (const [key, item] of value) {
      bulk(out, Buffer.from(key));
      write(out, item, proto);
    }
  } else {
    out.push(text(`*${value.length}\r\n`));
    for (const item of value) write(out, item, proto);
  }
}

function bulk(out: Uint8Array[], body: Uint8Array): void {
  out.push(text(`$${body.length}\r\n`), body, text("\r\n"));
}

function text(ascii: string): Uint8Array {
  return Buffer.from(ascii);
}

/** Error texts may quote what a user sent; a line break in them would end the reply early. */
function oneLine(line: string): string {
  return line.replace(/[\r\n]+/g, " ");
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  return value === -Infinity ? "-inf" : String(value);
}
