import type { TableRow } from "../../runtime/host/commands.ts";

/** A command table as native code prints it, cut to what the fake native side serves and a few that are refused. */
type Brief = readonly [name: string, arity: number, flags: string, group: string, args: string, reply: string];

const BRIEF: readonly Brief[] = [
  ["get", 2, "readonly fast", "string", "key", "string | null"],
  [
    "set",
    -3,
    "write denyoom",
    "string",
    "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    "string | null",
  ],
  ["incr", 2, "write denyoom fast", "string", "key", "number"],
  ["incrby", 3, "write denyoom fast", "string", "key increment", "number"],
  ["decr", 2, "write denyoom fast", "string", "key", "number"],
  ["decrby", 3, "write denyoom fast", "string", "key decrement", "number"],
  ["append", 3, "write denyoom fast", "string", "key value", "number"],
  ["strlen", 2, "readonly fast", "string", "key", "number"],
  ["mget", -2, "readonly fast", "string", "key [key ...]", "(string | null)[]"],
  ["mset", -3, "write denyoom", "string", "key value [key value ...]", "string"],
  ["getrange", 4, "readonly", "string", "key start end", "string"],
  ["exists", -2, "readonly fast", "generic", "key [key ...]", "number"],
  ["del", -2, "write", "generic", "key [key ...]", "number"],
  ["expire", -3, "write fast", "generic", "key seconds [NX | XX | GT | LT]", "number"],
  ["ttl", 2, "readonly fast", "generic", "key", "number"],
  ["type", 2, "readonly fast", "generic", "key", "string"],
  ["hget", 3, "readonly fast", "hash", "key field", "string | null"],
  ["hset", -4, "write denyoom fast", "hash", "key field value [field value ...]", "number"],
  ["hgetall", 2, "readonly", "hash", "key", "Record<string, string>"],
  ["hincrby", 4, "write denyoom fast", "hash", "key field increment", "number"],
  ["hincrbyfloat", 4, "write denyoom fast", "hash", "key field increment", "string"],
  ["hdel", -3, "write fast", "hash", "key field [field ...]", "number"],
  ["object|encoding", 3, "readonly", "generic", "key", "string | null"],
  ["flushall", -1, "write", "server", "[ASYNC | SYNC]", "string"],
  ["dbsize", 1, "readonly fast", "server", "", "number"],
  ["echo", 2, "fast", "connection", "message", "string"],
  ["multi", 1, "noscript fast", "transactions", "", "string"],
  ["blpop", -3, "write noscript blocking", "list", "key [key ...] timeout", "[string, string] | null"],
  ["shutdown", -1, "admin noscript", "server", "", "string"],
  ["config|get", -3, "admin noscript", "server", "parameter [parameter ...]", "Record<string, string>"],
];

const containers = [...new Set(BRIEF.flatMap(([name]) => (name.includes("|") ? (name.split("|")[0] ?? []) : [])))];

export const TABLE: readonly TableRow[] = [
  ...BRIEF.map(([name, arity, flags, group, args, reply]) => ({
    name,
    arity,
    flags: flags.split(" "),
    group,
    args,
    reply,
  })),
  ...containers.map((name) => ({
    name,
    arity: -2,
    flags: [],
    group: "generic",
    args: "",
    reply: "unknown",
    kind: "container",
  })),
].map((row, index) => ({
  index,
  categories: [],
  since: "1.0.0",
  complexity: "O(1)",
  kind: "data",
  summary: `The ${row.name} command`,
  keys: { first: 1, last: 1, step: 1 },
  ...row,
}));
