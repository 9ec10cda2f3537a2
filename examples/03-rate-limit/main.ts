import { join } from "node:path";
import { RedisClient } from "bun";
import { readLibrary } from "../library.ts";
import { withServer } from "../server.ts";

const CLIENTS = 8;
const ASKED = 50;
const LIMIT = 100;
const HOUR_MS = 3_600_000;

type Ask = (client: RedisClient) => Promise<boolean>;

await withServer(async (port) => {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      // Without pipelining of its own, so that the first part cannot be saved by luck.
      const client = new RedisClient(`redis://127.0.0.1:${port}`, { enableAutoPipelining: false });
      await client.connect();
      return client;
    }),
  );
  const [first] = clients;
  if (first === undefined) throw new Error("no clients");
  try {
    await first.send("DEL", ["limit:naive", "limit:procedure", "limit:gcra"]);
    await first.send("FUNCTION", [
      "LOAD",
      "REPLACE",
      readLibrary(join(import.meta.dir, "../../procedures/rate-limiter.ts")),
    ]);

    const naive = await allowed(clients, async (client) => {
      const used = Number((await client.get("limit:naive")) ?? 0);
      if (used >= LIMIT) return false;
      await client.set("limit:naive", String(used + 1));
      return true;
    });
    console.log(`read, then write, from outside: more than ${LIMIT} of ${CLIENTS * ASKED} pass: ${naive > LIMIT}`);

    const fixed = await allowed(clients, (client) => decide(client, "rateFixed", "limit:procedure"));
    console.log(`rateFixed: ${fixed} of ${CLIENTS * ASKED} pass`);

    const gcra = await allowed(clients, (client) => decide(client, "rateGcra", "limit:gcra"));
    console.log(`rateGcra: ${gcra} of ${CLIENTS * ASKED} pass at once`);
    const next = await first.send("FCALL", ["rateGcra", "1", "limit:gcra", String(LIMIT), String(HOUR_MS)]);
    console.log(`the next one in about ${Math.round(next.retryAfterMs / 1000 / 12) * 12} s`);
  } finally {
    for (const client of clients) client.close();
  }
});

/** How many of all clients' attempts were allowed; each client has one in flight at a time. */
async function allowed(clients: readonly RedisClient[], ask: Ask): Promise<number> {
  const counts = clients.map(async (client) => {
    let count = 0;
    for (let nth = 0; nth < ASKED; nth++) if (await ask(client)) count++;
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function decide(client: RedisClient, name: string, key: string): Promise<boolean> {
  return (await client.send("FCALL", [name, "1", key, String(LIMIT), String(HOUR_MS)])).allowed;
}
