/** Directives that only Zedis has. */

import { type Option, ULONG_MAX } from "./option.ts";

/** As SHARDS_MAX and CORES_MAX in native/src/store. */
const SHARDS_MAX = 16384n;
const CORES_MAX = 64n;

export const ZEDIS_OPTIONS = [
  /** Data plane threads; 0: one per CPU that this process may use. */
  { name: "cores", type: "int", min: 0n, max: CORES_MAX, default: "0", fixed: "same", native: true },
  /** How sockets are served; auto takes io_uring where the kernel has what is needed. */
  { name: "io", type: "enum", values: ["auto", "uring", "epoll"], default: "auto", fixed: "same", native: true },
  /** Latched parts of the keyspace; 0: chosen from the number of cores. */
  {
    name: "shards",
    type: "int",
    min: 0n,
    max: SHARDS_MAX,
    default: "0",
    fixed: "same",
    native: true,
    check: (value) => (isPowerOfTwo(BigInt(value)) ? null : "shards must be 0 (automatic) or a power of two"),
  },
  /** Bytes a second that a snapshot is written at; 0: as fast as it goes. */
  { name: "rdb-save-rate-limit", type: "memory", min: 0n, max: ULONG_MAX, default: "0" },
  /** Milliseconds of wall time that one procedure call may take. */
  { name: "procedure-time-limit", type: "int", min: 1n, max: 3_600_000n, default: "1000", native: true },
  /** Threads that run procedures marked @background, and slow ones; -1: two, or one beside a single CPU; 0: none. */
  {
    name: "procedure-background-threads",
    type: "int",
    min: -1n,
    max: 32n,
    default: "-1",
    fixed: "same",
    native: true,
  },
  /** Milliseconds that calls of a function take on average before they go there; 0: only those marked @background. */
  {
    name: "procedure-background-threshold",
    type: "int",
    min: 0n,
    max: 3_600_000n,
    default: "5",
    native: true,
  },
  /** Bytes of the encoded result of one call. */
  {
    name: "procedure-result-limit",
    type: "memory",
    min: 1024n,
    max: 1n << 30n,
    default: String(64 << 20),
    native: true,
  },
  /** Accesses to keys that one call may make. */
  { name: "procedure-keys-limit", type: "int", min: 1n, max: 1_000_000_000_000n, default: "10000000", native: true },
  /** What an error that a script in Lua does not catch means for what it wrote: undone, or kept as in Redis. */
  { name: "script-atomicity", type: "enum", values: ["rollback", "redis"], default: "rollback", native: true },
  /** Milliseconds after which a script in Lua is ended and rolled back; 0: never. */
  { name: "script-time-limit-hard", type: "int", min: 0n, max: 3_600_000n, default: "0", native: true },
  /** Bytes that one library of the engine quickjs may use on each core. */
  {
    name: "procedure-quickjs-memory-limit",
    type: "memory",
    min: 1n << 20n,
    max: 1n << 30n,
    default: String(32 << 20),
  },
  /** The engine of libraries whose header names none. */
  { name: "procedure-engine-default", type: "enum", values: ["jsc", "quickjs"], default: "jsc" },
  /** Users whose libraries may run in the engine jsc, by names and patterns; those of all others run in quickjs. */
  { name: "procedure-trusted-users", type: "string", default: "*" },
] as const satisfies readonly Option[];

/** 0 counts: it stands for "automatic". */
function isPowerOfTwo(n: bigint): boolean {
  return (n & (n - 1n)) === 0n;
}
