/** A job queue, a leaderboard and a cache on ioredis, in RESP2 and in RESP3: every data type, blocking, groups, pub/sub, procedures. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const PROCEDURES = await Bun.file(join(import.meta.dir, "shop.ts")).text();

let server: Server;
beforeAll(async () => {
  server = await startServer();
}, 60_000);
afterAll(async () => {
  await server.stop();
});

for (const protocol of [2, 3] as const) {
  describe(`ioredis over RESP${protocol}`, () => {
    const connect = () => new Redis({ host: "127.0.0.1", port: server.port, protocol });
    let redis: Redis;
    beforeAll(async () => {
      redis = connect();
      await redis.flushall();
    });
    afterAll(() => redis.disconnect());

    test("speaks the protocol that it was asked to", async () => {
      expect(String(await redis.client("INFO"))).toContain(` resp=${protocol} `);
    });

    test("keeps a queue of jobs, whose workers wait in turn", async () => {
      expect(await redis.rpush("jobs", "j1", "j2", "j3")).toBe(3);
      expect(await redis.lmove("jobs", "running", "LEFT", "RIGHT")).toBe("j1");
      expect(await redis.blmove("jobs", "running", "LEFT", "RIGHT", 1)).toBe("j2");
      expect(await redis.lrange("running", 0, -1)).toEqual(["j1", "j2"]);
      expect(await redis.lpos("running", "j2")).toBe(1);
      expect(await redis.lmpop(2, "none", "jobs", "LEFT")).toEqual(["jobs", ["j3"]]);
      const workers = [connect(), connect()] as const;
      const taken: string[] = [];
      const waiting: Promise<unknown>[] = [];
      for (const [index, worker] of workers.entries()) {
        waiting.push(worker.blpop("other", "jobs", 10).then((reply) => taken.push(`${index} ${reply}`)));
        await until("the worker to wait", async () =>
          (await redis.info("clients")).includes(`blocked_clients:${index + 1}`),
        );
      }
      expect(await redis.rpush("jobs", "a", "b")).toBe(2);
      await Promise.all(waiting);
      expect(taken.sort()).toEqual(["0 jobs,a", "1 jobs,b"]);
      expect(await redis.blpop("jobs", 0.02)).toBeNull();
      for (const worker of workers) worker.disconnect();
    });

    test("keeps a leaderboard", async () => {
      expect(await redis.zadd("board", 10, "ann", 20.5, "bob", 30, "cid")).toBe(3);
      expect(await redis.zadd("board", "GT", "CH", 5, "ann")).toBe(0);
      expect(await redis.zincrby("board", 10, "ann")).toBe("20");
      expect((await redis.zrange("board", 0, "-1", "WITHSCORES")).flat().map(String)).toEqual([
        "ann",
        "20",
        "bob",
        "20.5",
        "cid",
        "30",
      ]);
      expect(await redis.zrevrangebyscore("board", "+inf", "(20", "LIMIT", 0, 1)).toEqual(["cid"]);
      expect(await redis.zrank("board", "bob")).toBe(1);
      expect(Number(await redis.zscore("board", "bob"))).toBe(20.5);
      expect((await redis.zmscore("board", "bob", "none")).map(String)).toEqual(["20.5", "null"]);
      expect(await redis.zunionstore("all", 2, "board", "board", "WEIGHTS", 1, 2)).toBe(3);
      expect((await redis.zpopmax("all")).flat().map(String)).toEqual(["cid", "90"]);
      expect((await redis.bzpopmin("none", "all", 1))?.map(String)).toEqual(["all", "ann", "60"]);
      expect(await redis.zremrangebyscore("board", "-inf", 20)).toBe(1);
    });

    test("keeps sets, and what they have in common", async () => {
      expect(await redis.sadd("tags:1", "red", "blue", "green")).toBe(3);
      expect(await redis.sadd("tags:2", "blue", "green", "black")).toBe(3);
      expect((await redis.smembers("tags:1")).sort()).toEqual(["blue", "green", "red"]);
      expect((await redis.sinter("tags:1", "tags:2")).sort()).toEqual(["blue", "green"]);
      expect(await redis.sdiff("tags:1", "tags:2")).toEqual(["red"]);
      expect(await redis.smismember("tags:1", "red", "none")).toEqual([1, 0]);
      expect(await redis.sintercard(2, "tags:1", "tags:2", "LIMIT", 1)).toBe(1);
      expect(await redis.smove("tags:1", "tags:3", "red")).toBe(1);
      expect(await redis.spop("tags:3")).toBe("red");
    });

    test("keeps a stream that a group reads", async () => {
      expect(await redis.xadd("events", "1-1", "kind", "login", "user", "ann")).toBe("1-1");
      for (const n of [2, 3, 4]) await redis.xadd("events", `${n}-1`, "n", n);
      expect(await redis.xrange("events", "-", "+", "COUNT", 1)).toEqual([["1-1", ["kind", "login", "user", "ann"]]]);
      expect(await redis.xgroup("CREATE", "events", "workers", "0")).toBe("OK");
      await expect(redis.xgroup("CREATE", "events", "workers", "0")).rejects.toThrow("BUSYGROUP");
      const read: unknown = await redis.xreadgroup("GROUP", "workers", "w1", "COUNT", 3, "STREAMS", "events", ">");
      expect(JSON.stringify(read)).toContain('["2-1",["n","2"]]');
      expect(await redis.xack("events", "workers", "1-1")).toBe(1);
      expect(await redis.xpending("events", "workers")).toEqual([2, "2-1", "3-1", [["w1", "2"]]]);
      const claimed = (await redis.xautoclaim("events", "workers", "w2", 0, "0", "COUNT", 1)) as unknown[];
      expect(claimed).toEqual(["3-1", [["2-1", ["n", "2"]]], []]);
      const waited: unknown = await redis.xread("BLOCK", 1000, "STREAMS", "events", "3-1");
      expect(JSON.stringify(waited)).toContain('["4-1",["n","4"]]');
      expect(await redis.xread("BLOCK", 10, "STREAMS", "events", "$")).toBeNull();
      expect(await redis.xtrim("events", "MAXLEN", "=", 1)).toBe(3);
    });

    test("publishes and subscribes, also to patterns and shards", async () => {
      const subscriber = connect();
      const heard: string[] = [];
      subscriber.on("message", (channel, message) => heard.push(`${channel} ${message}`));
      subscriber.on("pmessage", (pattern, channel, message) => heard.push(`${pattern} ${channel} ${message}`));
      subscriber.on("smessage", (channel, message) => heard.push(`shard ${channel} ${message}`));
      expect(await subscriber.subscribe("news")).toBe(1);
      expect(await subscriber.psubscribe("news:*")).toBe(2);
      expect(await subscriber.ssubscribe("news")).toBe(1);
      expect(await redis.publish("news", "hello")).toBe(1);
      expect(await redis.publish("news:sport", "goal")).toBe(1);
      expect(await redis.spublish("news", "one")).toBe(1);
      await until("three messages", () => heard.length === 3);
      expect(heard).toEqual(["news hello", "news:* news:sport goal", "shard news one"]);
      expect(await redis.pubsub("NUMSUB", "news")).toEqual(["news", 1]);
      subscriber.disconnect();
    });

    test("keeps places, bits and counts", async () => {
      expect(await redis.geoadd("cities", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")).toBe(2);
      expect(await redis.geodist("cities", "Palermo", "Catania", "KM")).toBe("166.2742");
      expect(await redis.geosearch("cities", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km", "ASC")).toEqual([
        "Catania",
        "Palermo",
      ]);
      expect(await redis.geohash("cities", "Palermo")).toEqual(["sqc8b49rny0"]);
      const [place] = await redis.geopos("cities", "Palermo");
      expect(Number(place?.[0])).toBeCloseTo(13.361, 3);
      expect(await redis.setbit("days", 9, 1)).toBe(0);
      expect(await redis.bitcount("days")).toBe(1);
      expect(await redis.bitpos("days", 1)).toBe(9);
      expect(await redis.bitop("NOT", "nights", "days")).toBe(2);
      expect(
        await redis.call("BITFIELD", "counters", "INCRBY", "u8", 0, 200, "OVERFLOW", "SAT", "INCRBY", "u8", 0, 100),
      ).toEqual([200, 255]);
      expect(await redis.pfadd("visitors", ...Array.from({ length: 1000 }, (_, index) => `v${index}`))).toBe(1);
      expect(await redis.pfcount("visitors")).toBeWithin(950, 1050);
      expect(await redis.pfmerge("visitors:all", "visitors")).toBe("OK");
    });

    test("iterates over sets and leaderboards by streams", async () => {
      await redis.sadd("bigset", ...Array.from({ length: 1000 }, (_, index) => index));
      const members = new Set<string>();
      for await (const page of redis.sscanStream("bigset", { match: "*9" }))
        for (const member of page as string[]) members.add(member);
      expect(members.size).toBe(100);
      await redis.zadd("bigboard", ...Array.from({ length: 1000 }, (_, index) => [index, `m${index}`]).flat());
      let sum = 0;
      for await (const page of redis.zscanStream("bigboard"))
        for (const [index, value] of (page as unknown[]).flat().entries()) if (index % 2) sum += Number(value);
      expect(sum).toBe(499_500);
    });

    test("calls a procedure in TypeScript", async () => {
      expect(await redis.function("LOAD", "REPLACE", PROCEDURES)).toBe("shop");
      await redis.set("product:7", 5);
      await redis.del("orders");
      expect(await redis.fcall("shop_order", 1, "product:7", 3)).toBe(2);
      await expect(redis.fcall("shop_order", 1, "product:7", 3)).rejects.toThrow("sold out");
      expect(await redis.get("product:7")).toBe("2");
      const stock = await redis.fcall_ro("shop_stock", 1, "product:7");
      expect(JSON.stringify(stock)).toContain("product:7*3");
      const results = await redis.multi().fcall("shop_order", 1, "product:7", 1).get("product:7").exec();
      expect(results).toEqual([
        [null, 1],
        [null, "1"],
      ]);
    });
  });
}
