/** Which commands a procedure may call, and by which names. */

/** A row of the command table, as native code prints it. */
export interface TableRow {
  readonly index: number;
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly categories: readonly string[];
  readonly group: string;
  readonly since: string;
  readonly summary: string;
  readonly complexity: string;
  /** Arguments as redis-cli's help shows them. */
  readonly args: string;
  /** The reply as a TypeScript type. */
  readonly reply: string;
  readonly keys?: { readonly first: number; readonly last: number; readonly step: number };
  /** "data": a handler over the store, which is all a procedure can call; "container": the row only groups subcommands. */
  readonly kind: string;
}

/** A connection's own state is not a procedure's; transactions and scripts cannot nest; nobody waits in one. */
const DENIED_GROUPS = new Set(["connection", "transactions", "scripting", "sentinel"]);
const DENIED_FLAGS = ["noscript", "no_script", "admin"];

/** Commands that wait only if they are told to, which they cannot be here; the others have a twin that does not wait. */
const WAIT_IF_TOLD = new Set(["xread", "xreadgroup"]);

export function isCallable(row: TableRow): boolean {
  if (row.kind !== "data" || DENIED_GROUPS.has(row.group)) return false;
  const flags = row.flags.map((flag) => flag.toLowerCase());
  if (flags.includes("blocking") && !WAIT_IF_TOLD.has(row.name)) return false;
  return !DENIED_FLAGS.some((flag) => flags.includes(flag));
}

/** The name on `Zedis`: `object|encoding` is `Zedis.object_encoding`. */
export function memberName(row: Pick<TableRow, "name">): string {
  return row.name.replace(/[^a-z0-9]+/g, "_");
}

export interface CallableCommands {
  /** [row number, name in the table, name on `Zedis`] */
  readonly rows: readonly (readonly [number, string, string])[];
  readonly denied: readonly string[];
}

export function callableCommands(table: readonly TableRow[]): CallableCommands {
  return {
    rows: table.filter(isCallable).map((row) => [row.index, row.name, memberName(row)] as const),
    denied: table.filter((row) => !isCallable(row) && row.kind !== "container").map((row) => row.name),
  };
}
