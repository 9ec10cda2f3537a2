/** A program on ioredis: connect, pipelines, transactions, iterators, errors, reconnects. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

let server: Server;
let redis: Redis;

beforeAll(async () => {
  server = await startServer();
  redis = new Redis({
    host: "127.0.0.1",
    port: server.port,
    connectionName: "shop",
    maxRetriesPerRequest: 20,
    retryStrategy: () => 20,
  });
  redis.on("error", () => {});
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

describe("ioredis", () => {
  test("connects, passes its ready check and names the connection", async () => {
    expect(await redis.ping()).toBe("PONG");
    expect(redis.status).toBe("ready");
    expect(await redis.client("GETNAME")).toBe("shop");
    expect(await redis.info("server")).toContain("redis_version:");
  });

  test("reads and writes strings, hashes and binary values", async () => {
    expect(await redis.set("name", "Zoë", "EX", 100)).toBe("OK");
    expect(await redis.get("name")).toBe("Zoë");
    expect(await redis.ttl("name")).toBeWithin(98, 101);
    expect(await redis.set("name", "other", "NX")).toBeNull();
    expect(await redis.hset("user:1", { name: "Ada", visits: 3 })).toBe(2);
    expect(await redis.hgetall("user:1")).toEqual({ name: "Ada", visits: "3" });
    expect(await redis.hgetall("user:none")).toEqual({});
    expect(await redis.hincrby("user:1", "visits", 4)).toBe(7);
    const bytes = Buffer.from([0, 255, 13, 10, 36]);
    await redis.set("bytes", bytes);
    expect(await redis.getBuffer("bytes")).toEqual(bytes);
    expect(await redis.mget("name", "none", "bytes")).toEqual(["Zoë", null, bytes.toString()]);
  });

  test("sends pipelines of thousands of commands", async () => {
    const pipeline = redis.pipeline();
    for (let index = 0; index < 5000; index++) pipeline.incr("counter").set(`p:${index}`, index);
    const results = await pipeline.exec();
    expect(results?.length).toBe(10_000);
    expect(results?.every(([error]) => error === null)).toBe(true);
    expect(results?.at(-2)?.[1]).toBe(5000);
  });

  test("runs transactions, and sees a watched key change", async () => {
    expect(await redis.multi().set("t", 1).incr("t").get("t").exec()).toEqual([
      [null, "OK"],
      [null, 2],
      [null, "2"],
    ]);
    const other = redis.duplicate();
    await redis.watch("t");
    await other.set("t", 9);
    expect(await redis.multi().incr("t").exec()).toBeNull();
    expect(await redis.get("t")).toBe("9");
    const results = await redis.multi().hset("t", "f", 1).incr("t").exec();
    expect(results?.[0]?.[0]?.message).toStartWith("WRONGTYPE");
    expect(results?.[1]).toEqual([null, 10]);
    other.disconnect();
  });

  test("iterates over keys and fields by streams", async () => {
    await redis.flushall();
    await redis.mset(Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`scan:${index}`, "v"])));
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: "scan:*", count: 100 }))
      for (const key of keys as string[]) found.add(key);
    expect(found.size).toBe(2500);
    await redis.hset("h", Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, String(index)])));
    let sum = 0;
    for await (const pairs of redis.hscanStream("h")) {
      (pairs as string[]).forEach((text, index) => {
        if (index % 2) sum += Number(text);
      });
    }
    expect(sum).toBe((999 * 1000) / 2);
  });

  test("turns error replies into rejected promises", async () => {
    await redis.set("s", "text");
    await expect(redis.incr("s")).rejects.toThrow("ERR value is not an integer or out of range");
    await expect(redis.hget("s", "f")).rejects.toThrow("WRONGTYPE");
    await expect(redis.call("NOSUCH", "a")).rejects.toThrow("ERR unknown command 'NOSUCH'");
  });

  test("connects again after its connection was killed, and goes on", async () => {
    await redis.set("before", "kept");
    const id = await redis.client("ID");
    const killer = new Redis(server.port, "127.0.0.1");
    expect(await killer.client("KILL", "ID", id)).toBe(1);
    expect(await redis.get("before")).toBe("kept");
    expect(await redis.client("ID")).not.toBe(id);
    killer.disconnect();
  });

  test("batches commands by itself when asked to", async () => {
    const auto = new Redis({ port: server.port, enableAutoPipelining: true });
    const values = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        auto.set(`auto:${index}`, index).then(() => auto.get(`auto:${index}`)),
      ),
    );
    expect(values.map(Number)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    auto.disconnect();
  });

  test("uses a database of its own when asked to", async () => {
    const second = new Redis({ port: server.port, db: 3 });
    await second.set("only-here", 1);
    expect(await redis.exists("only-here")).toBe(0);
    expect(await second.dbsize()).toBe(1);
    second.disconnect();
    await until("the connection to be forgotten", async () => !String(await redis.client("LIST")).includes(" db=3 "));
  });
});
