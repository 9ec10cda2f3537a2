/** A program on Bun's own RedisClient, which speaks RESP3. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

let server: Server;
let client: RedisClient;
beforeAll(async () => {
  server = await startServer();
  client = new RedisClient(`redis://127.0.0.1:${server.port}`);
  await client.connect();
}, 60_000);
afterAll(async () => {
  client.close();
  await server.stop();
});

describe("Bun's RedisClient", () => {
  test("connects over RESP3", async () => {
    expect(client.connected).toBe(true);
    expect(await client.send("CLIENT", ["INFO"])).toContain(" resp=3");
  });

  test("reads and writes strings, hashes and binary values", async () => {
    await client.set("greeting", "hello");
    expect(await client.get("greeting")).toBe("hello");
    expect(await client.get("none")).toBeNull();
    expect(await client.exists("greeting")).toBe(true);
    expect(await client.incr("n")).toBe(1);
    expect(await client.decr("n")).toBe(0);
    expect(await client.expire("n", 100)).toBe(1);
    expect(await client.ttl("n")).toBeWithin(98, 101);
    await client.hmset("h", ["name", "Ada", "born", "1815"]);
    expect(await client.hmget("h", ["born", "none"])).toEqual(["1815", null]);
    expect(await client.hincrby("h", "born", 5)).toBe(1820);
    expect(await client.send("HGETALL", ["h"])).toEqual({ name: "Ada", born: "1820" });
    const bytes = new Uint8Array([0, 255, 13, 10]);
    await client.set("bytes", bytes);
    expect(await client.getBuffer("bytes")).toEqual(bytes);
    expect(await client.del("greeting")).toBe(1);
  });

  test("batches what is sent in one turn, in order", async () => {
    const values = await Promise.all(Array.from({ length: 5000 }, () => client.incr("batched")));
    expect(values).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
  });

  test("runs transactions", async () => {
    const replies = await Promise.all([
      client.send("MULTI", []),
      client.send("SET", ["t", "1"]),
      client.send("INCR", ["t"]),
      client.send("EXEC", []),
    ]);
    expect(replies).toEqual(["OK", "QUEUED", "QUEUED", ["OK", 2]]);
  });

  test("walks the keyspace", async () => {
    await Promise.all(Array.from({ length: 1000 }, (_, index) => client.set(`scan:${index}`, "v")));
    const found = new Set<string>();
    let cursor = "0";
    do {
      const [next, keys] = (await client.send("SCAN", [cursor, "MATCH", "scan:*", "COUNT", "100"])) as [
        string,
        string[],
      ];
      for (const key of keys) found.add(key);
      cursor = next;
    } while (cursor !== "0");
    expect(found.size).toBe(1000);
  });

  test("turns error replies into rejected promises", async () => {
    await client.set("text", "abc");
    expect(async () => await client.incr("text")).toThrow("value is not an integer");
    expect(async () => await client.send("HGET", ["text", "f"])).toThrow("WRONGTYPE");
    expect(await client.get("text")).toBe("abc");
  });

  test("connects again after its connection was killed", async () => {
    const victim = new RedisClient(`redis://127.0.0.1:${server.port}`, { autoReconnect: true });
    await victim.connect();
    await victim.set("kept", "yes");
    const id = String(await victim.send("CLIENT", ["ID"]));
    expect(await client.send("CLIENT", ["KILL", "ID", id])).toBe(1);
    const again = await until("the new connection", async () => {
      try {
        return (await victim.get("kept")) === "yes" && String(await victim.send("CLIENT", ["ID"])) !== id;
      } catch {
        return false;
      }
    });
    expect(again).toBe(true);
    victim.close();
  });
});
