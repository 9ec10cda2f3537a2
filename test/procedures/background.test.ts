/** Calls in the background: marked ones and slow ones run on threads that serve no connection, and nothing else is different. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { errorLike, ok } from "../harness/expected.ts";
import { itemsOf, mapOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { told } from "../harness/told.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const LIBRARY = `#!ts name=back
/** @background */
export function marked(key: string, ms: number) {
  const end = Date.now() + ms;
  const seen = Zedis.incrby(key, 1);
  while (Date.now() < end);
  return seen;
}
/** @background */
export function spin(key: string) { Zedis.set(key, 1); for (;;); }
/** @background */
export function fail(key: string) { Zedis.set(key, 1); throw "no"; }
/** @background */
export function move(from: string, to: string) { const n = Zedis.get_int(from); if (n < 1) return 0; Zedis.set(from, n - 1); Zedis.incrby(to, 1); return 1; }
/** @background */
export function echo(a: string, b: string) { return [a, b]; }
/** @background */
export function read(key: string) { return Zedis.call("GET", key); }
/** @background */
export function say(text: string) { Zedis.log(text); return text; }
export function wait(ms: number) { const end = Date.now() + ms; while (Date.now() < end); return ms; }
export function quick() { return "quick"; }
`;
const load = ["FUNCTION", "LOAD", "REPLACE", LIBRARY];

/** With one core whatever holds the core holds everybody. */
for (const cores of ["1", "2"]) {
  const options = { cores, "procedure-time-limit": "5000", "procedure-background-threads": "3" };
  const back = suite({ kind: "zedis", options });
  const named = (name: string) => `${name} (${cores} cores)`;

  const connect = (count: number, protocol: 2 | 3 = 2): Promise<Wire[]> =>
    Promise.all(Array.from({ length: count }, () => back.server.connect(protocol)));
  const path = async (wire: Wire, fn: string) => {
    const functions = mapOf(mapOf(await wire.call("FUNCTION STATS WITHFUNCTIONS")).get("functions"));
    return textOf(mapOf(functions.get(fn)).get("path"));
  };

  back.rows(named("a marked function replies, and what is pipelined behind it waits its turn"), [
    [load, "back"],
    ["FCALL marked 1 k 0", 1],
    ["FCALL marked 1 k 20", 2],
    ["GET k", "2"],
    ["FCALL echo 0 one two", ["one", "two"]],
    ["SET k 7", ok],
  ]);

  back.both(
    named("pipelined commands behind a call in the background run after it, others meanwhile"),
    async (wire) => {
      await wire.call(load);
      const [other] = await connect(1);
      if (!other) throw new Error("no client");
      let ended = false;
      const replies = wire
        .pipeline(["SET a 1", "FCALL marked 1 k 2000", "INCR k", "FCALL quick 0", "GET k"])
        .finally(() => (ended = true));
      await until("the call runs", async () => (await running(other)) !== null);
      for (let turn = 0; turn < 20; turn++) expect(show(await other.call("SET b 1"))).toBe("+OK");
      expect(ended).toBe(false);
      expect((await replies).map(show)).toEqual(["+OK", ":1", ":2", '"quick"', '"2"']);
      await other.close();
    },
  );

  back.both(named("who needs what a call in the background holds waits for it"), async (wire) => {
    await wire.call(load);
    const [other] = await connect(1);
    if (!other) throw new Error("no client");
    const call = wire.call("FCALL marked 1 held 1000");
    await until("the call runs", async () => (await running(other)) !== null);
    const began = performance.now();
    expect(show(await other.call("GET held"))).toBe('"1"');
    expect(performance.now() - began).toBeGreaterThan(50);
    expect(show(await call)).toBe(":1");
    await other.close();
  });

  back.both(
    named("what fails, runs over its time or is killed there is rolled back, and the thread goes on"),
    async (wire) => {
      await wire.call(load);
      const [other] = await connect(1);
      if (!other) throw new Error("no client");
      expect(show(await wire.call("FCALL fail 1 f"))).toMatch(/^-.*no/);
      await other.call("CONFIG SET procedure-time-limit 200");
      expect(show(await wire.call("FCALL spin 1 f"))).toMatch(/procedure-time-limit/);
      await other.call("CONFIG SET procedure-time-limit 60000");
      for (let round = 0; round < 3; round++) {
        const call = wire.call("FCALL spin 1 f");
        await until("the call runs", async () => (await running(other)) === "spin");
        expect(show(await other.call("FUNCTION KILL"))).toBe("+OK");
        expect(show(await call)).toBe("-ERR Error running script: Script killed by user with FUNCTION KILL.");
        expect(show(await wire.call("EXISTS f"))).toBe(":0");
        expect(show(await wire.call("FCALL marked 1 g 0"))).toBe(`:${round + 1}`);
      }
      const stats = mapOf(mapOf(await wire.call("FUNCTION STATS WITHFUNCTIONS")).get("functions"));
      expect(numberOf(mapOf(stats.get("spin")).get("kills"))).toBeGreaterThanOrEqual(3);
      expect(numberOf(mapOf(stats.get("spin")).get("timeouts"))).toBeGreaterThanOrEqual(1);
      await other.call("CONFIG SET procedure-time-limit 5000");
      await other.close();
    },
  );

  back.both(
    named("a client that is killed while it waits goes at once, and its call runs to its end"),
    async (wire) => {
      await wire.call(load);
      const [victim] = await connect(1);
      if (!victim) throw new Error("no client");
      const id = numberOf(await victim.call("CLIENT ID"));
      const call = victim.call("FCALL marked 1 k 2000").catch(() => "gone");
      await until("the call runs", async () => (await running(wire)) !== null);
      expect(show(await wire.call(`CLIENT KILL ID ${id}`))).toBe(":1");
      expect(await call).toBe("gone");
      expect(await running(wire)).not.toBe(null);
      expect(show(await wire.call("GET k"))).toBe('"1"');
    },
  );

  back.both(
    named("a function whose calls take long goes to the background, and comes back when they do not"),
    async (wire) => {
      await wire.call("FUNCTION FLUSH");
      await wire.call(load);
      expect(await path(wire, "wait")).toBe("core");
      expect(await path(wire, "marked")).toBe("background");
      await wire.pipeline(["FCALL wait 0 30", "FCALL wait 0 30"]);
      expect(await path(wire, "wait")).toBe("background");
      await wire.call("CONFIG SET procedure-background-threshold 0");
      expect(await path(wire, "wait")).toBe("core");
      await wire.call("CONFIG SET procedure-background-threshold 5");
      for (let turn = 0; turn < 300 && (await path(wire, "wait")) !== "core"; turn++) await wire.call("FCALL wait 0 0");
      expect(await path(wire, "wait")).toBe("core");
    },
  );

  back.rows(named("a script in Lua that is marked runs in the background too"), [
    [["EVAL", "#!lua flags=background\nreturn redis.call('INCR', KEYS[1])", "1", "k"], 1],
    [["EVAL", "#!lua flags=background\nredis.call('INCR', KEYS[1]); error('no')", "1", "k"], errorLike(/no/)],
    ["GET k", "1"],
  ]);

  back.both(named("inside MULTI the call stays on its core, in its transaction"), async (wire) => {
    await wire.call(load);
    const replies = await wire.pipeline(["MULTI", "SET k 5", "FCALL marked 1 k 0", "GET k", "EXEC"]);
    expect(show(replies.at(-1) as Reply)).toBe('[+OK, :6, "6"]');
  });

  back.both(
    named("dry runs, databases, users, limits, caches, the log and MONITOR are as on a core"),
    async (wire, protocol) => {
      await wire.call(load);
      const dry = mapOf(await wire.call("FCALL_DRYRUN marked 1 k 0"));
      expect(show(dry.get("effects") as Reply)).toBe('[["INCRBY", "k", "1"]]');
      await wire.call("SELECT 3");
      expect(show(await wire.call("FCALL marked 1 k 0"))).toBe(":1");
      expect(show(await wire.call("GET k"))).toBe('"1"');
      await wire.call("DEL k");
      await wire.call("SELECT 0");
      expect(show(await wire.call("EXISTS k"))).toBe(":0");
      expect(show(await wire.call("FCALL_RO marked 1 k 0"))).toStartWith(
        "-ERR Can not execute a script with write flag",
      );
      expect(show(await wire.call("FCALL marked -1"))).toBe("-ERR Number of keys can't be negative");
      await wire.call("FCALL say 0 hello");
      expect(show(await wire.call("FUNCTION LOG back COUNT 1"))).toContain('"hello"');

      const [other, monitor] = await connect(2, protocol);
      if (!other || !monitor) throw new Error("no clients");
      await wire.call("ACL SETUSER limited on nopass +fcall +get ~k*");
      await other.call("AUTH limited x");
      expect(show(await other.call("FCALL marked 1 k 0"))).toContain("ACL failure in script");
      expect(show(await other.call("FCALL marked 1 other 0"))).toStartWith("-NOPERM");
      await wire.call("ACL DELUSER limited");
      await monitor.call("MONITOR");
      await wire.call("FCALL read 1 k");
      const lines = [textOf(await monitor.reply()), textOf(await monitor.reply())];
      expect(lines[0]).toContain('"FCALL" "read" "1" "k"');
      expect(lines[1]).toContain("lua]");
      await Promise.all([other, monitor].map((one) => one.close()));
    },
  );

  back.both(
    named("a client's cache is told of what its call in the background read"),
    async (wire) => {
      await wire.call(load);
      const [other] = await connect(1);
      if (!other) throw new Error("no client");
      await wire.call("SET k 1");
      await wire.call("CLIENT TRACKING ON");
      expect(show(await wire.call("FCALL read 1 k"))).toBe('"1"');
      await other.call("SET k 2");
      expect(await told(wire)).toBe("invalidate [k]");
      await other.close();
    },
    { only: 3 },
  );

  back.both(named("SLOWLOG tells the call once, with the client that sent it"), async (wire) => {
    await wire.call(load);
    await wire.pipeline(["CONFIG SET slowlog-log-slower-than 20000", "SLOWLOG RESET", "CLIENT SETNAME me"]);
    await wire.call("FCALL marked 1 k 60");
    const entries = itemsOf(await wire.call("SLOWLOG GET 10")).map((entry) => itemsOf(entry));
    const calls = entries.filter((entry) => show(entry[3] as Reply).includes("marked"));
    expect(calls.map((entry) => [show(entry[3] as Reply), textOf(entry[5])])).toEqual([
      ['["FCALL", "marked", "1", "k", "60"]', "me"],
    ]);
    await wire.call("CONFIG SET slowlog-log-slower-than 10000");
  });

  back.both(named("the number of calls counts each once"), async (wire) => {
    await wire.call(load);
    const count = async () =>
      Number(/cmdstat_fcall:calls=(\d+)/.exec(textOf(await wire.call("INFO commandstats")))?.[1] ?? 0);
    const before = await count();
    await wire.pipeline(Array.from({ length: 10 }, () => "FCALL marked 1 k 0"));
    expect((await count()) - before).toBe(10);
  });

  test(named("transfers between undeclared keys from the background and the cores keep the total"), async () => {
    const clients = await connect(8);
    const [first] = clients as [Wire];
    await first.call(load);
    const accounts = 8;
    await first.pipeline(Array.from({ length: accounts }, (_, index) => `SET acc:${index} 100`));
    const name = (index: number) => `acc:${index}`;
    await Promise.all(
      clients.map(async (client, seed) => {
        for (let round = 0; round < 40; round++) {
          const from = (seed * 7 + round) % accounts;
          const to = (seed * 3 + round * 5 + 1) % accounts;
          if (from === to) continue;
          const replies = await client.pipeline([
            `FCALL move 0 ${name(from)} ${name(to)}`,
            "MULTI",
            `DECRBY ${name(to)} 1`,
            `INCRBY ${name(from)} 1`,
            "EXEC",
          ]);
          for (const reply of replies) expect(reply.kind === "error" ? reply.text : "").toBe("");
        }
      }),
    );
    const all = itemsOf(await first.call(["MGET", ...Array.from({ length: accounts }, (_, index) => name(index))]));
    expect(all.reduce((sum, reply) => sum + Number(textOf(reply)), 0)).toBe(accounts * 100);
    await Promise.all(clients.map((client) => client.close()));
  });

  back.both(
    named("a library that is replaced is the new one in the background too when LOAD has replied"),
    async (wire) => {
      const version = (n: number) => `#!ts name=back\n/** @background */\nexport function version() { return ${n}; }\n`;
      for (let n = 0; n < 20; n++) {
        await wire.call(["FUNCTION", "LOAD", "REPLACE", version(n)]);
        expect(show(await wire.call("FCALL version 0"))).toBe(`:${n}`);
      }
    },
  );
}

test("with no background threads everything runs on the cores", async () => {
  // Its own server: the number of threads is fixed at the start.
  const { startServer } = await import("../harness/server.ts");
  const server = await startServer({ kind: "zedis", options: { "procedure-background-threads": "0" } });
  try {
    const wire = await server.connect();
    await wire.call(load);
    expect(show(await wire.call("FCALL marked 1 k 0"))).toBe(":1");
    expect(textOf(await wire.call("INFO server"))).toContain("zedis_background_cores:0");
    await wire.close();
  } finally {
    await server.stop();
  }
});

async function running(wire: Wire): Promise<string | null> {
  const current = mapOf(await wire.call("FUNCTION STATS")).get("running_script");
  return current && "items" in current ? textOf(mapOf(current).get("name")) : null;
}
