/**
 * The configuration beside a live redis-server: defaults, CONFIG SET replies for valid and absurd values, messages of a
 * start that fails, files that either side rewrites. Differences that are meant are listed with their reason.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, ConnectionError } from "../cli/connection.ts";
import { formatReply } from "../cli/format.ts";
import { encodeReply } from "../core/reply.ts";
import { readCommandLine } from "./command-line.ts";
import { configCommands } from "./config-commands.ts";
import { DISK } from "./files.ts";
import { namesOf, OPTIONS } from "./options.ts";
import { rewriteConfigText } from "./rewrite.ts";
import { Settings } from "./settings.ts";
import { bytesOfText } from "./words.ts";

/** A message without what Redis 7 does not know yet. */
const inRedis7 = (text: string): string => text.replace(/(volatile|allkeys)-lrm, /g, "");

const FOUND = Bun.which("redis-server") !== null;
if (!FOUND) console.warn("redis-server.test.ts: no redis-server on this machine, nothing to compare with");

/** Directives that are not set on the live server, because doing so would act on this machine or end the session. */
const NOT_SET = ["bind", "port", "requirepass", "maxclients", "appendonly", "oom-score-adj", "oom-score-adj-values"];
/** Values that 7.0 and Zedis take differently, with the reason. */
const DIFFERENT: Readonly<Record<string, string>> = {
  activedefrag: "needs Redis's own jemalloc there, is accepted without effect here",
  "repl-backlog-size": "is raised to 16 kB there",
  "watchdog-period": "is raised to the period of its timer there",
  loglevel: "7.2 has 'nothing' too, so the list of names differs",
};

let folder = "";
let socket = "";
let server: Bun.Subprocess | undefined;

let connection: Connection | undefined;

async function startRedis(argv: readonly string[]): Promise<Bun.Subprocess> {
  connection?.close();
  const redis = Bun.spawn(["redis-server", ...argv, "--port", "0", "--unixsocket", socket, "--dir", folder], {
    stdout: "ignore",
    stderr: "ignore",
  });
  for (const end = Date.now() + 10_000; ; await Bun.sleep(5)) {
    try {
      connection = await Connection.open({ path: socket });
      return redis;
    } catch (error) {
      if (!(error instanceof ConnectionError) || Date.now() > end || redis.exitCode !== null) throw error;
    }
  }
}

/** A reply of the live server as redis-cli prints it into a pipe. */
async function ask(...words: string[]): Promise<string> {
  if (connection === undefined) throw new Error("not connected");
  connection.send(words.map(bytesOfText));
  const text = formatReply(await connection.next(), "raw", { item: "\n", reply: "\n" }, false);
  return Buffer.from(text, "latin1").toString();
}

async function redisValue(name: string): Promise<string | undefined> {
  const lines = (await ask("CONFIG", "GET", name)).split("\n");
  return lines.length < 3 ? undefined : lines[1];
}

beforeAll(async () => {
  if (!FOUND) return;
  folder = mkdtempSync(join(tmpdir(), "zedis-oracle-"));
  socket = join(folder, "s");
  server = await startRedis([]);
});

afterAll(async () => {
  connection?.close();
  server?.kill();
  await server?.exited;
  if (folder !== "") rmSync(folder, { recursive: true });
});

function zedis(settings = new Settings(folder)): (...argv: string[]) => Promise<string> {
  const command = configCommands({
    settings,
    configFile: null,
    files: DISK,
    push: () => null,
    apply: () => null,
    applyTogether: () => null,
    resetStat: () => {},
    users: () => [],
    log: () => {},
  });
  return async (...argv) => {
    const words = ["CONFIG", ...argv].map((word) => Buffer.from(word));
    return Buffer.from(encodeReply(await command(words, { proto: 2 }), 2)).toString();
  };
}

/** The error of a reply, or OK. */
function statusOf(raw: string): string {
  return raw.replace(/^[-+]/, "").trim();
}

