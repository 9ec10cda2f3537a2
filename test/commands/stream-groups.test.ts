/** Groups of consumers: made, read, and told of. */

import { anything, type Expected, err, map, nilArray, ok, simple } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";
import {
  added,
  badId,
  badInteger,
  entry,
  noGroup,
  noGroupRead,
  now,
  served,
  syntax,
  time,
  wrongType,
} from "./stream-replies.ts";

const groups = suite();
const noKey = err(
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.",
);
const noGroupOf = (key: string, group: string) =>
  err(`NOGROUP No such consumer group '${group}' for key name '${key}'`);

groups.rows("XGROUP makes, changes and destroys groups", [
  ["XGROUP CREATE s g $", noKey],
  ["XGROUP CREATE s g $ MKSTREAM", ok],
  ["XLEN s", 0],
  ["TYPE s", simple("stream")],
  ["XGROUP CREATE s g 0", err("BUSYGROUP Consumer Group name already exists")],
  ["XGROUP CREATE s g x", badId],
  ["XGROUP CREATE s h 0 ENTRIESREAD -2", err("ERR value for ENTRIESREAD must be positive or -1")],
  ["XGROUP CREATE s h 0 ENTRIESREAD x", badInteger],
  [
    "XGROUP CREATE s h 0 FOO",
    err("ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP."),
  ],
  ["XGROUP CREATE s h", err("ERR wrong number of arguments for 'xgroup|create' command")],
  ["XGROUP SETID s g 5-5", ok],
  ["XGROUP SETID s g +", ok],
  ["XGROUP SETID s none 0", noGroupOf("s", "none")],
  ["XGROUP SETID none g 0", noKey],
  ["XGROUP SETID s g x", badId],
  ["XGROUP CREATECONSUMER s g c", 1],
  ["XGROUP CREATECONSUMER s g c", 0],
  ["XGROUP CREATECONSUMER s none c", noGroupOf("s", "none")],
  ["XGROUP DELCONSUMER s g none", 0],
  ["XGROUP DELCONSUMER s g c", 0],
  ["XGROUP DELCONSUMER s none c", noGroupOf("s", "none")],
  ["XGROUP DESTROY s none", 0],
  ["XGROUP DESTROY none g", noKey],
  ["XGROUP DESTROY s g", 1],
  ["XGROUP DESTROY s g", 0],
  ["XGROUP FOO", err("ERR unknown subcommand 'FOO'. Try XGROUP HELP.")],
  ["EXISTS s", 1],
]);

groups.rows("XREADGROUP delivers each entry to one consumer, and keeps it pending", [
  ...added("1-0", "2-0", "3-0", "4-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g a COUNT 2 STREAMS s >", served(["s", [entry("1-0"), entry("2-0")]])],
  ["XREADGROUP GROUP g b STREAMS s >", served(["s", [entry("3-0"), entry("4-0")]])],
  ["XREADGROUP GROUP g a STREAMS s >", nilArray],
  ["XREADGROUP GROUP g a STREAMS s 0", served(["s", [entry("1-0"), entry("2-0")]])],
  ["XREADGROUP GROUP g a COUNT 1 STREAMS s 1-0", served(["s", [entry("2-0")]])],
  ["XREADGROUP GROUP g a STREAMS s 2-0", served(["s", []])],
  ["XREADGROUP GROUP g c STREAMS s 0", served(["s", []])],
  [
    "XPENDING s g",
    [
      4,
      "1-0",
      "4-0",
      [
        ["a", "2"],
        ["b", "2"],
      ],
    ],
  ],
  [
    "XPENDING s g - + 10",
    [
      ["1-0", "a", now, 3],
      ["2-0", "a", now, 4],
      ["3-0", "b", now, 1],
      ["4-0", "b", now, 1],
    ].map(([id, name]): Expected => [id as string, name as string, now, anything]),
  ],
  ["XACK s g 1-0 3-0 9-9", 2],
  ["XACK s g 1-0", 0],
  ["XACK s g 2-0 x", badId],
  [
    "XPENDING s g",
    [
      2,
      "2-0",
      "4-0",
      [
        ["a", "1"],
        ["b", "1"],
      ],
    ],
  ],
  ["XDEL s 2-0", 1],
  ["XREADGROUP GROUP g a STREAMS s 0", served(["s", [["2-0", nilArray]]])],
  ["XGROUP DELCONSUMER s g a", 1],
  ["XPENDING s g", [1, "4-0", "4-0", [["b", "1"]]]],
  ["XACK none g 1-0", 0],
  ["XACK s none 1-0", 0],
  ["XACK s g", err("ERR wrong number of arguments for 'xack' command")],
]);

