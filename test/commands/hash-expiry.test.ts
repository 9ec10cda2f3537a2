import { anything, between, err, like, map, ok, unorderedMap } from "../harness/expected.ts";
import { check, type Row, suite } from "../harness/suite.ts";
import {
  arity,
  badInteger,
  eachEncodingOf,
  far_ms,
  far_s,
  later,
  lazily,
  limit_ms,
  unknown,
  wrongType,
} from "./hash-expiry.ts";

const hashes = suite();
const eachEncoding = eachEncodingOf(hashes);

eachEncoding("HEXPIRE, HPEXPIRE, HEXPIREAT and HPEXPIREAT set what HTTL and its kin tell", [
  ["HSET h a 1 b 2 c 3 d 4 e 5", 5],
  ["HEXPIRE h 100 FIELDS 1 a", [1]],
  ["HPEXPIRE h 100000 FIELDS 2 b none", [1, -2]],
  [`HEXPIREAT h ${far_s} FIELDS 1 c`, [1]],
  [`HPEXPIREAT h ${far_ms + 1} FIELDS 1 d`, [1]],
  ["HTTL h FIELDS 4 a b e none", [100, 100, -1, -2]],
  ["HPTTL h FIELDS 4 a b e none", [between(99_000, 100_000), between(99_000, 100_000), -1, -2]],
  ["HEXPIRETIME h FIELDS 4 c d e none", [far_s, far_s + 1, -1, -2]],
  ["HPEXPIRETIME h FIELDS 4 c d e none", [far_ms, far_ms + 1, -1, -2]],
  ["HGETALL h", unorderedMap(["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"], ["e", "5"])],
  ["HEXPIRE h 50 FIELDS 3 a a b", [1, 1, 1]],
  ["HTTL h FIELDS 2 a b", [50, 50]],
  ["HPERSIST h FIELDS 4 a e none a", [1, -1, -2, -1]],
  ["HTTL h FIELDS 2 a b", [-1, 50]],
  ["HLEN h", 5],
  ["HEXPIRE none 10 FIELDS 2 a b", [-2, -2]],
  ["HTTL none FIELDS 2 a b", [-2, -2]],
  ["HPERSIST none FIELDS 1 a", [-2]],
  ["EXISTS none", 0],
]);

eachEncoding("NX, XX, GT and LT compare with the expiry that a field has", [
  ["HSET h a 1 b 2", 2],
  ["HEXPIRE h 100 XX FIELDS 1 a", [0]],
  ["HEXPIRE h 100 GT FIELDS 1 a", [0]],
  ["HEXPIRE h 100 NX FIELDS 1 a", [1]],
  ["HEXPIRE h 200 NX FIELDS 2 a b", [0, 1]],
  ["HEXPIRE h 99 GT FIELDS 1 a", [0]],
  ["HEXPIRE h 300 GT FIELDS 2 a b", [1, 1]],
  ["HEXPIRE h 300 LT FIELDS 1 a", [0]],
  ["HEXPIRE h 50 lt FIELDS 2 a b", [1, 1]],
  ["HEXPIRE h 70 xx FIELDS 2 a b", [1, 1]],
  ["HPERSIST h FIELDS 1 a", [1]],
  ["HEXPIRE h 60 LT FIELDS 2 a b", [1, 1]],
  ["HTTL h FIELDS 2 a b", [60, 60]],
  ["HEXPIRE h 0 GT FIELDS 1 a", [0]],
  ["HEXPIRE h 0 NX FIELDS 1 a", [0]],
  ["HEXPIRE h 0 LT FIELDS 1 a", [2]],
]);

eachEncoding("a time that has passed deletes the field, and the key with the last one", [
  ["HSET h a 1 b 2 c 3", 3],
  ["HEXPIRE h 0 FIELDS 2 a none", [2, -2]],
  ["HEXPIREAT h 1 FIELDS 1 b", [2]],
  ["HGETALL h", map("c", "3")],
  ["HPEXPIREAT h 0 FIELDS 2 c c", [2, -2]],
  ["EXISTS h", 0],
]);

