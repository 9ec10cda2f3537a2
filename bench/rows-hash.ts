/** Hashes under load: one of a million fields, and many of twenty. */

import { fill, typeRow } from "./type-row.ts";

const KEYS = 1_000_000;
const FIELDS = fill("HSET fields fld:__key__ __val__", KEYS);

const NAMES = Array.from({ length: 20 }, (_, index) => `field${String(index).padStart(2, "0")}`);
const RECORDS = 100_000;
const TWENTY = fill(`HSET rec:__key__ ${NAMES.map((name) => `${name} __val__`).join(" ")}`, RECORDS);

export const HASH_ROWS = [
  typeRow(
    "hset-fields",
    "HSET of one of a million fields",
    { template: "HSET fields fld:__key__ __val__", expect: "integer" },
    1.3,
    { fills: [FIELDS] },
  ),
  typeRow(
    "hset-new",
    "HSET of a million new fields",
    { template: "HSET fresh-fields fld:__rnd:000000000000-999999999999__ __val__", expect: "integer", requests: KEYS },
    1.3,
    { before: [["UNLINK", "fresh-fields"]] },
  ),
  typeRow(
    "hget-fields",
    "HGET of one of a million fields",
    { template: "HGET fields fld:__key__", expect: "bulk" },
    1.3,
    {
      fills: [FIELDS],
    },
  ),
  typeRow(
    "hgetall-20",
    "HGETALL of 20 fields, 100,000 hashes",
    { template: "HGETALL rec:__key__", keys: RECORDS, expect: "array" },
    1.3,
    { fills: [TWENTY] },
  ),
];
