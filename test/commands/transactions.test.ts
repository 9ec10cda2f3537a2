/** MULTI, EXEC, DISCARD, WATCH and UNWATCH. */
import { expect, test } from "bun:test";
import {
  anything,
  between,
  byProtocol,
  err,
  errorLike,
  map,
  nilArray,
  ok,
  queued,
  simple,
} from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

const transactions = suite();
const aborted = err("EXECABORT Transaction discarded because of previous errors.");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");

transactions.rows("EXEC runs what was queued and returns the replies", [
  ["MULTI", ok],
  ["SET a 1", queued],
  ["INCR a", queued],
  ["GET a", queued],
  ["HSET h f v", queued],
  ["HGETALL h", queued],
  ["GET none", queued],
  ["PING", queued],
  ["EXEC", [ok, 2, "2", 1, map("f", "v"), null, simple("PONG")]],
  ["GET a", "2"],
]);

transactions.rows("an empty transaction returns an empty array", [
  ["MULTI", ok],
  ["EXEC", []],
]);

transactions.rows("MULTI, EXEC and DISCARD out of place are errors", [
  ["EXEC", err("ERR EXEC without MULTI")],
  ["DISCARD", err("ERR DISCARD without MULTI")],
  ["MULTI", ok],
  ["MULTI", err("ERR MULTI calls can not be nested")],
  ["WATCH k", err("ERR WATCH inside MULTI is not allowed")],
  ["SET a 1", queued],
  ["EXEC", [ok]],
  ["EXEC", err("ERR EXEC without MULTI")],
]);

transactions.rows("DISCARD forgets what was queued", [
  ["SET a 1", ok],
  ["MULTI", ok],
  ["SET a 2", queued],
  ["DISCARD", ok],
  ["GET a", "1"],
  ["EXEC", err("ERR EXEC without MULTI")],
]);

transactions.rows("an error while queueing fails the whole transaction", [
  ["MULTI", ok],
  ["SET a 1", queued],
  ["SET a", err("ERR wrong number of arguments for 'set' command")],
  ["EXEC", aborted],
  ["GET a", null],
  ["MULTI", ok],
  ["NOSUCH x", err("ERR unknown command 'NOSUCH', with args beginning with: 'x' ")],
  ["SET a 1", queued],
  ["EXEC", aborted],
  ["GET a", null],
  ["MULTI", ok],
  ["CLIENT NOSUCH", errorLike(/^ERR unknown subcommand 'NOSUCH'/)],
  ["EXEC", aborted],
  ["MULTI", ok],
  ["SET", err("ERR wrong number of arguments for 'set' command")],
  ["DISCARD", ok],
  ["SET a 1", ok],
]);

transactions.rows("an error while running does not stop the other commands", [
  ["SET s text", ok],
  ["MULTI", ok],
  ["HSET s f v", queued],
  ["INCR s", queued],
  ["SET t 1", queued],
  ["SET t 2 FOO", queued],
  ["EXEC", [wrongType, err("ERR value is not an integer or out of range"), ok, err("ERR syntax error")]],
  ["GET t", "1"],
]);

transactions.rows("commands that cannot be queued are refused", [
  ["MULTI", ok],
  ["SHUTDOWN NOSAVE", err("ERR Command not allowed inside a transaction")],
  ["EXEC", aborted],
]);

transactions.rows(
  "CONFIG is queued and runs in its place, and its error is one reply of the transaction",
  [
    ["MULTI", ok],
    ["SET a 1", queued],
    ["CONFIG SET maxmemory-samples 7", queued],
    ["CONFIG GET maxmemory-samples", queued],
    ["CONFIG SET maxmemory-samples x", queued],
    ["INCR a", queued],
    [
      "EXEC",
      [
        ok,
        ok,
        map("maxmemory-samples", "7"),
        errorLike(/^ERR CONFIG SET failed \(possibly related to argument 'maxmemory-samples'\) - /),
        2,
      ],
    ],
    ["CONFIG GET maxmemory-samples", map("maxmemory-samples", "7")],
    ["GET a", "2"],
  ],
  { after: ["CONFIG SET maxmemory-samples 5"] },
);