eachEncoding("HSET takes the expiry away, HINCRBY and HINCRBYFLOAT keep it", [
  ["HSET h a 1 b 2 c 3", 3],
  ["HEXPIRE h 100 FIELDS 3 a b c", [1, 1, 1]],
  ["HSET h a 5", 0],
  ["HINCRBY h b 40", 42],
  ["HINCRBYFLOAT h c 0.5", "3.5"],
  ["HTTL h FIELDS 3 a b c", [-1, 100, 100]],
  ["HMGET h a b c", ["5", "42", "3.5"]],
  ["HSETNX h b 9", 0],
  ["HTTL h FIELDS 1 b", [100]],
  ["HSET h b text-of-another-length-and-kind", 0],
  ["HTTL h FIELDS 1 b", [-1]],
]);

eachEncoding("an expired field is invisible, and goes when it is met", [
  ...lazily,
  ["HSET h a 1 b 2 c 3 d 4 e 5 f 6 g 7 keep 8", 8],
  ["HPEXPIRE h 1 FIELDS 7 a b c d e f g", [1, 1, 1, 1, 1, 1, 1]],
  later,
  ["HLEN h", 8],
  ["HGETALL h", map("keep", "8")],
  ["HKEYS h", ["keep"]],
  ["HVALS h", ["8"]],
  ["HSCAN h 0 COUNT 100", ["0", ["keep", "8"]]],
  ["HSCAN h 0 COUNT 100 NOVALUES", ["0", ["keep"]]],
  ["HTTL h FIELDS 2 a keep", [-2, -1]],
  ["HEXPIRE h 100 FIELDS 1 a", [-2]],
  ["HPERSIST h FIELDS 1 a", [-2]],
  ["HLEN h", 8],
  ["HGET h a", null],
  ["HLEN h", 7],
  ["HMGET h b keep b", [null, "8", null]],
  ["HEXISTS h c", 0],
  ["HSTRLEN h d", 0],
  ["HLEN h", 4],
  ["HINCRBY h e 1", 1],
  ["HINCRBYFLOAT h f 1.5", "1.5"],
  ["HTTL h FIELDS 2 e f", [-1, -1]],
  ["HSETNX h g new", 1],
  ["HGETALL h", unorderedMap(["keep", "8"], ["e", "1"], ["f", "1.5"], ["g", "new"])],
]);

eachEncoding("HRANDFIELD takes out all that has expired first", [
  ...lazily,
  ["HSET h a 1 b 2 c 3", 3],
  ["HPEXPIRE h 1 FIELDS 2 a b", [1, 1]],
  later,
  ["HRANDFIELD h 5", ["c"]],
  ["HLEN h", 1],
  ["HPEXPIRE h 1 FIELDS 1 c", [1]],
  later,
  ["HRANDFIELD h", null],
  ["EXISTS h", 0],
]);

eachEncoding("HDEL counts a field that has expired and is still there, as Redis does", [
  ...lazily,
  ["HSET h a 1", 1],
  ["HPEXPIRE h 1 FIELDS 1 a", [1]],
  later,
  ["HDEL h a", 1],
  ["EXISTS h", 0],
]);

eachEncoding("COPY, RENAME, MOVE and DUMP take expiries along", [
  ["HSET h a 1 b 2", 2],
  [`HPEXPIREAT h ${far_ms} FIELDS 1 a`, [1]],
  ["COPY h copied", 1],
  ["HEXPIRE h 5 FIELDS 1 b", [1]],
  ["HPEXPIRETIME copied FIELDS 2 a b", [far_ms, -1]],
  ["RENAME copied renamed", ok],
  ["HPEXPIRETIME renamed FIELDS 2 a b", [far_ms, -1]],
  ["MOVE renamed 3", 1],
  ["SELECT 3", ok],
  ["HPEXPIRETIME renamed FIELDS 2 a b", [far_ms, -1]],
  ["HPERSIST renamed FIELDS 1 a", [1]],
  ["HGETALL renamed", unorderedMap(["a", "1"], ["b", "2"])],
]);

