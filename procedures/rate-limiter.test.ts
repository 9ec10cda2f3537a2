import { expect } from "bun:test";
import { between, boolean, type Expected, errorLike, map } from "../test/harness/expected.ts";
import { check, suite } from "../test/harness/suite.ts";
import { until } from "../test/harness/wait.ts";
import type { Wire } from "../test/harness/wire.ts";
import { fcall, loadOf } from "./_library.ts";

const limits = suite();
const before = [loadOf("rate-limiter")];
const HOUR_MS = 3_600_000;
/** So long that its border does not fall into a test. */
const LONG_MS = 100 * 24 * HOUR_MS;

function decision(allowed: boolean, remaining: number, retryAfterMs: Expected) {
  return map("allowed", boolean(allowed), "remaining", remaining, "retryAfterMs", retryAfterMs);
}

/** Calls until `remaining` reaches zero and says how many calls were allowed. */
async function allowedOf(wire: Wire, calls: readonly string[][]): Promise<number> {
  const replies = await wire.pipeline(calls);
  return replies.filter((reply) => {
    if (reply.kind !== "array" && reply.kind !== "map") throw new Error(`a decision, not ${JSON.stringify(reply)}`);
    const allowed = reply.items[1];
    return allowed?.kind === "boolean" ? allowed.value : allowed?.kind === "integer" && Number(allowed.value) === 1;
  }).length;
}

limits.rows(
  "a fixed window lets the limit pass, says when the next one may come, and counts each key for itself",
  [
    [fcall("rateFixed", ["r:a"], 2, HOUR_MS), decision(true, 1, 0)],
    [fcall("rateFixed", ["r:a"], 2, HOUR_MS), decision(true, 0, between(HOUR_MS - 60_000, HOUR_MS))],
    [fcall("rateFixed", ["r:a"], 2, HOUR_MS), decision(false, 0, between(HOUR_MS - 60_000, HOUR_MS))],
    [fcall("rateFixed", ["r:b"], 2, HOUR_MS), decision(true, 1, 0)],
    ["GET r:a", "2"],
  ],
  { before },
);

limits.both(
  "a fixed window is gone after its time",
  async (wire) => {
    await check(wire, [[fcall("rateFixed", ["r:short"], 1, 40), decision(true, 0, between(0, 40))]]);
    await until("a new window", async () => (await allowedOf(wire, [fcall("rateFixed", ["r:short"], 1, 40)])) === 1);
  },
  { before },
);

limits.both(
  "a sliding window never lets more than the limit pass within one window",
  async (wire) => {
    const calls = Array.from({ length: 50 }, () => fcall("rateSliding", ["r:slide"], 10, LONG_MS));
    expect(await allowedOf(wire, calls)).toBe(10);
    await check(wire, [[fcall("rateSliding", ["r:slide"], 10, LONG_MS), decision(false, 0, between(1, 2 * LONG_MS))]]);
  },
  { before },
);

limits.both(
  "a sliding window weighs the last window's count",
  async (wire) => {
    const windowMs = LONG_MS;
    const window = Math.floor(Date.now() / windowMs);
    // As if the last window had been full: whatever share of it is still covered leaves no room for a full limit now.
    await check(wire, [[`HSET r:weighed window ${window - 1} count 1000 last 0`, 3]]);
    const calls = Array.from({ length: 1000 }, () => fcall("rateSliding", ["r:weighed"], 1000, windowMs));
    const allowed = await allowedOf(wire, calls);
    const passedShare = (Date.now() / windowMs) % 1;
    expect(Math.abs(allowed - 1000 * passedShare)).toBeLessThan(5);
  },
  { before },
);

limits.rows(
  "GCRA lets a burst of the limit pass and then one per interval",
  [
    [fcall("rateGcra", ["r:g"], 3, HOUR_MS), decision(true, 2, 0)],
    [fcall("rateGcra", ["r:g"], 3, HOUR_MS), decision(true, 1, 0)],
    [fcall("rateGcra", ["r:g"], 3, HOUR_MS), decision(true, 0, between(HOUR_MS / 3 - 60_000, HOUR_MS / 3))],
    [fcall("rateGcra", ["r:g"], 3, HOUR_MS), decision(false, 0, between(HOUR_MS / 3 - 60_000, HOUR_MS / 3))],
  ],
  { before },
);

limits.rows(
  "GCRA takes a cost of several at once or not at all",
  [
    [fcall("rateGcra", ["r:cost"], 10, HOUR_MS, 7), decision(true, 3, 0)],
    [fcall("rateGcra", ["r:cost"], 10, HOUR_MS, 4), decision(false, 3, between(1, HOUR_MS / 10))],
    [fcall("rateGcra", ["r:cost"], 10, HOUR_MS, 3), decision(true, 0, between(1, HOUR_MS / 10))],
    [fcall("rateGcra", ["r:cost"], 10, HOUR_MS, 11), errorLike(/cost 11 is not above 0 and at most the limit, 10/)],
  ],
  { before },
);

limits.both(
  "GCRA lets the next one pass when it said so",
  async (wire) => {
    const call = fcall("rateGcra", ["r:pace"], 1, 60);
    expect(await allowedOf(wire, [call, call])).toBe(1);
    const started = performance.now();
    await until("the next grant", async () => (await allowedOf(wire, [call])) === 1);
    expect(performance.now() - started).toBeLessThan(2_000);
  },
  { before },
);

limits.rows(
  "limits that make no sense are errors and leave no key",
  [
    [fcall("rateFixed", ["r:bad"], 0, 1000), errorLike(/limit 0 is below 1/)],
    [fcall("rateSliding", ["r:bad"], 5, 0), errorLike(/windowMs 0 is below 1/)],
    [fcall("rateGcra", ["r:bad"], "many", 1000), errorLike(/limit/)],
    ["EXISTS r:bad", 0],
  ],
  { before },
);

limits.both(
  "many clients at once get exactly the limit between them",
  async (wire) => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => limits.server.connect()));
    const calls = Array.from({ length: 50 }, () => fcall("rateFixed", ["r:shared"], 100, HOUR_MS));
    const counts = await Promise.all(clients.map((client) => allowedOf(client, calls)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
    await Promise.all(clients.map((client) => client.close()));
    await check(wire, [["GET r:shared", "100"]]);
  },
  { before },
);
