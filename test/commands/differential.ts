/**
 * Random command sequences sent to Zedis and to a redis-server; their replies must be equal byte for byte.
 *
 *     bun run diff --seed 7 --minutes 5
 *
 * A sequence whose replies differ is shrunk to a short script that still differs, and printed. What cannot be equal (order of
 * unordered replies, clocks, random draws) is masked by `comparable`; a sequence is never run against keys of an earlier one.
 */

import { Random } from "../harness/random.ts";
import { type Reply, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle, oracleHas, oraclePath } from "../harness/target.ts";
import { within } from "../harness/wait.ts";
import { ConnectionClosed, type Wire } from "../harness/wire.ts";
import { far_s, randomSequence, type Step } from "./sequence.ts";
import { streamFacts } from "./sequence-stream.ts";

export interface Difference {
  readonly seed: number;
  readonly script: readonly Step[];
  /** The reply to the script's last command, of redis-server and of the server under test. */
  readonly expected: string;
  readonly received: string;
}

export interface DiffReport {
  readonly sequences: number;
  readonly commands: number;
  readonly differences: readonly Difference[];
}

export interface DiffLimits {
  readonly seed: number;
  readonly sequences: number;
  readonly limit_ms: number;
  /** Stops at this many differences with different last commands. */
  readonly differencesMax: number;
}