describe.skipIf(!FOUND)("beside a live redis-server", () => {
  test("every directive that it has starts with the same value", async () => {
    const mine = zedis();
    let known = 0;
    for (const name of OPTIONS.flatMap(namesOf)) {
      const theirs = await redisValue(name);
      if (theirs === undefined || ["port", "unixsocket"].includes(name)) continue;
      known++;
      const own = (await mine("GET", name)).split("\r\n")[4];
      expect([name, own]).toEqual([name, theirs]);
    }
    expect(known).toBeGreaterThan(180);
  });

  test("it has no directive that is missing here", async () => {
    const lines = (await ask("CONFIG", "GET", "*")).trimEnd().split("\n");
    const names = lines.filter((_line, at) => at % 2 === 0);
    const own = new Set(OPTIONS.flatMap(namesOf));
    expect(names.filter((name) => !own.has(name))).toEqual([]);
  });

  test("values of all sorts get the same answer and leave the same value", async () => {
    const values = [
      "zzzz",
      "-1",
      "0",
      "1",
      "7",
      "yes",
      "NO",
      "100mb",
      "12k",
      "1x",
      "",
      "99999",
      "-99999999999999",
      "5%",
    ];
    for (const option of OPTIONS) {
      const { name } = option;
      if (NOT_SET.includes(name) || name in DIFFERENT || name.startsWith("tls-")) continue;
      if ((await redisValue(name)) === undefined) continue;
      for (const value of values) {
        const mine = zedis();
        const before = (await redisValue(name)) ?? "";
        const theirs = statusOf(await ask("CONFIG", "SET", name, value));
        const own = inRedis7(statusOf(await mine("SET", name, value)));
        expect([name, value, own]).toEqual([name, value, theirs]);
        if (theirs !== "OK") continue;
        expect([name, value, (await mine("GET", name)).split("\r\n")[4]]).toEqual([
          name,
          value,
          (await redisValue(name)) ?? "",
        ]);
        await ask("CONFIG", "SET", name, before);
      }
    }
  }, 60_000);

  test("directives with a language of their own get the same answers", async () => {
    const rows: [name: string, value: string][] = [
      ["save", "900 1 300 10"],
      ["save", "900"],
      ["save", "a b"],
      ["save", " 60  100"],
      ["client-output-buffer-limit", "normal 1mb 2mb 3"],
      ["client-output-buffer-limit", "replica 1 2 3 pubsub 4 5 6"],
      ["client-output-buffer-limit", "master 1 2 3"],
      ["client-output-buffer-limit", "normal 1 2 -3"],
      ["notify-keyspace-events", "KEA"],
      ["notify-keyspace-events", "Kgx$"],
      ["notify-keyspace-events", "En"],
      ["notify-keyspace-events", "q"],
      ["latency-tracking-info-percentiles", "50 99.9 1e1 .5"],
      ["latency-tracking-info-percentiles", "101"],
      ["latency-tracking-info-percentiles", "x"],
      ["shutdown-on-sigterm", "force nosave"],
      ["shutdown-on-sigterm", "save nosave"],
      ["shutdown-on-sigterm", "default"],
      ["maxmemory-clients", "5%"],
      ["maxmemory-clients", "0%"],
      ["maxmemory-clients", "101%"],
      ["maxmemory-policy", "ALLKEYS-LRU"],
      ["proc-title-template", "{title} x {{ {port}"],
      ["proc-title-template", "{nope}"],
      ["proc-title-template", "{title}"],
      ["proc-title-template", "x{"],
      ["cluster-announce-hostname", "a_b"],
      ["cluster-announce-hostname", "a.b-c"],
      ["sanitize-dump-payload", "clients"],
    ];
    for (const [name, value] of rows) {
      const settings = new Settings(folder);
      settings.replace(name, (await redisValue(name)) ?? "");
      const mine = zedis(settings);
      const before = (await redisValue(name)) ?? "";
      const theirs = statusOf(await ask("CONFIG", "SET", name, value));
      expect([name, value, statusOf(await mine("SET", name, value))]).toEqual([name, value, theirs]);
      const now = [(await mine("GET", name)).split("\r\n")[4], await redisValue(name)];
      expect([name, value, now[0]]).toEqual([name, value, now[1]]);
      await ask("CONFIG", "SET", name, before);
    }
  });

  test("calls that are wrong as a whole get the same answers", async () => {
    const rows = [
      ["SET", "nosuch", "1"],
      ["SET", "hz", "1", "HZ", "2"],
      ["SET", "hz", "1", "port"],
      ["SET", "hz"],
      ["SET", "databases", "1"],
      ["SET", "Dir", "/"],
      ["SET", "databases", "1", "nosuch", "2"],
      ["SET", "nosuch", "1", "databases", "2"],
      ["GET"],
      ["REWRITE"],
      ["REWRITE", "x"],
      ["RESETSTAT"],
      ["NOPE"],
    ];
    for (const row of rows) {
      expect([row, statusOf(await zedis()(...row))]).toEqual([row, statusOf(await ask("CONFIG", ...row))]);
    }
    const help = await ask("CONFIG", "HELP");
    expect((await zedis()("HELP")).replace(/^\*11\r\n/, "").replace(/\+(.*)\r\n/g, "$1\n")).toBe(help);
  });
});