transactions.rows("a transaction that WATCH breaks sends nothing to the main thread", [
  ["SET w 1", ok],
  ["WATCH w", ok],
  ["SET w 2", ok],
  ["MULTI", ok],
  ["CONFIG SET maxmemory-samples 9", queued],
  ["EXEC", nilArray],
  ["CONFIG GET maxmemory-samples", map("maxmemory-samples", "5")],
]);

test("transactions with CONFIG on every connection at once all end, and others go on between them", async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => transactions.server.connect()));
  const replies = await Promise.all(
    clients.map(async (wire, index) => {
      const own: string[] = [];
      for (let round = 0; round < 20; round++) {
        const exec = (
          await wire.pipeline(["MULTI", "INCR shared", "CONFIG GET databases", `INCR own:${index}`, "EXEC"])
        ).at(-1);
        own.push(textOf(itemsOf(itemsOf(exec)[1])[1]));
        await wire.call("CONFIG GET maxmemory");
      }
      return own;
    }),
  );
  expect(replies.flat()).toEqual(Array.from({ length: 160 }, () => "16"));
  expect(show(await (clients[0] as Wire).call("GET shared"))).toBe('"160"');
  await Promise.all(clients.map((wire) => wire.close()));
});

transactions.rows("DEBUG SLEEP is queued", [
  ["MULTI", ok],
  ["DEBUG SLEEP 0.001", queued],
  ["SET a 1", queued],
  ["EXEC", [ok, ok]],
]);

transactions.rows(
  "maxmemory holds from the reply of CONFIG SET on, and no longer than that",
  [
    ["CONFIG SET maxmemory 1", ok],
    ["SET a 1", err("OOM command not allowed when used memory > 'maxmemory'.")],
    ["CONFIG SET maxmemory 0", ok],
    ["SET a 1", ok],
  ],
  { after: ["CONFIG SET maxmemory 0"] },
);

transactions.rows("SELECT, FLUSHALL and SWAPDB work inside a transaction", [
  ["SET k zero", ok],
  ["MULTI", ok],
  ["SELECT 1", queued],
  ["SET k one", queued],
  ["SWAPDB 0 1", queued],
  ["GET k", queued],
  ["SELECT 0", queued],
  ["GET k", queued],
  ["FLUSHALL", queued],
  ["DBSIZE", queued],
  ["EXEC", [ok, ok, ok, "zero", ok, "one", ok, 0]],
]);

transactions.rows("a transaction over keys of every shard is one step", [
  ["MULTI", ok],
  ...Array.from({ length: 200 }, (_, index): Row => [`SET k${index} ${index}`, queued]),
  [["MGET", ...Array.from({ length: 200 }, (_, index) => `k${index}`)], queued],
  ["EXEC", [...Array.from({ length: 200 }, () => ok), Array.from({ length: 200 }, (_, index) => String(index))]],
]);

transactions.rows(
  "HELLO within a transaction changes the protocol for the replies after it",
  [
    ["HSET h f v", 1],
    ["MULTI", ok],
    ["HELLO 3", queued],
    ["EXEC", byProtocol([anything], [anything])],
  ],
  { only: 3 },
);

transactions.rows(
  "RESET leaves the transaction",
  [
    ["MULTI", ok],
    ["SET a 1", queued],
    ["RESET", simple("RESET")],
    ["HELLO 2", anything],
    ["EXEC", err("ERR EXEC without MULTI")],
    ["GET a", null],
  ],
  { only: 2 },
);

transactions.rows("a transaction sees its own writes and expiries", [
  ["MULTI", ok],
  ["SET a 1 EX 100", queued],
  ["TTL a", queued],
  ["PEXPIRE a -1", queued],
  ["EXISTS a", queued],
  ["EXEC", [ok, between(99, 100), 1, 0]],
]);

