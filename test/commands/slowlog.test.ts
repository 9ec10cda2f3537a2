/** What the server remembers of how long requests took: SLOWLOG, LATENCY HISTOGRAM, INFO's latencystats. */
import { expect } from "bun:test";
import { err, ok } from "../harness/expected.ts";
import { itemsOf, mapOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";

const slow = suite();
const everything = { after: ["CONFIG SET slowlog-log-slower-than 10000", "CONFIG SET slowlog-max-len 128"] };

slow.both(
  "SLOWLOG keeps the latest requests above the threshold, long ones cut",
  async (wire) => {
    await wire.pipeline(["CLIENT SETNAME me", "CONFIG SET slowlog-max-len 3", "CONFIG SET slowlog-log-slower-than 0"]);
    await wire.call("SLOWLOG RESET");
    await wire.call(["SET", "k", "x".repeat(200)]);
    await wire.call(["MGET", ...Array.from({ length: 40 }, (_, index) => `k${index}`)]);
    await wire.call("CONFIG SET slowlog-log-slower-than -1");
    const entries = itemsOf(await wire.call("SLOWLOG GET")).map(itemsOf);
    const requests = entries.map((entry) => itemsOf(entry[3]).map(textOf));
    const get = requests.find((words) => words[0] === "MGET");
    expect(get?.length).toBe(32);
    expect(get?.[31]).toBe("... (10 more arguments)");
    expect(requests).toContainEqual(["SET", "k", `${"x".repeat(128)}... (72 more bytes)`]);
    const [id, at_s, us, , address, name] = entries[0] ?? [];
    expect(numberOf(id)).toBeGreaterThan(0);
    expect(Math.abs(numberOf(at_s) - Date.now() / 1000)).toBeLessThan(5);
    expect(numberOf(us)).toBeWithin(0, 1_000_000);
    expect(textOf(address)).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(textOf(name)).toBe("me");
    const ids = entries.map((entry) => numberOf(entry[0]));
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect(numberOf(await wire.call("SLOWLOG LEN"))).toBeLessThanOrEqual(3);
    expect(itemsOf(await wire.call("SLOWLOG GET 1")).length).toBe(1);
    await wire.call("SLOWLOG RESET");
    expect(numberOf(await wire.call("SLOWLOG LEN"))).toBe(0);
  },
  everything,
);

slow.both(
  "SLOWLOG tells the commands of a transaction apart, and a walk with all its slices",
  async (wire) => {
    await wire.pipeline(["SET k 1", "CONFIG SET slowlog-log-slower-than 0", "SLOWLOG RESET"]);
    await wire.pipeline(["MULTI", "INCR k", "GET k", "EXEC", "KEYS *"]);
    await wire.call("CONFIG SET slowlog-log-slower-than -1");
    const requests = itemsOf(await wire.call("SLOWLOG GET -1")).map((entry) => itemsOf(itemsOf(entry)[3]).map(textOf));
    for (const words of [
      ["INCR", "k"],
      ["GET", "k"],
      ["KEYS", "*"],
    ])
      expect(requests).toContainEqual(words);
  },
  everything,
);

slow.both(
  "passwords do not get into the slow log",
  async (wire) => {
    await wire.pipeline(["CONFIG SET slowlog-log-slower-than 0", "SLOWLOG RESET", "AUTH default s3cret", "GET none"]);
    await wire.call("CONFIG SET slowlog-log-slower-than -1");
    const log = show(await wire.call("SLOWLOG GET"));
    expect(log).toContain("none");
    expect(log).not.toContain("s3cret");
  },
  everything,
);

slow.both(
  "SLOWLOG knows a DEBUG SLEEP that was long enough, with its time, alone or in a transaction",
  async (wire) => {
    await wire.pipeline(["CONFIG SET slowlog-log-slower-than 20000", "SLOWLOG RESET", "PING", "DEBUG SLEEP 0.03"]);
    await wire.pipeline(["MULTI", "DEBUG SLEEP 0.031", "PING", "EXEC"]);
    const entries = itemsOf(await wire.call("SLOWLOG GET"));
    const requests = entries.map((entry) => itemsOf(itemsOf(entry)[3]).map(textOf).join(" "));
    expect(requests.filter((request) => request.startsWith("DEBUG"))).toEqual([
      "DEBUG SLEEP 0.031",
      "DEBUG SLEEP 0.03",
    ]);
    for (const entry of entries) expect(numberOf(itemsOf(entry)[2])).toBeGreaterThanOrEqual(20_000);
  },
  { after: ["CONFIG SET slowlog-log-slower-than 10000", "SLOWLOG RESET"] },
);

slow.rows("SLOWLOG refuses counts and subcommands it does not know", [
  ["SLOWLOG GET x", err("ERR count should be greater than or equal to -1")],
  ["SLOWLOG GET -2", err("ERR count should be greater than or equal to -1")],
  ["SLOWLOG GET 0", []],
  ["SLOWLOG FOO", err("ERR unknown subcommand 'FOO'. Try SLOWLOG HELP.")],
]);

slow.both("LATENCY HISTOGRAM and latencystats count each call of a command", async (wire, protocol) => {
  await wire.call("CONFIG RESETSTAT");
  for (let round = 0; round < 5; round++) await wire.call("SET k v");
  const reply = await wire.call("LATENCY HISTOGRAM set nosuch");
  expect(reply.kind).toBe(protocol === 3 ? "map" : "array");
  const histogram = mapOf(mapOf(reply).get("set"));
  expect(numberOf(histogram.get("calls"))).toBe(5);
  // Steps of microseconds with the calls up to each: the last one has them all.
  expect(show(histogram.get("histogram_usec") as Reply)).toMatch(/:5\W*$/);
  expect(textOf(await wire.call("INFO latencystats"))).toMatch(
    /latency_percentiles_usec_set:p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}\r\n/,
  );
});

