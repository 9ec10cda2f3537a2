/** A job queue, a leaderboard and a cache on Bun's own RedisClient, which speaks RESP3 only: maps, sets, doubles and pushes as they are. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const PROCEDURES = await Bun.file(join(import.meta.dir, "shop.ts")).text();

let server: Server;
let client: RedisClient;
const connect = async () => {
  const made = new RedisClient(`redis://127.0.0.1:${server.port}`);
  await made.connect();
  return made;
};
/** `ZADD board 1 ann`, for commands that the client has no method for. */
const send = (line: string): Promise<unknown> => {
  const [name = "", ...words] = line.split(" ");
  return client.send(name, words);
};
beforeAll(async () => {
  server = await startServer();
  client = await connect();
}, 60_000);
afterAll(async () => {
  client.close();
  await server.stop();
});

describe("Bun's RedisClient", () => {
  test("keeps a queue of jobs, whose workers wait", async () => {
    expect(await send("RPUSH jobs j1 j2 j3")).toBe(3);
    expect(await send("LMOVE jobs running LEFT RIGHT")).toBe("j1");
    expect(await send("BLMOVE jobs running LEFT RIGHT 1")).toBe("j2");
    expect(await send("LRANGE running 0 -1")).toEqual(["j1", "j2"]);
    expect(await send("LMPOP 2 none jobs LEFT COUNT 2")).toEqual(["jobs", ["j3"]]);
    expect(await send("BLPOP jobs 0.02")).toBeNull();
    const worker = await connect();
    const taken = worker.send("BLPOP", ["other", "jobs", "10"]);
    await until("the worker to wait", async () => String(await send("INFO clients")).includes("blocked_clients:1"));
    expect(await send("RPUSH jobs woken")).toBe(1);
    expect(await taken).toEqual(["jobs", "woken"]);
    worker.close();
  });

  test("keeps a leaderboard", async () => {
    expect(await send("ZADD board 10 ann 20.5 bob 30 cid")).toBe(3);
    expect(await send("ZADD board GT CH 5 ann 31 cid")).toBe(1);
    expect(await send("ZINCRBY board 10 ann")).toBe(20);
    expect(await send("ZRANGE board 0 -1 WITHSCORES")).toEqual([
      ["ann", 20],
      ["bob", 20.5],
      ["cid", 31],
    ]);
    expect(await send("ZRANK board bob WITHSCORE")).toEqual([1, 20.5]);
    expect(await send("ZMSCORE board bob none")).toEqual([20.5, null]);
    expect(await send("ZUNIONSTORE all 2 board board")).toBe(3);
    expect(await send("ZPOPMAX all")).toEqual(["cid", 62]);
    expect(await send("BZPOPMIN none all 1")).toEqual(["all", "ann", 40]);
  });

  test("keeps sets, and what they have in common", async () => {
    expect(await client.sadd("tags:1", "red")).toBe(1);
    expect(await send("SADD tags:1 blue green")).toBe(2);
    expect(await send("SADD tags:2 blue green black")).toBe(3);
    expect([...(await client.smembers("tags:1"))].sort()).toEqual(["blue", "green", "red"]);
    expect(((await send("SINTER tags:1 tags:2")) as string[]).sort()).toEqual(["blue", "green"]);
    expect(await send("SDIFF tags:1 tags:2")).toEqual(["red"]);
    expect(await client.sismember("tags:1", "red")).toBe(true);
    expect(await send("SINTERCARD 2 tags:1 tags:2 LIMIT 1")).toBe(1);
  });

  test("keeps a stream that a group reads", async () => {
    expect(await send("XADD events 1-1 kind login")).toBe("1-1");
    for (const n of [2, 3, 4]) await send(`XADD events ${n}-1 n ${n}`);
    expect(await send("XRANGE events - + COUNT 1")).toEqual([["1-1", ["kind", "login"]]]);
    expect(await send("XGROUP CREATE events workers 0")).toBe("OK");
    expect(await send("XREADGROUP GROUP workers w1 COUNT 2 STREAMS events >")).toEqual({
      events: [
        ["1-1", ["kind", "login"]],
        ["2-1", ["n", "2"]],
      ],
    });
    expect(await send("XACK events workers 1-1")).toBe(1);
    expect(await send("XPENDING events workers")).toEqual([1, "2-1", "2-1", [["w1", "1"]]]);
    expect(await send("XAUTOCLAIM events workers w2 0 0")).toEqual(["0-0", [["2-1", ["n", "2"]]], []]);
    expect(await send("XREAD BLOCK 1000 STREAMS events 3-1")).toEqual({ events: [["4-1", ["n", "4"]]] });
    expect(await send("XREAD BLOCK 10 STREAMS events $")).toBeNull();
    expect(await send("XINFO GROUPS events")).toEqual([
      { name: "workers", consumers: 2, pending: 1, "last-delivered-id": "2-1", "entries-read": 2, lag: 2 },
    ]);
    expect(await send("XTRIM events MAXLEN 1")).toBe(3);
  });

  test("subscribes, and hears what is published", async () => {
    const subscriber = await connect();
    const heard: string[] = [];
    await subscriber.subscribe("news", (message, channel) => heard.push(`${channel} ${message}`));
    expect(await client.publish("news", "hello")).toBe(1);
    expect(await client.publish("other", "nobody")).toBe(0);
    await until("the message", () => heard.length > 0);
    expect(heard).toEqual(["news hello"]);
    await subscriber.unsubscribe("news");
    expect(await client.publish("news", "nobody")).toBe(0);
    subscriber.close();
  });

  test("watches a key that another client changes", async () => {
    const other = await connect();
    await client.set("t", "1");
    await send("WATCH t");
    await other.set("t", "2");
    const [, , lost] = await Promise.all([send("MULTI"), send("INCR t"), send("EXEC")]);
    expect(lost).toBeNull();
    await send("WATCH t");
    const [, , won] = await Promise.all([send("MULTI"), send("INCR t"), send("EXEC")]);
    expect(won).toEqual([3]);
    other.close();
  });

  test("keeps places, bits and counts", async () => {
    expect(await send("GEOADD cities 13.361389 38.115556 Palermo 15.087269 37.502669 Catania")).toBe(2);
    expect(await send("GEODIST cities Palermo Catania km")).toBe("166.2742");
    expect(await send("GEOSEARCH cities FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST")).toEqual([
      ["Catania", "56.4413"],
      ["Palermo", "190.4424"],
    ]);
    expect(await send("SETBIT days 9 1")).toBe(0);
    expect(await send("BITCOUNT days")).toBe(1);
    expect(await send("BITOP NOT nights days")).toBe(2);
    expect(await send("BITFIELD counters INCRBY u8 0 200 OVERFLOW FAIL INCRBY u8 0 100")).toEqual([200, null]);
    expect(await send(`PFADD visitors ${Array.from({ length: 1000 }, (_, index) => index).join(" ")}`)).toBe(1);
    expect(await send("PFCOUNT visitors")).toBeWithin(950, 1050);
  });

  test("walks sets, hashes and leaderboards", async () => {
    const all = Array.from({ length: 1000 }, (_, index) => index);
    await send(`SADD bigset ${all.join(" ")}`);
    await send(`ZADD bigboard ${all.map((index) => `${index} m${index}`).join(" ")}`);
    await send(`HSET big ${all.map((index) => `f${index} ${index}`).join(" ")}`);
    const walk = async (command: string): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (let cursor = "0", first = true; first || cursor !== "0"; first = false) {
        const [next, page] = (await send(`${command} ${cursor}`)) as [string, unknown[]];
        found.push(...page);
        cursor = next;
      }
      return found;
    };
    expect(new Set(await walk("SSCAN bigset")).size).toBe(1000);
    const sum = (flat: unknown[]) =>
      flat.reduce((total: number, item, index) => total + (index % 2 ? Number(item) : 0), 0);
    expect(sum(await walk("HSCAN big"))).toBe(499_500);
    expect(sum(await walk("ZSCAN bigboard"))).toBe(499_500);
  });

  test("calls a procedure in TypeScript", async () => {
    expect(await client.send("FUNCTION", ["LOAD", "REPLACE", PROCEDURES])).toBe("shop");
    await client.set("product:7", "5");
    expect(await send("FCALL shop_order 1 product:7 3")).toBe(2);
    expect(async () => await send("FCALL shop_order 1 product:7 3")).toThrow("sold out");
    expect(await send("FCALL_RO shop_stock 1 product:7")).toEqual({
      product: "product:7",
      left: 2,
      orders: ["product:7*3"],
    });
  });
});
