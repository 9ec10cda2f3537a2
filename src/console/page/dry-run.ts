/** FCALL_DRYRUN, with the values of what it would change as they are now. */
import { asBytes, asText, type Bytes, isBytes, showBytes } from "../model/bytes.ts";
import type { Reply } from "../model/show-reply.ts";
import { changesOf, type KeyChange, type Snapshot } from "../model/write-set.ts";
import { command, pipeline, ServerError } from "./api.ts";

export interface DryRun {
  readonly result: Reply;
  /** Where the call would fail. */
  readonly error: string | null;
  readonly changes: readonly KeyChange[];
  readonly keysRead: readonly string[];
  readonly log: readonly string[];
  readonly us: number;
}

/** Values with more elements are not compared; the commands are shown instead. */
const ELEMENTS_MAX = 500;
const KEYS_MAX = 50;

export async function dryRun(fn: string, keys: number, words: readonly Bytes[]): Promise<DryRun> {
  const reply = (await command("FCALL_DRYRUN", fn, keys, ...words)) as Readonly<Record<string, Reply>>;
  const list = (field: string): readonly Reply[] => (Array.isArray(reply[field]) ? (reply[field] as Reply[]) : []);
  const written = list("keys_written").map(asBytes);
  const before = await snapshots(written.slice(0, KEYS_MAX));
  const effects = list("effects").map((effect) => (Array.isArray(effect) ? effect.map(show) : [show(effect)]));
  const { result = null } = reply;
  return {
    result,
    error: errorIn(result),
    changes: changesOf(before, effects),
    keysRead: list("keys_read").map(show),
    log: list("log").map(show),
    us: Number(reply.time_us ?? 0),
  };
}

function show(value: unknown): string {
  return isBytes(value) ? showBytes(value) : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function errorIn(result: Reply): string | null {
  const error = (result as { error?: { message?: unknown } } | null)?.error;
  return typeof error === "object" && typeof error?.message === "string" ? error.message : null;
}

async function snapshots(keys: readonly Bytes[]): Promise<Map<string, Snapshot>> {
  const heads = await pipeline(
    keys.flatMap((key) => [
      ["TYPE", key],
      ["PEXPIRETIME", key],
    ]),
  );
  const types = keys.map((_, index) => asText(heads[index * 2]));
  const values = await pipeline(keys.map((key, index) => readOf(types[index] ?? "", key)));
  return new Map(
    keys.map((key, index) => {
      const expiry = heads[index * 2 + 1];
      const expiresAt = typeof expiry === "number" && expiry >= 0 ? expiry : null;
      return [showBytes(key), snapshot(types[index] ?? "", values[index], expiresAt)];
    }),
  );
}

function readOf(type: string, key: Bytes): (Bytes | number)[] {
  if (type === "string") return ["GETRANGE", key, 0, 65_535];
  if (type === "hash") return ["HSCAN", key, "0", "COUNT", ELEMENTS_MAX];
  if (type === "list") return ["LRANGE", key, 0, ELEMENTS_MAX];
  if (type === "set") return ["SSCAN", key, "0", "COUNT", ELEMENTS_MAX];
  if (type === "zset") return ["ZRANGE", key, 0, ELEMENTS_MAX, "WITHSCORES"];
  return ["EXISTS", key];
}

function snapshot(type: string, value: unknown, expiresAt: number | null): Snapshot {
  const other: Snapshot = { type: "other", items: [["", `(${type})`]], expiresAt };
  if (type === "none") return { type: "none", items: [], expiresAt: null };
  if (value === undefined || value instanceof ServerError) return other;
  if (type === "string") return { type, items: [["", show(value)]], expiresAt };
  if (!Array.isArray(value)) return other;
  if (type === "list") {
    return value.length > ELEMENTS_MAX ? other : { type, items: value.map((item) => ["", show(item)]), expiresAt };
  }
  if (type === "zset") {
    const flat: unknown[] = value.flat(1);
    if (flat.length > ELEMENTS_MAX * 2) return other;
    return { type, items: pairs(flat), expiresAt };
  }
  const [cursor, items] = value as [unknown, unknown[]];
  if (asText(cursor) !== "0" || !Array.isArray(items)) return other;
  if (type === "hash") return { type, items: pairs(items), expiresAt };
  return type === "set" ? { type, items: items.map((item) => [show(item), ""]), expiresAt } : other;
}

function pairs(flat: readonly unknown[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) found.push([show(flat[at]), show(flat[at + 1])]);
  return found;
}
