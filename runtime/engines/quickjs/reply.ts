/**
 * A command's reply as a value of the guest. What is one text or number is made at once; what has parts becomes one text of
 * JSON that the guest parses, which is far cheaper than to make each part through WASM:
 *
 *     *2 $1 a :7        ["a",7]                         JSON.parse
 *     %1 $1 f ,inf      ["m","f",["d","inf"]]           and inside/zedis.ts `build`, where something is not of JSON
 */
import type { Bytes } from "../../host/deck.ts";
import { type Guest, HELPER } from "./guest.ts";
import { TAG } from "./values.ts";

/** The address of the reply in RESP3 that begins at `from`. Bulk strings are Uint8Arrays where `binary`. */
export function replyValue(guest: Guest, source: Bytes, from: number, binary: boolean): number {
  const reader = new ReplyText(source, from);
  switch (source[from]) {
    case 58: // :
      return guest.newNumber(Number(reader.line()));
    case 95: // _
      return guest.newTagged(TAG.NULL, 0);
    case 35: // #
      return guest.newTagged(TAG.BOOL, source[from + 1] === 116 ? 1 : 0);
    case 43: // +
      return guest.newText(reader.line());
    case 36: {
      const bytes = reader.bulk();
      if (bytes === null) return guest.newTagged(TAG.NULL, 0);
      if (binary) return guest.helpWith(HELPER.TO_BYTES, guest.newBuffer(source.subarray(bytes.from, bytes.to)));
      return guest.newText(source.utf8Slice(bytes.from, bytes.to));
    }
  }
  if (!binary) {
    const plain = reader.plain();
    if (plain !== null) return guest.parse(plain);
    reader.at = from;
  }
  const text = reader.tagged(binary);
  const payload = reader.payload();
  return guest.helpWith(HELPER.BUILD, guest.newText(text), guest.newBuffer(payload));
}

class ReplyText {
  readonly #parts: Uint8Array[] = [];
  #partsBytes = 0;

  constructor(
    private readonly source: Bytes,
    public at: number,
  ) {}

  /** The rest of the line that begins at the type's byte. */
  line(): string {
    const from = this.at + 1;
    let end = from;
    while (this.source[end] !== 13) end++;
    this.at = end + 2;
    return this.source.utf8Slice(from, end);
  }

  /** Where the bytes of a bulk string lie; null for none. */
  bulk(): { readonly from: number; readonly to: number } | null {
    const length = Number(this.line());
    if (length < 0) return null;
    const from = this.at;
    this.at = from + length + 2;
    return { from, to: from + length };
  }

  /** The reply as JSON; null where it has something that JSON does not say. */
  plain(): string | null {
    const { source } = this;
    switch (source[this.at]) {
      case 36: {
        const bytes = this.bulk();
        return bytes === null ? "null" : JSON.stringify(source.utf8Slice(bytes.from, bytes.to));
      }
      case 58:
        return this.line();
      case 43:
        return JSON.stringify(this.line());
      case 95:
        this.line();
        return "null";
      case 35:
        return this.line() === "t" ? "true" : "false";
      case 42: // *
      case 126: // ~
      case 62: {
        const count = Number(this.line());
        if (count < 0) return "null";
        let text = "[";
        for (let index = 0; index < count; index++) {
          const item = this.plain();
          if (item === null) return null;
          text += index === 0 ? item : `,${item}`;
        }
        return `${text}]`;
      }
      default:
        return null;
    }
  }

  /** The reply as the text that `build` of inside/zedis.ts reads. */
  tagged(binary: boolean): string {
    const { source } = this;
    switch (source[this.at]) {
      case 36: {
        const bytes = this.bulk();
        if (bytes === null) return "null";
        if (!binary) return JSON.stringify(source.utf8Slice(bytes.from, bytes.to));
        const from = this.#partsBytes;
        this.#parts.push(source.subarray(bytes.from, bytes.to));
        this.#partsBytes += bytes.to - bytes.from;
        return `["b",${from},${this.#partsBytes}]`;
      }
      case 42:
      case 126:
      case 62: {
        const count = Number(this.line());
        if (count < 0) return "null";
        let text = '["a"';
        for (let index = 0; index < count; index++) text += `,${this.tagged(binary)}`;
        return `${text}]`;
      }
      case 37: {
        // %
        const count = Number(this.line());
        let text = '["m"';
        for (let index = 0; index < count; index++) text += `,${this.tagged(false)},${this.tagged(binary)}`;
        return `${text}]`;
      }
      case 44: // ,
        return `["d",${JSON.stringify(this.line())}]`;
      case 40: // (
        return `["i",${JSON.stringify(this.line())}]`;
      case 45: // -
        return `["e",${JSON.stringify(this.line())}]`;
      case 33:
      case 61: {
        // ! and =
        const error = source[this.at] === 33;
        const bytes = this.bulk() ?? { from: 0, to: 0 };
        const text = JSON.stringify(source.utf8Slice(bytes.from + (error ? 0 : 4), bytes.to));
        return error ? `["e",${text}]` : text;
      }
      case 124: {
        // |, skipped
        const count = Number(this.line());
        for (let index = 0; index < count * 2; index++) this.tagged(false);
        return this.tagged(binary);
      }
      default:
        return this.plain() ?? "null";
    }
  }

  payload(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
