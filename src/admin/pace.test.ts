/** The API's pace on a machine that the test makes up. */
import { expect, test } from "bun:test";
import { PACED_WAITING_MAX } from "./limits.ts";
import { Pace } from "./pace.ts";

/** Each request takes `costMs` of the main thread; of two cores one runs for a part of the time, and waits for a part. */
function machine({ ran = 0.9, waited = 0.02, sharePercent = 2, costMs = 0.5, silent = false }) {
  let [now, own] = [0, 0];
  const pace = new Pace({
    sharePercent: () => sharePercent,
    own: () => ({ ranMs: own, waitedMs: 0 }),
    cores: () => [{ ranMs: 0, waitedMs: 0 }, silent ? null : { ranMs: now * ran, waitedMs: now * waited }],
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  });
  return {
    pace,
    /** How many requests a client gets through in so many milliseconds, one after the other, a millisecond each beside what they wait. */
    async requestsIn(ms: number): Promise<number> {
      const end = now + ms;
      let count = 0;
      while (now < end) {
        if (!(await pace.admit())) throw new Error("refused");
        now += 1;
        own += costMs;
        count++;
      }
      return count;
    },
  };
}

test("where cores are busy and processors are short requests take no more than their share of a processor", async () => {
  const short = machine({});
  await short.requestsIn(200);
  // 2 % of ten seconds are 200 ms: 400 requests of half a millisecond.
  expect(await short.requestsIn(10_000)).toBeWithin(350, 450);
});

test("nobody waits where a processor is free, the cores have time, the share is all of one, or the system says nothing", async () => {
  for (const free of [{ waited: 0.001 }, { ran: 0.2 }, { sharePercent: 100 }, { silent: true }]) {
    expect(await machine(free).requestsIn(2_000)).toBe(2_000);
  }
});

test("those who wait are served in turn, and too many are refused", async () => {
  const short = machine({});
  await short.requestsIn(1_000);
  const order: number[] = [];
  const answers = await Promise.all(
    Array.from({ length: PACED_WAITING_MAX + 10 }, async (_, index) => {
      const isAdmitted = await short.pace.admit();
      if (isAdmitted) order.push(index);
      return isAdmitted;
    }),
  );
  expect(answers.filter((isAdmitted) => !isAdmitted).length).toBe(10);
  expect(order).toEqual([...order].sort((left, right) => left - right));
});