groups.rows("XREADGROUP refuses what makes no sense", [
  ...added("1-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g c STREAMS none >", noGroupRead("none", "g")],
  ["XREADGROUP GROUP none c STREAMS s >", noGroupRead("s", "none")],
  ["XREADGROUP GROUP g c STREAMS s x", badId],
  [
    "XREADGROUP GROUP g c STREAMS s $",
    err(
      "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
    ),
  ],
  ["XREADGROUP COUNT 1 NOACK STREAMS s >", err("ERR Missing GROUP option for XREADGROUP")],
  ["XREADGROUP GROUP g c COUNT x STREAMS s >", badInteger],
  ["XREADGROUP GROUP g c FOO STREAMS s >", syntax],
  ["XREADGROUP GROUP g c STREAMS", err("ERR wrong number of arguments for 'xreadgroup' command")],
  // The words of options may be names.
  ["XGROUP CREATE s streams 0", ok],
  ["XREADGROUP GROUP streams streams COUNT 1 STREAMS s >", served(["s", [entry("1-0")]])],
  ["XREADGROUP COUNT 1 GROUP streams STREAMS STREAMS s 0", served(["s", []])],
]);

groups.rows("NOACK leaves nothing pending", [
  ...added("1-0", "2-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g c NOACK COUNT 1 STREAMS s >", served(["s", [entry("1-0")]])],
  ["XPENDING s g", [0, null, null, nilArray]],
  ["XREADGROUP GROUP g c STREAMS s >", served(["s", [entry("2-0")]])],
  ["XPENDING s g", [1, "2-0", "2-0", [["c", "1"]]]],
]);

groups.rows("an entry read again after SETID has another owner", [
  ...added("1-0", "2-0"),
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g a STREAMS s >", anything],
  ["XGROUP SETID s g 1-0", ok],
  ["XREADGROUP GROUP g b STREAMS s >", served(["s", [entry("2-0")]])],
  [
    "XPENDING s g - + 10",
    [
      ["1-0", "a", now, 1],
      ["2-0", "b", now, 1],
    ],
  ],
]);

