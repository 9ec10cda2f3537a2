import { join } from "node:path";
import { readLibrary } from "../library.ts";
import { withServer } from "../server.ts";
import { withBun } from "./with-bun.ts";
import { withIoredis } from "./with-ioredis.ts";
import { withNodeRedis } from "./with-node-redis.ts";

const library = readLibrary(join(import.meta.dir, "zedis_script.ts"));

await withServer(async (port) => {
  console.log("ioredis (RESP2)");
  for (const line of await withIoredis(port, library)) console.log(`  ${line}`);
  console.log("node-redis (RESP3)");
  for (const line of await withNodeRedis(port, library)) console.log(`  ${line}`);
  console.log("Bun's RedisClient (RESP3)");
  for (const line of await withBun(port, library)) console.log(`  ${line}`);
});
