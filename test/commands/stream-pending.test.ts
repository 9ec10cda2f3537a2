/** What is pending in a group: listed, claimed, acknowledged, given back. */

import { anything, between, err, nilArray, ok } from "../harness/expected.ts";
import { suite } from "../harness/suite.ts";
import { added, badId, badInteger, entry, noGroup, now, served, syntax, time } from "./stream-replies.ts";

const groups = suite();

groups.rows("XPENDING lists a range, of one consumer, of what waits for long", [
  ...added("1-0", "2-0", "3-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g a COUNT 1 STREAMS s >", anything],
  ["XREADGROUP GROUP g b STREAMS s >", anything],
  ["XPENDING s g - + 1", [["1-0", "a", now, 1]]],
  [
    "XPENDING s g (1-0 + 10",
    [
      ["2-0", "b", now, 1],
      ["3-0", "b", now, 1],
    ],
  ],
  ["XPENDING s g - (2-0 10", [["1-0", "a", now, 1]]],
  [
    "XPENDING s g - + 10 b",
    [
      ["2-0", "b", now, 1],
      ["3-0", "b", now, 1],
    ],
  ],
  ["XPENDING s g - + 10 none", []],
  ["XPENDING s g IDLE 1000000 - + 10", []],
  ["XPENDING s g IDLE 0 - + 10 a", [["1-0", "a", now, 1]]],
  ["XPENDING s g - + 0", []],
  ["XPENDING s g - + -1", []],
  ["XPENDING s g - + x", badInteger],
  ["XPENDING s g x + 10", badId],
  ["XPENDING s g - (0-0 10", err("ERR invalid end ID for the interval")],
  ["XPENDING s g - +", syntax],
  ["XPENDING s g IDLE 5 - +", syntax],
  ["XPENDING s g IDLE 5 - + a", badInteger],
  ["XPENDING s none", noGroup("s", "none")],
  ["XPENDING none g - + 10", noGroup("none", "g")],
]);

groups.rows("XCLAIM makes another consumer the owner", [
  ...added("1-0", "2-0", "3-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g a STREAMS s >", anything],
  ["XCLAIM s g b 1000000 1-0", []],
  ["XCLAIM s g b 0 1-0 9-9", [entry("1-0")]],
  ["XCLAIM s g b 0 2-0 JUSTID", ["2-0"]],
  [
    "XPENDING s g - + 10",
    [
      ["1-0", "b", now, 2],
      ["2-0", "b", now, 1],
      ["3-0", "a", now, 1],
    ],
  ],
  ["XCLAIM s g c 0 3-0 IDLE 1000 RETRYCOUNT 7", [entry("3-0")]],
  ["XPENDING s g - + 10 c", [["3-0", "c", between(1000, 6000), 7]]],
  ["XCLAIM s g c 0 3-0 TIME 1", [entry("3-0")]],
  ["XPENDING s g - + 10 c", [["3-0", "c", between(1_000_000, 1e15), 8]]],
  ["XDEL s 3-0", 1],
  ["XCLAIM s g b 0 3-0", []],
  ["XPENDING s g", [2, "1-0", "2-0", [["b", "2"]]]],
  ["XACK s g 1-0", 1],
  ["XCLAIM s g b 0 1-0", []],
  ["XCLAIM s g b 0 1-0 FORCE JUSTID", ["1-0"]],
  ["XCLAIM s g b 0 1-0 LASTID 2-5 JUSTID", ["1-0"]],
  ["XCLAIM s g b x 1-0", err("ERR Invalid min-idle-time argument for XCLAIM")],
  ["XCLAIM s g b 0 1-0 IDLE x", err("ERR Invalid IDLE option argument for XCLAIM")],
  ["XCLAIM s g b 0 1-0 TIME x", err("ERR Invalid TIME option argument for XCLAIM")],
  ["XCLAIM s g b 0 1-0 RETRYCOUNT x", err("ERR Invalid RETRYCOUNT option argument for XCLAIM")],
  ["XCLAIM s g b 0 1-0 LASTID x", badId],
  ["XCLAIM s g b 0 1-0 FOO", err("ERR Unrecognized XCLAIM option 'FOO'")],
  ["XCLAIM s none b 0 1-0", noGroup("s", "none")],
  ["XCLAIM none g b 0 1-0", noGroup("none", "g")],
]);

groups.rows("XAUTOCLAIM walks what is pending", [
  ...added("1-0", "2-0", "3-0", "4-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g a STREAMS s >", anything],
  ["XDEL s 2-0", 1],
  ["XAUTOCLAIM s g b 0 - COUNT 2", ["3-0", [entry("1-0")], ["2-0"]]],
  ["XAUTOCLAIM s g b 0 3-0 COUNT 1 JUSTID", ["4-0", ["3-0"], []]],
  ["XAUTOCLAIM s g b 0 (3-0", ["0-0", [entry("4-0")], []]],
  ["XAUTOCLAIM s g b 1000000 -", ["0-0", [], []]],
  ["XPENDING s g", [3, "1-0", "4-0", [["b", "3"]]]],
  ["XAUTOCLAIM s g b 0 - COUNT 0", err("ERR COUNT must be > 0")],
  ["XAUTOCLAIM s g b 0 - COUNT 9223372036854775807", err("ERR COUNT must be > 0")],
  ["XAUTOCLAIM s g b 0 - FOO", syntax],
  ["XAUTOCLAIM s g b x -", err("ERR Invalid min-idle-time argument for XAUTOCLAIM")],
  ["XAUTOCLAIM s g b 0 x", badId],
  ["XAUTOCLAIM s none b 0 -", noGroup("s", "none")],
]);

