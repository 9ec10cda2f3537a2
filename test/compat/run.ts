/**
 * Runs units of Redis's Tcl suite, from a checkout outside this repository, against Zedis:
 *
 *     bun run compat /tmp/redis [--unit unit/type/string]… [--cores N] [--slow] [--all] [--verbose] [--own]
 *
 * Every unit gets a fresh server, or starts its own ones (--own: what needs a configuration of its own, ACL files say). Prints a line per unit and what failed; the exit code is 1 when something failed that
 * skips.tsv does not name.
 */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Server, startServer } from "../harness/server.ts";

/** Units about what Zedis has. Tests of these units that need more stand in skips.tsv. */
const defaultUnits = [
  "unit/printver",
  "unit/dump",
  "unit/auth",
  "unit/protocol",
  "unit/keyspace",
  "unit/scan",
  "unit/info",
  "unit/info-command",
  "unit/type/string",
  "unit/type/incr",
  "unit/type/hash",
  "unit/type/hash-field-expire",
  "unit/type/zset",
  "unit/geo",
  "unit/type/set",
  "unit/type/list",
  "unit/type/list-2",
  "unit/type/list-3",
  "unit/type/stream",
  "unit/type/stream-cgroups",
  "unit/sort",
  "unit/expire",
  "unit/other",
  "unit/multi",
  "unit/quit",
  "unit/latency-monitor",
  "unit/slowlog",
  "unit/introspection",
  "unit/introspection-2",
  "unit/limits",
  "unit/bitops",
  "unit/bitfield",
  "unit/hyperloglog",
  "unit/querybuf",
  "unit/networking",
  "unit/pubsub",
  "unit/pubsubshard",
  "unit/tracking",
  "unit/pause",
  "unit/lazyfree",
  "unit/obuf-limits",
  "unit/client-eviction",
  "unit/violations",
  "unit/shutdown",
  "unit/scripting",
  "unit/functions",
  "unit/hotkeys",
  "unit/info-keysizes",
  "unit/replybufsize",
  "unit/memefficiency",
  "unit/wait",
  "unit/tls",
  "unit/commandlog",
  "unit/hashexpire",
  "unit/fuzzer",
] as const;

/** Where Zedis has more than Redis, and the suite means to see less: slow functions stay on their core and keep it busy. */
const asRedis = { "procedure-background-threads": "0" };

/** Units that only run against servers which the suite starts itself; they are the ones that --own means by default. */
const ownUnits = [
  "unit/acl",
  "unit/acl-v2",
  "unit/auth",
  "unit/client-eviction",
  "unit/maxmemory",
  "unit/dump",
  "unit/other",
  "unit/oom-score-adj",
  "unit/shutdown",
  "unit/aofrw",
  "integration/aof",
  "integration/aof-multi-part",
  "integration/rdb",
  "integration/convert-ziplist-hash-on-load",
  "integration/convert-ziplist-zset-on-load",
  "integration/convert-zipmap-hash-on-load",
  "integration/redis-cli",
  "integration/redis-benchmark",
] as const;

/** A unit that has not ended by then counts as failed; on an idle machine the longest takes half a minute. */
const unitLimit_s = 240;

interface Skip {
  /**
   * `unit/type/set`; of one family's suite alone with its name before it: `valkey:unit/type/set`; of one version's: `redis-8:unit/type/set`.
   * `*`: every unit.
   */
  readonly unit: string;
  /** A test's name, or `/` and a regular expression in Tcl's syntax. */
  readonly pattern: string;
  readonly reason: string;
}

interface UnitResult {
  readonly passed: number;
  readonly skipped: number;
  /** Tests that the suite itself leaves out against a server that it did not start. */
  readonly ignored: number;
  /** Name, then what was expected. */
  readonly failures: readonly string[];
}

/** The rows of skips.tsv; throws on a row that lacks a column. */
export function parseSkips(text: string): Skip[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [unit, pattern, reason] = line.split("\t");
    if (!unit || !pattern || !reason) throw new Error(`skips.tsv: not "unit, pattern, reason": ${line}`);
    return { unit, pattern, reason };
  });
}

/** What the suite's output says of one unit. */
export function parseOutput(output: string): UnitResult {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the suite colours its words whether or not anyone looks.
  const lines = output.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  const count = (word: string) => lines.filter((line) => line.startsWith(`[${word}]: `)).length;
  const failures = lines.flatMap((line, index) => {
    // The suite writes TIMEOUT in capitals.
    if (/^\[(err|exception|timeout)\]: /i.test(line)) {
      const rest = lines.slice(index + 1, index + 12);
      const end = rest.findIndex((next) => /^\[\w+( \w+)?\]: |^Cleanup|^\[\d|^ {4}while executing/.test(next));
      return [[line, ...rest.slice(0, end < 0 ? rest.length : end)].join("\n")];
    }
    return [];
  });
  const ended = lines.some((line) => line.includes("Test Summary") || line.includes("All tests passed"));
  if (!ended && !lines.some((line) => line.includes("The following tests failed"))) {
    failures.push(`the unit did not end; the last lines:\n${lines.slice(-4).join("\n")}`);
  }
  return { passed: count("ok"), skipped: count("skip"), ignored: count("ignore"), failures };
}

const versionOf = (checkout: string): string => readFileSync(join(checkout, "src/version.h"), "utf8");

/** `8` of 8.6.3. */
function majorOf(checkout: string): string {
  return (
    /VALKEY_VERSION "(\d+)/.exec(versionOf(checkout))?.[1] ??
    /REDIS_VERSION "(\d+)/.exec(versionOf(checkout))?.[1] ??
    ""
  );
}

/** Before 7.2 small lists and sets had encodings of other names; a checkout of those is not asked for names. */
function knowsEncodings(checkout: string): boolean {
  const [major, minor] = /_VERSION "(\d+)\.(\d+)/.exec(versionOf(checkout))?.slice(1) ?? [];
  return Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 2);
}

