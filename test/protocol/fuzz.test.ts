/** A short run of the fuzz; `bun run fuzz` is the long one. FUZZ_SEED and FUZZ_REQUESTS change it. */
import { expect, test } from "bun:test";
import { fuzzRequests } from "./fuzz.ts";

test("mutated requests leave the server serving, with the memory it had", async () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
  const { residentBefore, residentAfter } = await fuzzRequests(seed, Number(process.env.FUZZ_REQUESTS ?? 20_000));
  expect(residentAfter - residentBefore).toBeLessThan(48_000_000);
}, 120_000);
