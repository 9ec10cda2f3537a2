import { expect, test } from "bun:test";
import { sourceDiff } from "./source-diff.ts";

const shown = (before: string, after: string): string[] =>
  sourceDiff(before, after).map(({ sign, text }) => sign + text);
const lines = (...of: (string | number)[]): string => of.join("\n");

test("a change is shown with two lines around it, wherever it is", () => {
  expect(shown(lines(1, 2, 3, 4, 5, 6, 7), lines(1, 2, 3, "x", 5, 6, 7))).toEqual([" 2", " 3", "-4", "+x", " 5", " 6"]);
  expect(shown(lines("a", 1, 2, 3), lines("b", 1, 2, 3))).toEqual(["-a", "+b", " 1", " 2"]);
  expect(shown(lines(1, 2, 3), lines(1, 2, 3, "end"))).toEqual([" 2", " 3", "+end"]);
  expect(shown(lines(1, 1, 1), lines(1, 1))).toEqual([" 1", " 1", "-1"]);
});

test("the same source has no difference, and one without a line in common is gone and come", () => {
  expect(shown(lines(1, 2, 3), lines(1, 2, 3))).toEqual([]);
  expect(shown("a", "b")).toEqual(["-a", "+b"]);
});

test("sources too large to compare line by line are shown whole", () => {
  const large = (word: string): string => Array.from({ length: 2500 }, (_, at) => `${word}${at}`).join("\n");
  expect(shown(large("a"), large("b")).length).toBe(5000);
});
