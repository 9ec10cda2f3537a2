/**
 * The comparisons under load: a request, a pipeline depth, and what is wanted of the ratio.
 *
 * Key names have four letters before `__key__`, so that every key has 16 bytes; values have 16 bytes.
 */

import type { Load } from "./loadgen.ts";
import { BITMAP_ROWS } from "./rows-bitmap.ts";
import { GEO_ROWS } from "./rows-geo.ts";
import { HASH_ROWS } from "./rows-hash.ts";
import { HYPERLOGLOG_ROWS } from "./rows-hyperloglog.ts";
import { LIST_ROWS } from "./rows-list.ts";
import { LUA_ROWS } from "./rows-lua.ts";
import { PUBSUB_ROWS } from "./rows-pubsub.ts";
import { SET_ROWS } from "./rows-set.ts";
import { SORT_ROWS } from "./rows-sort.ts";
import { STREAM_ROWS } from "./rows-stream.ts";
import { ZSET_ROWS } from "./rows-zset.ts";

export type LoadMetric = "rps" | "server_cpu_us";

export type LoadRow = {
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  /** Filled in before the first round; every key once. */
  readonly preload: string | null;
  /** Commands sent before that, once for all rows that name the same array. */
  readonly setup?: readonly (readonly string[])[];
  /** Loads run before that, once for all rows that name the same one. */
  readonly fills?: readonly Load[];
  /** Commands and a load before every round: what the round uses up is there again, and not timed. */
  readonly before?: readonly (readonly string[])[];
  readonly refill?: Load;
  readonly usesFunctions: boolean;
  /** Zedis / reference, of this metric, is to be at most or at least this; none: shown for information. */
  readonly target: { readonly metric: LoadMetric; readonly atMost?: number; readonly atLeast?: number } | null;
};

const STRINGS = "SET key:__key__ __val__";
const COUNTERS = "SET ctr:__key__ 1000";
const HASHES = "HSET hsh:__key__ field __val__";
/** A stock that no run exhausts. */
const STOCK = "SET inv:__key__ 1000000000";

const KEYS = 1_000_000;
const STOCK_KEYS = 100_000;

const COMMANDS = [
  { verb: "GET", template: "GET key:__key__", preload: STRINGS, expect: "bulk" },
  { verb: "SET", template: STRINGS, preload: STRINGS, expect: "simple" },
  { verb: "INCR", template: "INCR ctr:__key__", preload: COUNTERS, expect: "integer" },
  { verb: "HSET", template: HASHES, preload: HASHES, expect: "integer" },
] as const;

const FUNCTIONS = [
  {
    name: "fcall-cas",
    title: "FCALL get, compare, set",
    template: "FCALL take 1 inv:__key__ 1",
    preload: STOCK,
    expect: "integer",
    targets: new Map([
      [1, 1.3],
      [16, 3.5],
    ]),
  },
  {
    name: "fcall-cas-quickjs",
    title: "FCALL get, compare, set in quickjs",
    template: "FCALL takeGuarded 1 inv:__key__ 1",
    preload: STOCK,
    expect: "integer",
    targets: new Map([[16, 0.5]]),
  },
  {
    name: "fcall-transfer",
    title: "FCALL of a transfer with history, 4 commands",
    template: "FCALL transfer 3 inv:__key__ acc:__key__ log:__key__ 1",
    preload: STOCK,
    expect: "integer",
    targets: new Map([[16, 3]]),
  },
  {
    name: "fcall-object",
    title: "FCALL updateInventory (replies an object)",
    template: "FCALL updateInventory 1 inv:__key__ 1",
    preload: STOCK,
    expect: "array",
    targets: new Map<number, number>(),
  },
  {
    name: "fcall-loop",
    title: "FCALL 1,000 steps of arithmetic",
    template: "FCALL arithmetic 0 7",
    preload: null,
    expect: "integer",
    targets: new Map([[16, 10]]),
  },
  {
    name: "fcall-chain",
    title: "FCALL 1,000 remainders, each of the last",
    template: "FCALL remainders 0 7",
    preload: null,
    expect: "integer",
    targets: new Map<number, number>(),
  },
] as const;

/** Those of the data types: `--types`. */
export const TYPE_ROWS: readonly LoadRow[] = [
  ...LIST_ROWS,
  ...SET_ROWS,
  ...ZSET_ROWS,
  ...STREAM_ROWS,
  ...HASH_ROWS,
  ...GEO_ROWS,
  ...SORT_ROWS,
  ...BITMAP_ROWS,
  ...HYPERLOGLOG_ROWS,
  ...PUBSUB_ROWS,
];

export const LOAD_ROWS: readonly LoadRow[] = [
  ...TYPE_ROWS,
  ...COMMANDS.filter((command) => command.verb !== "HSET").map((command) =>
    commandRow(command, 1, { metric: "server_cpu_us", atMost: 0.95 }),
  ),
  ...COMMANDS.flatMap((command) => [
    commandRow(command, 16, { metric: "rps", atLeast: 2.0 }),
    commandRow(command, 64, { metric: "rps", atLeast: 2.6 }),
  ]),
  ...FUNCTIONS.flatMap((fn) =>
    [1, 16].filter((pipeline) => fn.preload !== null || pipeline === 16).map((pipeline) => functionRow(fn, pipeline)),
  ),
  ...LUA_ROWS,
];

function commandRow(
  command: (typeof COMMANDS)[number],
  pipeline: number,
  target: NonNullable<LoadRow["target"]>,
): LoadRow {
  return {
    name: `${command.verb.toLowerCase()}-p${pipeline}`,
    title: `${command.verb}, pipeline ${pipeline}`,
    load: { template: command.template, pipeline, keys: KEYS, expect: command.expect },
    preload: command.preload,
    usesFunctions: false,
    target,
  };
}

function functionRow(fn: (typeof FUNCTIONS)[number], pipeline: number): LoadRow {
  const atLeast = fn.targets.get(pipeline);
  return {
    name: `${fn.name}-p${pipeline}`,
    title: `${fn.title}, pipeline ${pipeline}`,
    load: { template: fn.template, pipeline, keys: STOCK_KEYS, expect: fn.expect },
    preload: fn.preload,
    usesFunctions: true,
    target: atLeast === undefined ? null : { metric: "rps", atLeast },
  };
}