hashes.both(
  "DUMP and RESTORE keep expiries",
  async (wire) => {
    for (const limit of [0, 512]) {
      await wire.call(`CONFIG SET hash-max-listpack-entries ${limit}`);
      await check(wire, [
        ["DEL h r", 0],
        ["HSET h a 1 b 2 c 3", 3],
        [`HPEXPIREAT h ${far_ms} FIELDS 1 a`, [1]],
        [`HPEXPIREAT h ${far_ms + 123_456} FIELDS 1 b`, [1]],
      ]);
      const dumped = await wire.call("DUMP h");
      if (dumped.kind !== "bulk") throw new Error("DUMP replied no bulk string");
      await check(wire, [
        [["RESTORE", "r", "0", dumped.bytes], ok],
        ["HPEXPIRETIME r FIELDS 3 a b c", [far_ms, far_ms + 123_456, -1]],
        ["HGETALL r", unorderedMap(["a", "1"], ["b", "2"], ["c", "3"])],
        ["DEL h r", 2],
      ]);
    }
    await wire.call("CONFIG SET hash-max-listpack-entries 512");
  },
  { since: "7.4.0" },
);

hashes.rows(
  "a small hash with expiries is a listpackex and stays one, until it becomes a hashtable with its expiries",
  [
    ["CONFIG SET hash-max-listpack-entries 4", ok],
    ["HSET h a 1 b 2", 2],
    ["OBJECT ENCODING h", "listpack"],
    ["HEXPIRE h 100 FIELDS 1 a", [1]],
    ["OBJECT ENCODING h", "listpackex"],
    ["HPERSIST h FIELDS 1 a", [1]],
    ["OBJECT ENCODING h", "listpackex"],
    ["HEXPIRE h 100 FIELDS 2 a b", [1, 1]],
    ["HSET h c 3 d 4 e 5", 3],
    ["OBJECT ENCODING h", "hashtable"],
    ["HTTL h FIELDS 3 a b c", [100, 100, -1]],
    ["DEBUG LISTPACK h", err("ERR Not a listpack encoded object.")],
    ["HSET j a 1", 1],
    ["HEXPIRE j 0 FIELDS 1 none", [-2]],
    ["OBJECT ENCODING j", "listpackex"],
    ["HSETEX i EX 10 FIELDS 1 a 1", 1],
    ["OBJECT ENCODING i", "listpackex"],
    ["DEBUG LISTPACK i", like(/Listpack structure printed/)],
  ],
  { since: "8.0.0", after: ["CONFIG SET hash-max-listpack-entries 512"] },
);

