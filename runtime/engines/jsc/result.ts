/**
 * A procedure's result as RESP, written straight into the deck.
 *
 * The values are a library's: a property may be a getter, an object a Proxy. Whatever of its code runs here runs with
 * the gate closed, under the call's time limit, and can at most throw; lengths and names are read once, so that the
 * bytes are well formed whatever it answers.
 */
import { types } from "node:util";
import { type Bytes, DECK, OUTCOME } from "../../host/deck.ts";
import { LIMITS } from "../../limits.ts";

/** A result that cannot be sent; the message is for the author. */
export class ResultError extends Error {}

export interface EncodedResult {
  outcome: number;
  bytes: number;
}

const { isArray } = Array;
const { keys, getPrototypeOf } = Object;
const {
  isProxy,
  isMap,
  isSet,
  isDate,
  isPromise,
  isNativeError,
  isRegExp,
  isUint8Array,
  isBoxedPrimitive,
  isSymbolObject,
} = types;
const INT64_MAX = 2n ** 63n;
/** Texts up to this length are copied in a loop; a call of the host's encoder costs more. */
const LOOP_MAX = 64;

export class ResultWriter {
  #buffer: Bytes;
  #at = 0;
  #end = 0;
  #proto = 2;
  #plain: object | null = null;
  readonly #trail: (string | number)[] = [];

  constructor(
    private readonly deck: Bytes,
    /** Room of the native side for `bytes` bytes. */
    private readonly bigOut: (bytes: number) => Bytes,
  ) {
    this.#buffer = deck;
  }

