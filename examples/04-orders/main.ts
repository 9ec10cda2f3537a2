import { join } from "node:path";
import Redis from "ioredis";
import { readLibrary } from "../library.ts";
import { withServer } from "../server.ts";

const CLIENTS = 8;
const ORDERS = 40;

await withServer(async (port) => {
  const redis = new Redis(port, "127.0.0.1");
  const others = Array.from({ length: CLIENTS }, () => new Redis(port, "127.0.0.1"));
  try {
    await redis.flushall();
    await redis.function("LOAD", "REPLACE", readLibrary(join(import.meta.dir, "orders.ts")));
    await redis.hset("article:shirt", { stock: 30, price: 20 });
    await redis.hset("article:socks", { stock: 100, price: 5 });
    await redis.mset("account:ann", 200, "account:ben", 150, "account:cat", 1000);
    await oneByOne(redis);
    await allAtOnce(redis, others);
  } finally {
    for (const client of [redis, ...others]) client.disconnect();
  }
});

async function oneByOne(redis: Redis): Promise<void> {
  const order = {
    number: "a1",
    account: "ann",
    lines: [
      { article: "shirt", amount: 2 },
      { article: "socks", amount: 4 },
    ],
  };
  console.log("placed:", await place(redis, order));
  console.log("sent again:", await place(redis, order));
  const tooMany = {
    number: "a2",
    account: "ann",
    lines: [
      { article: "shirt", amount: 5 },
      { article: "socks", amount: 500 },
    ],
  };
  console.log("too many socks:", await place(redis, tooMany));
  const tooDear = { number: "a3", account: "ann", lines: [{ article: "shirt", amount: 9 }] };
  console.log("too dear:", await place(redis, tooDear));
  const [shirts, socks] = [await redis.hget("article:shirt", "stock"), await redis.hget("article:socks", "stock")];
  console.log(`left: ${shirts} shirts, ${socks} socks, ${await redis.get("account:ann")} in ann's account`);
  console.log("orders written:", await redis.keys("order:*"));
}

async function allAtOnce(redis: Redis, clients: readonly Redis[]): Promise<void> {
  const accounts = ["ann", "ben", "cat"];
  const money = async () => await redis.fcall("moneyInAll", 0, JSON.stringify({ accounts, orders: ORDERS }));
  const before = await money();
  const replies = await Promise.all(
    Array.from({ length: ORDERS }, (_, nth) => {
      const account = accounts[nth % accounts.length] ?? "ann";
      const lines = [
        { article: "shirt", amount: 1 + (nth % 3) },
        { article: "socks", amount: 1 },
      ];
      // Each order is sent twice, by two clients.
      const order = { number: `n${nth + 1}`, account, lines };
      const [one, two] = [clients[nth % CLIENTS] ?? redis, clients[(nth + 1) % CLIENTS] ?? redis];
      return Promise.all([place(one, order), place(two, order)]);
    }),
  );
  const placed = replies.filter((pair) => pair.some((reply) => reply.startsWith("number")));
  const twice = replies.filter((pair) => pair.filter((reply) => reply.endsWith("repeated 0")).length > 1);
  const stock = Number(await redis.hget("article:shirt", "stock"));
  const sold = 28 - stock;
  const written = await redis.keys("order:n*");
  console.log(`\n${ORDERS} orders, each sent twice at once: ${twice.length} placed twice`);
  console.log(`orders written are orders confirmed: ${written.length === placed.length}`);
  console.log(`shirts left and sold: ${stock + sold}, never below none: ${stock >= 0}`);
  console.log(`money before and after: ${before === (await money()) ? "the same" : "NOT the same"}`);
}

/** The reply as one line, or the error's message up to the place it came from. */
async function place(redis: Redis, order: object): Promise<string> {
  try {
    const fields = (await redis.fcall("placeOrder", 0, JSON.stringify(order))) as (string | number)[];
    return fields
      .map((field, at) => (at % 2 === 0 ? `${field} ` : `${field}${at + 1 < fields.length ? ", " : ""}`))
      .join("");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
