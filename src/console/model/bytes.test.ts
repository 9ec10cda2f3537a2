import { describe, expect, test } from "bun:test";
import {
  type Bytes,
  bytesOfIdentity,
  fromArray,
  fromField,
  identity,
  naturalFormat,
  sameBytes,
  showBytes,
  toArray,
  toField,
} from "./bytes.ts";

const BINARY: Bytes = { base64: Buffer.from([0xff, 0x00, 0x41]).toString("base64") };

describe("bytes", () => {
  test("stay the same through every format that loses nothing of them", () => {
    for (let round = 0; round < 300; round++) {
      const value = fromArray(crypto.getRandomValues(new Uint8Array(round % 40)));
      expect(fromField(toField(value, "hex"), "hex")).toEqual(value);
      expect(fromField(toField(value, "base64"), "base64")).toEqual(value);
      expect(fromField(toField(value, naturalFormat(value)), naturalFormat(value))).toEqual(value);
      expect(bytesOfIdentity(identity(value))).toEqual(value);
      expect(fromArray(toArray(value))).toEqual(value);
    }
  });

  test("are text where they are UTF-8, a byte order mark too", () => {
    expect(fromArray(new TextEncoder().encode("\ufeffgrün"))).toBe("\ufeffgrün");
    expect(fromArray(Uint8Array.from([0xff]))).toEqual({ base64: "/w==" });
  });

  test("are the same only where each byte is", () => {
    expect(sameBytes("a", "a")).toBe(true);
    expect(sameBytes("/w==", { base64: "/w==" })).toBe(false);
  });

  test("are shown with what the eye does not see as escapes", () => {
    expect(showBytes("a\u202eb\u0000c\r\n\td")).toBe("a\\u202eb\\x00c\\r\\n\\td");
    expect(showBytes(BINARY)).toBe("\\xff\\x00A");
    expect(showBytes("long text", { length_max: 4 })).toBe("long…");
  });

  test("are refused with a text that says what is wrong", () => {
    expect(() => fromField("f", "hex")).toThrow("two digits");
    expect(() => fromField("%", "base64")).toThrow("base64");
  });

  test("are edited as hex where an input field would change them", () => {
    expect(naturalFormat("lines\nand tabs\t")).toBe("text");
    expect(naturalFormat("a\r\nb")).toBe("hex");
    expect(naturalFormat(BINARY)).toBe("hex");
  });
});
