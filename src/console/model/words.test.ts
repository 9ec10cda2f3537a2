import { describe, expect, test } from "bun:test";
import { fromArray } from "./bytes.ts";
import { quoteWord, splitWords } from "./words.ts";

describe("words of a command line", () => {
  test("are divided as redis-cli divides them", () => {
    expect(splitWords("  SET \"a b\" 'it\\'s' c\\d ")).toEqual(["SET", "a b", "it's", "c\\d"]);
    expect(splitWords('"\\n\\t\\x41\\q"')).toEqual(["\n\tAq"]);
    expect(splitWords('"\\xff\\x00"')).toEqual([{ base64: "/wA=" }]);
    expect(splitWords("''")).toEqual([""]);
    expect(splitWords("")).toEqual([]);
  });

  test("are none where a quote is open or something follows a closing one", () => {
    for (const line of ['"a', "'a", '"a"b', '"a\\']) expect(splitWords(line)).toBeNull();
  });

  test("come back from how they are quoted, whatever bytes they are", () => {
    for (let round = 0; round < 300; round++) {
      const value = fromArray(crypto.getRandomValues(new Uint8Array(round % 30)));
      expect(splitWords(quoteWord(value))).toEqual([value]);
    }
    for (const value of ["", "plain", 'q"uo\\te', "grün 😀", "\u202e", "a\nb"]) {
      expect(splitWords(quoteWord(value))).toEqual([value]);
    }
  });
});
