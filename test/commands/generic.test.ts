/** Generic commands: keys as such. Expiry, SCAN and OBJECT have their own files. */
import { expect } from "bun:test";
import { anything, between, err, like, ok, oneOf, simple, unordered } from "../harness/expected.ts";
import { itemsOf, numberOf, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";

const generic = suite();
const noSuchKey = err("ERR no such key");
const syntax = err("ERR syntax error");
const notInteger = err("ERR value is not an integer or out of range");

generic.rows("DEL, UNLINK, EXISTS and TOUCH count keys, repeated ones as often as given", [
  ["MSET a 1 b 2 c 3", ok],
  ["HSET h f v", 1],
  ["EXISTS a b none a h", 4],
  ["TOUCH a none h a", 3],
  ["DEL a none a", 1],
  ["UNLINK b h none", 2],
  ["EXISTS a b h", 0],
  ["DBSIZE", 1],
  ["DEL none", 0],
]);

generic.rows("DEL and UNLINK free values of any size", [
  [["HSET", "h", ...Array.from({ length: 5000 }, (_, index) => [`f${index}`, "v".repeat(20)]).flat()], 5000],
  ["COPY h g", 1],
  ["UNLINK h", 1],
  ["DEL g", 1],
  ["DBSIZE", 0],
]);

generic.rows("TYPE names the type", [
  ["TYPE none", simple("none")],
  ["SET s v", ok],
  ["TYPE s", simple("string")],
  ["HSET h f v", 1],
  ["TYPE h", simple("hash")],
]);

generic.rows("KEYS matches glob patterns", [
  ["MSET hello 1 hallo 2 hxllo 3 hllo 4 heeello 5", ok],
  ["KEYS h?llo", unordered("hello", "hallo", "hxllo")],
  ["KEYS h*llo", unordered("hello", "hallo", "hxllo", "hllo", "heeello")],
  ["KEYS h[ae]llo", unordered("hello", "hallo")],
  ["KEYS h[^e]llo", unordered("hallo", "hxllo")],
  ["KEYS h[a-f]llo", unordered("hello", "hallo")],
  ["KEYS h[f-a]llo", unordered("hello", "hallo")],
  ["KEYS hello", ["hello"]],
  ["KEYS Hello", []],
  ["KEYS *o", unordered("hello", "hallo", "hxllo", "hllo", "heeello")],
  ["KEYS *x*", ["hxllo"]],
  ["KEYS none*", []],
  ['KEYS ""', []],
  ["KEYS h**o", unordered("hello", "hallo", "hxllo", "hllo", "heeello")],
  ["KEYS ?????", unordered("hello", "hallo", "hxllo")],
]);

generic.rows("KEYS escapes with a backslash and survives patterns cut short", [
  ["MSET a*b 1 a?b 2 axb 3 [x 4 a\\\\b 5", anything],
  [["KEYS", "a\\*b"], ["a*b"]],
  [["KEYS", "a\\?b"], ["a?b"]],
  [["KEYS", "[[]x"], ["[x"]],
  [["KEYS", "\\[x"], ["[x"]],
  [["KEYS", "a[x"], []],
  [["KEYS", "a["], []],
  [["KEYS", "a\\"], []],
  [["KEYS", "a[\\*]b"], ["a*b"]],
  [["KEYS", "a[^\\*?]b"], oneOf(["axb"], unordered("axb", "a\\b"))],
]);

generic.rows("KEYS with a pattern of many stars ends in time", [
  [["SET", "a".repeat(200), "v"], ok],
  [["KEYS", `${"*a".repeat(40)}*b`], []],
]);

generic.rows("RANDOMKEY returns some key", [
  ["RANDOMKEY", null],
  ["SET only v", ok],
  ["RANDOMKEY", "only"],
  ["SET other v", ok],
  ["RANDOMKEY", oneOf("only", "other")],
]);

generic.both("RANDOMKEY reaches every key", async (wire) => {
  await wire.call(["MSET", ...Array.from({ length: 20 }, (_, index) => [`k${index}`, "v"]).flat()]);
  const drawn = await wire.pipeline(Array.from({ length: 2000 }, () => "RANDOMKEY"));
  expect(new Set(drawn.map(textOf)).size).toBe(20);
});

generic.rows("RENAME moves the value over whatever is there", [
  ["RENAME none x", noSuchKey],
  ["SET a 1", ok],
  ["RENAME a b", ok],
  ["EXISTS a", 0],
  ["GET b", "1"],
  ["HSET h f v", 1],
  ["RENAME b h", ok],
  ["GET h", "1"],
  ["RENAME h h", ok],
  ["GET h", "1"],
  ["RENAME none none", noSuchKey],
  ["DBSIZE", 1],
]);

generic.rows("RENAMENX moves only to a free name", [
  ["RENAMENX none x", noSuchKey],
  ["MSET a 1 b 2", ok],
  ["RENAMENX a b", 0],
  ["RENAMENX a c", 1],
  ["GET c", "1"],
  ["GET b", "2"],
  ["RENAMENX c c", 0],
  ["EXISTS a", 0],
]);

generic.rows("COPY copies within and between databases", [
  ["SET a 1", ok],
  ["HSET h f v", 1],
  ["COPY a b", 1],
  ["COPY a b", 0],
  ["SET a 2", ok],
  ["COPY a b REPLACE", 1],
  ["GET b", "2"],
  ["COPY h b REPLACE", 1],
  ["HGET b f", "v"],
  ["HSET b f w", 0],
  ["HGET h f", "v"],
  ["COPY a a DB 3", 1],
  ["COPY a a DB 3", 0],
  ["COPY a a db 3 replace", 1],
  ["SELECT 3", ok],
  ["GET a", "2"],
  ["SELECT 0", ok],
  ["COPY none x", 0],
  ["COPY a a", err("ERR source and destination objects are the same")],
  ["COPY a a DB 0", err("ERR source and destination objects are the same")],
  ["COPY a c DB 16", err("ERR DB index is out of range")],
  ["COPY a c DB -1", err("ERR DB index is out of range")],
  ["COPY a c DB x", notInteger],
  ["COPY a c DB", syntax],
  ["COPY a c FOO", syntax],
  ["COPY a", err("ERR wrong number of arguments for 'copy' command")],
]);

generic.rows("MOVE takes a key to another database unless it is there", [
  ["SET a 1", ok],
  ["MOVE a 2", 1],
  ["EXISTS a", 0],
  ["SET a 2", ok],
  ["MOVE a 2", 0],
  ["MOVE none 2", 0],
  ["MOVE a 0", err("ERR source and destination objects are the same")],
  ["MOVE a 16", err("ERR DB index is out of range")],
  ["MOVE a -1", err("ERR DB index is out of range")],
  ["MOVE a x", notInteger],
  ["SELECT 2", ok],
  ["GET a", "1"],
  ["HSET h f v", 1],
  ["MOVE h 0", 1],
  ["SELECT 0", ok],
  ["HGET h f", "v"],
]);

generic.rows("databases are apart", [
  ["SET k zero", ok],
  ["SELECT 15", ok],
  ["GET k", null],
  ["SET k fifteen", ok],
  ["DBSIZE", 1],
  ["FLUSHDB", ok],
  ["GET k", null],
  ["SELECT 0", ok],
  ["GET k", "zero"],
  ["SELECT 16", err("ERR DB index is out of range")],
  ["SELECT -1", err("ERR DB index is out of range")],
  ["SELECT x", notInteger],
  ["SELECT 9999999999", err("ERR value is out of range, value must between -2147483648 and 2147483647")],
  ["GET k", "zero"],
]);

generic.rows("SWAPDB swaps two databases under their connections", [
  ["SET k zero", ok],
  ["SELECT 1", ok],
  ["SET k one", ok],
  ["SWAPDB 0 1", ok],
  ["GET k", "zero"],
  ["SELECT 0", ok],
  ["GET k", "one"],
  ["SWAPDB 0 0", ok],
  ["SWAPDB 0 16", err("ERR DB index is out of range")],
  ["SWAPDB -1 0", err("ERR DB index is out of range")],
  ["SWAPDB x 0", err("ERR invalid first DB index")],
  ["SWAPDB 0 y", err("ERR invalid second DB index")],
  ["SWAPDB 0", err("ERR wrong number of arguments for 'swapdb' command")],
  ["GET k", "one"],
]);

generic.rows("FLUSHDB empties one database, FLUSHALL all", [
  ["SET k v", ok],
  ["SELECT 1", ok],
  ["SET k v", ok],
  ["FLUSHDB ASYNC", ok],
  ["DBSIZE", 0],
  ["SELECT 0", ok],
  ["DBSIZE", 1],
  ["FLUSHDB SYNC", ok],
  ["DBSIZE", 0],
  ["SET k v", ok],
  ["FLUSHALL async", ok],
  ["EXISTS k", 0],
  ["SET k v", ok],
  ["FLUSHALL sync", ok],
  ["EXISTS k", 0],
  ["FLUSHALL FOO", syntax],
  ["FLUSHDB ASYNC SYNC", syntax],
  ["FLUSHALL SYNC SYNC", syntax],
]);

generic.rows("OBJECT tells encoding, references and idle time", [
  ["OBJECT ENCODING none", null],
  ["OBJECT REFCOUNT none", null],
  ["OBJECT IDLETIME none", null],
  ["OBJECT FREQ none", null],
  ["SET k v", ok],
  ["OBJECT REFCOUNT k", 1],
  ["SET k 9999", ok],
  ["OBJECT REFCOUNT k", 2147483647],
  ["SET k 10000", ok],
  ["OBJECT REFCOUNT k", 1],
  ["SET k v", ok],
  ["OBJECT IDLETIME k", between(0, 1)],
  [
    "OBJECT FREQ k",
    err(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
    ),
  ],
  ["HSET h f v", 1],
  ["OBJECT encoding h", "listpack"],
  ["OBJECT FOO k", err("ERR unknown subcommand 'FOO'. Try OBJECT HELP.")],
  ["OBJECT ENCODING", err("ERR wrong number of arguments for 'object|encoding' command")],
  ["OBJECT", err("ERR wrong number of arguments for 'object' command")],
]);

generic.rows(
  "OBJECT FREQ counts under an LFU policy, and IDLETIME is refused then",
  [
    ["CONFIG SET maxmemory-policy allkeys-lfu", ok],
    ["SET k v", ok],
    ["OBJECT FREQ k", between(1, 10)],
    [
      "OBJECT IDLETIME k",
      err(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
      ),
    ],
  ],
  { after: ["CONFIG SET maxmemory-policy noeviction"] },
);

for (const [container, subcommands] of [
  ["OBJECT", ["ENCODING", "FREQ", "IDLETIME", "REFCOUNT", "HELP"]],
  ["MEMORY", ["DOCTOR", "MALLOC-STATS", "PURGE", "STATS", "USAGE", "HELP"]],
  [
    "CLIENT",
    ["CACHING", "GETREDIR", "GETNAME", "ID", "INFO", "KILL", "LIST", "PAUSE", "REPLY", "SETNAME", "TRACKING", "HELP"],
  ],
  ["COMMAND", ["COUNT", "DOCS", "GETKEYS", "GETKEYSANDFLAGS", "INFO", "LIST", "HELP"]],
  ["CONFIG", ["GET", "SET", "RESETSTAT", "REWRITE", "HELP"]],
  ["FUNCTION", ["LOAD", "DELETE", "LIST", "STATS", "KILL", "FLUSH", "DUMP", "RESTORE", "HELP"]],
  ["DEBUG", ["OBJECT", "SLEEP", "SET-ACTIVE-EXPIRE", "HELP"]],
] as const) {
  generic.both(`${container} HELP lists its subcommands as status lines`, async (wire) => {
    const lines = itemsOf(await wire.call(`${container} HELP`));
    expect(new Set(lines.map((line) => line.kind))).toEqual(new Set(["simple"]));
    const texts = lines.map(textOf);
    expect(texts[0]).toBe(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
    for (const name of subcommands) expect(texts.map((text) => text.split(" ")[0])).toContain(name);
    for (const text of texts) expect(text).toMatch(/^(\S| {4})/);
  });
}

generic.rows("MEMORY USAGE counts the value with its key", [
  ["MEMORY USAGE none", null],
  [["SET", "k", "x".repeat(1000)], ok],
  ["MEMORY USAGE k", between(1000, 1400)],
  [["HSET", "h", ...Array.from({ length: 1000 }, (_, index) => [`field${index}`, "v".repeat(100)]).flat()], 1000],
  ["MEMORY USAGE h", between(100_000, 300_000)],
  ["MEMORY USAGE h SAMPLES 0", between(100_000, 300_000)],
  ["MEMORY USAGE h samples 5", between(100_000, 300_000)],
  ["MEMORY USAGE h SAMPLES -1", syntax],
  ["MEMORY USAGE h SAMPLES x", notInteger],
  ["MEMORY USAGE h FOO", syntax],
  ["MEMORY USAGE h SAMPLES", syntax],
  ["MEMORY FOO", err("ERR unknown subcommand 'FOO'. Try MEMORY HELP.")],
]);

generic.both("DBSIZE follows every way a key comes and goes", async (wire) => {
  const steps: readonly Row[] = [
    ["SET a 1", 1],
    ["HSET h f v", 2],
    ["SET a 2", 2],
    ["APPEND b x", 3],
    ["COPY a c", 4],
    ["RENAME c b", 3],
    ["HDEL h f", 2],
    ["GETDEL a", 1],
    ["PEXPIRE b -1", 0],
    ["INCR n", 1],
    ["SETRANGE r 3 x", 2],
    ["MOVE n 1", 1],
    ["FLUSHALL", 0],
  ];
  for (const [command, size] of steps) {
    await wire.call(command);
    expect(`${String(command)} ${numberOf(await wire.call("DBSIZE"))}`).toBe(`${String(command)} ${String(size)}`);
  }
  expect(itemsOf(await wire.call("KEYS *"))).toBeEmpty();
});

generic.rows("WAIT and WAITAOF return at once without replicas", [
  ["WAIT 0 0", 0],
  ["WAIT 0 10", 0],
  ["WAIT x 0", notInteger],
  ["WAIT 0 x", err("ERR timeout is not an integer or out of range")],
  ["WAIT 0 -1", err("ERR timeout is negative")],
]);

generic.rows(
  "WAITAOF refuses what an instance without AOF cannot promise",
  [
    ["WAITAOF 0 0 0", [0, 0]],
    ["WAITAOF 2 0 0", err("ERR value is out of range, value must between 0 and 1")],
    ["WAITAOF 0 -1 0", err("ERR value is out of range, must be positive")],
    ["WAITAOF 0 0 -1", err("ERR timeout is negative")],
    ["WAITAOF 1 0 0", err("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")],
  ],
  { since: "7.2" },
);

generic.rows("DEBUG OBJECT describes a value", [
  ["SET k v", ok],
  [
    "DEBUG OBJECT k",
    like(/^Value at:\S+ refcount:\d+ encoding:embstr serializedlength:\d+ lru:\d+ lru_seconds_idle:\d+/),
  ],
  ["DEBUG OBJECT none", noSuchKey],
]);
