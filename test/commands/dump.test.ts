/** DUMP and RESTORE: a value with its expiry as bytes that another server takes. */
import { expect } from "bun:test";
import { err } from "../harness/expected.ts";
import { numberOf, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";

const dump = suite();
const syntax = err("ERR syntax error");
const notInteger = err("ERR value is not an integer or out of range");

dump.both("DUMP and RESTORE carry a value and its expiry", async (wire) => {
  const value = ["SET s value", "SET n 12345", "HSET h f v g 17", ["SET", "big", "x".repeat(50_000)]] as const;
  await wire.pipeline(value);
  await wire.call(["HSET", "table", ...Array.from({ length: 300 }, (_, index) => [`f${index}`, `v${index}`]).flat()]);
  await wire.pipeline(["SADD ints 1 -2 70000", "SADD small a b 3"]);
  await wire.call(["SADD", "set", ...Array.from({ length: 600 }, (_, index) => `member${index}`)]);
  for (const key of ["s", "n", "h", "big", "table", "ints", "small", "set"]) {
    const dumped = await wire.call(["DUMP", key]);
    if (dumped.kind !== "bulk") throw new Error(`DUMP ${key} replied ${show(dumped)}`);
    expect(show(await wire.call(["RESTORE", `${key}2`, "0", dumped.bytes]))).toBe("+OK");
    expect(textOf(await wire.call(["OBJECT", "ENCODING", `${key}2`]))).toBe(
      textOf(await wire.call(["OBJECT", "ENCODING", key])),
    );
    const reads: Record<string, string> = {
      h: "HGETALL",
      table: "HGETALL",
      ints: "SMEMBERS",
      small: "SMEMBERS",
      set: "SMEMBERS",
    };
    const read = reads[key] ?? "GET";
    const contents = async (name: string) => {
      const reply = await wire.call([read, name]);
      return "items" in reply ? reply.items.map(show).sort() : show(reply);
    };
    expect(await contents(`${key}2`)).toEqual(await contents(key));
    expect(show(await wire.call(["RESTORE", `${key}2`, "0", dumped.bytes]))).toBe(
      "-BUSYKEY Target key name already exists.",
    );
    expect(show(await wire.call(["RESTORE", `${key}2`, "50000", dumped.bytes, "REPLACE"]))).toBe("+OK");
    expect(numberOf(await wire.call(["PTTL", `${key}2`]))).toBeWithin(40_000, 50_001);
    expect(show(await wire.call(["RESTORE", `${key}2`, "33177117420000", dumped.bytes, "REPLACE", "ABSTTL"]))).toBe(
      "+OK",
    );
    expect(show(await wire.call(["PEXPIRETIME", `${key}2`]))).toBe(":33177117420000");
    const damaged = Buffer.from(dumped.bytes);
    damaged[1] = (damaged[1] as number) ^ 1;
    expect(show(await wire.call(["RESTORE", "damaged", "0", damaged]))).toBe(
      "-ERR DUMP payload version or checksum are wrong",
    );
  }
});

dump.rows("RESTORE refuses what it cannot take", [
  ["DUMP none", null],
  ["RESTORE k 0 abc", err("ERR DUMP payload version or checksum are wrong")],
  ['RESTORE k 0 ""', err("ERR DUMP payload version or checksum are wrong")],
  ["RESTORE k -1 abc", err("ERR Invalid TTL value, must be >= 0")],
  ["RESTORE k x abc", notInteger],
  ["RESTORE k 0 abc FOO", syntax],
  ["RESTORE k 0 abc IDLETIME -1", err("ERR Invalid IDLETIME value, must be >= 0")],
  ["RESTORE k 0 abc FREQ 256", err("ERR Invalid FREQ value, must be >= 0 and <= 255")],
  ["EXISTS k", 0],
]);
