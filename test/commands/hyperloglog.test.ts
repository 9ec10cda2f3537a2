/**
 * HyperLogLog commands: what they reply, and that their values are Redis's, byte for byte: the same additions in both servers
 * make the same strings, and either counts what the other wrote.
 */
import { expect, test } from "bun:test";
import { err, ok, simple } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { numberOf, show } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { suite } from "../harness/suite.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import type { Wire } from "../harness/wire.ts";

const hyperloglogs = suite();
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const noHyperloglog = err("WRONGTYPE Key is not a valid HyperLogLog string value.");
const corrupted = err("INVALIDOBJ Corrupted HLL object detected");
const empty = Buffer.from("HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff", "latin1");

hyperloglogs.rows("PFADD says whether anything changed, PFCOUNT counts once and remembers", [
  ["PFADD h", 1],
  ["GET h", empty],
  ["OBJECT ENCODING h", "raw"],
  ["PFADD h", 0],
  ["PFCOUNT h", 0],
  ["GETRANGE h 15 15", "\0"],
  ["PFADD h a b c", 1],
  ["PFADD h a b c", 0],
  ["GETRANGE h 15 15", Buffer.from([0x80])],
  ["PFCOUNT h", 3],
  ["GETRANGE h 8 15", "\x03\0\0\0\0\0\0\0"],
  ["PFADD h a", 0],
  ["GETRANGE h 15 15", "\0"],
  ['PFADD h ""', 1],
  ["PFCOUNT h", 4],
  ["PFCOUNT none", 0],
  ["PFCOUNT none none", 0],
  ["EXISTS none", 0],
  ["TYPE h", simple("string")],
]);

hyperloglogs.rows("PFMERGE makes the union, into a new key or one that is a source", [
  ["PFADD a 1 2 3", 1],
  ["PFADD b 3 4 5", 1],
  ["PFMERGE d a b none", ok],
  ["PFCOUNT d", 5],
  ["PFCOUNT a b", 5],
  ["EXPIRE a 100", 1],
  ["PFMERGE a b", ok],
  ["TTL a", 100],
  ["PFCOUNT a", 5],
  ["PFMERGE e", ok],
  ["GET e", empty],
  ["PFMERGE f none", ok],
  ["GET f", empty],
]);

hyperloglogs.rows("the dense encoding is as good as the sparse one", [
  ["PFADD s 1 2 3", 1],
  ["PFADD t 3 4", 1],
  ["PFDEBUG ENCODING s", simple("sparse")],
  ["PFDEBUG TODENSE s", 1],
  ["PFDEBUG TODENSE s", 0],
  ["PFDEBUG ENCODING s", simple("dense")],
  ["STRLEN s", 12304],
  ["PFADD s 1 2 3", 0],
  ["PFCOUNT s", 3],
  ["PFCOUNT s t", 4],
  ["PFADD s 4", 1],
  ["PFCOUNT s", 4],
  ["PFMERGE t s", ok],
  ["PFDEBUG encoding t", simple("dense")],
  ["PFCOUNT t", 4],
]);

hyperloglogs.rows("PFDEBUG shows runs and registers", [
  ["PFADD h hello", 1],
  ["PFDEBUG DECODE h", "Z:9216 v:1,1 Z:7167"],
  ["PFDEBUG TODENSE h", 1],
  ["PFDEBUG DECODE h", err("ERR HLL encoding is not sparse")],
  ["PFDEBUG FOO h", err("ERR Unknown PFDEBUG subcommand 'FOO'")],
  ["PFDEBUG FOO none", err("ERR The specified key does not exist")],
  ["PFDEBUG GETREG h x", err("ERR wrong number of arguments for 'pfdebug' command")],
  ["HSET l f v", 1],
  ["PFDEBUG ENCODING l", wrongType],
  ["SET t x", ok],
  ["PFDEBUG ENCODING t", noHyperloglog],
]);

hyperloglogs.rows(
  "PFDEBUG SIMD switches between equal results",
  [
    ["PFADD h a b c d e f g", 1],
    ["PFDEBUG TODENSE h", 1],
    ["PFDEBUG SIMD OFF", simple("disabled")],
    ["PFCOUNT h h", 7],
    ["PFDEBUG SIMD on", simple("enabled")],
    ["PFCOUNT h h", 7],
    ["PFDEBUG SIMD maybe", err("ERR Argument must be ON or OFF")],
  ],
  { since: "8.0" },
);

hyperloglogs.both("PFDEBUG GETREG replies every register, and makes the value dense", async (wire) => {
  await wire.call("PFADD h hello");
  const reply = await wire.call("PFDEBUG GETREG h");
  if (reply.kind !== "array") throw new Error(show(reply));
  const ranks = reply.items.map(numberOf);
  expect([ranks.length, ranks[9216], ranks.filter((rank) => rank !== 0).length]).toEqual([16384, 1, 1]);
  expect(show(await wire.call("PFDEBUG ENCODING h"))).toBe("+dense");
});

