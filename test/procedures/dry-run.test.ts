/** FCALL_DRYRUN: a call on live data that tells what it would do and leaves nothing behind. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { anything, between, type Expected, err, errorLike, map, ok, queued } from "../harness/expected.ts";
import { itemsOf, mapOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const LIBRARY = `#!ts name=dry
export function buy(stock: string, log: string, amount: number) {
  const left = Zedis.get_int(stock) - amount;
  Zedis.log("left", left);
  if (left < 0) throw "out of stock";
  Zedis.set(stock, left);
  Zedis.call("HSET", log, "amount", String(amount), "left", String(left));
  return left;
}
export function every(key: string) {
  Zedis.set("a", 5);
  Zedis.set("a", 6);
  Zedis.set("b", "text");
  Zedis.incrby("a", 4);
  Zedis.del("c");
  Zedis.del("never");
  Zedis.exists("b");
  Zedis.call("SETEX", "e", "100", "v");
  Zedis.call("APPEND", "b", " and more");
  Zedis.call("RPUSH", "l", "1", "2", "3");
  Zedis.call("LPOP", "l");
  Zedis.call("ZADD", "z", "1", "m", "2", "n");
  Zedis.call("ZINCRBY", "z", "2.5", "m");
  Zedis.call("XADD", "x", "5-1", "f", "v");
  Zedis.call("SADD", key, "one", "two");
  Zedis.call("RENAME", "b", "b2");
  return Zedis.get("b2");
}
export function draw(key: string) { return Zedis.call("SPOP", key); }
export function hold(key: string) { return Zedis.call("EXPIRE", key, "100"); }
export function elsewhere() { Zedis.call("COPY", "a", "a", "DB", "1"); return Zedis.call("GET", "old"); }
export function tell() { return Zedis.call("PUBLISH", "news", "hello"); }
export function spin(key: string) { Zedis.set(key, 1); for (;;); }
export function flush() { Zedis.call("FLUSHALL"); return Zedis.call("DBSIZE"); }
`;
const load = ["FUNCTION", "LOAD", "REPLACE", LIBRARY];

const dry = suite({ kind: "zedis", options: { "procedure-time-limit": "300", "notify-keyspace-events": "KEA" } });

const told = (result: Expected, effects: Expected, read: Expected, written: Expected, log: Expected = []): Expected =>
  map(
    "result",
    result,
    "effects",
    effects,
    "keys_read",
    read,
    "keys_written",
    written,
    "log",
    log,
    "time_us",
    between(0, 5_000_000),
  );

dry.rows("a dry run tells result, effects, keys, log and time, and changes nothing", [
  [load, "dry"],
  ["SET stock 10", ok],
  [
    "FCALL_DRYRUN buy 2 stock log 3",
    told(
      7,
      [
        ["SET", "stock", "7"],
        ["HSET", "log", "amount", "3", "left", "7"],
      ],
      ["stock"],
      ["log", "stock"],
      ["left 7"],
    ),
  ],
  ["MGET stock", ["10"]],
  ["EXISTS log", 0],
  ["FCALL buy 2 stock log 3", 7],
  ["GET stock", "7"],
]);

dry.rows("what fails has an error for a result and no effects", [
  [load, "dry"],
  ["SET stock 1", ok],
  ["FCALL_DRYRUN buy 2 stock log 3", told(errorLike(/out of stock/), [], ["stock"], [], ["left -2"])],
  ["FCALL_DRYRUN spin 1 k", told(errorLike(/procedure-time-limit/), [], [], [])],
  ["EXISTS k", 0],
  ["FCALL_DRYRUN nosuch 0", err("ERR Function not found")],
  ["FCALL_DRYRUN buy -1", err("ERR Number of keys can't be negative")],
]);

dry.rows("effects in another database stand behind a SELECT; a key that has expired is deleted by an effect", [
  [load, "dry"],
  ["SET a 1", ok],
  ["SET old 1 PX 1", ok],
  ["DEBUG SLEEP 0.01", ok],
  ["FCALL_DRYRUN elsewhere 0", told(null, anything, ["a", "old"], anything)],
  ["SELECT 1", ok],
  ["DBSIZE", 0],
  ["SELECT 0", ok],
]);

dry.rows("inside a transaction a dry run sees what came before it and undoes only its own", [
  [load, "dry"],
  ["MULTI", ok],
  ["SET stock 5", queued],
  ["FCALL_DRYRUN buy 2 stock log 1", queued],
  ["GET stock", queued],
  ["FCALL buy 2 stock log 2", queued],
  ["EXEC", [ok, told(4, anything, ["stock"], ["log", "stock"], ["left 4"]), "5", 3]],
]);

const SCRIPT = "redis.call('INCR', KEYS[1]); redis.log(redis.LOG_NOTICE, 'logged'); return redis.call('GET', KEYS[2])";

dry.rows("scripts in Lua run dry by EVAL_DRYRUN and EVALSHA_DRYRUN", [
  ["SET b text", ok],
  [["EVAL_DRYRUN", SCRIPT, "2", "a", "b"], told("text", [["INCR", "a"]], ["a", "b"], ["a"], ["logged"])],
  ["EXISTS a", 0],
  [["EVAL", SCRIPT, "2", "a", "b"], "text"],
  ["GET a", "1"],
  [
    ["EVALSHA_DRYRUN", new Bun.CryptoHasher("sha1").update(SCRIPT).digest("hex"), "2", "a", "b"],
    told("text", [["INCR", "a"]], ["a", "b"], ["a"], ["logged"]),
  ],
  ["GET a", "1"],
  [["EVAL_DRYRUN", "redis.call('SET', 'x', '1'); error('no')", "0"], told(errorLike(/no/), [], [], [])],
  [["EVAL_DRYRUN", "return redis.call('SET', 'x', '1', 'GET')", "0"], told(null, anything, ["x"], ["x"])],
  ["EXISTS x", 0],
]);

dry.both("the effects applied make what the call itself makes", async (wire) => {
  await wire.call(load);
  const seed = ["SET a 1", "SET c 1", "SADD s zero"];
  await wire.pipeline(seed);
  const before = await digest(wire);
  const dryReply = mapOf(await wire.call("FCALL_DRYRUN every 1 s"));
  expect(await digest(wire)).toBe(before);
  await apply(wire, dryReply.get("effects"));
  const applied = await digest(wire);
  await wire.pipeline(["FLUSHALL", ...seed]);
  const direct = await wire.call("FCALL every 1 s");
  expect(await digest(wire)).toBe(applied);
  expect(show(dryReply.get("result") as Reply)).toBe(show(direct));
});

dry.both("chances are taken and times absolute in the effects", async (wire) => {
  await wire.call(load);
  await wire.pipeline(["SADD s a b c d e f", "SET k v"]);
  const drawn = mapOf(await wire.call("FCALL_DRYRUN draw 1 s"));
  expect(show(drawn.get("effects") as Reply)).toBe(`[["SREM", "s", ${show(drawn.get("result") as Reply)}]]`);
  const held = mapOf(await wire.call("FCALL_DRYRUN hold 1 k"));
  const words = itemsOf(itemsOf(held.get("effects"))[0]).map(textOf);
  expect(words.slice(0, 2)).toEqual(["PEXPIREAT", "k"]);
  expect(Math.abs(Number(words[2]) - Date.now() - 100_000)).toBeLessThan(10_000);
  expect(numberOf(await wire.call("TTL k"))).toBe(-1);
  expect(numberOf(await wire.call("SCARD s"))).toBe(6);
});

dry.both("nobody hears of a dry run: no event, message, waiter, cache, watcher, log line", async (wire) => {
  await wire.call(load);
  await wire.pipeline(["SADD s a b", "SET a 1"]);
  const [listener, blocked, watcher, cache] = await Promise.all(
    [2, 2, 2, 3].map((p) => dry.server.connect(p as 2 | 3)),
  );
  if (!listener || !blocked || !watcher || !cache) throw new Error("no clients");
  await listener.call("PSUBSCRIBE __key*__:* news");
  await listener.reply();
  const popped = blocked.call("BLPOP l 5");
  await watcher.pipeline(["WATCH a l", "MULTI", "PING"]);
  await cache.call("CLIENT TRACKING ON");
  await cache.call("GET a");
  await wire.pipeline(["FCALL_DRYRUN every 1 s", "FCALL_DRYRUN tell 0", "FCALL_DRYRUN flush 0"]);
  const published = mapOf(await wire.call("FCALL_DRYRUN tell 0"));
  expect(show(published.get("effects") as Reply)).toBe('[["PUBLISH", "news", "hello"]]');
  expect(show(await watcher.call("EXEC"))).toBe("[+PONG]");
  await wire.call("RPUSH l real");
  expect(show(await popped)).toBe('["l", "real"]');
  await wire.call("PUBLISH news real");
  // What the listener hears first is the true push.
  const first = itemsOf(await listener.reply())
    .map(show)
    .join(" ");
  expect(first).toContain("rpush");
  expect(dry.server.log).not.toContain("every:");
  expect(show(await cache.call("GET a"))).toBe('"1"');
  await Promise.all([listener, blocked, watcher, cache].map((one) => one.close()));
});

dry.both("hits, misses, access times and expired keys are as before", async (wire) => {
  await wire.call(load);
  await wire.pipeline(["SET a 1", "SET gone 1 PX 1", "SADD s a"]);
  const figures = async () =>
    textOf(await wire.call("INFO stats"))
      .split("\r\n")
      .filter((line) => /^keyspace_|^expired_keys/.test(line));
  await wire.call("CONFIG SET maxmemory-policy noeviction");
  const before = await figures();
  await wire.call("FCALL_DRYRUN every 1 s");
  await wire.call("FCALL_DRYRUN elsewhere 0");
  expect((await figures()).filter((line) => line.startsWith("keyspace_"))).toEqual(
    before.filter((line) => line.startsWith("keyspace_")),
  );
});

test("a user who may call may run dry, and is refused what the call would be refused", async () => {
  const admin = await dry.server.connect();
  await admin.call(load);
  await admin.call("SET a 1");
  await admin.call("ACL SETUSER someone on nopass +@all -append ~*");
  const wire = await dry.server.connect();
  await wire.call("AUTH someone x");
  expect(show(await wire.call("FCALL_DRYRUN every 1 s"))).toContain("ACL failure in script");
  await admin.call("ACL SETUSER someone -fcall_dryrun");
  expect(show(await wire.call("FCALL_DRYRUN every 1 s"))).toStartWith("-NOPERM");
  await admin.call("ACL DELUSER someone");
  await Promise.all([admin.close(), wire.close()]);
});

async function digest(wire: Wire): Promise<string> {
  return textOf(await wire.call("DEBUG DIGEST"));
}

async function apply(wire: Wire, effects: Reply | undefined): Promise<void> {
  for (const effect of itemsOf(effects)) {
    const reply = await wire.call(itemsOf(effect).map(textOf));
    expect(reply.kind === "error" ? reply.text : "").toBe("");
  }
}
