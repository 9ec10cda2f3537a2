import type { Bytes } from "../../../host/deck.ts";
import type { Primordials } from "./primordials.ts";

/** Reads RESP3 as values of the library's realm. */
export interface ReplyReader {
  /** The reply that starts at `from` of `source`; bulk strings as Uint8Array where `binary`. */
  read(source: Bytes, from: number, binary: boolean): unknown;
}

/**
 * Makes the reader of one context.
 *
 *     $ + = text   : integer   , double   ( bigint   # boolean   _ null   * > ~ array   % object   - ! error   | skipped
 *
 * Native code wrote the bytes, so they are well formed. Calls host functions: the caller guards.
 */
export function makeReplyReader(
  primordials: Primordials,
  replyError: (text: string) => unknown,
  copyBytes: (buffer: ArrayBufferLike, from: number, bytes: number) => Uint8Array,
): ReplyReader {
  const { defineProperty, BigInt, Number } = primordials;
  let source: Bytes;
  let at = 0;
  let binary = false;
  // Without a prototype, so that a `get` on Object.prototype is not taken for one of the descriptor.
  const slot = { __proto__: null, value: null as unknown, writable: true, enumerable: true, configurable: true };

  function lineEnd(): number {
    let end = at;
    while (source[end] !== 13) end++;
    return end;
  }

  function line(): string {
    const end = lineEnd();
    const text = source.utf8Slice(at, end);
    at = end + 2;
    return text;
  }

  function integer(): number {
    let value = 0;
    let negative = false;
    if (source[at] === 45) {
      negative = true;
      at++;
    }
    for (;;) {
      const digit = source[at++] as number;
      if (digit === 13) break;
      value = value * 10 + (digit - 48);
    }
    at++;
    return negative ? -value : value;
  }

  function bulk(): unknown {
    const bytes = integer();
    if (bytes < 0) return null;
    const from = at;
    at += bytes + 2;
    return binary ? copyBytes(source.buffer, source.byteOffset + from, bytes) : source.utf8Slice(from, from + bytes);
  }

  function double(): number {
    const text = line();
    if (text === "inf") return Infinity;
    if (text === "-inf") return -Infinity;
    return Number(text);
  }

  function array(): unknown {
    const count = integer();
    if (count < 0) return null;
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) {
      const item = value();
      slot.value = item;
      defineProperty(items, index, slot);
    }
    return items;
  }

  function map(): Record<string, unknown> {
    const count = integer();
    // A field may be called __proto__ or constructor; without a prototype it is a field like any other.
    const object = { __proto__: null } as unknown as Record<string, unknown>;
    const wasBinary = binary;
    for (let index = 0; index < count; index++) {
      binary = false;
      const key = value();
      binary = wasBinary;
      object[`${key}`] = value();
    }
    return object;
  }

  function value(): unknown {
    switch (source[at++]) {
      case 36: // $
        return bulk();
      case 58: // :
        return integer();
      case 43: // +
        if (source[at] === 79 && source[at + 1] === 75 && source[at + 2] === 13) {
          at += 4;
          return "OK";
        }
        return line();
      case 95: // _
        at += 2;
        return null;
      case 42: // *
      case 126: // ~
      case 62: // >
        return array();
      case 37: // %
        return map();
      case 44: // ,
        return double();
      case 35: {
        // #
        const truth = source[at] === 116;
        at += 3;
        return truth;
      }
      case 40: // (
        return BigInt(line());
      case 61: {
        // =15\r\ntxt:…
        const bytes = integer();
        const text = source.utf8Slice(at + 4, at + bytes);
        at += bytes + 2;
        return text;
      }
      case 45: // -
        return replyError(line());
      case 33: {
        // !
        const bytes = integer();
        const text = source.utf8Slice(at, at + bytes);
        at += bytes + 2;
        return replyError(text);
      }
      case 124: // |
        map();
        return value();
      default:
        return null;
    }
  }

  return {
    read(from: Bytes, start: number, asBytes: boolean): unknown {
      source = from;
      at = start;
      binary = asBytes;
      return value();
    },
  };
}
