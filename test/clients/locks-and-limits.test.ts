/**
 * Libraries whose substance is Lua in the server: redlock (locks), rate-limiter-flexible (limits), bee-queue (jobs, on node-redis 3). Hold
 * for redis-server too.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import BeeQueue from "bee-queue";
import { Redis } from "ioredis";
import { BurstyRateLimiter, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import Redlock from "redlock";
import { type Server, startServer } from "../harness/server.ts";
import { until, within } from "../harness/wait.ts";

let server: Server;
const clients: Redis[] = [];

beforeAll(async () => {
  server = await startServer({ options: process.env.ZEDIS_TEST_TARGET === "redis" ? {} : { cores: "2" } });
  for (const _ of [1, 2, 3]) clients.push(new Redis({ host: "127.0.0.1", port: server.port }));
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await server.stop();
});

describe("redlock", () => {
  const options = { retryCount: 200, retryDelay: 5, retryJitter: 5 };

  /** redlock's promises are of a kind of their own. */
  const failure = async (attempt: () => PromiseLike<unknown>): Promise<string> => {
    try {
      await attempt();
    } catch (cause) {
      return (cause as Error).message;
    }
    return "it worked";
  };

  test("one holder at a time, whoever comes", async () => {
    let [inside, most, count] = [0, 0, 0];
    await Promise.all(
      clients.map(async (client) => {
        const locks = new Redlock([client], options);
        for (let turn = 0; turn < 10; turn++) {
          const lock = await locks.lock("lock:shared", 5000);
          inside += 1;
          most = Math.max(most, inside);
          await Bun.sleep(1);
          count += 1;
          inside -= 1;
          await lock.unlock();
        }
      }),
    );
    expect([most, count]).toEqual([1, 30]);
  }, 30_000);

  test("several keys are one lock; it is extended, runs out, and is not another's to give back", async () => {
    const patient = new Redlock([clients[0] as Redis], options);
    const hasty = new Redlock([clients[1] as Redis], { retryCount: 0 });
    const both = await patient.lock(["lock:a", "lock:b"], 60_000);
    expect(await failure(() => hasty.lock("lock:b", 100))).toMatch(/attempts to lock/);
    const extended = await both.extend(120_000);
    expect(await clients[0]?.pttl("lock:a")).toBeGreaterThan(60_000);
    await extended.unlock();
    const short = await hasty.lock("lock:a", 30);
    await until("it has run out", async () => (await clients[0]?.exists("lock:a")) === 0);
    const next = await patient.lock("lock:a", 60_000);
    expect(await failure(() => short.unlock())).toMatch(/Unable to fully release the lock/);
    expect(await clients[0]?.get("lock:a")).toBe(next.value as string);
    await next.unlock();
    expect(await clients[0]?.exists("lock:a", "lock:b")).toBe(0);
  }, 30_000);
});

describe("rate-limiter-flexible", () => {
  const limiterOf = (keyPrefix: string, points: number, duration: number, more: object = {}) =>
    new RateLimiterRedis({ storeClient: clients[0] as Redis, keyPrefix, points, duration, ...more });
  const refused = async (attempt: Promise<unknown>): Promise<RateLimiterRes> => {
    try {
      await attempt;
    } catch (cause) {
      if (cause instanceof RateLimiterRes) return cause;
      throw cause;
    }
    throw new Error("it was let through");
  };

  test("points are taken until there are none, by key", async () => {
    const limiter = limiterOf("plain", 5, 600);
    const answers = await Promise.all(Array.from({ length: 5 }, () => limiter.consume("user:1")));
    expect(answers.map(({ remainingPoints }) => remainingPoints).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(answers.filter(({ isFirstInDuration }) => isFirstInDuration).length).toBe(1);
    const no = await refused(limiter.consume("user:1"));
    expect([no.remainingPoints, no.consumedPoints]).toEqual([0, 6]);
    expect(no.msBeforeNext).toBeWithin(1, 600_001);
    expect((await limiter.consume("user:2", 2)).remainingPoints).toBe(3);
    expect((await limiter.get("user:2"))?.consumedPoints).toBe(2);
    await limiter.reward("user:2", 1);
    await limiter.penalty("user:2", 3);
    expect((await limiter.get("user:2"))?.consumedPoints).toBe(4);
    expect(await limiter.delete("user:2")).toBe(true);
    expect(await limiter.get("user:2")).toBeNull();
  });

  test("who goes too far is blocked for longer; a window ends; bursts have points of their own", async () => {
    const blocking = limiterOf("block", 1, 1, { blockDuration: 600 });
    await blocking.consume("u");
    expect((await refused(blocking.consume("u"))).msBeforeNext).toBeWithin(500_000, 600_001);
    const short = limiterOf("short", 1, 1);
    await short.consume("u");
    const wait = await refused(short.consume("u"));
    await Bun.sleep(wait.msBeforeNext + 5);
    expect((await short.consume("u")).remainingPoints).toBe(0);
    const bursty = new BurstyRateLimiter(limiterOf("steady", 1, 600), limiterOf("burst", 2, 600));
    await bursty.consume("u");
    await bursty.consume("u");
    await bursty.consume("u");
    await refused(bursty.consume("u") as Promise<unknown>);
  }, 30_000);
});

describe("bee-queue", () => {
  test("jobs are done, retried, delayed and counted", async () => {
    const redis = { host: "127.0.0.1", port: server.port };
    const queue = new BeeQueue("bees", {
      redis,
      activateDelayedJobs: true,
      removeOnSuccess: false,
      nearTermWindow: 50,
    });
    try {
      const tries = new Map<string, number>();
      queue.process(4, async (job: BeeQueue.Job<{ name: string }>) => {
        const count = (tries.get(job.data.name) ?? 0) + 1;
        tries.set(job.data.name, count);
        if (job.data.name === "unlucky" && count < 3) throw new Error("not yet");
        job.reportProgress({ half: true });
        return `${job.data.name} done`;
      });
      const add = async (name: string, shape: (job: BeeQueue.Job<{ name: string }>) => void = () => {}) => {
        const job = queue.createJob({ name });
        shape(job);
        const done = new Promise((resolve) => job.on("succeeded", resolve));
        await job.save();
        return within(30_000, `bee ${name}`, done);
      };
      const results = await Promise.all([
        ...Array.from({ length: 50 }, (_, index) => add(`bee ${index}`)),
        add("unlucky", (job) => job.retries(5).backoff("immediate")),
        add("late", (job) => job.delayUntil(Date.now() + 200)),
      ]);
      expect(results.length).toBe(52);
      expect(results.slice(-2)).toEqual(["unlucky done", "late done"]);
      expect(tries.get("unlucky")).toBe(3);
      const health = await queue.checkHealth();
      expect(health).toMatchObject({ waiting: 0, active: 0, succeeded: 52, failed: 0, delayed: 0 });
    } finally {
      await queue.close(1000);
    }
  }, 60_000);
});
