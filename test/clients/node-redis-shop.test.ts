/** A job queue, a leaderboard and a cache on node-redis, in RESP2 and in RESP3: every data type, blocking, groups, pub/sub, procedures. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "redis";
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

for (const RESP of [2, 3] as const) {
  describe(`node-redis over RESP${RESP}`, () => {
    const connect = async () => {
      const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP });
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    let client: Awaited<ReturnType<typeof connect>>;
    beforeAll(async () => {
      client = await connect();
      await client.flushAll();
    });
    afterAll(async () => {
      await client.close();
    });

    test("keeps a queue of jobs, whose workers wait", async () => {
      expect(await client.rPush("jobs", ["j1", "j2", "j3"])).toBe(3);
      expect(await client.lMove("jobs", "running", "LEFT", "RIGHT")).toBe("j1");
      expect(await client.blMove("jobs", "running", "LEFT", "RIGHT", 1)).toBe("j2");
      expect(await client.lRange("running", 0, -1)).toEqual(["j1", "j2"]);
      expect(await client.lmPop(["none", "jobs"], "LEFT", { COUNT: 2 })).toEqual(["jobs", ["j3"]] as never);
      expect(await client.blPop("jobs", 0.02)).toBeNull();
      const worker = await connect();
      const taken = worker.blPop(["other", "jobs"], 10);
      await until("the worker to wait", async () => (await client.info("clients")).includes("blocked_clients:1"));
      expect(await client.rPush("jobs", "woken")).toBe(1);
      expect({ ...(await taken) } as object).toEqual({ key: "jobs", element: "woken" });
      await worker.close();
    });

    test("keeps a leaderboard", async () => {
      const members = [
        { value: "ann", score: 10 },
        { value: "bob", score: 20.5 },
        { value: "cid", score: 30 },
      ];
      expect(await client.zAdd("board", members)).toBe(3);
      expect(await client.zIncrBy("board", 10, "ann")).toBe(20);
      expect((await client.zRangeWithScores("board", 0, -1)).map((member) => ({ ...member }))).toEqual([
        { value: "ann", score: 20 },
        { value: "bob", score: 20.5 },
        { value: "cid", score: 30 },
      ]);
      expect(await client.zRange("board", 0, 1, { REV: true })).toEqual(["cid", "bob"]);
      expect(await client.zRank("board", "bob")).toBe(1);
      expect(await client.zScore("board", "bob")).toBe(20.5);
      expect(await client.zmScore("board", ["bob", "none"])).toEqual([20.5, null]);
      expect(await client.zUnionStore("all", ["board", "board"])).toBe(3);
      expect({ ...(await client.zPopMax("all")) } as object).toEqual({ value: "cid", score: 60 });
      expect({ ...(await client.bzPopMin(["none", "all"], 1)) } as object).toEqual({
        key: "all",
        value: "ann",
        score: 40,
      });
      expect(await client.zDiff(["board", "all"])).toEqual(["ann", "cid"]);
    });

    test("keeps sets, and what they have in common", async () => {
      expect(await client.sAdd("tags:1", ["red", "blue", "green"])).toBe(3);
      expect(await client.sAdd("tags:2", ["blue", "green", "black"])).toBe(3);
      expect([...(await client.sMembers("tags:1"))].sort()).toEqual(["blue", "green", "red"]);
      expect([...(await client.sInter(["tags:1", "tags:2"]))].sort()).toEqual(["blue", "green"]);
      expect([...(await client.sDiff(["tags:1", "tags:2"]))]).toEqual(["red"]);
      expect(await client.sIsMember("tags:1", "red")).toBe(1);
      expect(await client.smIsMember("tags:1", ["red", "none"])).toEqual([1, 0]);
      expect(await client.sPop("tags:1")).toBeString();
    });

    test("keeps a stream that a group reads", async () => {
      expect(await client.xAdd("events", "1-1", { kind: "login" })).toBe("1-1");
      for (const n of [2, 3, 4]) await client.xAdd("events", `${n}-1`, { n: String(n) });
      expect(await client.xLen("events")).toBe(4);
      expect(
        (await client.xRange("events", "-", "+", { COUNT: 1 }))?.map(({ id, message }) => [id, { ...message }]),
      ).toEqual([["1-1", { kind: "login" }]]);
      expect(await client.xGroupCreate("events", "workers", "0")).toBe("OK");
      await expect(client.xGroupCreate("events", "workers", "0")).rejects.toThrow("BUSYGROUP");
      const read = await client.xReadGroup("workers", "w1", { key: "events", id: ">" }, { COUNT: 3 });
      expect(JSON.stringify(read)).toContain('"3-1"');
      expect(await client.xAck("events", "workers", "1-1")).toBe(1);
      const pending = await client.xPending("events", "workers");
      expect([pending?.pending, pending?.firstId, pending?.lastId]).toEqual([2, "2-1", "3-1"]);
      const claimed = await client.xAutoClaim("events", "workers", "w2", 0, "0", { COUNT: 1 });
      expect([claimed.nextId, claimed.messages?.map((entry) => entry?.id)]).toEqual(["3-1", ["2-1"]]);
      const groups = await client.xInfoGroups("events");
      expect(groups?.map((group) => [group.name, group.consumers, group.pending])).toEqual([["workers", 2, 2]]);
      expect(await client.xRead({ key: "events", id: "$" }, { BLOCK: 10 })).toBeNull();
      expect(await client.xTrim("events", "MAXLEN", 1)).toBe(3);
    });

    test("publishes and subscribes, also to patterns and shards", async () => {
      const subscriber = await connect();
      const heard: string[] = [];
      await subscriber.subscribe("news", (message, channel) => heard.push(`${channel} ${message}`));
      await subscriber.pSubscribe("news:*", (message, channel) => heard.push(`pattern ${channel} ${message}`));
      await subscriber.sSubscribe("news", (message, channel) => heard.push(`shard ${channel} ${message}`));
      expect(await client.publish("news", "hello")).toBe(1);
      expect(await client.publish("news:sport", "goal")).toBe(1);
      expect(await client.sPublish("news", "one")).toBe(1);
      await until("three messages", () => heard.length === 3);
      expect(heard).toEqual(["news hello", "pattern news:sport goal", "shard news one"]);
      expect(await client.pubSubChannels("new*")).toEqual(["news"]);
      await subscriber.unsubscribe("news");
      expect(await client.publish("news", "nobody")).toBe(0);
      await subscriber.close();
    });

    test("keeps places, bits and counts", async () => {
      const places = [
        { longitude: 13.361389, latitude: 38.115556, member: "Palermo" },
        { longitude: 15.087269, latitude: 37.502669, member: "Catania" },
      ];
      expect(await client.geoAdd("cities", places)).toBe(2);
      expect(await client.geoDist("cities", "Palermo", "Catania", "km")).toBe(166.2742);
      const around = { longitude: 15, latitude: 37 };
      expect(await client.geoSearch("cities", around, { radius: 200, unit: "km" }, { SORT: "ASC" })).toEqual([
        "Catania",
        "Palermo",
      ]);
      expect(await client.geoHash("cities", "Palermo")).toEqual(["sqc8b49rny0"]);
      expect(Number((await client.geoPos("cities", "Palermo"))[0]?.longitude)).toBeCloseTo(13.361, 3);
      expect(await client.setBit("days", 9, 1)).toBe(0);
      expect(await client.bitCount("days")).toBe(1);
      expect(await client.bitPos("days", 1)).toBe(9);
      expect(await client.bitOp("NOT", "nights", "days")).toBe(2);
      expect(
        await client.pfAdd(
          "visitors",
          Array.from({ length: 1000 }, (_, index) => `v${index}`),
        ),
      ).toBe(1);
      expect(await client.pfCount("visitors")).toBeWithin(950, 1050);
      expect(await client.pfMerge("visitors:all", "visitors")).toBe("OK");
    });

    test("iterates over sets and leaderboards", async () => {
      await client.sAdd(
        "bigset",
        Array.from({ length: 1000 }, (_, index) => String(index)),
      );
      const members = new Set<string>();
      for await (const page of client.sScanIterator("bigset")) for (const member of page) members.add(member);
      expect(members.size).toBe(1000);
      await client.zAdd(
        "bigboard",
        Array.from({ length: 1000 }, (_, index) => ({ value: `m${index}`, score: index })),
      );
      let sum = 0;
      for await (const page of client.zScanIterator("bigboard")) for (const { score } of page) sum += score;
      expect(sum).toBe(499_500);
    });

    test("calls a procedure in TypeScript", async () => {
      expect(await client.functionLoad(PROCEDURES, { REPLACE: true })).toBe("shop");
      await client.set("product:7", 5);
      await client.del("orders");
      expect(await client.fCall("shop_order", { keys: ["product:7"], arguments: ["3"] })).toBe(2);
      await expect(client.fCall("shop_order", { keys: ["product:7"], arguments: ["3"] })).rejects.toThrow("sold out");
      expect(await client.get("product:7")).toBe("2");
      const stock = await client.fCallRo("shop_stock", { keys: ["product:7"] });
      expect(JSON.stringify(stock)).toContain("product:7*3");
      const libraries = await client.functionList();
      expect(libraries.map((library) => [library.library_name, library.engine])).toEqual([["shop", "TS"]]);
    });
  });
}
