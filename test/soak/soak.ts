/** Clients that move money, one that kills, one that loads, one that audits; for a time. */
import { Random } from "../harness/random.ts";
import { itemsOf, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import type { Wire } from "../harness/wire.ts";
import { audit, isBusy, luaLibrary, move, openAccounts, typescriptLibrary, WAYS, type Way } from "./bank.ts";

export interface Soak {
  readonly seed: number;
  readonly duration_ms: number;
  /** The load goes on past its duration until this says so, for a minute at most: on a slow machine little happens in a second. */
  readonly isEnough?: (far: Pick<Verdict, "outcomes" | "audits" | "kills" | "loads" | "wrong">) => boolean;
  readonly clients: number;
  readonly options: Readonly<Record<string, string>>;
  /** Called once a minute with what can be said then. */
  readonly report?: (line: string) => void;
}

export interface Verdict {
  /** How many moves of each way ended how: `lua: moved`. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly audits: number;
  readonly kills: number;
  readonly loads: number;
  /** Resident memory after a fifth of the time, and at the end, bytes. */
  readonly residentEarly: number;
  readonly residentLate: number;
  /** What did not hold; empty where all did. */
  readonly wrong: readonly string[];
}

/** Errors that a move may end with: it was made to fail, it was killed, or something else ran for long. */
const EXPECTED_ERRORS =
  /the bank is on fire|killed|KILL|^(EXECABORT .*)?BUSY|ran longer than|stopped|^NOSCRIPT|^NOTBUSY/;
/** One of so many moves fails after it wrote, and one of so many never ends. */
const FAILS = 20;
const LOOPS = 4000;
const LOAD_EVERY_MS = 500;
const KILL_EVERY_MS = 100;
const AUDIT_EVERY_MS = 50;
const WRONG_MAX = 20;
const MORE_MAX_MS = 60_000;

export async function soak({ seed, duration_ms, isEnough, clients, options, report }: Soak): Promise<Verdict> {
  const server = await startServer({
    kind: "zedis",
    options: { cores: "2", "busy-reply-threshold": "100", ...options },
  });
  const outcomes: Record<string, number> = {};
  const wrong: string[] = [];
  const counts = { audits: 0, kills: 0, loads: 0 };
  const began = performance.now();
  const goesOn = () => {
    const past_ms = performance.now() - began - duration_ms;
    const isOver = past_ms > 0 && (past_ms > MORE_MAX_MS || (isEnough?.({ outcomes, ...counts, wrong }) ?? true));
    return !isOver && wrong.length < WRONG_MAX;
  };
  let residentEarly = 0;
  try {
    const wire = await server.connect();
    await openAccounts(wire);
    const engines: readonly string[] = ["lua", "jsc", "quickjs"];
    for (const engine of engines) await load(wire, engine, 0, wrong);
    const movers = Array.from({ length: clients }, (_, client) =>
      moves(server, new Random(seed + client), goesOn, outcomes, wrong),
    );
    const others = [
      every(LOAD_EVERY_MS, goesOn, async () => {
        counts.loads++;
        await load(wire, engines[counts.loads % engines.length] ?? "jsc", counts.loads, wrong);
      }),
      every(KILL_EVERY_MS, goesOn, async () => {
        counts.kills += await kill(server);
      }),
      every(AUDIT_EVERY_MS, goesOn, async () => {
        counts.audits++;
        wrong.push(...(await withWire(server, audit)));
      }),
      every(60_000, goesOn, async () => {
        const mib = ((await server.residentBytes()) / 2 ** 20).toFixed(0);
        const moved = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
        report?.(
          `${((performance.now() - began) / 60_000).toFixed(0)} min: ${moved} moves, ${counts.kills} kills, ${mib} MiB`,
        );
      }),
      (async () => {
        await Bun.sleep(duration_ms / 5);
        residentEarly = await server.residentBytes();
      })(),
    ];
    // A call that never ends has to be killed for its client to end.
    const ended = Promise.all(movers).then(() => true);
    while (!(await Promise.race([ended, Bun.sleep(KILL_EVERY_MS).then(() => false)]))) {
      if (!goesOn()) counts.kills += await kill(server);
    }
    await Promise.all(others);
    wrong.push(...(await withWire(server, audit)));
    return { outcomes, ...counts, residentEarly, residentLate: await server.residentBytes(), wrong };
  } finally {
    await server.stop();
  }
}

async function moves(
  server: Server,
  random: Random,
  goesOn: () => boolean,
  outcomes: Record<string, number>,
  wrong: string[],
): Promise<void> {
  const wire = await server.connect();
  while (goesOn()) {
    const way: Way = random.pick(WAYS);
    const then = random.chance(1 / LOOPS) ? "loops" : random.chance(1 / FAILS) ? "fails" : "ends";
    const { end, text } = await move(wire, way, random, then);
    const key = `${way}: ${end === "error" ? errorName(text) : end}`;
    outcomes[key] = (outcomes[key] ?? 0) + 1;
    if (end === "error" && !EXPECTED_ERRORS.test(text)) wrong.push(`${way} ended with ${text}`);
    if (end === "moved" && then !== "ends" && way !== "multi") wrong.push(`${way} moved though it ${then}`);
    if (isBusy(text)) await Bun.sleep(5);
  }
  await wire.close();
}

function errorName(text: string): string {
  return isBusy(text) ? "busy" : /on fire/.test(text) ? "failed" : /kill/i.test(text) ? "killed" : "stopped";
}

async function load(wire: Wire, engine: string, version: number, wrong: string[]): Promise<void> {
  const source = engine === "lua" ? luaLibrary(version) : typescriptLibrary(version, engine);
  const reply = await wire.call(["FUNCTION", "LOAD", "REPLACE", source]);
  if (reply.kind === "error" && !isBusy(reply.text)) wrong.push(`FUNCTION LOAD of ${engine} ended with ${reply.text}`);
}

/** Kills what runs for long, if something does; by a connection of its own, which comes to a core that listens. Gives how many. */
async function kill(server: Server): Promise<number> {
  return withWire(server, async (wire) => {
    const stats = await wire.call(["FUNCTION", "STATS"]);
    // An error says that a script runs.
    const running = stats.kind === "error" ? stats : itemsOf(stats)[1];
    if (running?.kind !== "error" && running?.kind !== "array") return 0;
    const replies = await wire.pipeline([
      ["FUNCTION", "KILL"],
      ["SCRIPT", "KILL"],
    ]);
    return replies.filter((reply) => textOf(reply) === "OK").length;
  });
}

async function withWire<T>(server: Server, work: (wire: Wire) => Promise<T>): Promise<T> {
  const wire = await server.connect();
  try {
    return await work(wire);
  } finally {
    await wire.close();
  }
}

async function every(ms: number, goesOn: () => boolean, work: () => Promise<void>): Promise<void> {
  for (let next = performance.now() + ms; goesOn(); next += ms) {
    await work();
    const until = Math.max(0, next - performance.now());
    for (let left = until; left > 0 && goesOn(); left -= 1000) await Bun.sleep(Math.min(left, 1000));
  }
}
