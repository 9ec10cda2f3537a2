import { describe, expect, test } from "bun:test";
import { changesOf, difference, type Snapshot } from "./write-set.ts";

const hash: Snapshot = {
  type: "hash",
  items: [
    ["available", "7"],
    ["name", "shirt"],
  ],
  expiresAt: null,
};
const shown = (before: Record<string, Snapshot>, ...effects: string[]) =>
  changesOf(
    new Map(Object.entries(before)),
    effects.map((line) => line.split(" ")),
  ).map(({ key, lines, commands }) => [key, lines.map(({ sign, text }) => sign + text), commands]);

describe("a write set", () => {
  test("is shown as what goes and what comes", () => {
    expect(shown({ sku: hash }, "HINCRBY sku available -2", "HSET sku held 2", "HDEL sku name")).toEqual([
      ["sku", ["-available = 7", "-name = shirt", "+available = 5", "+held = 2"], []],
    ]);
    expect(shown({ k: { type: "string", items: [["", "old"]], expiresAt: null } }, "SET k new")).toEqual([
      ["k", ["-old", "+new"], []],
    ]);
    expect(shown({}, "SET n 1", "INCRBY n 4", "PEXPIREAT n 0")).toEqual([
      ["n", ["+5", "+expires 1970-01-01T00:00:00.000Z"], []],
    ]);
    expect(shown({ sku: hash }, "DEL sku")).toEqual([["sku", ["-available = 7", "-name = shirt"], []]]);
    expect(shown({}, "RPUSH l a b", "LPUSH l c d", "LPOP l")).toEqual([["l", ["+c", "+a", "+b"], []]]);
    expect(shown({}, "SADD s a b", "SREM s a")).toEqual([["s", ["+b"], []]]);
    expect(shown({}, "ZADD z 1.5 a", "ZREM z a")).toEqual([["z", [], []]]);
  });

  test("has what it does not know as the command that it is", () => {
    expect(shown({ sku: hash }, "HSETEX sku EX 10 FIELDS 1 a b")).toEqual([
      ["sku", [], ["HSETEX sku EX 10 FIELDS 1 a b"]],
    ]);
    const large: Snapshot = { type: "other", items: [["", "(hash)"]], expiresAt: null };
    expect(shown({ big: large }, "HSET big a b")).toEqual([["big", [], ["HSET big a b"]]]);
  });

  test("keeps a few lines around each change, and no more", () => {
    const before = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const after = before.with(10, "changed");
    expect(difference(before, after).map(({ sign, text }) => sign + text)).toEqual([
      " line 8",
      " line 9",
      "-line 10",
      "+changed",
      " line 11",
      " line 12",
    ]);
  });
});