hyperloglogs.rows("what is no HyperLogLog, or a damaged one, is refused and stays", [
  ["HSET l f v", 1],
  ["SET t text", ok],
  ["SET n 12", ok],
  ["PFADD l x", wrongType],
  ["PFCOUNT l", wrongType],
  ["PFCOUNT h l", wrongType],
  ["PFMERGE d l", wrongType],
  ["PFMERGE l h", wrongType],
  ...["t", "n"].flatMap(
    (key) =>
      [
        [`PFADD ${key} x`, noHyperloglog],
        [`PFCOUNT ${key}`, noHyperloglog],
        [`PFCOUNT h ${key}`, noHyperloglog],
        [`PFMERGE d ${key}`, noHyperloglog],
        [`PFMERGE ${key} h`, noHyperloglog],
      ] as const,
  ),
  ["GET t", "text"],
  ["EXISTS d", 0],
  ["PFADD h a b c", 1],
  ["APPEND h hello", 32],
  ["PFCOUNT h", corrupted],
  ["PFCOUNT h none", corrupted],
  ["PFMERGE d h", corrupted],
  ["PFDEBUG GETREG h", corrupted],
  ["PFDEBUG TODENSE h", corrupted],
  ["PFADD i a b c", 1],
  ["SETRANGE i 4 x", 27],
  ["PFCOUNT i", noHyperloglog],
  ["PFADD j a b c", 1],
  ['SETRANGE j 4 "\\x00"', 27],
  ["PFCOUNT j", noHyperloglog],
  ["PFADD", err("ERR wrong number of arguments for 'pfadd' command")],
  ["PFCOUNT", err("ERR wrong number of arguments for 'pfcount' command")],
  ["PFMERGE", err("ERR wrong number of arguments for 'pfmerge' command")],
]);

hyperloglogs.rows("an expired HyperLogLog is none", [
  ["PFADD h a b c", 1],
  ["PEXPIREAT h 1", 1],
  ["PFCOUNT h", 0],
  ["PFADD h a", 1],
  ["PFCOUNT h", 1],
  ["TTL h", -1],
]);

hyperloglogs.rows(
  "hll-sparse-max-bytes bounds the sparse encoding",
  [
    ["PFADD h a b c d e f g h i j k", 1],
    ["PFDEBUG ENCODING h", simple("sparse")],
    ["CONFIG SET hll-sparse-max-bytes 30", ok],
    ["PFADD h l", 1],
    ["PFDEBUG ENCODING h", simple("dense")],
    ["PFCOUNT h", 12],
  ],
  { after: ["CONFIG SET hll-sparse-max-bytes 3000"] },
);

hyperloglogs.both("a count inside MULTI is rolled into it", async (wire) => {
  await wire.pipeline(["PFADD h a b", "MULTI", "PFCOUNT h", "PFADD h c", "PFCOUNT h"]);
  expect(show(await wire.call("EXEC"))).toBe("[:2, :1, :3]");
});

hyperloglogs.both("PFSELFTEST passes while others are served", async (wire, protocol) => {
  const other = await hyperloglogs.server.connect(protocol);
  const tested = wire.call("PFSELFTEST");
  for (let turn = 0; turn < 20; turn++) expect(show(await other.call("PING"))).toBe("+PONG");
  expect(show(await tested)).toBe("+OK");
  await other.close();
});

const title = "random additions and unions make the strings that redis-server makes, and each reads the other's";
test.skipIf(oraclePath() === null)(
  oraclePath() === null ? `${title} [no redis-server on this machine]` : title,
  async () => {
    const servers = await Promise.all([
      startServer({ kind: isOracle ? "redis" : "zedis" }),
      startServer({ kind: "redis" }),
    ]);
    const wires = (await Promise.all(servers.map((server) => server.connect()))) as [Wire, Wire];
    const names = ["a", "b", "c", "d"];
    try {
      for (let seed = 1; seed <= 30; seed++) {
        const random = new Random(seed);
        const limit = random.pick(["100", "400", "3000", "20000"]);
        const steps: string[] = ["FLUSHALL", `CONFIG SET hll-sparse-max-bytes ${limit}`];
        for (let turn = 0; turn < 60; turn++) {
          const key = () => random.pick(names);
          const many = random.pick([1, 3, 20, random.chance(0.2) ? 2000 : 10]);
          const added = Array.from({ length: many }, () => `e${random.below(20_000)}`).join(" ");
          steps.push(
            random.pick([
              `PFADD ${key()} ${added}`,
              `PFMERGE ${key()} ${key()} ${key()}`,
              `PFCOUNT ${key()}`,
              "PFCOUNT a b c d",
            ]),
          );
        }
        const reads = names.map((name) => `GET ${name}`);
        const [ours, theirs] = await Promise.all(wires.map((wire) => wire.pipeline([...steps, ...reads])));
        for (const [at, step] of [...steps, ...reads].entries())
          if (show(ours?.[at] as never) !== show(theirs?.[at] as never))
            throw new Error(`seed ${seed}, limit ${limit}: ${step.slice(0, 100)} differs`);
        for (const [from, to] of [wires, [...wires].reverse() as [Wire, Wire]]) {
          const values = await from.pipeline(reads);
          for (const [index, name] of names.entries()) {
            const value = values[index];
            if (value?.kind !== "bulk") continue;
            // As if registers had changed since, so that it is counted and not looked up.
            const stale = Buffer.from(value.bytes);
            stale[15] = (stale[15] as number) | 0x80;
            await to.pipeline([["SET", "copy", stale], "PFCOUNT copy"]);
            expect(show(await to.call("PFCOUNT copy"))).toBe(show(await from.call(`PFCOUNT ${name}`)));
          }
        }
      }
    } finally {
      for (const wire of wires) await wire.close();
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
  120_000,
);
