import { expect, test } from "bun:test";
import { decodeMappings, originalPosition } from "./source-map.ts";
import { SourceText, unshift } from "./source-text.ts";

test("segments are relative to the ones before, columns start anew on each line", () => {
  expect(decodeMappings("AAAA,YAAY;AACZ,EAAE")).toEqual([
    [
      [0, 0, 0],
      [12, 0, 12],
    ],
    [
      [0, 1, 0],
      [2, 1, 2],
    ],
  ]);
});

test("long and negative quantities decode", () => {
  expect(decodeMappings("gggBAAgggB,DAAD")).toEqual([
    [
      [16384, 0, 16384],
      [16383, 0, 16383],
    ],
  ]);
});

test("a position between two segments belongs to the one before", () => {
  const segments = decodeMappings("AAAA,YAAY");
  expect(originalPosition(segments, { line: 1, column: 20 })).toEqual({ line: 1, column: 13 });
  expect(originalPosition(segments, { line: 9, column: 1 })).toBeUndefined();
});

test("texts that were put in do not move what the author sees", () => {
  const source = new SourceText("aä\nb f(x) g(y)\n");
  const at = (column: number) => 5 + column;
  const { text, shifts } = source.edit(
    [],
    [
      { at: at(2), text: "(T=" },
      { at: at(6), text: ")" },
      { at: at(7), text: "(T=" },
      { at: at(11), text: ")" },
    ],
  );
  expect(text).toBe("aä\nb (T=f(x)) (T=g(y))\n");
  const line = text.split("\n")[1] ?? "";
  expect(unshift(shifts, { line: 2, column: line.indexOf("f") + 1 })).toEqual({ line: 2, column: 3 });
  expect(unshift(shifts, { line: 2, column: line.indexOf("g") + 1 })).toEqual({ line: 2, column: 8 });
  expect(unshift(shifts, { line: 1, column: 2 })).toEqual({ line: 1, column: 2 });
});
