/**
 * RESP2 and RESP3 as a client sees them: requests to bytes, bytes to replies.
 *
 * Texts are byte strings (one character per byte): what came in goes out unchanged, whatever its encoding.
 */

export type Reply =
  | { readonly kind: "status" | "error" | "bulk" | "verbatim"; readonly bytes: string }
  /** Numbers stay as the server wrote them. */
  | { readonly kind: "integer" | "double" | "bignum"; readonly bytes: string }
  | { readonly kind: "nil" }
  | { readonly kind: "bool"; readonly value: boolean }
  /** Items of a map alternate: key, value, key, value. */
  | { readonly kind: Aggregate; readonly items: readonly Reply[] };

type Aggregate = "array" | "map" | "set" | "push";

/** A reply that breaks the protocol; the text is hiredis's. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** One command as bytes; the words are byte strings. */
export function encodeRequest(words: readonly string[]): Buffer {
  return encodeRequests([words]);
}

/** Commands as bytes, one after the other. */
export function encodeRequests(list: readonly (readonly string[])[]): Buffer {
  let text = "";
  for (const words of list) {
    text += `*${words.length}\r\n`;
    for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  }
  return Buffer.from(text, "latin1");
}

interface OpenAggregate {
  readonly kind: Aggregate | "attribute";
  left: number;
  readonly items: Reply[];
}

const AGGREGATES: Readonly<Record<string, Aggregate | "attribute">> = {
  "*": "array",
  "%": "map",
  "~": "set",
  ">": "push",
  "|": "attribute",
};

/** Depth of nesting that a reply may have; hiredis allows nine levels, Redis sends fewer. */
const DEPTH_MAX = 64;
const CHUNK_MIN = 64 * 1024;
const CR = 13;
const LF = 10;

/** Takes bytes as they arrive and gives whole replies. Cost: each byte is copied once and read once. */
export class ReplyReader {
  #buffer = Buffer.alloc(CHUNK_MIN);
  #start = 0;
  #end = 0;
  /** Where the search for the next line end goes on. */
  #searched = 0;
  #bulk: { readonly kind: "bulk" | "verbatim"; readonly length: number } | null = null;
  readonly #open: OpenAggregate[] = [];

  /** Nothing of a reply waits for the rest of it. */
  get isEmpty(): boolean {
    return this.#start === this.#end && this.#open.length === 0 && this.#bulk === null;
  }

  push(chunk: Uint8Array): void {
    const unread = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const needed = unread + chunk.length;
      const target =
        needed > this.#buffer.length ? Buffer.alloc(Math.max(needed, this.#buffer.length * 2)) : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#searched -= this.#start;
      this.#start = 0;
      this.#end = unread;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next whole reply, or undefined when more bytes are needed. Throws ProtocolError. */
  next(): Reply | undefined {
    for (;;) {
      const value = this.#bulk === null ? this.#readLine() : this.#readBulk();
      if (value === undefined) return undefined;
      if (value === "opened") continue;
      const whole = this.#close(value);
      if (whole !== undefined) return whole;
    }
  }

  #readLine(): Reply | "opened" | undefined {
    const end = this.#lineEnd();
    if (end < 0) return undefined;
    const line = this.#buffer.toString("latin1", this.#start, end);
    this.#start = end + 2;
    this.#searched = this.#start;
    const type = line.charAt(0);
    const text = line.slice(1);
    switch (type) {
      case "+":
        return { kind: "status", bytes: text };
      case "-":
        return { kind: "error", bytes: text };
      case ":":
        return { kind: "integer", bytes: text };
      case ",":
        return { kind: "double", bytes: text };
      case "(":
        return { kind: "bignum", bytes: text };
      case "#":
        return { kind: "bool", value: text === "t" };
      case "_":
        return { kind: "nil" };
      case "$":
      case "=":
        return this.#openBulk(type === "=" ? "verbatim" : "bulk", text);
      default:
        return this.#openAggregate(type, text);
    }
  }

  /** Where the line ends that begins at the start, or -1. Lines are short: a step a byte costs less than a call. */
  #lineEnd(): number {
    const buffer = this.#buffer;
    const last = this.#end - 1;
    for (let at = Math.max(this.#start, this.#searched); at < last; at++) {
      if (buffer[at] === CR && buffer[at + 1] === LF) return at;
    }
    this.#searched = Math.max(this.#start, last);
    return -1;
  }

  #openBulk(kind: "bulk" | "verbatim", text: string): Reply | "opened" {
    const length = lengthOf(text);
    if (length < 0) return { kind: "nil" };
    this.#bulk = { kind, length };
    return "opened";
  }

  #openAggregate(type: string, text: string): Reply | "opened" {
    const kind = AGGREGATES[type];
    if (kind === undefined) {
      throw new ProtocolError(`Protocol error, got ${JSON.stringify(type)} as reply type byte`);
    }
    const length = lengthOf(text);
    if (length < 0) return { kind: "nil" };
    if (this.#open.length >= DEPTH_MAX) throw new ProtocolError("Protocol error, reply is nested too deeply");
    const left = kind === "map" || kind === "attribute" ? length * 2 : length;
    if (left === 0 && kind !== "attribute") return { kind, items: [] };
    if (left > 0) this.#open.push({ kind, left, items: [] });
    return "opened";
  }

  #readBulk(): Reply | undefined {
    const bulk = this.#bulk;
    if (bulk === null || this.#end - this.#start < bulk.length + 2) return undefined;
    const end = this.#start + bulk.length;
    // A verbatim string starts with its format and a colon: `txt:`.
    const from = bulk.kind === "verbatim" ? Math.min(this.#start + 4, end) : this.#start;
    const bytes = this.#buffer.toString("latin1", from, end);
    this.#start = end + 2;
    this.#searched = this.#start;
    this.#bulk = null;
    return { kind: bulk.kind, bytes };
  }

  /** Puts a value where it belongs; the outermost one when it is complete with it. */
  #close(value: Reply): Reply | undefined {
    let done = value;
    for (;;) {
      const open = this.#open.at(-1);
      if (open === undefined) return done;
      open.items.push(done);
      open.left--;
      if (open.left > 0) return undefined;
      this.#open.pop();
      // Attributes stand before the reply that they describe; nothing here shows them.
      if (open.kind === "attribute") return undefined;
      done = { kind: open.kind, items: open.items };
    }
  }
}

function lengthOf(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new ProtocolError("Protocol error, bad length in a reply");
  return Number(text);
}
