/**
 * RESP of a client's protocol, written straight into the deck: what every engine's results are made of. What an engine
 * reads a library's value with stands beside the engine.
 */
import { type Bytes, DECK, OUTCOME } from "../host/deck.ts";
import { LIMITS } from "../limits.ts";

/** A result that cannot be sent; the message is for the author. */
export class ResultError extends Error {}

export interface EncodedResult {
  outcome: number;
  bytes: number;
}

/** Texts up to this length are copied in a loop; a call of the host's encoder costs more. */
const LOOP_MAX = 64;
const INT64_MAX = 2n ** 63n;

export class RespOut {
  protected buffer: Bytes;
  protected at = 0;
  protected end = 0;
  protected proto = 2;

  constructor(
    private readonly deck: Bytes,
    /** Room of the native side for `bytes` bytes. */
    private readonly bigOut: (bytes: number) => Bytes,
  ) {
    this.buffer = deck;
  }

  /** Begins a result for a client of protocol `proto`. */
  begin(proto: number): void {
    this.buffer = this.deck;
    this.at = DECK.outAt;
    this.end = DECK.outAt + DECK.outBytes;
    this.proto = proto;
  }

  /** Says how long the result is and where it lies: in OUT (OUTCOME.RESULT) or in the grown buffer (OUTCOME.RESULT_BIG). */
  finish(out: EncodedResult): void {
    if (this.buffer === this.deck) {
      out.outcome = OUTCOME.RESULT;
      out.bytes = this.at - DECK.outAt;
      return;
    }
    const grown = this.buffer;
    this.buffer = this.deck;
    this.bigOut(this.at).set(grown.subarray(0, this.at));
    out.outcome = OUTCOME.RESULT_BIG;
    out.bytes = this.at;
  }

  boolean(value: boolean): void {
    this.ascii(this.proto === 3 ? (value ? "#t\r\n" : "#f\r\n") : value ? ":1\r\n" : ":0\r\n");
  }

  bigint(value: bigint): void {
    if (value < INT64_MAX && value >= -INT64_MAX) this.ascii(`:${value}\r\n`);
    else if (this.proto === 3) this.ascii(`(${value}\r\n`);
    else this.bulk(`${value}`);
  }

  arrayHeader(length: number): void {
    // The least an item takes is three bytes (`_` and a line break): a length alone must not cost time.
    if (length * 3 > LIMITS.resultBytesMax) this.tooLong();
    this.header(42, length);
  }

  setHeader(length: number): void {
    this.header(this.proto === 3 ? 126 : 42, length);
  }

  number(value: number): void {
    if ((value | 0) === value) {
      this.reserve(16);
      this.buffer[this.at++] = 58;
      this.integer(value);
      this.crlf();
    } else if (Number.isSafeInteger(value)) this.ascii(`:${value}\r\n`);
    else {
      const text = Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : `${value}`;
      if (this.proto === 3) this.ascii(`,${text}\r\n`);
      else this.bulk(text);
    }
  }

  null(): void {
    this.ascii(this.proto === 3 ? "_\r\n" : "$-1\r\n");
  }

  bulk(text: string): void {
    const { length } = text;
    if (length <= LOOP_MAX) {
      this.reserve(LOOP_MAX + 16);
      const buffer = this.buffer;
      const start = this.at;
      buffer[this.at++] = 36;
      this.integer(length);
      this.crlf();
      let at = this.at;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 127) break;
        buffer[at++] = unit;
      }
      if (index === length) {
        this.at = at;
        this.crlf();
        return;
      }
      this.at = start;
    }
    const bytes = Buffer.byteLength(text);
    this.header(36, bytes);
    this.reserve(bytes + 2);
    this.at += this.buffer.utf8Write(text, this.at);
    this.crlf();
  }

  bytes(value: Uint8Array): void {
    // A subclass could answer any length; the view's own length is read through the host's getter.
    const copy = new Uint8Array(value);
    this.header(36, copy.length);
    this.reserve(copy.length + 2);
    this.buffer.set(copy, this.at);
    this.at += copy.length;
    this.crlf();
  }

  mapHeader(pairs: number): void {
    if (this.proto === 3) this.header(37, pairs);
    else this.header(42, pairs * 2);
  }

  header(type: number, count: number): void {
    this.reserve(24);
    this.buffer[this.at++] = type;
    this.integer(count);
    this.crlf();
  }

  /** Digits of a number that fits into 32 bits, most often one or two. */
  integer(value: number): void {
    const buffer = this.buffer;
    if (value >= 0 && value < 10) {
      buffer[this.at++] = 48 + value;
      return;
    }
    let rest = value;
    if (rest < 0) {
      buffer[this.at++] = 45;
      rest = -rest;
    }
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits++;
    for (let at = this.at + digits - 1; at >= this.at; at--) {
      const next = Math.floor(rest / 10);
      buffer[at] = 48 + (rest - next * 10);
      rest = next;
    }
    this.at += digits;
  }

  crlf(): void {
    this.buffer[this.at++] = 13;
    this.buffer[this.at++] = 10;
  }

  ascii(text: string): void {
    this.reserve(text.length);
    for (let index = 0; index < text.length; index++) this.buffer[this.at++] = text.charCodeAt(index);
  }

  reserve(bytes: number): void {
    if (this.at + bytes <= this.end) return;
    const from = this.buffer === this.deck ? DECK.outAt : 0;
    const used = this.at - from;
    const needed = used + bytes;
    if (needed > LIMITS.resultBytesMax) this.tooLong();
    const grown = Buffer.allocUnsafeSlow(Math.min(LIMITS.resultBytesMax, Math.max(needed, used * 2))) as Bytes;
    this.buffer.copy(grown, 0, from, this.at);
    this.buffer = grown;
    this.at = used;
    this.end = grown.length;
  }

  tooLong(): never {
    throw new ResultError(`the result has more than ${LIMITS.resultBytesMax} bytes`);
  }
}

/** `the result.items[3]`, from the steps that lead there. */
export function pathOf(steps: readonly (string | number)[], depth: number): string {
  let path = "the result";
  for (const step of steps.slice(0, Math.min(depth, 8))) {
    path += typeof step === "number" ? `[${step}]` : `.${step.slice(0, 32)}`;
  }
  return path;
}
