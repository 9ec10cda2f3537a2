/** `bun run test:crash`: rounds of load, SIGKILL, restart and check. See README.md. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import type { Wire } from "../harness/wire.ts";
import { ACCOUNTS, BALANCE, checkSum, draw, LIBRARY, Steps } from "./load.ts";

const CONNECTIONS = 6;
/** Rounds on one folder, before a new one. */
const ROUNDS_PER_FOLDER = 6;

export type Fsync = "always" | "everysec";

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly fsync: Fsync;
  readonly tell?: (line: string) => void;
}

/** Runs rounds; throws with seed, round and what is wrong when a promise is broken. */
export async function crash({ rounds, seed, fsync, tell = () => {} }: CrashOptions): Promise<{ steps: number }> {
  let steps = 0;
  for (let first = 0; first < rounds; first += ROUNDS_PER_FOLDER) {
    const dir = mkdtempSync(join(tmpdir(), "zedis-crash-"));
    try {
      const before: Steps[] = [];
      for (let round = first; round < Math.min(rounds, first + ROUNDS_PER_FOLDER); round++) {
        const done = await oneRound(dir, { round, seed, fsync, before });
        before.push(...done);
        const count = done.reduce((sum, one) => sum + one.acknowledged, 0);
        steps += count;
        tell(`round ${round}, ${fsync}, seed ${seed}: ${count} steps acknowledged, all there`);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  return { steps };
}

const start = (dir: string, fsync: Fsync): Promise<Server> =>
  startServer({
    kind: "zedis",
    options: { dir, appendonly: "yes", appendfsync: fsync, "auto-aof-rewrite-min-size": "200kb" },
  });

interface Round {
  readonly round: number;
  readonly seed: number;
  readonly fsync: Fsync;
  readonly before: readonly Steps[];
}

async function oneRound(dir: string, { round, seed, fsync, before }: Round): Promise<Steps[]> {
  const fail = (what: string): never => {
    throw new Error(`crash: round ${round}, ${fsync}, seed ${seed}: ${what}`);
  };
  const server = await start(dir, fsync);
  const control = await server.connect();
  if (before.length === 0) {
    const accounts = Array.from({ length: ACCOUNTS }, (_, index) => [`acct:${index}`, String(BALANCE)]).flat();
    for (const command of [
      ["MSET", ...accounts],
      ["FUNCTION", "LOAD", LIBRARY],
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
  if (draw(2, seed, round, 2) === 0) await checkCut(dir, all, round, seed, fail);
  const again = await start(dir, fsync);
  const wire = await again.connect();
  const wrong = (await checkSum(wire)) ?? (await firstWrong(wire, all, fsync === "always"));
  if (wrong !== null) fail(wrong);
  const older = await firstWrong(wire, before, false);
  if (older !== null) fail(`of a round before: ${older}`);
  again.signal("SIGKILL");
  await again.exited;
  return all;
}

/** What else goes on: a rewrite, a snapshot, a shutdown that is overtaken. */
async function disturb(wire: Wire, what: number): Promise<void> {
  try {
    await Bun.sleep(what * 20);
    if (what === 1) await wire.call("BGREWRITEAOF");
    if (what === 2) await wire.call("BGSAVE");
    if (what === 3) await wire.call("SHUTDOWN");
    if (what === 4) await wire.call("CONFIG SET appendonly no appendonly yes").then(() => wire.call("BGREWRITEAOF"));
  } catch {
    // The server has gone.
  }
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
    const server = await start(copy, "everysec");
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
  const ways: Fsync[] = values.fsync === undefined ? ["always", "everysec"] : [values.fsync as Fsync];
  for (const fsync of ways) {
    const rounds = Math.ceil(Number(values.rounds) / ways.length);
    const { steps } = await crash({ rounds, seed, fsync, tell: console.log });
    console.log(`${rounds} rounds with ${fsync}, seed ${seed}: ${steps} steps acknowledged, no promise broken`);
  }
}