/** `server`: the one to test; none: the suite starts what it needs. */
async function runUnit(
  checkout: string,
  unit: string,
  skips: readonly Skip[],
  slow: boolean,
  server: Server | undefined,
) {
  const family = /SERVER_NAME "valkey"/.test(versionOf(checkout)) ? "valkey" : "redis";
  const named = [unit, `${family}:${unit}`, `${family}-${majorOf(checkout)}:${unit}`, "*"];
  const mine = skips.filter((skip) => named.includes(skip.unit));
  const where = server === undefined ? ["--clients", "1"] : ["--host", "127.0.0.1", "--port", String(server.port)];
  // Ports of its own, so that two runs can go side by side, and below those that the system gives to clients.
  const ports = ["--baseport", String(10_000 + (process.pid % 200) * 100)];
  const args = [...where, ...ports, "--single", unit, "--durable"];
  args.push("--tags", `${slow ? "" : "-slow "}-needs:repl -ipv6`, "--timeout", String(unitLimit_s));
  if (!knowsEncodings(checkout)) args.push("--ignore-encoding");
  for (const skip of mine) args.push("--skiptest", skip.pattern);
  const child = Bun.spawn({
    cmd: ["tclsh", "tests/test_helper.tcl", ...args],
    cwd: checkout,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: (unitLimit_s + 10) * 1000,
  });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  return output + errors;
}

/** The programs of Redis that some tests call, linked to those of this machine, under the names of the suite's family. */
function linkPrograms(checkout: string): void {
  for (const name of ["redis-cli", "redis-benchmark"]) {
    const program = Bun.which(name);
    for (const family of ["redis", "valkey"]) {
      const place = join(checkout, "src", name.replace("redis", family));
      if (existsSync(place)) continue;
      if (program === null) throw new Error(`${name} is not on the PATH; some units call it`);
      symlinkSync(program, place);
    }
  }
}

/** Puts a program into the checkout that starts Zedis. */
function writeServerProgram(checkout: string, cores: string): void {
  const main = resolve(import.meta.dir, "..", "..", "src", "main.ts");
  const script = `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@" --cores ${cores} --admin-port 0\n`;
  for (const name of ["redis-server", "valkey-server"]) {
    writeFileSync(join(checkout, "src", name), script, { mode: 0o755 });
  }
  for (const kind of ["aof", "rdb"]) {
    const program = resolve(import.meta.dir, "..", "..", "src", "cli", `zedis-check-${kind}.ts`);
    const check = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
    for (const family of ["redis", "valkey"]) {
      writeFileSync(join(checkout, "src", `${family}-check-${kind}`), check, { mode: 0o755 });
    }
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      unit: { type: "string", multiple: true },
      cores: { type: "string", default: "1" },
      slow: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      own: { type: "boolean", default: false },
    },
  });
  const [checkout] = positionals;
  if (checkout === undefined || !existsSync(join(checkout, "tests/test_helper.tcl"))) {
    console.error(
      "usage: bun run compat <checkout of redis/redis at 7.0.15> [--unit U]… [--cores N] [--slow] [--all] [--verbose] [--own]",
    );
    return 2;
  }
  linkPrograms(checkout);
  const skips = values.all ? [] : parseSkips(await Bun.file(join(import.meta.dir, "skips.tsv")).text());
  const total = { passed: 0, failed: 0, skipped: 0, ignored: 0 };
  // Valkey's suite looks for the program also where it starts none.
  writeServerProgram(checkout, values.cores);
  // Not every version has every unit.
  const isThere = (unit: string): boolean => existsSync(join(checkout, "tests", `${unit}.tcl`));
  const units = values.unit ?? (values.own ? ownUnits : defaultUnits).filter(isThere);
  for (const unit of units) {
    const server = values.own
      ? undefined
      : await startServer({ kind: "zedis", options: { cores: values.cores, ...asRedis } });
    let output: string;
    try {
      output = await runUnit(checkout, unit, skips, values.slow, server);
    } finally {
      await server?.stop();
    }
    if (values.verbose) console.log(output);
    const result = parseOutput(output);
    const { passed, skipped, ignored, failures } = result;
    console.log(`${unit}: ${passed} passed, ${failures.length} failed, ${skipped} skipped, ${ignored} ignored`);
    for (const failure of failures) console.log(failure.replace(/^/gm, "    "));
    total.passed += passed;
    total.failed += failures.length;
    total.skipped += skipped;
    total.ignored += ignored;
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped, ${total.ignored} ignored`);
  return total.failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main());
