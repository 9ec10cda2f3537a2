/** MIGRATE: keys that move to another server, to and from redis-server, and what stands in their way. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { numberOf, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle, oraclePath } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { digestOf, folder, logged, removeFolders, run, start as startLogged } from "./aof-files.ts";
import { COMMON } from "./samples.ts";

afterAll(removeFolders);

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options: Record<string, string> = {}, kind?: "zedis" | "redis"): Promise<Server> {
  const server = await startServer({ ...(kind === undefined ? {} : { kind }), options });
  servers.push(server);
  return server;
}

/** Two servers and a connection to each. */
async function pair(
  kinds: readonly ["zedis" | "redis" | undefined, "zedis" | "redis" | undefined] = [undefined, undefined],
  options: Record<string, string> = {},
): Promise<{ here: Server; there: Server; from: Wire; to: Wire; migrate: (...words: string[]) => Promise<string> }> {
  const [here, there] = [await start(options, kinds[0]), await start({}, kinds[1])];
  const [from, to] = [await here.connect(), await there.connect()];
  const migrate = async (...words: string[]): Promise<string> =>
    show(await from.call(["MIGRATE", "127.0.0.1", String(there.port), ...words]));
  return { here, there, from, to, migrate };
}

describe.skipIf(isOracle)("MIGRATE", () => {
  for (const threads of ["0", "1"]) {
    test(`moves a key with its time to live, and says so when there is none (background threads: ${threads})`, async () => {
      const { from, to, migrate } = await pair(undefined, { "procedure-background-threads": threads });
      await run(from, [["SET", "k", "value", "PX", "100000"]]);
      expect(await migrate("k", "9", "5000")).toBe("+OK");
      expect(show(await from.call("EXISTS k"))).toBe(":0");
      await run(to, [["SELECT", "9"]]);
      expect(show(await to.call("GET k"))).toBe('"value"');
      expect(numberOf(await to.call("PTTL k"))).toBeWithin(1, 100_001);
      expect(await migrate("k", "9", "5000")).toBe("+NOKEY");
    });
  }

  test("COPY keeps, REPLACE replaces, KEYS moves many: those that the other server took", async () => {
    const { from, to, migrate } = await pair();
    await run(from, [["MSET", "a", "1", "b", "2", "c", "3"]]);
    await run(to, [["SET", "b", "taken"]]);
    expect(await migrate("a", "0", "0", "COPY")).toBe("+OK");
    expect(show(await from.call("GET a"))).toBe('"1"');
    expect(show(await to.call("GET a"))).toBe('"1"');
    const busy = "-ERR Target instance replied with error: BUSYKEY Target key name already exists.";
    expect(await migrate("", "0", "0", "KEYS", "a", "b", "c", "missing")).toBe(busy);
    expect(show(await from.call("MGET a b c"))).toBe('["1", "2", nil($-1)]');
    expect(show(await to.call("MGET a b c"))).toBe('["1", "taken", "3"]');
    expect(await migrate("", "0", "0", "REPLACE", "KEYS", "a", "b")).toBe("+OK");
    expect(show(await from.call("DBSIZE"))).toBe(":0");
    expect(show(await to.call("MGET a b c"))).toBe('["1", "2", "3"]');
  });

  test("logs in with AUTH and AUTH2, and leaves the key where the other server lets it not in", async () => {
    const { from, to, migrate } = await pair();
    await run(from, [["MSET", "a", "1", "b", "2", "c", "3"]]);
    await run(to, [
      ["ACL", "SETUSER", "mover", "on", ">secret", "+@all", "~*"],
      ["CONFIG", "SET", "requirepass", "word"],
    ]);
    expect(await migrate("a", "0", "0")).toBe(
      "-ERR Target instance replied with error: NOAUTH Authentication required.",
    );
    expect(await migrate("a", "0", "0", "AUTH", "wrong")).toContain("replied with error: WRONGPASS");
    expect(await migrate("a", "0", "0", "AUTH2", "mover", "wrong")).toContain("replied with error: WRONGPASS");
    expect(show(await from.call("DBSIZE"))).toBe(":3");
    expect(await migrate("a", "0", "0", "AUTH", "word")).toBe("+OK");
    expect(await migrate("", "0", "0", "AUTH2", "mover", "secret", "KEYS", "b", "c")).toBe("+OK");
    expect(show(await from.call("DBSIZE"))).toBe(":0");
    expect(await migrate("a", "77", "0", "AUTH", "word")).toBe("+NOKEY");
    await run(from, [["SET", "a", "1"]]);
    expect(await migrate("a", "77", "0", "AUTH", "word")).toContain("replied with error: ERR DB index is out of range");
  });

  test("refuses what makes no sense in Redis's words", async () => {
    const { from } = await pair();
    await run(from, [["SET", "k", "v"]]);
    for (const [command, text] of [
      ["MIGRATE h 1 k 0", "-ERR wrong number of arguments for 'migrate' command"],
      ["MIGRATE h 1 k 0 9 NOSUCH", "-ERR syntax error"],
      ["MIGRATE h 1 k 0 9 AUTH", "-ERR syntax error"],
      ["MIGRATE h 1 k 0 9 AUTH2 u", "-ERR syntax error"],
      ["MIGRATE h 1 k x 9", "-ERR value is not an integer or out of range"],
      ["MIGRATE h 1 k 0 x", "-ERR value is not an integer or out of range"],
      [
        "MIGRATE h 1 k 0 9 KEYS k",
        "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
      ],
      ["MIGRATE 127.0.0.1 1 k 0 100", "-IOERR error or timeout connecting to the client"],
      ["MIGRATE 127.0.0.1 x k 0 100", "-IOERR error or timeout connecting to the client"],
    ]) {
      expect(show(await from.call(command as string))).toBe(text as string);
    }
    expect(show(await from.call("GET k"))).toBe('"v"');
  });

  test("a server that never replies holds up this key and nothing else, until the timeout", async () => {
    const mute = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const here = await start({ cores: "1", "procedure-background-threads": "1" });
    const [mover, writer, other] = [await here.connect(), await here.connect(), await here.connect()];
    await run(other, [["MSET", "k", "v", "another", "w"]]);
    let moved = "";
    const moving = mover.call(["MIGRATE", "127.0.0.1", String(mute.port), "k", "0", "700"]).then((reply) => {
      moved = show(reply);
    });
    // Its command stays the last one while it waits for the other server.
    await until("the wait", async () => /cmd=migrate/.test(textOf(await other.call("CLIENT LIST"))));
    const changed = writer.call("APPEND k more");
    expect(show(await other.call("GET another"))).toBe('"w"');
    await moving;
    expect(moved).toBe("-IOERR error or timeout reading from target instance");
    expect(show(await changed)).toBe(":5");
    expect(show(await other.call("GET k"))).toBe('"vmore"');
    mute.stop(true);
  });

  test("is deleted in the log, and in MULTI and scripts it works as well", async () => {
    const { there, to } = await pair();
    const dir = folder();
    const here = await startLogged(dir, {});
    const from = await here.connect();
    await run(from, [["MSET", "a", "1", "b", "2", "c", "3"]]);
    const port = String(there.port);
    await run(from, [["MIGRATE", "127.0.0.1", port, "", "0", "5000", "KEYS", "a", "x"]]);
    expect(await logged(dir, "DEL a")).toEqual(["SELECT 0", "MSET a 1 b 2 c 3", "DEL a"]);
    await run(from, [["MULTI"], ["MIGRATE", "127.0.0.1", port, "b", "0", "5000"], ["INCR", "n"]]);
    expect(show(await from.call("EXEC"))).toBe("[+OK, :1]");
    const script = "return redis.call('MIGRATE', '127.0.0.1', ARGV[1], KEYS[1], 0, 5000)";
    expect(show(await from.call(["EVAL", script, "1", "c", port]))).toBe("+OK");
    expect(show(await to.call("MGET a b c"))).toBe('["1", "2", "3"]');
    expect(show(await from.call("EXISTS a b c"))).toBe(":0");
    await here.stop();
  });

  test("is shown by MONITOR once, without its password", async () => {
    const { here, from, to, migrate } = await pair(undefined, { "procedure-background-threads": "1" });
    await run(to, [["CONFIG", "SET", "requirepass", "word"]]);
    const watcher = await here.connect();
    await run(watcher, [["MONITOR"]]);
    await run(from, [["SET", "k", "v"]]);
    expect(await migrate("k", "0", "0", "AUTH", "word")).toBe("+OK");
    await run(from, [["PING", "last"]]);
    const lines: string[] = [];
    while (!lines.at(-1)?.includes("last")) lines.push(show(await watcher.reply()));
    expect(lines.filter((line) => /migrate/i.test(line))).toHaveLength(1);
    expect(lines.join("\n")).not.toContain("word");
  });

  // Needs a redis-server on the machine, which .ci/run installs.
  describe.skipIf(oraclePath() === null)("between here and redis-server", () => {
    for (const kinds of [
      ["zedis", "redis"],
      ["redis", "zedis"],
    ] as const) {
      test(`from ${kinds[0]} to ${kinds[1]}: every type arrives, the digest is the same`, async () => {
        const { here, there, from, migrate } = await pair(kinds);
        await run(from, COMMON);
        const digest = await digestOf(here);
        const keys = show(await from.call("KEYS *")).match(/[^[", \]]+/g) ?? [];
        expect(await migrate("", "0", "20000", "KEYS", ...keys)).toBe("+OK");
        expect(show(await from.call("DBSIZE"))).toBe(":0");
        expect(await digestOf(there)).toBe(digest);
      }, 60_000);
    }
  });
});
