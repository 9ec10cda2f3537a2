/** A few seconds of the soak; `bun run soak` is the long one. SOAK_SEED and SOAK_MS change it. */
import { expect, test } from "bun:test";
import { WAYS } from "./bank.ts";
import { soak } from "./soak.ts";

const seed = Number(process.env.SOAK_SEED ?? 1);
const duration_ms = Number(process.env.SOAK_MS ?? 4000);

test("no money is lost or made while transactions of every kind fail, are killed and have their code replaced", async () => {
  const { wrong, outcomes, kills, loads, audits } = await soak({
    seed,
    duration_ms,
    isEnough: (far) =>
      WAYS.every((way) => far.outcomes[`${way}: moved`]) &&
      (far.outcomes["eval: failed"] ?? 0) > 0 &&
      far.kills > 0 &&
      far.loads > 2 &&
      far.audits > 10,
    clients: 16,
    options: {},
  });
  expect(wrong).toEqual([]);
  for (const way of WAYS) expect(outcomes[`${way}: moved`] ?? 0).toBeGreaterThan(0);
  expect(outcomes["eval: failed"] ?? 0).toBeGreaterThan(0);
  expect(kills).toBeGreaterThan(0);
  expect(loads).toBeGreaterThan(2);
  expect(audits).toBeGreaterThan(10);
}, 180_000);

test("a server that keeps what a failed script wrote is found out", async () => {
  const { wrong } = await soak({
    seed,
    duration_ms: 2000,
    isEnough: (far) => far.wrong.length > 0,
    clients: 4,
    options: { "script-atomicity": "redis" },
  });
  expect(wrong.join("\n")).toMatch(/the accounts hold \d+, not 64000/);
}, 180_000);
