/** A program on node-redis, in RESP2 and in RESP3: connect, typed replies, transactions, iterators, errors, reconnects. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "redis";
import { type Server, startServer } from "../harness/server.ts";

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
      const client = createClient({
        url: `redis://127.0.0.1:${server.port}`,
        RESP,
        name: "node",
        socket: { reconnectStrategy: 20 },
      });
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

    test("connects and names the connection", async () => {
      expect(await client.ping()).toBe("PONG");
      expect(await client.clientGetName()).toBe("node");
    });

    test("reads and writes strings and hashes with typed replies", async () => {
      expect(await client.set("k", "v", { expiration: { type: "EX", value: 100 } })).toBe("OK");
      expect(await client.get("k")).toBe("v");
      expect(await client.set("k", "w", { condition: "NX" })).toBeNull();
      expect(await client.getEx("k", { type: "PERSIST" })).toBe("v");
      expect(await client.ttl("k")).toBe(-1);
      expect(await client.hSet("h", { name: "Ada", born: "1815" })).toBe(2);
      expect({ ...(await client.hGetAll("h")) }).toEqual({ name: "Ada", born: "1815" });
      expect(await client.hmGet("h", ["born", "none"])).toEqual(["1815", null]);
      expect(await client.incrByFloat("f", 1.5)).toBe("1.5");
      expect(await client.exists(["k", "h", "none"])).toBe(2);
      expect({ ...(await client.configGet("maxmemory-policy")) }).toEqual({ "maxmemory-policy": "noeviction" });
      const [info] = await client.commandInfo(["get"]);
      expect(info?.name).toBe("get");
    });

    test("batches what is sent in one turn", async () => {
      const values = await Promise.all(Array.from({ length: 5000 }, () => client.incr("n")));
      expect(values).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
    });

    test("runs transactions, and sees a watched key change", async () => {
      expect(await client.multi().set("t", "1").incr("t").get("t").exec()).toEqual(["OK", 2, "2"] as never);
      const other = await connect();
      await client.watch("t");
      await other.set("t", "9");
      await expect(client.multi().incr("t").exec()).rejects.toThrow("watched keys has been changed");
      await other.close();
    });

    test("iterates over keys and fields", async () => {
      await client.mSet(Array.from({ length: 1500 }, (_, index) => [`scan:${index}`, "v"] as [string, string]));
      const found = new Set<string>();
      for await (const keys of client.scanIterator({ MATCH: "scan:*", COUNT: 100 }))
        for (const key of keys) found.add(key);
      expect(found.size).toBe(1500);
      await client.hSet("big", Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`f${index}`, "v"])));
      const fields = new Set<string>();
      for await (const entries of client.hScanIterator("big")) for (const { field } of entries) fields.add(field);
      expect(fields.size).toBe(700);
    });

    test("turns error replies into rejected promises", async () => {
      await expect(client.hGet("k", "f")).rejects.toThrow("WRONGTYPE");
      await expect(client.incr("k")).rejects.toThrow("ERR value is not an integer or out of range");
      await expect(client.sendCommand(["NOSUCH"])).rejects.toThrow("ERR unknown command 'NOSUCH'");
    });

    test("connects again after its connection was killed, and goes on", async () => {
      const victim = await connect();
      const id = await victim.clientId();
      const ready = new Promise((resolve) => victim.once("ready", resolve));
      expect(await client.clientKill({ filter: "ID", id })).toBe(1);
      await ready;
      expect(await victim.get("k")).toBe("v");
      expect(await victim.clientGetName()).toBe("node");
      await victim.close();
    });
  });
}
