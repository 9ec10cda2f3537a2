import { createClient } from "redis";

/** Drives the inventory through node-redis, in RESP3; returns what to print. */
export async function withNodeRedis(port: number, library: string): Promise<string[]> {
  const client = createClient({ RESP: 3, socket: { host: "127.0.0.1", port } });
  await client.connect();
  try {
    const lines = [`loaded ${await client.functionLoad(library, { REPLACE: true })}`];
    const take = (key: string, amount: number) =>
      client.fCall("updateInventory", { keys: [key], arguments: [String(amount)] });
    await client.set("product:1", 12);
    for (const amount of [5, 5, 5]) {
      const reply = await take("product:1", amount);
      lines.push(`take ${amount}: ${JSON.stringify(reply)}, left ${await client.get("product:1")}`);
    }
    await client.set("product:2", 10);
    // Commands issued in one tick travel as one pipeline.
    const replies = await Promise.all(Array.from({ length: 30 }, () => take("product:2", 1)));
    const taken = replies.filter((reply) => JSON.stringify(reply).includes("success"));
    lines.push(`30 callers, stock of 10: ${taken.length} succeed, left ${await client.get("product:2")}`);
    return lines;
  } finally {
    client.destroy();
  }
}