/** Each row: what makes ready, what another connection does between WATCH and EXEC, whether the transaction is to fail. */
const disturbances: readonly (readonly [
  name: string,
  before: readonly string[],
  other: readonly string[],
  fails: boolean,
])[] = [
  ["a write to a watched key", ["SET k 1"], ["SET k 2"], true],
  ["a write of the same value", ["SET k 1"], ["SET k 1"], true],
  ["a write to another key", ["SET k 1"], ["SET other 2"], false],
  ["a read", ["SET k 1"], ["GET k"], false],
  ["the creation of a missing key", [], ["SET k 1"], true],
  ["the removal", ["SET k 1"], ["DEL k"], true],
  ["a removal of a missing key", [], ["DEL k"], false],
  ["removal and creation anew", ["SET k 1"], ["DEL k", "SET k 1"], true],
  ["an expiry being set", ["SET k 1"], ["EXPIRE k 1000"], true],
  ["an expiry being removed", ["SET k 1 EX 100"], ["PERSIST k"], true],
  ["PERSIST without an expiry", ["SET k 1"], ["PERSIST k"], false],
  ["a field's write", ["HSET k f 1"], ["HSET k g 2"], true],
  ["a refused command", ["SET k 1"], ["HSET k f v"], false],
  ["SETNX on a set key", ["SET k 1"], ["SETNX k 2"], false],
  ["SET XX on a missing key", [], ["SET k 1 XX"], false],
  ["HDEL of a missing field", ["HSET k f 1"], ["HDEL k none"], false],
  ["RENAME onto it", ["MSET k 1 x 2"], ["RENAME x k"], true],
  ["RENAME away from it", ["SET k 1"], ["RENAME k x"], true],
  ["COPY onto it", ["MSET k 1 x 2"], ["COPY x k REPLACE"], true],
  ["COPY from it", ["SET k 1"], ["COPY k x"], false],
  ["MOVE of it", ["SET k 1"], ["MOVE k 3"], true],
  ["FLUSHALL with the key there", ["SET k 1"], ["FLUSHALL"], true],
  ["FLUSHALL without it", ["SET x 1"], ["FLUSHALL"], false],
  ["FLUSHDB of another database", ["SET k 1"], ["SELECT 1", "SET y 1", "FLUSHDB"], false],
  ["the same key in another database", ["SET k 1"], ["SELECT 1", "SET k 2"], false],
  ["SWAPDB that brings another value", ["SET k 1"], ["SWAPDB 0 1"], true],
  ["SWAPDB where neither has it", [], ["SWAPDB 0 1"], false],
  ["a transaction of the other client", ["SET k 1"], ["MULTI", "INCR k", "EXEC"], true],
  ["GETEX with an expiry", ["SET k 1"], ["GETEX k EX 100"], true],
  ["GETEX without options", ["SET k 1"], ["GETEX k"], false],
  ["TOUCH", ["SET k 1"], ["TOUCH k"], false],
  ["SETRANGE with nothing", ["SET k 1"], ['SETRANGE k 0 ""'], false],
];
for (const [name, before, other, fails] of disturbances) {
  transactions.both(`EXEC ${fails ? "fails" : "runs"} after ${name}`, async (wire) => {
    for (const command of before) await wire.call(command);
    await wire.call("WATCH k");
    const second = await transactions.server.connect();
    for (const command of other) await second.call(command);
    await second.close();
    await wire.call("MULTI");
    await wire.call("SET done 1");
    const reply = await wire.call("EXEC");
    expect(show(reply)).toBe(fails ? (wire.protocol === 3 ? "null(_)" : "nil(*-1)") : "[+OK]");
    expect(numberOf(await wire.call("EXISTS done"))).toBe(fails ? 0 : 1);
  });
}