describe.skipIf(!FOUND)("a start that fails prints what redis-server prints", () => {
  const starts: readonly (readonly string[])[] = [
    ["--foo", "bar"],
    ["--port"],
    ["--port", "abc"],
    ["--port", "1", "2"],
    ["--port", "99999"],
    ["--maxmemory", "1x", "--port", "0"],
    ["--maxmemory-policy", "foo"],
    ["--unixsocketperm", "999"],
    ["--appendonly", "maybe"],
    ["--save", "1"],
    ["--bind", ...Array.from({ length: 17 }, () => "127.0.0.1")],
    ["--dir", "/nosuch"],
    ["--replicaof", "a"],
    ["--include"],
    ["--x.y"],
    ["-p", "7000"],
    ["--hz", "1", "--oom-score-adj-values", "1", "2"],
  ];

  function compareStart(argv: readonly string[], stdin = ""): void {
    const redis = Bun.spawnSync(["redis-server", ...argv], { stdin: Buffer.from(stdin), cwd: folder });
    const environment = { folder, files: DISK, stdin: () => Buffer.from(stdin) };
    const own = readCommandLine(argv, environment);
    const message = "error" in own ? inRedis7(`${own.error}\n`) : "no error";
    const version = (text: string): string => text.replace(/\(Redis [0-9.]+\)/, "(Redis)");
    expect([argv, version(message)]).toEqual([argv, version(redis.stderr.toString())]);
    expect(redis.exitCode).toBe(1);
  }

  test("for bad options", () => {
    for (const argv of starts) compareStart(argv);
  });

  test("for bad files and standard input", () => {
    const texts = [
      "port 1\n\n  maxmemory   1x \n",
      'foo "bar',
      "hz\n",
      "# ok\nsave 1 x",
      'bind "127.0.0.1',
      "timeout -1",
    ];
    for (const text of texts) {
      writeFileSync(join(folder, "bad.conf"), text);
      compareStart(["bad.conf"]);
      compareStart(["bad.conf", "--hz", "3"]);
      compareStart(["-"], text);
      writeFileSync(join(folder, "good.conf"), "hz 20\n");
      compareStart(["good.conf", "--port", "0", "-"], text);
    }
  });
});

describe.skipIf(!FOUND)("a file that was rewritten", () => {
  const changes = ["maxmemory", "100mb", "save", "60 5", "hz", "33", "notify-keyspace-events", "KEx", "timeout", "9"];

  async function restart(argv: readonly string[]): Promise<void> {
    server?.kill();
    await server?.exited;
    server = await startRedis(argv);
  }

  test("by redis-server is read here with the values that it had", async () => {
    const path = join(folder, "theirs.conf");
    writeFileSync(path, "# mine\nhz 20\nslave-priority 7\n");
    await restart([path]);
    expect(await ask("CONFIG", "SET", ...changes)).toBe("OK\n");
    expect(await ask("CONFIG", "REWRITE")).toBe("OK\n");
    const start = readCommandLine([path], { folder, files: DISK, stdin: () => new Uint8Array() });
    if (!("settings" in start)) throw new Error(JSON.stringify(start));
    for (const { name } of OPTIONS) {
      const theirs = await redisValue(name);
      if (theirs !== undefined) expect([name, start.settings.read(name)]).toEqual([name, theirs]);
    }
  });

  test("here is read by redis-server with the values that it had", async () => {
    const settings = new Settings(folder);
    const mine = zedis(settings);
    expect(await mine("SET", ...changes, "masterauth", 'quo"ted \\ ä', "maxmemory-clients", "5%")).toBe("+OK\r\n");
    const path = join(folder, "ours.conf");
    writeFileSync(
      path,
      Buffer.from(rewriteConfigText("# mine\nhz 20\nlist-max-ziplist-size -3\n", settings), "latin1"),
    );
    await restart([path]);
    for (const { name } of OPTIONS) {
      const theirs = await redisValue(name);
      if (theirs === undefined || ["port", "unixsocket", "list-max-listpack-size"].includes(name)) continue;
      expect([name, theirs]).toEqual([name, settings.read(name)]);
    }
    expect(readFileSync(path, "utf8")).toContain("list-max-listpack-size -2");
  });
});
