/** Bitmaps under load: single bits, and walks over a megabyte. */

import type { LoadRow } from "./load-rows.ts";

const MIB = 1 << 20;
/** A megabyte of pseudo-random text; its bits are as mixed as a test needs. */
const mixed = (seed: number): string => {
  const letters = new Uint8Array(MIB);
  let state = seed;
  for (let at = 0; at < MIB; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    letters[at] = 32 + ((state >> 16) % 95);
  }
  return new TextDecoder("latin1").decode(letters);
};

const VALUES: readonly string[][] = [
  ...[1, 2, 3].map((number) => ["SET", `map${number}`, mixed(number)]),
  ["SETBIT", "late", String(MIB * 8 - 1), "1"],
];

export const BITMAP_ROWS: readonly LoadRow[] = [
  row("setbit", "SETBIT of one of 7 million bits", "SETBIT bits __rnd:1000000-8388607__ 1", 1.3, 1_000_000),
  row("getbit", "GETBIT of one of 7 million bits", "GETBIT bits __rnd:1000000-8388607__", 1.3, 1_000_000),
  row("setbit-keys", "SETBIT in one of 100,000 keys", "SETBIT bit:__key__ 77 1", 1.3, 100_000),
  row(
    "bitfield",
    "BITFIELD INCRBY in one of 100,000 keys",
    "BITFIELD fld:__key__ INCRBY u8 16 1",
    1.3,
    100_000,
    "array",
  ),
  row("bitcount-1m", "BITCOUNT of 1 MiB", "BITCOUNT map1", 3),
  row("bitcount-64k", "BITCOUNT of a range of 64 KiB", "BITCOUNT map1 1000 66535", 3),
  row("bitpos-1m", "BITPOS of the last bit of 1 MiB", "BITPOS late 1", 1.3),
  ...["AND", "OR", "XOR"].map((operation) =>
    row(
      `bitop-${operation.toLowerCase()}`,
      `BITOP ${operation} of 3 × 1 MiB`,
      `BITOP ${operation} made map1 map2 map3`,
      3,
    ),
  ),
  row("bitop-not", "BITOP NOT of 1 MiB", "BITOP NOT made map1", 3),
];

function row(
  name: string,
  title: string,
  template: string,
  atLeast: number,
  keys?: number,
  expect = "integer",
): LoadRow {
  return {
    name,
    title: `${title}, pipeline 16`,
    load: { template, pipeline: 16, expect, ...(keys === undefined ? {} : { keys }) },
    setup: VALUES,
    preload: null,
    usesFunctions: false,
    target: { metric: "rps", atLeast },
  };
}
