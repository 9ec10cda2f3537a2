import { expect, test } from "bun:test";
import { amount, bytes, duration, moment, span } from "./figures.ts";

test("figures are short and have their unit", () => {
  expect([0, 1536, 3 << 20, 1e13].map(bytes)).toEqual(["0 B", "1.50 KiB", "3 MiB", "9.09 TiB"]);
  expect([7, 0.25, 9999, 12_345, 2_500_000].map(amount)).toEqual(["7", "0.25", "9999", "12.3 k", "2.50 M"]);
  expect([7, 1234, 3_400_000].map(duration)).toEqual(["7 µs", "1.23 ms", "3.40 s"]);
  expect([0.4, 59, 3_600, 90_061].map(span)).toEqual(["0 s", "59 s", "1 h", "1 d 1 h"]);
});

test("a moment of another day has its date", () => {
  const at = (day: number): number => new Date(2026, 10, day, 9, 6, 7).getTime();
  expect(moment(at(27), at(27))).toBe("09:06:07");
  expect(moment(at(1), at(27))).toBe("2026-11-01 09:06:07");
});
