/** Keys go when more memory is in use than may be: the right ones under each policy, and whoever is concerned is told. */
import { expect, setDefaultTimeout } from "bun:test";
import { between, err, nilArray, ok, queued } from "../harness/expected.ts";
import { numberOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { tells, told } from "../harness/told.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { alive, begin, figure, limit, names, restores, send, sets, settles, VALUE } from "./limited.ts";

// Many keys, on machines that may be busy.
setDefaultTimeout(120_000);

const memory = suite({ kind: "zedis" });
const once = { only: 2, after: ["CONFIG SET maxmemory 0 maxmemory-policy noeviction"] } as const;

const POOR = names("poor", 1000);
const RICH = names("rich", 1000);
const NEW = names("new", 500);

/** Of the keys that a policy likes least and best: what 500 new keys leave of each. The new ones are not counted. */
type Left = { poor: number; rich: number };

function chooses(policy: string, of: string, fill: (wire: Wire) => Promise<void>) {
  memory.both(
    `${policy} evicts ${of}`,
    async (wire) => {
      await begin(wire, policy);
      await fill(wire);
      const bytes = await limit(wire, 20_000);
      const volatile = policy.startsWith("volatile");
      expect(await send(wire, sets(NEW, ...(volatile ? ["EX", "100000"] : [])))).toBe(0);
      const left: Left = { poor: await alive(wire, POOR), rich: await alive(wire, RICH) };
      await settles(wire, bytes + 20_000);
      expect(await figure(wire, "evicted_keys")).toBeGreaterThan(300);
      // The keys are drawn at random: a pool of sixteen hardly ever holds none of the half that is worth less.
      expect(left.poor).toBeLessThan(700);
      expect(left.rich).toBeGreaterThan(950);
    },
    once,
  );
}

chooses("allkeys-lru", "what was used longest ago", async (wire) => {
  await restores(wire, POOR, "IDLETIME", "1000");
  await restores(wire, RICH, "IDLETIME", "1000");
  await send(
    wire,
    RICH.map((key) => ["GET", key]),
  );
});

chooses("allkeys-lfu", "what was used least often", async (wire) => {
  await restores(wire, POOR, "FREQ", "1");
  await restores(wire, RICH, "FREQ", "200");
});

chooses("allkeys-lrm", "what was changed longest ago, however often it was read", async (wire) => {
  await restores(wire, POOR, "IDLETIME", "1000");
  await restores(wire, RICH, "IDLETIME", "1000");
  await send(
    wire,
    POOR.map((key) => ["GET", key]),
  );
  await send(
    wire,
    RICH.map((key) => ["APPEND", key, ""]),
  );
  await check(wire, [
    ["OBJECT IDLETIME poor:0", between(1000, 1100)],
    ["OBJECT IDLETIME rich:0", between(0, 100)],
  ]);
});

chooses("volatile-ttl", "what expires first", async (wire) => {
  await send(wire, sets(POOR, "EX", "1000"));
  await send(wire, sets(RICH, "EX", "1000000"));
});

for (const order of ["lru", "lfu", "lrm", "random", "ttl"]) {
  chooses(`volatile-${order}`, "keys that expire, and no other", async (wire) => {
    await send(wire, sets(POOR, "EX", "1000"));
    await send(wire, sets(RICH));
  });
}

memory.both(
  "allkeys-random evicts here and there",
  async (wire) => {
    await begin(wire, "allkeys-random");
    await send(wire, sets(POOR));
    await send(wire, sets(RICH));
    await limit(wire, 20_000);
    expect(await send(wire, sets(NEW))).toBe(0);
    // About 460 of 2,500 go: 185 of each thousand, standard deviation 12.
    for (const keys of [POOR, RICH]) {
      expect(await alive(wire, keys)).toBeGreaterThan(700);
      expect(await alive(wire, keys)).toBeLessThan(950);
    }
  },
  once,
);

memory.both(
  "keys of every database go, and one that holds the poorest gives the most",
  async (wire) => {
    await begin(wire, "allkeys-lru");
    await check(wire, [["SELECT 9", ok]]);
    await restores(wire, POOR, "IDLETIME", "5000");
    await check(wire, [["SELECT 0", ok]]);
    await restores(wire, RICH, "IDLETIME", "10");
    await limit(wire, 20_000);
    expect(await send(wire, sets(NEW))).toBe(0);
    expect(await alive(wire, RICH)).toBe(RICH.length);
    await check(wire, [["SELECT 9", ok]]);
    expect(await alive(wire, POOR)).toBeLessThan(700);
  },
  once,
);

memory.both(
  "a volatile policy without keys that expire refuses what needs memory, and nothing else",
  async (wire) => {
    for (const policy of ["volatile-lru", "volatile-lfu", "volatile-lrm", "volatile-random", "volatile-ttl"]) {
      await begin(wire, policy);
      await send(wire, sets(POOR));
      await check(wire, [
        ["CONFIG SET maxmemory 1", ok],
        ["SET a 1", err("OOM command not allowed when used memory > 'maxmemory'.")],
        ["GET poor:0", VALUE],
        ["DEL poor:0", 1],
        ["DBSIZE", POOR.length - 1],
      ]);
    }
  },
  once,
);

memory.both(
  "the last key that expires is found among many that do not",
  async (wire) => {
    await begin(wire, "volatile-lru");
    await send(wire, sets(POOR));
    await send(wire, sets(RICH));
    await check(wire, [
      ["SET last 1 EX 1000", ok],
      ["CONFIG SET maxmemory 1", ok],
      ["GET last", null],
    ]);
    expect(await figure(wire, "evicted_keys")).toBe(1);
  },
  once,
);

memory.both(
  "memory stays below the limit while several connections write on two cores",
  async (wire) => {
    await begin(wire, "allkeys-lru");
    await send(wire, sets(RICH));
    const bytes = await limit(wire, 500_000);
    const writers = await Promise.all(Array.from({ length: 6 }, () => memory.server.connect()));
    let most = 0;
    let done = false;
    const watching = (async () => {
      while (!done) most = Math.max(most, await figure(wire, "used_memory"));
    })();
    const errors = await Promise.all(
      writers.map((writer, index) => send(writer, sets(names(`writer${index}`, 3000), "EX", "1000"))),
    );
    done = true;
    await watching;
    expect(errors.reduce((sum, count) => sum + count)).toBe(0);
    // Above it are the buffers of requests and replies of the moment, which keys are evicted for when the next request comes.
    expect(most).toBeLessThan(bytes + 1_500_000);
    await settles(wire, bytes + 20_000);
    expect(await figure(wire, "evicted_keys")).toBeGreaterThan(10_000);
    await Promise.all(writers.map((writer) => writer.close()));
  },
  once,
);

memory.both(
  "a lower limit is reached though nobody sends anything, and each key that goes is told as evicted",
  async (wire) => {
    await begin(wire, "allkeys-lru");
    await send(wire, sets(POOR));
    await check(wire, [["CONFIG SET notify-keyspace-events Ee", ok]]);
    const listener = await memory.server.connect();
    await tells(listener, "SUBSCRIBE __keyevent@0__:evicted");
    const used = await figure(wire, "used_memory");
    await wire.call(`CONFIG SET maxmemory ${used - 200_000}`);
    const gone = new Set<string>();
    while (gone.size < 300) gone.add((await told(listener)).split(" ").at(-1) ?? "");
    await settles(wire, used - 190_000);
    await wire.call("CONFIG SET maxmemory 0");
    const count = await figure(wire, "evicted_keys");
    while (gone.size < count) gone.add((await told(listener)).split(" ").at(-1) ?? "");
    expect(await alive(wire, [...gone])).toBe(0);
    expect(numberOf(await wire.call("DBSIZE"))).toBe(POOR.length - count);
    await listener.close();
  },
  { ...once, after: [...once.after, 'CONFIG SET notify-keyspace-events ""'] },
);

memory.both(
  "a cache is told of an evicted key before the reply to the command that made room",
  async (wire) => {
    await begin(wire, "volatile-random");
    await limit(wire, 100_000);
    await check(wire, [
      ["SET k v EX 1000", ok],
      ["CLIENT TRACKING ON", ok],
      ["GET k", "v"],
      // Nothing is evicted before it, and it takes 200 kB.
      ["SETBIT big 1600000 0", 0],
    ]);
    wire.bytes.onBytes = () => {};
    wire.send("GETBIT big 0");
    const expected = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:0\r\n";
    await until("both", () => wire.bytes.received.length >= expected.length);
    expect(wire.bytes.received.toString()).toBe(expected);
  },
  { ...once, only: 3 },
);

memory.both(
  "a watched key that is evicted makes EXEC fail",
  async (wire) => {
    await begin(wire, "allkeys-lru");
    await check(wire, [
      ["SET k v", ok],
      ["WATCH k", ok],
      ["CONFIG SET maxmemory 1", ok],
      ["GET k", null],
      ["CONFIG SET maxmemory 0", ok],
      ["MULTI", ok],
      ["PING", queued],
      ["EXEC", nilArray],
    ]);
  },
  once,
);

memory.both(
  "large values go by the lazy-free thread where lazyfree-lazy-eviction says so",
  async (wire) => {
    for (const [lazy, expected] of [
      ["yes", true],
      ["no", false],
    ] as const) {
      await begin(wire, "allkeys-lru");
      await check(wire, [[`CONFIG SET lazyfree-lazy-eviction ${lazy}`, ok]]);
      for (let count = 0; count < 20; count++) {
        await wire.call(["SADD", `set:${count}`, ...names("member", 5000)]);
      }
      const before = await figure(wire, "lazyfreed_objects");
      // Several sets' worth: what the SADDs before it left in buffers is given back in the meantime.
      const bytes = await limit(wire, -1_000_000);
      await settles(wire, bytes + 20_000);
      const evicted = await figure(wire, "evicted_keys");
      expect(evicted).toBeGreaterThan(1);
      // What is on its way to be free counts as free: no more keys go than have to.
      expect(evicted).toBeLessThan(15);
      const freed = () => figure(wire, "lazyfreed_objects");
      if (expected) await until("the thread to have freed them", async () => (await freed()) - before === evicted);
      else expect(await freed()).toBe(before);
    }
  },
  { ...once, after: [...once.after, "CONFIG SET lazyfree-lazy-eviction no"] },
);

memory.both(
  "the policy may change at any time, and OBJECT tells what it keeps",
  async (wire) => {
    await begin(wire, "allkeys-lru");
    const notTracked = /^ERR An LFU maxmemory policy is (not )?selected, /;
    await check(wire, [["SET k v", ok]]);
    for (const [policy, frequency] of [
      ["allkeys-lfu", true],
      ["volatile-lrm", false],
      ["volatile-lfu", true],
      ["allkeys-random", false],
    ] as const) {
      await check(wire, [[`CONFIG SET maxmemory-policy ${policy}`, ok]]);
      const [idle, count] = await wire.pipeline(["OBJECT IDLETIME k", "OBJECT FREQ k"]);
      const [known, unknown] = frequency ? [count, idle] : [idle, count];
      expect(known?.kind).toBe("integer");
      expect(unknown?.kind === "error" && unknown.text).toMatch(notTracked);
      const name = await wire.call("INFO memory");
      expect(name.kind === "bulk" && name.bytes.toString()).toContain(`maxmemory_policy:${policy}\r\n`);
    }
  },
  once,
);
