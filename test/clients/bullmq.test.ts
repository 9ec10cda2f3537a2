/**
 * A job queue on BullMQ, whose every step is one of its large Lua scripts (EVALSHA with NOSCRIPT fallback, cmsgpack arguments, streams
 * of events, blocking on a sorted set): waiting, delays, priorities, retries, flows, rate limits, schedules, pausing. On two cores, so
 * that scripts of several queues run beside each other. Holds for redis-server too.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FlowProducer, type Job, Queue, QueueEvents, UnrecoverableError, Worker } from "bullmq";
import { type Server, startServer } from "../harness/server.ts";
import { until, within } from "../harness/wait.ts";

let server: Server;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  server = await startServer({ options: process.env.ZEDIS_TEST_TARGET === "redis" ? {} : { cores: "2" } });
}, 60_000);
afterAll(async () => {
  for (const one of open.reverse()) await one.close();
  await server.stop();
}, 60_000);

const connection = () => ({ host: "127.0.0.1", port: server.port, maxRetriesPerRequest: null });

function keep<T extends { close(): Promise<unknown> }>(one: T): T {
  open.push(one);
  return one;
}

const queueOf = (name: string) => keep(new Queue(name, { connection: connection() }));
const workerOf = (name: string, run: (job: Job) => Promise<unknown>, options: object = {}) =>
  keep(new Worker(name, run, { connection: connection(), drainDelay: 1, ...options }));
const eventsOf = async (name: string) => {
  const events = keep(new QueueEvents(name, { connection: connection() }));
  await events.waitUntilReady();
  return events;
};

const LIMIT_MS = 30_000;
const result = (job: Job, events: QueueEvents) => within(LIMIT_MS, `job ${job.name}`, job.waitUntilFinished(events));

describe("BullMQ", () => {
  test("jobs are worked off, with their results, progress and logs", async () => {
    const queue = queueOf("plain");
    const events = await eventsOf("plain");
    const progress: unknown[] = [];
    events.on("progress", ({ data }) => progress.push(data));
    workerOf("plain", async (job) => {
      await job.log(`doubling ${job.data.n}`);
      await job.updateProgress(50);
      return { doubled: job.data.n * 2, bytes: "ü\u0000" };
    });
    const jobs = await queue.addBulk(Array.from({ length: 200 }, (_, n) => ({ name: `double ${n}`, data: { n } })));
    const results = await Promise.all(jobs.map((job) => result(job, events)));
    expect(results.map((one) => one.doubled)).toEqual(Array.from({ length: 200 }, (_, n) => n * 2));
    expect(results[0].bytes).toBe("ü\u0000");
    expect((await queue.getJobLogs(jobs[7]?.id as string)).logs).toEqual(["doubling 7"]);
    expect(progress).toContain(50);
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 200, failed: 0, waiting: 0 });
    expect((await queue.getCompleted(0, 4)).length).toBe(5);
  }, 60_000);

  test("priorities decide the order, and a job's id makes it one of its kind", async () => {
    const queue = queueOf("order");
    const events = await eventsOf("order");
    await queue.pause();
    const jobs = [];
    for (const priority of [5, 1, 3, 2, 4]) jobs.push(await queue.add(`p${priority}`, {}, { priority }));
    jobs.push(await queue.add("at once", {}, { lifo: true }));
    expect((await queue.add("p5", {}, { jobId: "same" })).id).toBe("same");
    expect((await queue.add("p5 again", {}, { jobId: "same" })).id).toBe("same");
    expect(await queue.getJobCounts("prioritized", "waiting")).toEqual({ prioritized: 5, waiting: 2 });
    const order: string[] = [];
    workerOf("order", async (job) => order.push(job.name));
    await queue.resume();
    await Promise.all(jobs.map((job) => result(job, events)));
    await until("the one of its kind", () => order.includes("p5") && order.length === 7);
    // Without a priority before those with one: the last that came first, then the one of its kind.
    expect(order).toEqual(["at once", "p5", "p1", "p2", "p3", "p4", "p5"]);
  }, 60_000);

  test("delayed jobs run when their time has come, and not before; some are called off", async () => {
    const queue = queueOf("delayed");
    const events = await eventsOf("delayed");
    const ran: [string, number][] = [];
    workerOf("delayed", async (job) => ran.push([job.name, Date.now() - job.timestamp]));
    const later = await queue.add("later", {}, { delay: 400 });
    const sooner = await queue.add("sooner", {}, { delay: 100 });
    const never = await queue.add("never", {}, { delay: 600 });
    expect(await never.getState()).toBe("delayed");
    await never.remove();
    await Promise.all([later, sooner].map((job) => result(job, events)));
    expect(ran.map(([name]) => name)).toEqual(["sooner", "later"]);
    expect(ran[0]?.[1]).toBeGreaterThanOrEqual(99);
    expect(ran[1]?.[1]).toBeGreaterThanOrEqual(399);
    expect(await queue.getDelayedCount()).toBe(0);
  }, 60_000);

  test("a job that fails is tried again after a while, until it may not; one that is beyond help at once not", async () => {
    const queue = queueOf("retries");
    const events = await eventsOf("retries");
    const tries = new Map<string, number>();
    workerOf("retries", async (job) => {
      const count = (tries.get(job.name) ?? 0) + 1;
      tries.set(job.name, count);
      if (job.name === "beyond help") throw new UnrecoverableError("no use");
      if (job.name === "third time lucky" && count === 3) return "lucky";
      throw new Error(`try ${count}`);
    });
    const options = { attempts: 3, backoff: { type: "exponential", delay: 20 } };
    const lucky = await queue.add("third time lucky", {}, options);
    const failing = await queue.add("always", {}, options);
    const beyond = await queue.add("beyond help", {}, options);
    expect(await result(lucky, events)).toBe("lucky" as never);
    await expect(result(failing, events)).rejects.toThrow("try 3");
    await expect(result(beyond, events)).rejects.toThrow("no use");
    await until("all three have ended", async () => (await queue.getFailedCount()) === 2);
    expect([...tries.entries()].sort()).toEqual([
      ["always", 3],
      ["beyond help", 1],
      ["third time lucky", 3],
    ]);
    const failed = await queue.getJob(failing.id as string);
    expect(failed?.stacktrace?.length).toBe(3);
    await failed?.retry();
    await until(
      "it has failed again",
      async () => (tries.get("always") ?? 0) > 3 && (await queue.getFailedCount()) === 2,
      {
        limit_ms: LIMIT_MS,
      },
    );
    expect((await queue.clean(0, 100, "failed")).length).toBe(2);
    expect(await queue.getFailedCount()).toBe(0);
  }, 60_000);

  test("a flow's parent waits for its children, and sees their results", async () => {
    const flows = keep(new FlowProducer({ connection: connection() }));
    const events = await eventsOf("parents");
    workerOf("children", async (job) => job.data.n * 10, { concurrency: 5 });
    workerOf("parents", async (job) => {
      const values = Object.values(await job.getChildrenValues<number>());
      return values.reduce((sum, value) => sum + value, 0);
    });
    const child = (n: number) => ({ name: `child ${n}`, queueName: "children", data: { n } });
    const flow = await flows.add({
      name: "sum",
      queueName: "parents",
      children: [child(1), child(2), { ...child(3), children: [child(4), child(5)] }],
    });
    expect(await result(flow.job, events)).toBe(60 as never);
    const tree = await flows.getFlow({ id: flow.job.id as string, queueName: "parents" });
    expect(tree.children?.length).toBe(3);
  }, 60_000);

  test("a rate limit holds over all workers, and two cores share the work", async () => {
    const queue = queueOf("limited");
    const begun: number[] = [];
    const run = async () => {
      begun.push(performance.now());
    };
    await queue.addBulk(Array.from({ length: 9 }, (_, n) => ({ name: `${n}`, data: {} })));
    const limiter = { max: 3, duration: 300 };
    const first = performance.now();
    for (const _ of [1, 2]) workerOf("limited", run, { limiter, concurrency: 4 });
    await until("nine jobs", () => begun.length === 9, { limit_ms: LIMIT_MS });
    // Two further windows at least.
    expect((begun.at(-1) as number) - first).toBeGreaterThanOrEqual(590);
    await until("all are done", async () => (await queue.getCompletedCount()) === 9);
  }, 60_000);

  test("schedules repeat, and end when they are taken away", async () => {
    const queue = queueOf("scheduled");
    let ran = 0;
    workerOf("scheduled", async () => ran++);
    await queue.upsertJobScheduler("tick", { every: 60 }, { name: "tick", data: { kind: "tick" } });
    await until("three ticks", () => ran >= 3, { limit_ms: LIMIT_MS });
    expect((await queue.getJobSchedulers()).map(({ key }) => key)).toEqual(["tick"]);
    expect(await queue.removeJobScheduler("tick")).toBe(true);
    await until("no job is left", async () => (await queue.getDelayedCount()) === 0);
    const then = ran;
    await Bun.sleep(200);
    expect(ran).toBeLessThanOrEqual(then + 1);
  }, 60_000);

  test("a worker that vanishes loses its job to another", async () => {
    const queue = queueOf("stalled");
    const events = await eventsOf("stalled");
    const job = await queue.add("held", {});
    let held = false;
    const options = { lockDuration: 300, stalledInterval: 300, skipLockRenewal: true };
    const hold = () => {
      held = true;
      return new Promise(() => {});
    };
    const vanishing = workerOf("stalled", hold, options);
    await until("the job is held", () => held);
    await vanishing.close(true);
    workerOf("stalled", async () => "taken over", options);
    expect(await result(job, events)).toBe("taken over" as never);
  }, 60_000);

  test("obliterate leaves nothing behind", async () => {
    const queue = queueOf("plain");
    await queue.obliterate({ force: true });
    const wire = await server.connect();
    expect(await wire.call("KEYS bull:plain:*")).toEqual(await wire.call("KEYS none:*"));
    await wire.close();
  });
});
