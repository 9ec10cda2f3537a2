import { expect, test } from "bun:test";
import { bytesOfText, quoteWord, splitWords, textOfBytes } from "./words.ts";

test("words are split at white space and keep what quotes hold together", () => {
  const rows: [string, string[] | null][] = [
    ["", []],
    [" \t ", []],
    ["set key value", ["set", "key", "value"]],
    ['set "a b" c', ["set", "a b", "c"]],
    ['""', [""]],
    ["'it\\'s' x", ["it's", "x"]],
    ["'a\\nb'", ["a\\nb"]],
    ['"\\x41\\x00\\n\\r\\t\\b\\a\\q\\""', ['A\0\n\r\t\b\x07q"']],
    ['"\\x4"', ["x4"]],
    ['pre"fix ed"', ["prefix ed"]],
    ['"open', null],
    ["'open", null],
    ['"a"b', null],
    ["'a'b", null],
    ['"a\\', null],
  ];
  for (const [line, words] of rows) expect({ line, words: splitWords(line) }).toEqual({ line, words });
});

test("a quoted word is read back byte for byte", () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  expect(splitWords(quoteWord(all))).toEqual([all]);
  expect(quoteWord('a"\\\n\xff\x01')).toBe('"a\\"\\\\\\n\\xff\\x01"');
});

test("text survives the way through bytes, and bytes that are not text are told apart", () => {
  expect(textOfBytes(bytesOfText("pässwörd ☂"))).toBe("pässwörd ☂");
  expect(textOfBytes("\xff\xfe")).toBeNull();
});
