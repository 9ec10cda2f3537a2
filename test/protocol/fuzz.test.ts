/** A short run of the fuzz; `bun run fuzz` is the long one. FUZZ_SEED and FUZZ_REQUESTS change it. */
import { expect, test } from "bun:test";
import { fuzzRequests } from "./fuzz.ts";

test("mutated requests leave the server serving, with the memory it had", async () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const requests = Number(process.env.FUZZ_REQUESTS ?? 20_000);
  const { usedBefore, usedAfter, executed } = await fuzzRequests(seed, requests);
  // Half are refused for their arguments; a server that read nothing would count none.
  expect(executed).toBeGreaterThan(requests / 4);
  expect(usedAfter - usedBefore).toBeLessThan(16_000_000);
}, 120_000);
