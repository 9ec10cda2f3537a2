/**
 * RESP2 and RESP3 replies as values that stay distinguishable: a simple string is not a bulk string, the two RESP2
 * nulls and the RESP3 null are three kinds.
 */

export type Reply =
  | { readonly kind: "simple"; readonly text: string }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "integer"; readonly value: number | bigint }
  | { readonly kind: "bulk"; readonly bytes: Buffer }
  | { readonly kind: "nilBulk" }
  | { readonly kind: "nilArray" }
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "double"; readonly text: string }
  | { readonly kind: "bignumber"; readonly text: string }
  | { readonly kind: "verbatim"; readonly format: string; readonly bytes: Buffer }
  /** The items of a map are its keys and values in turn. */
  | { readonly kind: "array" | "set" | "map" | "push"; readonly items: readonly Reply[] };

/** Bytes that are not RESP: the test must fail, whatever it was looking for. */
export class MalformedReply extends Error {}

/**
 * Reads one reply from `bytes[at..end]`. `null` means that more bytes are needed, at least up to `needed`; then the same
 * reply is read again from its start, so a caller should wait until `needed` is there. Throws MalformedReply.
 */
export class ReplyReader {
  /** Where the reply that `read` returned ends. */
  at = 0;
  /** After `null`: no reply can be complete before the buffer reaches this offset. */
  needed = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;

  read(bytes: Buffer, at: number, end: number): Reply | null {
    this.#bytes = bytes;
    this.#end = end;
    this.at = at;
    this.needed = end + 1;
    return this.#reply();
  }

  #reply(): Reply | null {
    const type = this.at < this.#end ? this.#bytes[this.at] : undefined;
    const line = this.#line();
    if (type === undefined || line === null) return null;
    switch (String.fromCharCode(type)) {
      case "+":
        return { kind: "simple", text: line };
      case "-":
        return { kind: "error", text: line };
      case ":":
        return { kind: "integer", value: integer(line) };
      case "$":
        return this.#bulk(line);
      case "*":
        return line === "-1" ? { kind: "nilArray" } : this.#items("array", length(line));
      case "%":
        return this.#items("map", length(line) * 2);
      case "~":
        return this.#items("set", length(line));
      case ">":
        return this.#items("push", length(line));
      case "_":
        if (line !== "") throw new MalformedReply(`null with a text: ${JSON.stringify(line)}`);
        return { kind: "null" };
      case "#":
        if (line !== "t" && line !== "f") throw new MalformedReply(`boolean: ${JSON.stringify(line)}`);
        return { kind: "boolean", value: line === "t" };
      case ",":
        return { kind: "double", text: line };
      case "(":
        return { kind: "bignumber", text: line };
      case "=": {
        const body = this.#body(length(line));
        if (body === null) return null;
        if (body[3] !== 0x3a) throw new MalformedReply("verbatim string without its format");
        return { kind: "verbatim", format: body.toString("latin1", 0, 3), bytes: body.subarray(4) };
      }
      default:
        throw new MalformedReply(
          `reply starts with ${JSON.stringify(String.fromCharCode(type))}, line ${JSON.stringify(line)}`,
        );
    }
  }

  #bulk(line: string): Reply | null {
    if (line === "-1") return { kind: "nilBulk" };
    const bytes = this.#body(length(line));
    return bytes === null ? null : { kind: "bulk", bytes };
  }

  #items(kind: "array" | "map" | "set" | "push", count: number): Reply | null {
    const items: Reply[] = [];
    for (let index = 0; index < count; index++) {
      const item = this.#reply();
      if (item === null) {
        // The shortest reply is "_\r\n", three bytes.
        this.needed = Math.max(this.needed, this.at + (count - index - 1) * 3);
        return null;
      }
      items.push(item);
    }
    return { kind, items };
  }

  #body(size: number): Buffer | null {
    const start = this.at;
    if (this.#end < start + size + 2) {
      this.needed = Math.max(this.needed, start + size + 2);
      return null;
    }
    this.at = start + size + 2;
    if (this.#bytes[start + size] !== 0x0d || this.#bytes[start + size + 1] !== 0x0a) {
      throw new MalformedReply(`bulk string of ${size} bytes without CRLF behind it`);
    }
    return this.#bytes.subarray(start, start + size);
  }

  #line(): string | null {
    const newline = this.#bytes.indexOf(0x0a, this.at);
    if (newline < 0 || newline >= this.#end) return null;
    if (this.#bytes[newline - 1] !== 0x0d) throw new MalformedReply("line ends in LF without CR");
    const line = this.#bytes.toString("latin1", this.at + 1, newline - 1);
    this.at = newline + 1;
    return line;
  }
}

