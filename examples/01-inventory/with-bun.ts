import { RedisClient } from "bun";

/** Drives the inventory through Bun's own client; returns what to print. */
export async function withBun(port: number, library: string): Promise<string[]> {
  const client = new RedisClient(`redis://127.0.0.1:${port}`);
  await client.connect();
  try {
    const lines = [`loaded ${await client.send("FUNCTION", ["LOAD", "REPLACE", library])}`];
    const take = (key: string, amount: number) => client.send("FCALL", ["updateInventory", "1", key, String(amount)]);
    await client.set("product:1", "12");
    for (const amount of [5, 5, 5]) {
      const reply = await take("product:1", amount);
      lines.push(`take ${amount}: ${JSON.stringify(reply)}, left ${await client.get("product:1")}`);
    }
    await client.set("product:2", "10");
    const replies = await Promise.all(Array.from({ length: 30 }, () => take("product:2", 1)));
    const taken = replies.filter((reply) => JSON.stringify(reply).includes("success"));
    lines.push(`30 callers, stock of 10: ${taken.length} succeed, left ${await client.get("product:2")}`);
    return lines;
  } finally {
    client.close();
  }
}