groups.rows(
  "XINFO tells of streams, groups and consumers",
  [
    ...added("1-0", "2-0", "3-0"),
    ["XDEL s 2-0", 1],
    ["XGROUP CREATE s g 0", ok],
    ["XGROUP CREATE s h $", ok],
    ["XREADGROUP GROUP g a COUNT 1 STREAMS s >", anything],
    ["XGROUP CREATECONSUMER s g b", 1],
    [
      "XINFO STREAM s",
      map(
        ...["length", 2, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", "3-0"],
        ...["max-deleted-entry-id", "2-0", "entries-added", 3, "recorded-first-entry-id", "1-0", "groups", 2],
        ...["first-entry", entry("1-0"), "last-entry", entry("3-0")],
      ),
    ],
    [
      "XINFO GROUPS s",
      [
        map("name", "g", "consumers", 2, "pending", 1, "last-delivered-id", "1-0", "entries-read", null, "lag", null),
        map("name", "h", "consumers", 0, "pending", 0, "last-delivered-id", "3-0", "entries-read", null, "lag", 0),
      ],
    ],
    [
      "XINFO CONSUMERS s g",
      [
        map("name", "a", "pending", 1, "idle", now, "inactive", now),
        map("name", "b", "pending", 0, "idle", now, "inactive", -1),
      ],
    ],
    ["XINFO CONSUMERS s none", noGroupOf("s", "none")],
    ["XINFO STREAM none", err("ERR no such key")],
    ["XINFO STREAM s FOO", err("ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.")],
    ["XINFO STREAM s FULL COUNT x", badInteger],
    [
      "XINFO STREAM s FULL COUNT",
      err("ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."),
    ],
    ["XINFO FOO", err("ERR unknown subcommand 'FOO'. Try XINFO HELP.")],
    ["XINFO STREAM", err("ERR wrong number of arguments for 'xinfo|stream' command")],
    ["XGROUP CREATE t g 0 MKSTREAM", ok],
    [
      "XINFO STREAM t",
      map(
        ...["length", 0, "radix-tree-keys", 0, "radix-tree-nodes", 1, "last-generated-id", "0-0"],
        ...["max-deleted-entry-id", "0-0", "entries-added", 0, "recorded-first-entry-id", "0-0", "groups", 1],
        ...["first-entry", null, "last-entry", null],
      ),
    ],
  ],
  { since: "7.4" },
);

groups.rows(
  "XINFO STREAM FULL lists everything, up to a count",
  [
    ...added("1-0", "2-0", "3-0"),
    ["XGROUP CREATE s g 0", ok],
    ["XREADGROUP GROUP g a COUNT 2 STREAMS s >", anything],
    ["XGROUP CREATECONSUMER s g b", 1],
    [
      "XINFO STREAM s FULL COUNT 1",
      map(
        ...["length", 3, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", "3-0"],
        ...["max-deleted-entry-id", "0-0", "entries-added", 3, "recorded-first-entry-id", "1-0"],
        ...["entries", [entry("1-0")], "groups"],
        [
          map(
            ...[
              "name",
              "g",
              "last-delivered-id",
              "2-0",
              "entries-read",
              2,
              "lag",
              1,
              "pel-count",
              2,
              "nacked-count",
              0,
            ],
            ...["pending", [["1-0", "a", time, 1]], "consumers"],
            [
              map("name", "a", "seen-time", time, "active-time", time, "pel-count", 2, "pending", [["1-0", time, 1]]),
              map("name", "b", "seen-time", time, "active-time", -1, "pel-count", 0, "pending", []),
            ],
          ),
        ],
      ),
    ],
  ],
  { since: "8.8" },
);

groups.rows(
  "the lag of a group is known where deletions do not hide it",
  [
    ...added("1-0", "2-0", "3-0", "4-0", "5-0"),
    ["XGROUP CREATE s g 0", ok],
    [
      "XINFO GROUPS s",
      [
        map(
          ...["name", "g", "consumers", 0, "pending", 0],
          ...["last-delivered-id", "0-0", "entries-read", null, "lag", 5],
        ),
      ],
    ],
    ["XREADGROUP GROUP g c COUNT 2 STREAMS s >", anything],
    [
      "XINFO GROUPS s",
      [
        map(
          ...["name", "g", "consumers", 1, "pending", 2],
          ...["last-delivered-id", "2-0", "entries-read", 2, "lag", 3],
        ),
      ],
    ],
    ["XDEL s 4-0", 1],
    [
      "XINFO GROUPS s",
      [
        map(
          ...["name", "g", "consumers", 1, "pending", 2],
          ...["last-delivered-id", "2-0", "entries-read", 2, "lag", null],
        ),
      ],
    ],
    ["XREADGROUP GROUP g c STREAMS s >", anything],
    [
      "XINFO GROUPS s",
      [
        map(
          ...["name", "g", "consumers", 1, "pending", 4],
          ...["last-delivered-id", "5-0", "entries-read", 5, "lag", 0],
        ),
      ],
    ],
    ["XTRIM s MAXLEN 0", 4],
    ["XGROUP SETID s g 0", ok],
    [
      "XINFO GROUPS s",
      [
        map(
          ...["name", "g", "consumers", 1, "pending", 4],
          ...["last-delivered-id", "0-0", "entries-read", null, "lag", 0],
        ),
      ],
    ],
  ],
  { since: "8.0" },
);

groups.rows("a key of another type is refused", [
  ["SET k text", ok],
  ...[
    "XGROUP CREATE k g 0 MKSTREAM",
    "XGROUP SETID k g 0",
    "XGROUP DESTROY k g",
    "XREADGROUP GROUP g c STREAMS k >",
    "XACK k g 1-1",
    "XCLAIM k g c 0 1-1",
    "XAUTOCLAIM k g c 0 0",
    "XPENDING k g",
    "XINFO CONSUMERS k g",
  ].map((command): Row => [command, wrongType]),
]);

groups.rows("an expired stream has no groups", [
  ...added("1-0"),
  ["XGROUP CREATE s g 0", ok],
  ["PEXPIREAT s 1", 1],
  ["XACK s g 1-0", 0],
  ["XPENDING s g", noGroup("s", "g")],
]);