/** All replies of a complete stream. Throws MalformedReply, also where the last reply is cut. */
export function readReplies(bytes: Buffer): Reply[] {
  const reader = new ReplyReader();
  const replies: Reply[] = [];
  for (let at = 0; at < bytes.length; at = reader.at) {
    const reply = reader.read(bytes, at, bytes.length);
    if (reply === null) throw new MalformedReply(`cut reply: ${JSON.stringify(bytes.toString("latin1", at, at + 60))}`);
    replies.push(reply);
  }
  return replies;
}

/** One request as RESP bytes. Strings are sent as UTF-8. */
export function encodeRequest(args: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const body = typeof arg === "string" ? Buffer.from(arg) : arg;
    parts.push(Buffer.from(`$${body.length}\r\n`), body, CRLF);
  }
  return Buffer.concat(parts);
}

/** A reply on one line, every kind recognisable: `+OK`, `"bulk"`, `:1`, `nil`, `[…]`, `{k: v}`. */
export function show(reply: Reply): string {
  switch (reply.kind) {
    case "simple":
      return `+${reply.text}`;
    case "error":
      return `-${reply.text}`;
    case "integer":
      return `:${reply.value}`;
    case "bulk":
      return JSON.stringify(reply.bytes.toString("latin1"));
    case "nilBulk":
      return "nil($-1)";
    case "nilArray":
      return "nil(*-1)";
    case "null":
      return "null(_)";
    case "boolean":
      return `#${reply.value ? "t" : "f"}`;
    case "double":
      return `,${reply.text}`;
    case "bignumber":
      return `(${reply.text}`;
    case "verbatim":
      return `=${reply.format}:${JSON.stringify(reply.bytes.toString("latin1"))}`;
    case "map":
      return `{${pairs(reply.items).join(", ")}}`;
    case "array":
      return `[${reply.items.map(show).join(", ")}]`;
    case "set":
      return `~[${reply.items.map(show).join(", ")}]`;
    case "push":
      return `>[${reply.items.map(show).join(", ")}]`;
  }
}

/** The text of a simple, error, bulk or verbatim reply; anything else is a failure of the test. */
export function textOf(reply: Reply | undefined): string {
  if (reply?.kind === "simple" || reply?.kind === "error" || reply?.kind === "double") return reply.text;
  if (reply?.kind === "bulk" || reply?.kind === "verbatim") return reply.bytes.toString();
  throw new Error(`expected a text, received ${reply ? show(reply) : "nothing"}`);
}

/** The number in an integer reply; anything else is a failure of the test. */
export function numberOf(reply: Reply | undefined): number {
  if (reply?.kind === "integer") return Number(reply.value);
  throw new Error(`expected an integer, received ${reply ? show(reply) : "nothing"}`);
}

/** The items of an array, set, map (flat) or push reply; anything else is a failure of the test. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  if (reply && "items" in reply) return reply.items;
  throw new Error(`expected an aggregate, received ${reply ? show(reply) : "nothing"}`);
}

/** Keys and values of a map reply, or of the flat array that RESP2 has in its place. */
export function mapOf(reply: Reply | undefined): Map<string, Reply> {
  const items = itemsOf(reply);
  const map = new Map<string, Reply>();
  for (let index = 0; index + 1 < items.length; index += 2) {
    const value = items[index + 1];
    if (value) map.set(textOf(items[index]), value);
  }
  return map;
}

const CRLF = Buffer.from("\r\n");

function pairs(items: readonly Reply[]): string[] {
  const shown: string[] = [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    shown.push(`${show(items[index] as Reply)}: ${show(items[index + 1] as Reply)}`);
  }
  return shown;
}

function integer(line: string): number | bigint {
  if (!/^-?(0|[1-9][0-9]*)$/.test(line)) throw new MalformedReply(`integer: ${JSON.stringify(line)}`);
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function length(line: string): number {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(line)) throw new MalformedReply(`length: ${JSON.stringify(line)}`);
  return Number(line);
}
