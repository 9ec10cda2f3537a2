import { expect, test } from "bun:test";
import { progressLine } from "./load.ts";

test("A line on a terminal says how far loading is", () => {
  const progress = { bytes: 100, bytes_loaded: 50, percent: 50, keys: 1_300_000, keys_per_s: 950_000, eta_s: 3 };
  expect(progressLine(progress)).toBe(
    "Loading [===============>              ] 50 %  1,300,000 keys  950,000/s  3 s left",
  );
  expect(progressLine({ ...progress, percent: 100, eta_s: 0 })).toStartWith(`Loading [${"=".repeat(30)}] 100 %`);
  expect(progressLine({ ...progress, percent: 0 })).toStartWith(`Loading [>${" ".repeat(29)}] 0 %`);
});