hashes.rows(
  "HEXPIRE and its kin say what is wrong with a request",
  [
    ["HSET h a 1 b 2", 2],
    ["HEXPIRE h 10 FIELDS 1", arity("hexpire")],
    ["HEXPIRE h x FIELDS 1 a", badInteger],
    ["HEXPIRE h -1 FIELDS 1 a", err("ERR invalid expire time, must be >= 0")],
    ["HEXPIRE h NX FIELDS 1 a", badInteger],
    [`HEXPIRE h ${2n ** 63n - 1n} FIELDS 1 a`, err("ERR invalid expire time in 'hexpire' command")],
    [`HPEXPIRE h ${limit_ms} FIELDS 1 a`, err("ERR invalid expire time in 'hpexpire' command")],
    [
      `HEXPIREAT h ${Math.floor(limit_ms / 1000) + 1} FIELDS 1 a`,
      err("ERR invalid expire time in 'hexpireat' command"),
    ],
    [`HPEXPIREAT h ${limit_ms + 1} FIELDS 1 a`, err("ERR invalid expire time in 'hpexpireat' command")],
    [`HPEXPIREAT h ${limit_ms} FIELDS 1 a`, [1]],
    ["HEXPIRE h 10 FIELDS 0 a", err("ERR Parameter `numFields` should be greater than 0")],
    ["HEXPIRE h 10 FIELDS x a", err("ERR Parameter `numFields` should be greater than 0")],
    ["HEXPIRE h 10 FIELDS 2147483648 a", err("ERR Parameter `numFields` should be greater than 0")],
    ["HEXPIRE h 10 FIELDS 3 a b", err("ERR wrong number of arguments")],
    ["HEXPIRE h 10 FIELDS 1 a b", unknown("b")],
    ["HEXPIRE h 10 ZZ FIELDS 1 a", unknown("ZZ")],
    ["HEXPIRE h 10 NX NX NX", err("ERR missing FIELDS argument")],
    ["HEXPIRE h 10 NX XX FIELDS", err("ERR FIELDS requires at least numfields and one field argument")],
    ["HEXPIRE h 10 FIELDS 1 a FIELDS 1 b", err("ERR FIELDS keyword specified multiple times")],
    ["HEXPIRE h 10 NX XX FIELDS 1 a", err("ERR Multiple condition flags specified")],
    ["HEXPIRE h 10 FIELDS 1 a GT LT", err("ERR Multiple condition flags specified")],
    ["HEXPIRE h 10 FIELDS 2 NX b XX", [-2, 0]],
    ...["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL"].flatMap((name): Row[] => [
      [`${name} h FIELDS 1`, arity(name.toLowerCase())],
      [`${name} h FIELDX 1 a`, err("ERR Mandatory argument FIELDS is missing or not at the right position")],
      [`${name} h FIELDS 0 a`, err("ERR Number of fields must be a positive integer")],
      [`${name} h FIELDS x a`, err("ERR Number of fields must be a positive integer")],
      [`${name} h FIELDS 2 a`, err("ERR The `numfields` parameter must match the number of arguments")],
      [`${name} h FIELDS 1 a b`, err("ERR The `numfields` parameter must match the number of arguments")],
    ]),
  ],
  { since: "8.8.0" },
);

hashes.rows(
  "each of them refuses a string",
  [
    ["SET k v", ok],
    ...[
      ...["HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT"].map((name) => `${name} k 10 FIELDS 1 f`),
      ...["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL", "HGETEX"].map(
        (name) => `${name} k FIELDS 1 f`,
      ),
      "HSETEX k FIELDS 1 f v",
    ].map((command): Row => [command, wrongType]),
    ["GET k", "v"],
  ],
  { since: "8.0.0" },
);

hashes.rows(
  "an expired key is a missing one to each of them",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ...(
      [
        ["HEXPIRE k 10 FIELDS 1 f", [-2]],
        ["HTTL k FIELDS 1 f", [-2]],
        ["HPERSIST k FIELDS 1 f", [-2]],
        ["HGETEX k FIELDS 1 f", [null]],
        ["HGETDEL k FIELDS 1 f", [null]],
        ["HSETEX k FXX FIELDS 1 f w", 0],
        ["HSETEX k FNX FIELDS 1 f w", 1],
      ] as const
    ).flatMap(([command, reply]): Row[] => [
      ["DEL k", anything],
      ["HSET k f v", 1],
      ["PEXPIRE k 1", 1],
      later,
      [command, reply],
    ]),
  ],
  { since: "8.0.0", after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

hashes.rows(
  "SORT by and for fields sees none that has expired",
  [
    ...lazily,
    ["RPUSH l 1 2", 2],
    ["HSET h1 w 5 n one", 2],
    ["HSET h2 w 3 n two", 2],
    ["SORT l BY h*->w GET h*->n", ["two", "one"]],
    ["HPEXPIRE h1 1 FIELDS 2 w n", [1, 1]],
    later,
    ["SORT l BY h*->w GET h*->n", [null, "two"]],
  ],
  { since: "7.4.0", after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);
