/** CLIENT LIST, KILL and UNBLOCK inside MULTI and EXEC: their answers come from all cores. */
import { expect, test } from "bun:test";
import { err, ok, queued } from "../harness/expected.ts";
import { itemsOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";

const transactions = suite();

transactions.both("a transaction that lists connections is one of them, as its commands have left it", async (wire) => {
  const other = await transactions.server.connect();
  await other.call("CLIENT SETNAME other");
  const otherId = numberOf(await other.call("CLIENT ID"));
  const id = numberOf(await wire.call("CLIENT ID"));
  await check(wire, [
    ["MULTI", ok],
    ["CLIENT SETNAME asker", queued],
    ["CLIENT LIST", queued],
    [`CLIENT LIST ID ${id}`, queued],
    ["SET k v", queued],
  ]);
  const [, all, own, set] = itemsOf(await wire.call("EXEC")) as [Reply, Reply, Reply, Reply];
  // Of the test before, whose end the server may not have seen yet, there may be more.
  const lines = textOf(all).trim().split("\n");
  const both = new RegExp(`^id=(${id}|${otherId}) .* name=(asker|other) `);
  expect(lines.filter((line) => both.test(line)).length).toBe(2);
  expect(textOf(own)).toMatch(new RegExp(`^id=${id} .* name=asker .* flags=x .* multi=4 .* cmd=exec `));
  expect(show(set)).toBe("+OK");
  await other.close();
});

transactions.both("a transaction closes connections and ends their waiting in its place", async (wire) => {
  const waits = await transactions.server.connect();
  const killed = await transactions.server.connect();
  const waitsId = numberOf(await waits.call("CLIENT ID"));
  const killedId = numberOf(await killed.call("CLIENT ID"));
  const popped = waits.call("BLPOP list 0");
  await until("it waits", async () => /flags=b/.test(textOf(await wire.call(`CLIENT LIST ID ${waitsId}`))));
  await check(wire, [
    ["MULTI", ok],
    [`CLIENT UNBLOCK ${waitsId} ERROR`, queued],
    ["RPUSH list a", queued],
    [`CLIENT KILL ID ${killedId}`, queued],
    [`CLIENT KILL ID ${killedId}`, queued],
    ["CLIENT KILL ID 987654321", queued],
    ["CLIENT KILL 1.2.3.4:5", queued],
    ["EXEC", [1, 1, 1, 0, 0, err("ERR No such client")]],
    ["LLEN list", 1],
  ]);
  expect(show(await popped)).toContain("UNBLOCKED");
  await killed.bytes.closed;
  await waits.close();
});

transactions.both("a transaction that kills its own client runs to its end", async (wire) => {
  const own = await transactions.server.connect();
  const id = numberOf(await own.call("CLIENT ID"));
  await own.call("MULTI");
  await own.call(`CLIENT KILL ID ${id} SKIPME no`);
  await own.call("SET k v");
  expect(show(await own.call("EXEC"))).toBe("[:1, +OK]");
  await own.bytes.closed;
  expect(textOf(await wire.call("GET k"))).toBe("v");
});

test("transactions on all cores that ask each other, and close who watches what they hold, all end", async () => {
  const server = transactions.server;
  const wires = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
  const until_ms = Date.now() + 1_500;
  await Promise.all(
    wires.map(async (wire, at) => {
      for (let round = 0; Date.now() < until_ms; round++) {
        if (at % 2 === 1) {
          const watcher = await server.connect();
          await watcher.call(`WATCH a b c k${round % 8}`);
          await watcher.close();
          continue;
        }
        await wire.call("MULTI");
        await wire.call(`MSET a ${round} b ${round} c ${round}`);
        await wire.call("CLIENT LIST");
        await wire.call(`INCR k${at}`);
        await wire.call("CLIENT KILL ID 987654321");
        expect(itemsOf(await wire.call("EXEC")).length).toBe(4);
      }
    }),
  );
  await Promise.all(wires.map((wire) => wire.close()));
});