groups.rows(
  "XACKDEL acknowledges and deletes",
  [
    ...added("1-0", "2-0", "3-0", "4-0"),
    ["XGROUP CREATE s g 0", ok],
    ["XGROUP CREATE s h 0", ok],
    ["XREADGROUP GROUP g c COUNT 3 STREAMS s >", anything],
    ["XREADGROUP GROUP h c COUNT 3 STREAMS s >", anything],
    ["XACKDEL s g ACKED IDS 2 1-0 9-9", [2, -1]],
    ["XACKDEL s h ACKED IDS 1 1-0", [1]],
    ["XACKDEL s g DELREF IDS 1 2-0", [1]],
    ["XPENDING s h", [1, "3-0", "3-0", [["c", "1"]]]],
    ["XACKDEL s g IDS 1 3-0", [1]],
    ["XRANGE s - +", [entry("4-0")]],
    ["XPENDING s h", [1, "3-0", "3-0", [["c", "1"]]]],
    ["XACKDEL s h IDS 1 3-0", [1]],
    ["XACKDEL none g IDS 2 x y", [-1, -1]],
    ["XACKDEL s none IDS 1 x", [-1]],
    ["XACKDEL s g IDS 1 x", badId],
    ["XACKDEL s g FOO IDS 1 1-0", syntax],
  ],
  { since: "8.2" },
);

groups.rows(
  "XNACK gives entries back, for others to claim in that order",
  [
    ...added("1-0", "2-0", "3-0", "4-0"),
    ["XGROUP CREATE s g 0", ok],
    ["XREADGROUP GROUP g a COUNT 3 STREAMS s >", anything],
    ["XNACK s g FAIL IDS 2 3-0 9-9", 1],
    ["XNACK s g SILENT IDS 1 1-0", 1],
    ["XNACK s g FATAL IDS 1 4-0 FORCE", 1],
    [
      "XPENDING s g - + 10",
      [
        ["1-0", "", -1, 0],
        ["2-0", "a", now, 1],
        ["3-0", "", -1, 1],
        ["4-0", "", -1, 9223372036854775807n],
      ],
    ],
    ["XPENDING s g", [4, "1-0", "4-0", [["a", "1"]]]],
    [
      "XREADGROUP GROUP g b COUNT 2 CLAIM 1000000 STREAMS s >",
      served([
        "s",
        [
          ["3-0", ["f", "v"], time, 1],
          ["1-0", ["f", "v"], time, 0],
        ],
      ]),
    ],
    ["XNACK s g FAIL IDS 1 1-0 RETRYCOUNT 5", 1],
    ["XPENDING s g - + 1", [["1-0", "", -1, 5]]],
    ["XACK s g 1-0", 1],
    ["XNACK s g FAIL IDS 1 1-0", 0],
    ["XNACK s g FOO IDS 1 1-0", err("ERR mode must be SILENT, FAIL, or FATAL")],
    ["XNACK s g FAIL IDS 2 1-0", err("ERR number of IDs doesn't match numids")],
    ["XNACK s g FAIL IDS 0 1-0", err("ERR numids must be a positive integer")],
    ["XNACK s g FAIL FORCE FORCE FORCE", err("ERR syntax error, expected IDS keyword")],
    ["XNACK s g FAIL IDS 1 1-0 RETRYCOUNT -1", err("ERR Invalid RETRYCOUNT value, must be >= 0")],
    ["XNACK s g FAIL IDS 1 1-0 FOO", err("ERR Unrecognized XNACK option 'FOO'")],
    ["XNACK s g FAIL IDS 1 x", badId],
    ["XNACK s none FAIL IDS 1 1-0", noGroup("s", "none")],
  ],
  { since: "8.8" },
);

groups.rows(
  "CLAIM takes what waited too long before what is new",
  [
    ...added("1-0", "2-0", "3-0"),
    ["XGROUP CREATE s g 0", ok],
    ["XREADGROUP GROUP g a COUNT 2 STREAMS s >", anything],
    ["XCLAIM s g a 0 2-0 IDLE 5000 JUSTID", ["2-0"]],
    [
      "XREADGROUP GROUP g b CLAIM 4000 STREAMS s >",
      served([
        "s",
        [
          ["2-0", ["f", "v"], between(5000, 9000), 1],
          ["3-0", ["f", "v"], 0, 0],
        ],
      ]),
    ],
    [
      "XPENDING s g - + 10",
      [
        ["1-0", "a", now, 1],
        ["2-0", "b", now, 2],
        ["3-0", "b", now, 1],
      ],
    ],
    ["XREADGROUP GROUP g b CLAIM 4000 STREAMS s >", nilArray],
    ["XREADGROUP GROUP g b CLAIM 0 COUNT 1 STREAMS s >", served(["s", [["1-0", ["f", "v"], now, 1]]])],
    ["XREADGROUP GROUP g b CLAIM 4000 STREAMS s 0", served(["s", [entry("1-0"), entry("2-0"), entry("3-0")]])],
    ["XREADGROUP GROUP g b CLAIM x STREAMS s >", err("ERR min-idle-time is not an integer or out of range")],
    ["XREADGROUP GROUP g b CLAIM -1 STREAMS s >", err("ERR min-idle-time must be a positive integer")],
    [
      "XREAD CLAIM 1 STREAMS s 0",
      err("ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead."),
    ],
  ],
  { since: "8.4" },
);
