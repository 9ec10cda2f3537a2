import { describe, expect, test } from "bun:test";
import { commandRows, cores, databases, parseInfo, sample } from "./info.ts";

const text = (calls: number, usec: number, run = "a") => `# Server\r
run_id:${run}\r
used_memory:100\r
used_memory_rss:200\r
total_net_input_bytes:${calls * 10}\r
cmdstat_get:calls=${calls},usec=${usec},usec_per_call=1.00,rejected_calls=0,failed_calls=1\r
cmdstat_info:calls=50,usec=5000,usec_per_call=100.00,rejected_calls=0,failed_calls=0\r
latency_percentiles_usec_get:p50=1.003,p99=2.007,p99.9=2.007\r
db0:keys=5,expires=1,avg_ttl=0\r
db3:keys=2,expires=0,avg_ttl=0\r
`;

describe("INFO", () => {
  test("becomes rates and a mean time between two samples, without the console's own question", () => {
    const before = parseInfo(text(100, 1000), 1_000);
    const now = parseInfo(text(300, 2000), 3_000);
    expect(sample(now, before)).toMatchObject({
      opsPerSecond: 100,
      latency: 5,
      memory: 100,
      resident: 200,
      keys: 7,
      expires: 1,
      inputRate: 1000,
    });
  });

  test("has no rates at first, nor after the server was started anew", () => {
    const now = parseInfo(text(300, 2000), 3_000);
    expect(sample(now, null)).toMatchObject({ opsPerSecond: null, latency: null, inputRate: null });
    expect(sample(now, parseInfo(text(900, 1, "b"), 1_000)).opsPerSecond).toBeNull();
  });

  test("tells databases, and commands by the time they take", () => {
    const now = parseInfo(text(300, 2000), 3_000);
    expect(databases(now).map(({ index }) => index)).toEqual([0, 3]);
    const [first, second] = commandRows(now, parseInfo(text(100, 1000), 1_000));
    expect(first?.name).toBe("info");
    expect(second).toMatchObject({ name: "get", perSecond: 100, p50: 1.003, p99: 2.007, failed: 1 });
  });

  test("tells of each core what it did between two samples", () => {
    const lines = (commands: number, busy: number): string =>
      `run_id:a\r\ncore0:role=serving,clients=3,commands=${commands},calls=0,busy_usec=${busy},parked=0\r\n` +
      "core1:role=background,clients=0,commands=7,calls=7,busy_usec=0,parked=0\r\n";
    const [before, now] = [parseInfo(lines(100, 0), 1_000), parseInfo(lines(300, 500_000), 3_000)];
    expect(cores(now, before)).toEqual([
      {
        index: 0,
        role: "serving",
        clients: 3,
        commandsPerSecond: 100,
        callsPerSecond: 0,
        busy: 25,
        parkedPerSecond: 0,
      },
      {
        index: 1,
        role: "background",
        clients: 0,
        commandsPerSecond: 0,
        callsPerSecond: 0,
        busy: 0,
        parkedPerSecond: 0,
      },
    ]);
    expect(cores(now, null)[0]).toMatchObject({ clients: 3, commandsPerSecond: null, busy: null });
  });
});
