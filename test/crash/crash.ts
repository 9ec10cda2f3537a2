/** `bun run test:crash`: rounds of load, SIGKILL, restart and check. See README.md. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { oraclePath } from "../harness/target.ts";
import type { Wire } from "../harness/wire.ts";
import { ACCOUNTS, BALANCE, checkSum, draw, LIBRARY, LUA_LIBRARY, Steps } from "./load.ts";

const CONNECTIONS = 6;
/** Rounds on one folder, before a new one. */
const ROUNDS_PER_FOLDER = 6;

export const FSYNCS = ["always", "everysec", "no"] as const;
export type Fsync = (typeof FSYNCS)[number];

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly fsync: Fsync;
  readonly tell?: (line: string) => void;
}

/** Runs rounds; throws with seed, round and what is wrong when a promise is broken. */
export async function crash({ rounds, seed, fsync, tell = () => {} }: CrashOptions): Promise<Outcome> {
  let [steps, compared] = [0, 0];
  for (let first = 0; first < rounds; first += ROUNDS_PER_FOLDER) {
    const dir = mkdtempSync(join(tmpdir(), "zedis-crash-"));
    try {
      const before: Steps[] = [];
      for (let round = first; round < Math.min(rounds, first + ROUNDS_PER_FOLDER); round++) {
        // In every other folder is nothing that redis-server would not take; its base is an RDB file in every other of these.
        const number = first / ROUNDS_PER_FOLDER;
        const kind: Kind = { common: number % 2 === 0, preamble: number % 4 === 0 };
        const { done, asked } = await oneRound(dir, { round, seed, fsync, before, kind });
        compared += asked ? 1 : 0;
        before.push(...done);
        const count = done.reduce((sum, one) => sum + one.acknowledged, 0);
        steps += count;
        tell(`round ${round}, ${fsync}, seed ${seed}: ${count} steps acknowledged, all there`);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  return { steps, compared };
}

export interface Outcome {
  readonly steps: number;
  /** How often redis-server has loaded what a killed server left. */
  readonly compared: number;
}

interface Kind {
  readonly common: boolean;
  readonly preamble: boolean;
}

const start = (dir: string, fsync: Fsync, { preamble }: Kind, ready?: string): Promise<Server> =>
  startServer({
    kind: "zedis",
    ...(ready === undefined ? {} : { ready }),
    options: {
      dir,
      appendonly: "yes",
      appendfsync: fsync,
      "auto-aof-rewrite-min-size": "200kb",
      "aof-use-rdb-preamble": preamble ? "yes" : "no",
    },
  });

interface Round {
  readonly round: number;
  readonly seed: number;
  readonly fsync: Fsync;
  readonly before: readonly Steps[];
  readonly kind: Kind;
}

/** What the connections did, and whether redis-server was asked what it makes of that. */
async function oneRound(
  dir: string,
  { round, seed, fsync, before, kind }: Round,
): Promise<{ done: Steps[]; asked: boolean }> {
  const fail = (what: string): never => {
    throw new Error(`crash: round ${round}, ${fsync}, seed ${seed}: ${what}`);
  };
  const server = await start(dir, fsync, kind);
  const control = await server.connect();
  if (before.length === 0) {
    const accounts = Array.from({ length: ACCOUNTS }, (_, index) => [`acct:${index}`, String(BALANCE)]).flat();
    for (const command of [
      ["MSET", ...accounts],
      ["FUNCTION", "LOAD", kind.common ? LUA_LIBRARY : LIBRARY],
    ]) {
      const reply = show(await control.call(command));
      if (reply.startsWith("-")) fail(reply);
    }
  }
  let going = true;
  const all = Array.from({ length: CONNECTIONS }, (_, connection) => new Steps(seed, round, connection));
  const running = all.map(async (one) => one.run(await server.connect(), () => going));
  const disturbing = disturb(control, draw(6, seed, round));
  await Bun.sleep(20 + draw(500, seed, round, 1));
  server.signal("SIGKILL");
  await server.exited;
  going = false;
  const outcomes = await Promise.allSettled([...running, disturbing]);
  const broken = outcomes.find((outcome) => outcome.status === "rejected");
  if (broken?.status === "rejected" && String(broken.reason).includes("step")) fail(String(broken.reason));
  if (draw(2, seed, round, 2) === 0) await checkCut(dir, all, kind, round, seed, fail);
  // As the killed server has left it: Zedis mends what is torn, and so does redis-server.
  const asked = kind.common && oraclePath() !== null && draw(2, seed, round, 6) === 0;
  const theirs = asked ? await loadedByRedis(dir, [...before, ...all], fail) : null;
  if (draw(3, seed, round, 4) === 0) await killWhileLoading(dir, fsync, kind, draw(150, seed, round, 5));
  const again = await start(dir, fsync, kind);
  const wire = await again.connect();
  const wrong = (await checkSum(wire)) ?? (await firstWrong(wire, all, true));
  if (wrong !== null) fail(wrong);
  const older = await firstWrong(wire, before, true);
  if (older !== null) fail(`of a round before: ${older}`);
  const ours = show(await wire.call("DEBUG DIGEST"));
  if (theirs !== null && theirs !== ours) fail(`redis-server has the digest ${theirs} after loading, Zedis ${ours}`);
  again.signal("SIGKILL");
  await again.exited;
  return { done: all, asked };
}

/** The digest of what redis-server makes of a copy of the log, in which everything is that was acknowledged. */
async function loadedByRedis(dir: string, all: readonly Steps[], fail: (what: string) => never): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), "zedis-crash-redis-"));
  try {
    cpSync(join(dir, "appendonlydir"), join(copy, "appendonlydir"), { recursive: true });
    const server = await startServer({ kind: "redis", options: { dir: copy, appendonly: "yes", appendfsync: "no" } });
    const wire = await server.connect();
    const wrong = (await checkSum(wire)) ?? (await firstWrong(wire, all, true));
    const digest = show(await wire.call("DEBUG DIGEST"));
    const functions = show(await wire.call("FUNCTION LIST"));
    server.signal("SIGKILL");
    await server.exited;
    if (wrong !== null) fail(`in redis-server: ${wrong}`);
    if (!functions.includes('"bank"')) fail(`redis-server has the functions ${functions}`);
    return digest;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What else goes on: a rewrite, a snapshot, a shutdown that is overtaken. */
async function disturb(wire: Wire, what: number): Promise<void> {
  try {
    await Bun.sleep(what * 20);
    if (what === 1) await wire.call("BGREWRITEAOF");
    if (what === 2) await wire.call("BGSAVE");
    if (what === 3) await wire.call("SHUTDOWN");
    // One after the other, as soon as the one before lets it.
    for (let left = 400; what === 4 && left > 0; left--) {
      await wire.call("BGREWRITEAOF");
      await Bun.sleep(1);
    }
  } catch {
    // The server has gone.
  }
}

/** A start that is cut off, so many ms after it listens: somewhere between opening the files and serving. */
async function killWhileLoading(dir: string, fsync: Fsync, kind: Kind, after_ms: number): Promise<void> {
  const server = await start(dir, fsync, kind, "I/O through");
  await Bun.sleep(after_ms);
  server.signal("SIGKILL");
  await server.exited;
}

async function firstWrong(wire: Wire, all: readonly Steps[], everything: boolean): Promise<string | null> {
  for (const one of all) {
    const wrong = await one.check(wire, everything ? one.acknowledged : 0);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** A copy of the folder whose last increment is cut at any byte: still a prefix of everybody's steps, and nothing half. */
async function checkCut(
  dir: string,
  all: readonly Steps[],
  kind: Kind,
  round: number,
  seed: number,
  fail: (what: string) => never,
): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "zedis-crash-cut-"));
  try {
    cpSync(join(dir, "appendonlydir"), join(copy, "appendonlydir"), { recursive: true });
    const folder = join(copy, "appendonlydir");
    const number = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
    const last = readdirSync(folder)
      .filter((name) => name.endsWith(".incr.aof"))
      .sort((a, b) => number(a) - number(b))
      .at(-1);
    if (last === undefined) return;
    const bytes = statSync(join(folder, last)).size;
    // The end of a round: the accounts are made at the beginning of the first.
    const cut = Math.min(bytes, Math.max(8000, bytes - draw(20_000, seed, round, 3)));
    truncateSync(join(folder, last), cut);
    const server = await start(copy, "everysec", kind);
    const wire = await server.connect();
    const wrong = (await checkSum(wire)) ?? (await firstWrong(wire, all, false));
    server.signal("SIGKILL");
    await server.exited;
    if (wrong !== null) fail(`cut at byte ${cut} of ${bytes}: ${wrong}`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "100" }, seed: { type: "string" }, fsync: { type: "string" } },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const ways = FSYNCS.filter((way) => values.fsync === undefined || values.fsync === way);
  if (ways.length === 0) throw new Error(`--fsync ${values.fsync}: one of ${FSYNCS.join(", ")}`);
  for (const fsync of ways) {
    const rounds = Math.ceil(Number(values.rounds) / ways.length);
    const { steps, compared } = await crash({ rounds, seed, fsync, tell: console.log });
    const also = compared > 0 ? `; redis-server loaded ${compared} of the logs alike` : "";
    console.log(`${rounds} rounds with ${fsync}, seed ${seed}: ${steps} steps acknowledged, no promise broken${also}`);
  }
}