transactions.rows("one's own write between WATCH and MULTI fails the transaction too", [
  ["WATCH k", ok],
  ["SET k 1", ok],
  ["MULTI", ok],
  ["GET k", queued],
  ["EXEC", nilArray],
  ["MULTI", ok],
  ["GET k", queued],
  ["EXEC", ["1"]],
]);

transactions.rows("UNWATCH, DISCARD and EXEC forget watched keys", [
  ["SET k 1", ok],
  ["WATCH k none", ok],
  ["UNWATCH", ok],
  ["SET k 2", ok],
  ["MULTI", ok],
  ["EXEC", []],
  ["WATCH k", ok],
  ["MULTI", ok],
  ["DISCARD", ok],
  ["SET k 3", ok],
  ["MULTI", ok],
  ["EXEC", []],
  ["WATCH k k k", ok],
  ["MULTI", ok],
  ["EXEC", []],
  ["SET k 4", ok],
  ["MULTI", ok],
  ["EXEC", []],
]);

transactions.rows("UNWATCH inside MULTI is queued and changes nothing of this EXEC", [
  ["WATCH k", ok],
  ["SET k 1", ok],
  ["MULTI", ok],
  ["UNWATCH", queued],
  ["EXEC", nilArray],
]);

transactions.rows(
  "a key that has expired before EXEC fails it, one expired before WATCH does not",
  [
    ["DEBUG SET-ACTIVE-EXPIRE 0", ok],
    ["SET k v PX 60", ok],
    ["WATCH k", ok],
    ["DEBUG SLEEP 0.1", ok],
    ["MULTI", ok],
    ["EXEC", nilArray],
    ["SET dead v PXAT 1", ok],
    ["WATCH dead", ok],
    ["MULTI", ok],
    ["EXEC", []],
  ],
  { after: ["DEBUG SET-ACTIVE-EXPIRE 1"] },
);

test("WATCH makes check-and-set safe under contention", async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => transactions.server.connect()));
  await clients[0]?.call("FLUSHALL");
  await clients[0]?.call("SET n 0");
  const add = async (wire: Wire, times: number) => {
    for (let done = 0; done < times; ) {
      const [, current] = await wire.pipeline(["WATCH n", "GET n"]);
      const [, , result] = await wire.pipeline(["MULTI", `SET n ${Number(textOf(current)) + 1}`, "EXEC"]);
      if (result?.kind === "array") done++;
    }
  };
  await Promise.all(clients.map((wire) => add(wire, 50)));
  expect(show(await (clients[0] as Wire).call("GET n"))).toBe('"400"');
  await Promise.all(clients.map((wire) => wire.close()));
});

test("transactions of many clients over the same keys never mix", async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => transactions.server.connect()));
  const [first] = clients as [Wire, ...Wire[]];
  await first.call("FLUSHALL");
  const accounts = Array.from({ length: 50 }, (_, index) => `account:${index}`);
  await first.call(["MSET", ...accounts.flatMap((name) => [name, "1000"])]);
  const stop = { now: false };
  const transfers = clients.slice(1).map(async (wire, index) => {
    const random = new Random(index + 1);
    for (let round = 0; round < 300; round++) {
      const amount = random.from(1, 50);
      const [from, to] = [random.pick(accounts), random.pick(accounts)];
      await wire.pipeline(["MULTI", `DECRBY ${from} ${amount}`, `INCRBY ${to} ${amount}`, "EXEC"]);
    }
  });
  const audit = (async () => {
    for (let checks = 0; !stop.now || checks === 0; checks++) {
      const sum = itemsOf(await first.call(["MGET", ...accounts])).reduce(
        (total, item) => total + Number(textOf(item)),
        0,
      );
      expect(sum).toBe(50_000);
    }
  })();
  await Promise.all(transfers);
  stop.now = true;
  await audit;
  await Promise.all(clients.map((wire) => wire.close()));
});
