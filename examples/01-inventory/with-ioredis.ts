import Redis from "ioredis";

/** Drives the inventory through ioredis; returns what to print. */
export async function withIoredis(port: number, library: string): Promise<string[]> {
  const redis = new Redis(port, "127.0.0.1");
  try {
    const lines = [`loaded ${await redis.function("LOAD", "REPLACE", library)}`];
    await redis.set("product:1", 12);
    for (const amount of [5, 5, 5]) {
      const reply = await redis.fcall("updateInventory", 1, "product:1", amount);
      lines.push(`take ${amount}: ${JSON.stringify(reply)}, left ${await redis.get("product:1")}`);
    }
    await redis.set("product:2", 10);
    const pipeline = redis.pipeline();
    for (let nth = 0; nth < 30; nth++) pipeline.fcall("updateInventory", 1, "product:2", 1);
    const replies = (await pipeline.exec()) ?? [];
    const taken = replies.filter(([error, reply]) => error === null && JSON.stringify(reply).includes("success"));
    lines.push(`30 callers, stock of 10: ${taken.length} succeed, left ${await redis.get("product:2")}`);
    return lines;
  } finally {
    redis.disconnect();
  }
}
