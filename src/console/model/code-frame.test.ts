import { expect, test } from "bun:test";
import { codeFrame, placeOf } from "./code-frame.ts";

test("an error's place is found in its text, and the lines around it are shown", () => {
  expect(placeOf("ERR Error compiling function: Expression expected (bad.ts:3:13)")).toEqual({ line: 3, column: 13 });
  expect(placeOf("ERR Error compiling function: user_function:2: <name> expected")).toEqual({ line: 2, column: 1 });
  expect(placeOf("ERR Missing library metadata")).toBeNull();
  expect(codeFrame("one\ntwo\nthree\nfour", { line: 2, column: 2 }, 1)).toBe(
    "  1 | one\n> 2 | two\n    |  ^\n  3 | three",
  );
});
