import { join } from "node:path";
import { RedisClient } from "bun";
import { readLibrary } from "../library.ts";
import { withServer } from "../server.ts";

/** What customers have sent, and what each is called. */
const RULES: Readonly<Record<string, string>> = {
  tenth: "export function tenth(basket: string, price: number) { return price / 10; }",
  greedy: "export function greedy(basket: string, price: number) { return price * 2; }",
  thief:
    "export function thief(basket: string, price: number) { Zedis.set(basket, '0'); throw new Error('a mistake'); }",
  curious: "export function curious(basket: string) { return typeof process + typeof fetch + typeof require; }",
  hungry: "export function hungry() { const all = []; for (;;) all.push(new Array(10000).fill(0)); }",
};

await withServer(async (port) => {
  const client = new RedisClient(`redis://127.0.0.1:${port}`);
  await client.connect();
  try {
    await client.send("FUNCTION", ["LOAD", "REPLACE", readLibrary(join(import.meta.dir, "checkout.ts"))]);
    for (const [name, code] of Object.entries(RULES)) {
      await client.send("FUNCTION", ["LOAD", "REPLACE", `#!ts name=${name} engine=quickjs\n${code}`]);
    }
    for (const rule of ["tenth", "greedy", "thief"]) {
      await client.set("basket", "200");
      const { paid, note } = await client.send("FCALL", ["checkout", "1", "basket", rule]);
      console.log(`${rule}: ${note}, ${paid} of ${await client.get("basket")} paid`);
    }
    console.log(`curious finds: ${await client.send("FCALL", ["curious", "1", "basket"])}`);
    const hungry = await client.send("FCALL", ["hungry", "0"]).then(
      () => "ate it all",
      () => "stopped",
    );
    console.log(`hungry: ${hungry}, and the server says ${await client.ping()}`);
  } finally {
    client.close();
  }
});
