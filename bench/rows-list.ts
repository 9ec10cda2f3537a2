/** Lists under load: both ends of a long one, ranges, and many short ones. */

import { fill, inChunks, typeRow } from "./type-row.ts";

const ELEMENTS = Array.from({ length: 1000 }, (_, index) => `element-${String(index).padStart(8, "0")}`);
const RANGES = inChunks("RPUSH", "range", ELEMENTS);

/** Ten elements a request: a million. */
const QUEUE = fill(`RPUSH queue ${Array.from({ length: 10 }, () => "val:__key__").join(" ")}`, 100_000);
const EMPTY = [["UNLINK", "queue"]];
/** Fewer than the queue holds: no round meets its end. */
const POPS = 900_000;

export const LIST_ROWS = [
  typeRow("lpush", "LPUSH to one list", { template: "LPUSH queue __val__", expect: "integer" }, 1.3, { before: EMPTY }),
  typeRow("rpush", "RPUSH to one list", { template: "RPUSH queue __val__", expect: "integer" }, 1.3, { before: EMPTY }),
  typeRow("lpop", "LPOP of a million", { template: "LPOP queue", expect: "bulk", requests: POPS }, 1.3, {
    before: EMPTY,
    refill: QUEUE,
  }),
  typeRow("rpop", "RPOP of a million", { template: "RPOP queue", expect: "bulk", requests: POPS }, 1.3, {
    before: EMPTY,
    refill: QUEUE,
  }),
  typeRow(
    "list-keys",
    "RPUSH and LPOP, each of one of 100,000 lists",
    { template: ["RPUSH lst:__key__ __val__", "LPOP lst:__key__"], keys: 100_000, expect: "integer,bulk,null" },
    1.3,
  ),
  typeRow("lrange-100", "LRANGE of 100", { template: "LRANGE range 0 99", expect: "array" }, 1.3, { setup: RANGES }),
  typeRow("lrange-600", "LRANGE of 600", { template: "LRANGE range 0 599", expect: "array" }, 1.3, { setup: RANGES }),
];