/** Compares until a limit is reached. Throws when there is no redis-server on the machine. */
export async function compareServers(
  limits: DiffLimits,
  report: (line: string) => void = () => {},
): Promise<DiffReport> {
  // With low limits on both sides, so that sequences reach both encodings quickly.
  const options = {
    "hash-max-listpack-entries": "8",
    "zset-max-listpack-entries": "8",
    "zset-max-listpack-value": "32",
    "proto-max-bulk-len": "4mb",
  };
  // Sets are no listpacks before 7.2.
  const knowsSetListpacks = oracleHas("7.2.0");
  const sets = { "set-max-intset-entries": "8", "set-max-listpack-entries": knowsSetListpacks ? "12" : "0" };
  const theirs = knowsSetListpacks ? { ...options, ...sets } : { ...options, "set-max-intset-entries": "8" };
  const servers = await Promise.all([
    startServer({ kind: "redis", options: theirs }),
    startServer({
      kind: isOracle ? "redis" : "zedis",
      options: isOracle ? theirs : { ...options, ...sets, "script-atomicity": "redis" },
    }),
  ]);
  try {
    return await compare(servers, limits, report);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The difference as a script that a person can paste into redis-cli. */
export function showDifference({ seed, script, expected, received }: Difference): string {
  const lines = script.map((step) => `  ${step.map(quoted).join(" ")}`);
  return `seed ${seed}, ${script.length} commands:\n${lines.join("\n")}\n    redis-server: ${expected}\n    under test:   ${received}`;
}

async function compare(
  servers: readonly [Server, Server] | Server[],
  limits: DiffLimits,
  report: (line: string) => void,
): Promise<DiffReport> {
  const [left, right] = servers as [Server, Server];
  const start = performance.now();
  const differences: Difference[] = [];
  const known = new Set<string>();
  let commands = 0;
  let sequences = 0;
  for (; sequences < limits.sequences && performance.now() - start < limits.limit_ms; sequences++) {
    const seed = limits.seed + sequences;
    const sequence = randomSequence(new Random(seed));
    commands += sequence.length;
    const first = await firstDifference(left, right, sequence, seed);
    if (first === null) continue;
    // What the tick of a millisecond between the two servers made is gone when the sequence runs again.
    if ((await firstDifference(left, right, sequence, seed)) === null) continue;
    const script = await shrink(left, right, sequence.slice(0, first.at + 1), seed);
    const shrunk = (await firstDifference(left, right, script, seed)) ?? first;
    const texts = [shrunk.expected, shrunk.received].map((text) => text.replace(/'[^']*'|"[^"]*"/g, "…").slice(0, 40));
    const kind = [script.at(-1)?.[0], ...texts].join(" ").toLowerCase();
    if (known.has(kind)) continue;
    known.add(kind);
    const difference = { seed, script, expected: shrunk.expected, received: shrunk.received };
    differences.push(difference);
    report(showDifference(difference));
    if (differences.length >= limits.differencesMax) break;
  }
  return { sequences, commands, differences };
}

interface First {
  readonly at: number;
  readonly expected: string;
  readonly received: string;
}

/** Where the replies of both servers differ first, each starting with no keys. */
async function firstDifference(
  left: Server,
  right: Server,
  sequence: readonly Step[],
  seed: number,
): Promise<First | null> {
  const protocol = seed % 2 === 0 ? 2 : 3;
  const [expected, received] = await Promise.all([left, right].map((server) => replies(server, sequence, protocol)));
  for (const [at, step] of sequence.entries()) {
    const [wanted, found] = [comparable(step, expected?.[at]), comparable(step, received?.[at])];
    if (wanted !== found) return { at, expected: wanted, received: found };
  }
  return null;
}

async function replies(server: Server, sequence: readonly Step[], protocol: 2 | 3): Promise<(Reply | null)[]> {
  const wire: Wire = await server.connect(protocol);
  try {
    await wire.pipeline([["FLUSHALL"], ["DEBUG", "SET-ACTIVE-EXPIRE", "0"]]);
    const all = wire.pipeline(sequence);
    return await within(20_000, `the replies of ${server.kind}`, all);
  } catch (error) {
    if (!(error instanceof ConnectionClosed) && !(error as Error).message.includes("nothing within")) throw error;
    if (server.pid !== 0 && (await stillServes(server))) return sequence.map(() => null);
    throw new Error(
      `${server.kind} died:\n${sequence.map((step) => step.map(quoted).join(" ")).join("\n")}\n${server.log.slice(-3000)}`,
    );
  } finally {
    wire.bytes.abort();
  }
}

async function stillServes(server: Server): Promise<boolean> {
  try {
    const wire = await server.connect();
    await within(5000, "PING", wire.call("PING"));
    await wire.close();
    return true;
  } catch {
    return false;
  }
}

/** Leaves out ever smaller parts while the rest still differs at its last command or before. */
async function shrink(left: Server, right: Server, script: readonly Step[], seed: number): Promise<readonly Step[]> {
  let shortest = script;
  for (let size = Math.ceil(script.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length; ) {
      const candidate = [...shortest.slice(0, at), ...shortest.slice(at + size)];
      const first = candidate.length > 0 ? await firstDifference(left, right, candidate, seed) : null;
      if (first === null) at += size;
      else shortest = candidate.slice(0, first.at + 1);
    }
  }
  return shortest;
}

const unorderedReplies = /^(KEYS|HKEYS|HVALS|SMEMBERS|SINTER|SUNION|SDIFF|SPOP|SRANDMEMBER)$/;

/** A reply as text that two right servers agree on. */
function comparable(step: Step, whole: Reply | null | undefined): string {
  if (whole === null || whole === undefined) return "(connection closed)";
  const name = String(step[0]).toUpperCase();
  const reply = /^(EXEC|XPENDING|XINFO)$/.test(name) ? streamFact(whole) : whole;
  // Redis 7.0 has one text for XREAD and XREADGROUP.
  if (reply.kind === "error" && reply.text.includes("list of streams")) return "(unbalanced)";
  if (reply.kind === "error") return show(reply);
  // A distance as a score: Redis before 7.2 prints 17 digits, whatever is needed.
  if (/^Z/.test(name) && /^p\d$/.test(String(step[1])) && !oracleHas("7.2.0")) {
    return show(reply).replace(/-?\d+\.\d+(e[+-]?\d+)?/g, (score) => Number(score).toPrecision(14));
  }
  // SORT gives a sorted set that it reads the form of a large one.
  if (/^OBJECT ENCODING [^z]/i.test(step.join(" ")) && /"skiplist"/.test(show(reply))) return '"listpack"';
  // Before 7.2 all lists were quicklists.
  if (/^OBJECT ENCODING/i.test(step.join(" ")) && /"(listpack|quicklist)"/.test(show(reply))) return '"listpack"';
  if (name === "EXEC" && reply.kind === "array") return `[${reply.items.map((item) => unordered(item)).join(", ")}]`;
  if (isClockReading(reply)) return ":(a moment near now)";
  if (name === "HRANDFIELD" && step[2] !== "0") return `${reply.kind} of ${"items" in reply ? reply.items.length : 1}`;
  // Another cursor than 0 means another place to each server, and so does the end of a step that does not return everything.
  if (/^[HSZ]?SCAN$/.test(name) && !(step[name === "SCAN" ? 1 : 2] === "0" && / COUNT 1000\b/i.test(step.join(" "))))
    return reply.kind;
  // What makes a zero of a score and a negative weight: here the minus is lost where the result is small.
  if (/^Z(UNION|INTER)$/.test(name))
    return show(reply)
      .replace(/,-0(?=[,\]])/g, ",0")
      .replace(/"-0"/g, '"0"');
  // All of them come in no order that anybody is promised.
  if (name === "ZRANDMEMBER" && "items" in reply)
    return `${reply.kind} ${reply.items.map((item) => show(item)).sort()}`;
  if (name === "HGETALL" && "items" in reply) return `${reply.kind} ${pairs(reply.items)}`;
  if (/^[HSZ]?SCAN$/.test(name) && reply.kind === "array") {
    const [cursor, items] = reply.items;
    if (cursor === undefined || items === undefined || !("items" in items)) return show(reply);
    return `${show(cursor)} ${/^[HZ]SCAN$/.test(name) ? pairs(items.items) : unordered(items)}`;
  }
  // Without an order they come as the cells of the search lie.
  const isPlaces = /^GEO(SEARCH|RADIUS(BYMEMBER)?(_RO)?)$/.test(name) && !/ (ASC|DESC|COUNT) ?/i.test(step.join(" "));
  const isByWeight = /^SORT/.test(name) && step.includes("BY");
  if (isPlaces || isByWeight || unorderedReplies.test(name)) return unordered(reply);
  return show(reply);
}

/**
 * Expiries set relative to now differ by the milliseconds between the two servers: what remains of the 100,000 seconds (or
 * milliseconds, or thousand times that) of sequence.ts, what remains until its far future, and absolute times less than ten years
 * from now.
 */
function isClockReading(reply: Reply): boolean {
  if (reply.kind !== "integer") return false;
  const number = Number(reply.value);
  // What remains until the largest absolute times of sequence.ts.
  if ([2 ** 62, 2 ** 63].some((end) => number > end - 3e12 && number < end - 1e9)) return true;
  const now_s = Date.now() / 1000;
  if (Math.abs(number - now_s) < 3e8 || Math.abs(number / 1000 - now_s) < 3e8) return true;
  const ahead_s = far_s - now_s;
  if (Math.abs(number - ahead_s) < 60 || Math.abs(number / 1000 - ahead_s) < 60) return true;
  return (
    [1, 1000, 1_000_000].some((unit) => number >= 99_000 * unit && number <= 100_005 * unit) ||
    (number >= 90 && number <= 101)
  );
}

/** Without how long an entry of a stream is pending, and of XINFO without what versions tell differently. */
function streamFact(reply: Reply): Reply {
  if (!("items" in reply)) return reply;
  const items = reply.items.map(streamFact);
  const [id, , idle] = items;
  const isId = id?.kind === "bulk" && /^\d+-\d+$/.test(Buffer.from(id.bytes).toString("latin1"));
  if (reply.kind === "array" && items.length === 4 && isId && idle?.kind === "integer") items.splice(2, 1);
  const names = items.filter((item, at) => at % 2 === 0 && item.kind === "bulk").map((item) => textOf(item));
  if (!names.includes("last-generated-id") && !names.includes("last-delivered-id")) return { ...reply, items };
  const told = items.filter((_, at) => streamFacts.has(textOf(items[at - (at % 2)] as Reply)));
  return { ...reply, items: told };
}

function unordered(reply: Reply): string {
  if (isClockReading(reply)) return ":(a moment near now)";
  if (reply.kind === "error" && reply.text.includes("list of streams")) return "(unbalanced)";
  if (!("items" in reply)) return show(reply);
  // A SCAN within EXEC, from who knows which cursor.
  if (reply.kind === "array" && reply.items.length === 2 && reply.items[1]?.kind === "array") return "[cursor, items]";
  return `${reply.kind}[${reply.items.map(unordered).sort().join(", ")}]`;
}

function pairs(items: readonly Reply[]): string {
  const shown: string[] = [];
  for (let at = 0; at + 1 < items.length; at += 2)
    shown.push(`${show(items[at] as Reply)}: ${show(items[at + 1] as Reply)}`);
  return shown.sort().join(", ");
}

function quoted(word: string | Uint8Array): string {
  const text = typeof word === "string" ? word : Buffer.from(word).toString("latin1");
  return /^[A-Za-z0-9_.:*+-]+$/.test(text)
    ? text
    : JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…(${text.length})` : text);
}

if (import.meta.main) {
  const option = (name: string, otherwise: number): number => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  if (oraclePath() === null) throw new Error("no redis-server or valkey-server on this machine to compare with");
  const seed = option("seed", Date.now() % 2 ** 31);
  const minutes = option("minutes", 1);
  console.log(`--seed ${seed} --minutes ${minutes}`);
  const report = await compareServers(
    {
      seed,
      sequences: Number.POSITIVE_INFINITY,
      limit_ms: minutes * 60_000,
      differencesMax: option("differences", 20),
    },
    console.log,
  );
  console.log(`${report.sequences} sequences, ${report.commands} commands, ${report.differences.length} differences`);
  if (report.differences.length > 0) process.exitCode = 1;
}