  /**
   * Writes `value` for a client of protocol `proto`; returns its size in bytes and where it lies: in OUT
   * (OUTCOME.RESULT) or in the grown buffer (OUTCOME.RESULT_BIG). `plainPrototype` is Object.prototype of the library's
   * realm. Throws ResultError, and what the library's getters throw.
   */
  write(value: unknown, proto: number, plainPrototype: object, out: EncodedResult): void {
    this.#plain = plainPrototype;
    this.#buffer = this.deck;
    this.#at = DECK.outAt;
    this.#end = DECK.outAt + DECK.outBytes;
    this.#proto = proto;
    this.#value(value, 0);
    if (this.#buffer === this.deck) {
      out.outcome = OUTCOME.RESULT;
      out.bytes = this.#at - DECK.outAt;
      return;
    }
    const grown = this.#buffer;
    this.#buffer = this.deck;
    this.bigOut(this.#at).set(grown.subarray(0, this.#at));
    out.outcome = OUTCOME.RESULT_BIG;
    out.bytes = this.#at;
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        this.#bulk(value);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        this.#ascii(this.#proto === 3 ? (value ? "#t\r\n" : "#f\r\n") : value ? ":1\r\n" : ":0\r\n");
        return;
      case "undefined":
        this.#null();
        return;
      case "bigint":
        if (value < INT64_MAX && value >= -INT64_MAX) this.#ascii(`:${value}\r\n`);
        else if (this.#proto === 3) this.#ascii(`(${value}\r\n`);
        else this.#bulk(`${value}`);
        return;
      case "object":
        if (value === null) this.#null();
        else this.#object(value, depth);
        return;
      default:
        this.#fail(depth, `is a ${typeof value}, which cannot be sent`);
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= LIMITS.resultDepthMax) {
      this.#fail(depth, `is nested deeper than ${LIMITS.resultDepthMax} levels, or refers to itself`);
    }
    if (isProxy(value)) this.#fail(depth, "is a Proxy, which cannot be sent");
    if (isArray(value)) {
      this.#array(value, depth);
      return;
    }
    if (ArrayBuffer.isView(value)) {
      if (!isUint8Array(value)) this.#fail(depth, "is a typed array other than Uint8Array, which cannot be sent");
      this.#bytes(value as Uint8Array);
      return;
    }
    const prototype = getPrototypeOf(value);
    if (prototype === this.#plain || prototype === null) {
      this.#fields(value, depth);
      return;
    }
    this.#refuseExotic(value, depth);
    if (isMap(value)) {
      const entries: unknown[] = [];
      // The host's own forEach reads the map itself, not the methods that the library may have changed.
      Map.prototype.forEach.call(value, (item, key) => entries.push(key, item));
      this.#mapHeader(entries.length / 2);
      for (let index = 0; index < entries.length; index += 2) {
        const key = entries[index];
        this.#trail[depth] = typeof key === "string" ? key : index / 2;
        this.#value(typeof key === "number" ? `${key}` : key, depth + 1);
        this.#value(entries[index + 1], depth + 1);
      }
      return;
    }
    if (isSet(value)) {
      const items: unknown[] = [];
      Set.prototype.forEach.call(value, (item) => items.push(item));
      this.#header(this.#proto === 3 ? 126 : 42, items.length);
      for (let index = 0; index < items.length; index++) {
        this.#trail[depth] = index;
        this.#value(items[index], depth + 1);
      }
      return;
    }
    this.#fields(value, depth);
  }

  #fields(value: object, depth: number): void {
    const names = keys(value);
    this.#mapHeader(names.length);
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      this.#trail[depth] = name;
      this.#bulk(name);
      this.#value((value as Record<string, unknown>)[name], depth + 1);
    }
  }

  #array(value: readonly unknown[], depth: number): void {
    const { length } = value;
    // The least an item takes is three bytes (`_` and a line break): a length alone must not cost time.
    if (length * 3 > LIMITS.resultBytesMax) this.#tooLong();
    this.#header(42, length);
    for (let index = 0; index < length; index++) {
      this.#trail[depth] = index;
      this.#value(value[index], depth + 1);
    }
  }

  #refuseExotic(value: object, depth: number): void {
    if (isPromise(value)) this.#fail(depth, "is a promise; await it");
    if (isNativeError(value)) this.#fail(depth, "is an Error; throw it instead");
    if (isDate(value)) this.#fail(depth, "is a Date; send getTime() or toISOString()");
    if (isRegExp(value) || isBoxedPrimitive(value) || isSymbolObject(value)) {
      this.#fail(depth, "is an object that cannot be sent");
    }
  }

  #number(value: number): void {
    if ((value | 0) === value) {
      this.#reserve(16);
      this.#buffer[this.#at++] = 58;
      this.#integer(value);
      this.#crlf();
    } else if (Number.isSafeInteger(value)) this.#ascii(`:${value}\r\n`);
    else {
      const text = Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : `${value}`;
      if (this.#proto === 3) this.#ascii(`,${text}\r\n`);
      else this.#bulk(text);
    }
  }

  #null(): void {
    this.#ascii(this.#proto === 3 ? "_\r\n" : "$-1\r\n");
  }

  #bulk(text: string): void {
    const { length } = text;
    if (length <= LOOP_MAX) {
      this.#reserve(LOOP_MAX + 16);
      const buffer = this.#buffer;
      const start = this.#at;
      buffer[this.#at++] = 36;
      this.#integer(length);
      this.#crlf();
      let at = this.#at;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 127) break;
        buffer[at++] = unit;
      }
      if (index === length) {
        this.#at = at;
        this.#crlf();
        return;
      }
      this.#at = start;
    }
    const bytes = Buffer.byteLength(text);
    this.#header(36, bytes);
    this.#reserve(bytes + 2);
    this.#at += this.#buffer.utf8Write(text, this.#at);
    this.#crlf();
  }

  #bytes(value: Uint8Array): void {
    // A subclass could answer any length; the view's own length is read through the host's getter.
    const copy = new Uint8Array(value);
    this.#header(36, copy.length);
    this.#reserve(copy.length + 2);
    this.#buffer.set(copy, this.#at);
    this.#at += copy.length;
    this.#crlf();
  }

  #mapHeader(pairs: number): void {
    if (this.#proto === 3) this.#header(37, pairs);
    else this.#header(42, pairs * 2);
  }

  #header(type: number, count: number): void {
    this.#reserve(24);
    this.#buffer[this.#at++] = type;
    this.#integer(count);
    this.#crlf();
  }

  /** Digits of a number that fits into 32 bits, most often one or two. */
  #integer(value: number): void {
    const buffer = this.#buffer;
    if (value >= 0 && value < 10) {
      buffer[this.#at++] = 48 + value;
      return;
    }
    let rest = value;
    if (rest < 0) {
      buffer[this.#at++] = 45;
      rest = -rest;
    }
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits++;
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = Math.floor(rest / 10);
      buffer[at] = 48 + (rest - next * 10);
      rest = next;
    }
    this.#at += digits;
  }

  #crlf(): void {
    this.#buffer[this.#at++] = 13;
    this.#buffer[this.#at++] = 10;
  }

  #ascii(text: string): void {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) this.#buffer[this.#at++] = text.charCodeAt(index);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#end) return;
    const from = this.#buffer === this.deck ? DECK.outAt : 0;
    const used = this.#at - from;
    const needed = used + bytes;
    if (needed > LIMITS.resultBytesMax) this.#tooLong();
    const grown = Buffer.allocUnsafeSlow(Math.min(LIMITS.resultBytesMax, Math.max(needed, used * 2))) as Bytes;
    this.#buffer.copy(grown, 0, from, this.#at);
    this.#buffer = grown;
    this.#at = used;
    this.#end = grown.length;
  }

  #tooLong(): never {
    throw new ResultError(`the result has more than ${LIMITS.resultBytesMax} bytes`);
  }

  #fail(depth: number, what: string): never {
    let path = "the result";
    for (const step of this.#trail.slice(0, Math.min(depth, 8))) {
      path += typeof step === "number" ? `[${step}]` : `.${step.slice(0, 32)}`;
    }
    throw new ResultError(`${path} ${what}`);
  }
}