slow.both(
  "latency-tracking and its percentiles decide what INFO shows",
  async (wire) => {
    const shown = async () =>
      /_usec_set:(.*)\r\n/.exec(textOf(await wire.call("INFO latencystats")))?.[1]?.replace(/=[^,]*/g, "");
    await wire.pipeline(["CONFIG RESETSTAT", "CONFIG SET latency-tracking no", "SET k v"]);
    expect(await shown()).toBeUndefined();
    await wire.call("CONFIG SET latency-tracking yes");
    expect(await shown()).toBeUndefined();
    await wire.call("SET k v");
    expect(await shown()).toBe("p50,p99,p99.9");
    await wire.call('CONFIG SET latency-tracking-info-percentiles "0.0 50.0 100.0"');
    expect(await shown()).toBe("p0,p50,p100");
    await wire.call('CONFIG SET latency-tracking-info-percentiles ""');
  },
  { after: ["CONFIG SET latency-tracking yes", 'CONFIG SET latency-tracking-info-percentiles "50 99 99.9"'] },
);

slow.both("LATENCY HISTOGRAM knows the commands that the main thread or all cores serve", async (wire) => {
  await wire.pipeline(["CONFIG RESETSTAT", "CONFIG GET port", "CLIENT LIST"]);
  expect([...mapOf(await wire.call("LATENCY HISTOGRAM client")).keys()]).toEqual(["client|list"]);
  const histogram = mapOf(await wire.call("LATENCY HISTOGRAM config"));
  expect([...histogram.keys()].sort()).toEqual(["config|get", "config|resetstat"]);
  expect(numberOf(mapOf(histogram.get("config|get")).get("calls"))).toBe(1);
});

slow.rows("LATENCY has no events to tell of", [
  ["LATENCY LATEST", []],
  ["LATENCY HISTORY command", []],
  ["LATENCY RESET", 0],
  ["LATENCY GRAPH command", err("ERR No samples available for event 'command'")],
]);

