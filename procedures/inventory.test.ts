import { expect } from "bun:test";
import { errorLike, map } from "../test/harness/expected.ts";
import { check, suite } from "../test/harness/suite.ts";
import { until } from "../test/harness/wait.ts";
import { fcall, loadOf } from "./_library.ts";

const stock = suite();
const before = [loadOf("inventory")];

function level(available: number, held: number) {
  return map("available", available, "held", held);
}

function order(id: string, ...lines: readonly (readonly [string, number])[]): string {
  return JSON.stringify({ id, ttlMs: 60_000, lines: lines.map(([sku, amount]) => ({ sku, amount })) });
}

stock.rows(
  "units are held for an order, and leave the stock or come back to it",
  [
    [fcall("inventoryReceive", ["sku"], 10), level(10, 0)],
    [fcall("inventoryReserve", ["sku"], "o1", 3, 60_000), level(7, 3)],
    [fcall("inventoryReserve", ["sku"], "o2", 4, 60_000), level(3, 7)],
    [fcall("inventoryCommit", ["sku"], "o1"), 3],
    [fcall("inventoryCancel", ["sku"], "o2"), 4],
    [fcall("inventoryCancel", ["sku"], "o2"), 0],
    [fcall("inventoryLevel", ["sku"]), level(7, 0)],
    [fcall("inventoryCommit", ["sku"], "o2"), errorLike(/NO_HOLD sku: order o2 holds nothing/)],
  ],
  { before },
);

stock.rows(
  "an order that asks twice holds once",
  [
    [fcall("inventoryReceive", ["sku"], 5), level(5, 0)],
    [fcall("inventoryReserve", ["sku"], "o1", 4, 60_000), level(1, 4)],
    [fcall("inventoryReserve", ["sku"], "o1", 4, 60_000), level(1, 4)],
    [fcall("inventoryReserve", ["sku"], "o2", 2, 60_000), errorLike(/OUT_OF_STOCK sku: 2 asked for, 1 available/)],
    [fcall("inventoryLevel", ["sku"]), level(1, 4)],
  ],
  { before },
);

stock.rows(
  "an order of several lines holds all of them or, when one is short, none",
  [
    [fcall("inventoryReceive", ["shirt"], 5), level(5, 0)],
    [fcall("inventoryReceive", ["socks"], 5), level(5, 0)],
    [fcall("inventoryReserveAll", [], order("o1", ["shirt", 2], ["socks", 6])), errorLike(/OUT_OF_STOCK socks/)],
    [fcall("inventoryLevel", ["shirt"]), level(5, 0)],
    ["HEXISTS shirt hold:o1", 0],
    [fcall("inventoryReserveAll", [], order("o2", ["shirt", 2], ["socks", 5])), 2],
    [fcall("inventoryLevel", ["shirt"]), level(3, 2)],
    [fcall("inventoryLevel", ["socks"]), level(0, 5)],
  ],
  { before },
);

stock.both(
  "a hold that lapses goes back to the stock",
  async (wire) => {
    await check(wire, [
      [fcall("inventoryReceive", ["sku"], 2), level(2, 0)],
      [fcall("inventoryReserve", ["sku"], "o1", 2, 30), level(0, 2)],
    ]);
    await until(
      "the lapsed units",
      async () => (await wire.call(fcall("inventoryReserve", ["sku"], "o2", 2, 60_000))).kind !== "error",
    );
    await check(wire, [[fcall("inventoryCommit", ["sku"], "o1"), errorLike(/NO_HOLD/)]]);
  },
  { before },
);

stock.both(
  "clients that all want the last units never get more than there are",
  async (wire) => {
    await check(wire, [[fcall("inventoryReceive", ["sku"], 100), level(100, 0)]]);
    const clients = await Promise.all(Array.from({ length: 8 }, () => stock.server.connect()));
    const replies = await Promise.all(
      clients.map((client, nth) =>
        client.pipeline(
          Array.from({ length: 40 }, (_, at) => fcall("inventoryReserve", ["sku"], `o${nth}-${at}`, 1, 60_000)),
        ),
      ),
    );
    expect(replies.flat().filter((reply) => reply.kind !== "error").length).toBe(100);
    await Promise.all(clients.map((client) => client.close()));
    await check(wire, [[fcall("inventoryLevel", ["sku"]), level(0, 100)]]);
  },
  { before },
);

stock.rows(
  "an amount that is no whole number above zero is an error",
  [
    [fcall("inventoryReceive", ["sku"], -1), errorLike(/amount -1 is no whole number above 0/)],
    [fcall("inventoryReceive", ["sku"], 1.5), errorLike(/amount 1.5 is no whole number above 0/)],
    ["EXISTS sku", 0],
  ],
  { before },
);
