/** SORT of ten thousand elements: numbers, text, and by other keys. */

import type { LoadRow } from "./load-rows.ts";
import { inChunks, typeRow } from "./type-row.ts";

const COUNT = 10_000;

/** 0 … 9,999 in an order that is mixed and always the same: 7,919 is prime to 10,000. */
const NUMBERS = Array.from({ length: COUNT }, (_, index) => String((index * 7_919) % COUNT));

const VALUES = [
  ...inChunks("RPUSH", "numbers", NUMBERS),
  ...inChunks(
    "RPUSH",
    "words",
    NUMBERS.map((number) => `word-${number}`),
  ),
  ...NUMBERS.map((number) => ["SET", `weight_${number}`, String((Number(number) * 31) % COUNT)]),
];

export const SORT_ROWS = [
  row("sort", "SORT of 10,000 numbers", "SORT numbers"),
  row("sort-limit", "SORT of 10,000 numbers, LIMIT 0 10", "SORT numbers LIMIT 0 10"),
  row("sort-alpha", "SORT ALPHA of 10,000 words", "SORT words ALPHA"),
  row("sort-by", "SORT BY 10,000 other keys, LIMIT 0 10", "SORT numbers BY weight_* LIMIT 0 10"),
];

/** Milliseconds each: of few connections. */
function row(name: string, title: string, template: string): LoadRow {
  return typeRow(name, title, { template, expect: "array", connections: 2 }, 1.3, { setup: VALUES });
}
