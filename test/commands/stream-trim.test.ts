/** What leaves a stream with regard to blocks and references, and what is not added twice. */

import { anything, between, err, map, nilArray, ok } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";
import { autoId, badId, entry, syntax } from "./stream-replies.ts";

const streams = suite();

streams.rows(
  "rough trimming takes whole blocks, as many as LIMIT allows",
  [
    ...Array.from({ length: 100 }, (_, at): Row => [`XADD s ${at + 1}-0 f v`, `${at + 1}-0`]),
    ["XTRIM s MAXLEN ~ 55 LIMIT 30", 30],
    ["XTRIM s MAXLEN ~ 55", 10],
    ["XTRIM s MAXLEN ~ 55", 0],
    ["XTRIM s MINID ~ 60 LIMIT 0", 10],
    ["XTRIM s MINID 60", 9],
    ["XADD s MAXLEN ~ 31 101-0 f v", "101-0"],
    ["XLEN s", 31],
  ],
  { before: ["CONFIG SET stream-node-max-entries 10"], after: ["CONFIG SET stream-node-max-entries 100"] },
);

streams.rows(
  "blocks are as large as stream-node-max-bytes says",
  [
    ...Array.from({ length: 20 }, (_, at): Row => [["XADD", "s", `${at + 1}-0`, "f", "v".repeat(50)], `${at + 1}-0`]),
    ["XTRIM s MAXLEN ~ 3", between(15, 17)],
  ],
  { before: ["CONFIG SET stream-node-max-bytes 100"], after: ["CONFIG SET stream-node-max-bytes 4096"] },
);

streams.rows(
  "XDELEX tells of each id, and heeds references",
  [
    ...[1, 2, 3, 4].map((ms): Row => [`XADD s ${ms}-0 f v`, `${ms}-0`]),
    ["XGROUP CREATE s g 0", ok],
    ["XREADGROUP GROUP g c COUNT 3 STREAMS s >", anything],
    ["XACK s g 1-0", 1],
    ["XDELEX s ACKED IDS 4 1-0 2-0 4-0 9-0", [1, 2, 2, 2]],
    ["XDELEX s IDS 1 2-0", [1]],
    ["XDELEX s DELREF IDS 2 2-0 3-0", [-1, 1]],
    ["XPENDING s g", [0, null, null, nilArray]],
    ["XDELEX none IDS 2 x y", [-1, -1]],
    ["XDELEX s IDS 1 x", badId],
    ["XDELEX s IDS 0 1-0", err("ERR Number of IDs must be a positive integer")],
    ["XDELEX s IDS 3 1-0 2-0", err("ERR The `numids` parameter must match the number of arguments")],
    ["XDELEX s KEEPREF 1-0 2-0", syntax],
    ["XDELEX s KEEPREF DELREF IDS 1 1-0", syntax],
  ],
  { since: "8.2" },
);

streams.rows(
  "trimming heeds references",
  [
    ...[1, 2, 3, 4, 5].map((ms): Row => [`XADD s ${ms}-0 f v`, `${ms}-0`]),
    ["XGROUP CREATE s g 0", ok],
    ["XREADGROUP GROUP g c COUNT 3 STREAMS s >", anything],
    ["XACK s g 1-0 3-0", 2],
    ["XTRIM s MAXLEN 0 ACKED", 2],
    ["XRANGE s - +", [entry("2-0", "f", "v"), entry("4-0", "f", "v"), entry("5-0", "f", "v")]],
    ["XTRIM s MINID 4 KEEPREF", 1],
    ["XPENDING s g", [1, "2-0", "2-0", [["c", "1"]]]],
    ["XREADGROUP GROUP g c STREAMS s >", anything],
    ["XADD s DELREF MAXLEN 1 6-0 f v", "6-0"],
    ["XPENDING s g", [1, "2-0", "2-0", [["c", "1"]]]],
    ["XTRIM s MAXLEN 1 DELREF ACKED", syntax],
  ],
  { since: "8.2" },
);

streams.rows(
  "a message of an idempotent producer is added once",
  [
    ["XADD s IDMP p 1 * f v", autoId],
    ["XADD s IDMP p 1 * f other", autoId],
    ["XADD s IDMP p 2 * f v", autoId],
    ["XADD s IDMP q 1 * f v", autoId],
    ["XADD s IDMPAUTO p * f v g w", autoId],
    ["XADD s IDMPAUTO p * g w f v", autoId],
    ["XLEN s", 4],
    [
      "XINFO STREAM s",
      map(
        ...["length", 4, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", autoId],
        ...["max-deleted-entry-id", "0-0", "entries-added", 4, "recorded-first-entry-id", autoId],
        ...["idmp-duration", 100, "idmp-maxsize", 100, "pids-tracked", 2, "iids-tracked", 4, "iids-added", 4],
        ...["iids-duplicates", 2, "groups", 0, "first-entry", anything, "last-entry", anything],
      ),
    ],
    ["XADD s IDMP p 3 7-7 f v", err("ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs")],
    ["XADD s IDMP p 3 IDMPAUTO p * f v", err("ERR syntax error, IDMP/IDMPAUTO specified multiple times")],
    ['XADD s IDMP "" 3 * f v', err("ERR syntax error, IDMP requires a non-empty producer ID")],
    ['XADD s IDMP p "" * f v', err("ERR syntax error, IDMP requires a non-empty idempotent ID")],
    ['XADD s IDMPAUTO "" * f v', err("ERR syntax error, IDMPAUTO requires a non-empty producer ID")],
    ["XCFGSET s IDMP-DURATION 5 IDMP-MAXSIZE 1", ok],
    ["XADD s IDMP p 1 * f v", autoId],
    ["XADD s IDMP p 2 * f v", autoId],
    ["XADD s IDMP p 1 * f v", autoId],
    ["XLEN s", 7],
  ],
  { since: "8.6" },
);

streams.rows(
  "XCFGSET and XIDMPRECORD refuse what makes no sense",
  [
    ["XADD s 1-0 f v", "1-0"],
    ["XADD s 2-0 f v", "2-0"],
    ["XCFGSET s", err("ERR At least one parameter must be specified")],
    ["XCFGSET s IDMP-DURATION 0", err("ERR IDMP-DURATION must be between 1 and 86400 seconds")],
    ["XCFGSET s IDMP-MAXSIZE 10001", err("ERR IDMP-MAXSIZE must be between 1 and 10000 entries")],
    ["XCFGSET s IDMP-MAXSIZE 1 IDMP-MAXSIZE 1", err("ERR IDMP-MAXSIZE specified multiple times")],
    ["XCFGSET s IDMP-DURATION", syntax],
    ["XCFGSET none IDMP-DURATION 5", err("ERR no such key")],
    ["XIDMPRECORD s p i 1-0", ok],
    ["XIDMPRECORD s p i 1-0", ok],
    ["XIDMPRECORD s p i 2-0", err("ERR IID already exists for this producer with a different stream ID")],
    ["XIDMPRECORD s p j 9-0", err("ERR No such message in stream")],
    ['XIDMPRECORD s "" j 1-0', err("ERR producer ID must be non-empty")],
    ['XIDMPRECORD s p "" 1-0', err("ERR idempotent ID must be non-empty")],
    ["XIDMPRECORD none p i 1-0", err("ERR no such key")],
  ],
  { since: "8.6" },
);
