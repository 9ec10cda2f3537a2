/** Sorted sets under load: one of a million members with random scores. */

import type { LoadRow } from "./load-rows.ts";
import { fill, typeRow } from "./type-row.ts";

const KEYS = 1_000_000;
const BOARD = fill("ZADD board __rnd:0-999999__ mem:__key__", KEYS);

export const ZSET_ROWS = [
  row("zadd", "ZADD of a new score, 1 M members", "ZADD board __rnd:0-999999__ mem:__key__", "integer", 2),
  typeRow(
    "zadd-new",
    "ZADD of a million new members, random scores",
    {
      template: "ZADD fresh-board __rnd:000000000-999999999__ mem:__rnd:000000000000-999999999999__",
      expect: "integer",
      requests: KEYS,
    },
    2,
    { before: [["UNLINK", "fresh-board"]] },
  ),
  row("zincrby", "ZINCRBY, 1 M members", "ZINCRBY board 1 mem:__key__", "bulk", 1.3),
  row("zscore", "ZSCORE, 1 M members", "ZSCORE board mem:__key__", "bulk", 1.3),
  row("zrank", "ZRANK, 1 M members", "ZRANK board mem:__key__", "integer", 1.3),
  row(
    "zrange-100",
    "ZRANGE of 100 of 1 M, random place",
    "ZRANGE board __rnd:100000-899899__ __plus:99__",
    "array",
    1.3,
  ),
  row(
    "zrangebyscore",
    "ZRANGEBYSCORE of about 100 of 1 M",
    "ZRANGEBYSCORE board __rnd:100000-899899__ __plus:99__",
    "array",
    1.3,
  ),
  row(
    "zrangebyscore-10",
    "ZRANGEBYSCORE LIMIT 0 10 of 1 M",
    "ZRANGEBYSCORE board __rnd:100000-899899__ +inf LIMIT 0 10",
    "array",
    1.3,
  ),
];

function row(name: string, title: string, template: string, expect: string, atLeast: number): LoadRow {
  return typeRow(name, title, { template, expect, keys: KEYS }, atLeast, { fills: [BOARD] });
}
