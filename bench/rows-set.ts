/** Sets under load: one of a million members, and intersections of two of ten thousand. */

import { fill, inChunks, typeRow } from "./type-row.ts";

const KEYS = 1_000_000;
const MEMBERS = fill("SADD members mem:__key__", KEYS);
const POOL = fill(`SADD pool ${[..."abcdefgh"].map((letter) => `${letter}em:__key__`).join(" ")}`, KEYS / 8);

/** Ten thousand each, half of them common; once as text and once as numbers. */
const PAIRS = ["mem:", "1"].flatMap((prefix, kind) =>
  [0, 5_000].flatMap((from, nth) =>
    inChunks(
      "SADD",
      `${kind === 0 ? "text" : "number"}${nth}`,
      Array.from({ length: 10_000 }, (_, index) => `${prefix}${String(from + index).padStart(8, "0")}`),
    ),
  ),
);

/** Replies of five thousand members: of few connections, so that no server is a buffer of megabytes. */
const FEW = { connections: 2 };

export const SET_ROWS = [
  typeRow(
    "sadd-new",
    "SADD of a million new members to one set",
    { template: "SADD fresh mem:__rnd:000000000000-999999999999__", expect: "integer", requests: KEYS },
    1.3,
    { before: [["UNLINK", "fresh"]] },
  ),
  typeRow(
    "sadd",
    "SADD of a member that is there, 1 M",
    { template: "SADD members mem:__key__", expect: "integer" },
    1.3,
    {
      fills: [MEMBERS],
    },
  ),
  typeRow("sismember", "SISMEMBER, 1 M", { template: "SISMEMBER members mem:__key__", expect: "integer" }, 1.3, {
    fills: [MEMBERS],
  }),
  typeRow("spop", "SPOP of a million", { template: "SPOP pool", expect: "bulk", requests: 900_000 }, 1.3, {
    before: [["UNLINK", "pool"]],
    refill: POOL,
  }),
  typeRow("sinter", "SINTER of 2 × 10,000", { ...FEW, template: "SINTER text0 text1", expect: "array" }, 1.3, {
    setup: PAIRS,
  }),
  typeRow(
    "sinter-numbers",
    "SINTER of 2 × 10,000 numbers",
    { ...FEW, template: "SINTER number0 number1", expect: "array" },
    1.3,
    { setup: PAIRS },
  ),
  typeRow(
    "sinterstore",
    "SINTERSTORE of 2 × 10,000",
    { ...FEW, template: "SINTERSTORE made text0 text1", expect: "integer" },
    1.3,
    { setup: PAIRS },
  ),
  typeRow(
    "sintercard",
    "SINTERCARD of 2 × 10,000",
    { ...FEW, template: "SINTERCARD 2 text0 text1", expect: "integer" },
    1.3,
    { setup: PAIRS },
  ),
];