slow.both(
  "COMMANDLOG keeps large requests and large replies apart from slow ones",
  async (wire) => {
    await wire.pipeline([
      "CONFIG SET commandlog-request-larger-than 2000 commandlog-reply-larger-than 2000",
      "COMMANDLOG RESET large-request",
      "COMMANDLOG RESET large-reply",
    ]);
    await check(wire, [
      [["SET", "k", "x".repeat(3000)], ok],
      ["GET k", "x".repeat(3000)],
      ["GET none", null],
      ["COMMANDLOG LEN large-request", 1],
      ["COMMANDLOG LEN large-reply", 1],
      ["COMMANDLOG GET -1 nosuch", err("ERR type should be one of the following: slow, large-request, large-reply")],
      ["COMMANDLOG GET -2 slow", err("ERR count should be greater than or equal to -1")],
    ]);
    const [request] = itemsOf(await wire.call("COMMANDLOG GET 10 large-request")).map(itemsOf);
    expect(numberOf(request?.[2] as never)).toBeGreaterThan(3000);
    expect(textOf(itemsOf(request?.[3] as never)[0] as never)).toBe("SET");
    const [answer] = itemsOf(await wire.call("COMMANDLOG GET 10 large-reply")).map(itemsOf);
    expect(textOf(itemsOf(answer?.[3] as never)[0] as never)).toBe("GET");
    await check(wire, [
      ["COMMANDLOG RESET large-reply", ok],
      ["COMMANDLOG LEN large-reply", 0],
    ]);
    await wire.call("CONFIG SET commandlog-request-larger-than 1048576 commandlog-reply-larger-than 1048576");
  },
  { since: "9.9" },
);

slow.both("what takes longer than latency-monitor-threshold is a latency event", async (wire) => {
  await wire.pipeline(["CONFIG SET latency-monitor-threshold 20", "LATENCY RESET"]);
  await check(wire, [
    ["DEBUG SLEEP 0.03", ok],
    ["LATENCY HISTORY nosuch", []],
    ["LATENCY GRAPH nosuch", err("ERR No samples available for event 'nosuch'")],
  ]);
  const [latest] = itemsOf(await wire.call("LATENCY LATEST")).map(itemsOf);
  expect(textOf(latest?.[0] as never)).toBe("command");
  expect(numberOf(latest?.[2] as never)).toBeGreaterThanOrEqual(30);
  expect(itemsOf(await wire.call("LATENCY HISTORY command")).length).toBeGreaterThan(0);
  expect(textOf(await wire.call("LATENCY GRAPH command"))).toContain("command - high");
  expect(textOf(await wire.call("LATENCY DOCTOR"))).toContain("1. command: ");
  await check(wire, [
    ["LATENCY RESET command", 1],
    ["LATENCY LATEST", []],
    ["CONFIG SET latency-monitor-threshold 0", ok],
  ]);
});

slow.both(
  "SLOWLOG has a command that waited once it is served, and no secrets",
  async (wire, protocol) => {
    const other = await slow.server.connect(protocol);
    await wire.pipeline(["CONFIG SET slowlog-log-slower-than 0", "SLOWLOG RESET"]);
    const logged = async (): Promise<string[]> =>
      itemsOf(await wire.call("SLOWLOG GET -1")).map((entry) => itemsOf(itemsOf(entry)[3]).map(textOf).join(" "));
    const waiting = other.call("BLPOP l 0");
    await until("a client to wait", async () => /cmd=blpop/.test(textOf(await wire.call("CLIENT LIST"))));
    expect(await logged()).not.toContain("BLPOP l 0");
    await wire.call("RPUSH l a");
    await waiting;
    await until("it to be logged", async () => (await logged()).includes("BLPOP l 0"));
    await wire.pipeline(["ACL SETUSER bob on >hidden", "ACL GETUSER bob", "ACL DELUSER bob", "ACL WHOAMI"]);
    const all = (await logged()).join("\n");
    for (const text of ["ACL SETUSER (redacted) (redacted) (redacted)", "ACL GETUSER (redacted)", "ACL WHOAMI"])
      expect(all).toContain(text);
    expect(all).not.toMatch(/bob|hidden/);
    await other.close();
  },
  everything,
);
