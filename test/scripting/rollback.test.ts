/** What Zedis does beyond Redis: a script is a transaction over all shards. */
import { expect, test } from "bun:test";
import { err, ok } from "../harness/expected.ts";
import { textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

const scripts = suite({ options: isOracle ? {} : { cores: "2" } });
const spoiled = "redis.call('SET', 'a', 2) redis.call('RPUSH', 'l', 'x') redis.call('GET', 'l')";

// redis-server keeps what a script wrote before its error.
test.skipIf(isOracle)("an error that nobody catches undoes what the script wrote", async () => {
  const wire = await scripts.server.connect();
  await check(wire, [
    ["SET a 1", ok],
    [["EVAL", `return pcall(function() ${spoiled} end) and 1 or 0`, "0"], 0],
    ["GET a", "2"],
    ["DEL a l", 2],
    ["SET a 1", ok],
  ]);
  expect(textOf(await wire.call(["EVAL", spoiled, "0"]))).toStartWith("WRONGTYPE");
  await check(wire, [
    ["GET a", "1"],
    ["EXISTS l", 0],
    ["MULTI", ok],
  ]);
  await wire.call(["SET", "b", "1"]);
  await wire.call(["EVAL", spoiled, "0"]);
  await wire.call("EXEC");
  await check(wire, [
    ["GET b", "1"],
    ["GET a", "1"],
  ]);
  await wire.close();
});

// redis-server has no such directive.
test.skipIf(isOracle)("script-atomicity redis keeps what the script wrote", async () => {
  const wire = await scripts.server.connect();
  await check(wire, [
    ["FLUSHALL", ok],
    ["CONFIG SET script-atomicity redis", ok],
  ]);
  await wire.call(["EVAL", spoiled, "0"]);
  await check(wire, [
    ["GET a", "2"],
    ["LLEN l", 1],
    ["CONFIG SET script-atomicity rollback", ok],
    [
      "CONFIG SET script-atomicity perhaps",
      err(
        "ERR CONFIG SET failed (possibly related to argument 'script-atomicity') - argument(s) must be one of the following: rollback, redis",
      ),
    ],
  ]);
  await wire.close();
});

test("transfers between undeclared keys, from many connections, lose nothing", async () => {
  const accounts = 20;
  const script = `local from, to = 'acc:' .. ARGV[1], 'acc:' .. ARGV[2]
    local left = tonumber(redis.call('GET', from) or '100')
    local right = tonumber(redis.call('GET', to) or '100')
    if from == to or left < 1 then return 0 end
    redis.call('SET', from, left - 1) redis.call('SET', to, right + 1) return 1`;
  const wires = await Promise.all(Array.from({ length: 8 }, () => scripts.server.connect()));
  const first = wires[0] as (typeof wires)[number];
  await first.call("FLUSHALL");
  for (let account = 0; account < accounts; account++) await first.call(["SET", `acc:${account}`, "100"]);
  let draw = 12345;
  const next = () => {
    draw = (draw * 1103515245 + 12345) & 0x7fffffff;
    return String((draw >> 8) % accounts);
  };
  await Promise.all(
    wires.map(async (wire) => {
      for (let round = 0; round < 20; round++) {
        await wire.pipeline(Array.from({ length: 20 }, () => ["EVAL", script, "0", next(), next()]));
      }
    }),
  );
  let sum = 0;
  for (let account = 0; account < accounts; account++)
    sum += Number(textOf(await first.call(["GET", `acc:${account}`])));
  expect(sum).toBe(accounts * 100);
  for (const wire of wires) await wire.close();
});
