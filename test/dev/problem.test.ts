/** The place in an error's text, and the lines around it. */
import { expect, test } from "bun:test";
import { codeFrame, describeProblem, problemOf } from "../../src/dev/problem.ts";

const source = "one\n\ttwo\nthree\nfour\nfive\nsix\n";

test.each([
  ["ERR Error compiling function: Expected ',' (a.ts:2:3)", 0, "Error compiling function: Expected ','", 2, 3],
  ["ERR Error compiling function: top (a at a.ts:5:10)", 0, "Error compiling function: top", 5, 10],
  ["ERR Error compiling function: user_function:3: ')' expected", 1, "Error compiling function: ')' expected", 2, null],
  ["ERR Error registering functions: ERR user_function:4: x", 0, "Error registering functions: x", 4, null],
  ["ERR Function f already exists", 0, "Function f already exists", null, null],
])("%s is read", (reply, added, message, line, column) => {
  const { frame, ...rest } = problemOf(reply, source, added);
  expect(rest).toEqual({ message, line, column });
  expect(frame === "").toBe(line === null);
});

test("a frame shows two lines around the place, and a mark below the column that tabs do not move", () => {
  expect(codeFrame(source, 2, 3)).toBe("  1 | one\n> 2 | \ttwo\n    | \t ^\n  3 | three\n  4 | four");
  expect(codeFrame(source, 99, 1)).toBe("");
});

test("a long line is shown around its place, and nothing that would move the cursor", () => {
  const frame = codeFrame(`${"x".repeat(5_000)}\x1b[2J!${"y".repeat(5_000)}`, 1, 5_001);
  expect(frame.length).toBeLessThan(300);
  expect(frame).toContain("x?[2J!y");
  const [text = "", mark = ""] = frame.split("\n");
  expect(text[mark.indexOf("^")]).toBe("?");
  expect(describeProblem("a.ts", { message: "\x1b]0;x\x07", line: 1, column: 2, frame: "" })).toBe("a.ts:1:2: ?]0;x?");
});
