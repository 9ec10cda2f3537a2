/** What the runner makes of a suite's output and of skips.tsv. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { parseOutput, parseSkips } from "./run.ts";

test("a unit that ran out of time has failed, whatever passed before", () => {
  const result = parseOutput(
    [
      "\u001b[0;32;49m[ok]: A test (1 ms)\u001b[0m",
      "[TIMEOUT]: clients state report follows.",
      "sock1 => (IN PROGRESS) Another test",
      "Test Summary: 1 passed, 1 failed",
    ].join("\n"),
  );
  expect(result.passed).toBe(1);
  expect(result.failures.length).toBe(1);
  expect(result.failures[0]).toContain("IN PROGRESS");
});

test("a unit that says nothing at its end has failed", () => {
  expect(parseOutput("[ok]: A test (1 ms)\n").failures.length).toBe(1);
  expect(parseOutput("[ok]: A test (1 ms)\nAll tests passed\n").failures).toEqual([]);
});

test("every row of skips.tsv names a unit, a test and a reason, once", async () => {
  const skips = parseSkips(await Bun.file(join(import.meta.dir, "skips.tsv")).text());
  const names = skips.map(({ unit, pattern }) => `${unit} ${pattern}`);
  expect(new Set(names).size).toBe(names.length);
  expect(() => parseSkips("unit/type/set\tSADD")).toThrow("not");
});
