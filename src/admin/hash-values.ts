/**
 * Hashes as JSON.
 *
 *     [{"field": "f", "value": "v"}, {"field": "g", "value": "w", "ttl_ms": 5000}, …]    a time where the field has one of its own
 *
 * What was read can be written back: fields keep the times that stand with them, and those that have none stay for good, as HSET has it.
 */
import type { InnerSession } from "./inner.ts";
import { type Argument, argumentBytes, type Encoding, type Json, toJson } from "./json.ts";
import { itemsOf, textOf } from "./replies.ts";
import { CommandError } from "./sessions.ts";

export interface WrittenField {
  readonly field: Argument;
  readonly value: Argument;
  readonly ttl_ms?: number | null;
}

interface Asked {
  readonly cursor: string;
  readonly count: number;
  readonly encoding: Encoding;
}

export async function readHash(
  session: InnerSession,
  key: string,
  { cursor, count, encoding }: Asked,
): Promise<{ value: Json; next: string | null }> {
  const reply = await session.call(["HSCAN", key, cursor || "0", "COUNT", String(count)]);
  if (reply.kind === "error") throw new CommandError(reply);
  const [next, found] = itemsOf(reply);
  const items = itemsOf(found);
  const fields = items.filter((_, at) => at % 2 === 0).map(textOf);
  const left = fields.length === 0 ? [] : await timesOf(session, key, fields);
  const value = fields.map((_, at): Json => {
    const [name, text] = [items[2 * at], items[2 * at + 1]].map((item) =>
      item === undefined ? null : toJson(item, encoding),
    );
    const ttl_ms = left[at] ?? -1;
    return { field: name ?? null, value: text ?? null, ...(ttl_ms > 0 ? { ttl_ms } : {}) };
  });
  return { value, next: textOf(next) === "0" ? null : textOf(next) };
}

/** Milliseconds; nothing for who may not ask, and where the key went meanwhile. */
async function timesOf(session: InnerSession, key: string, fields: readonly string[]): Promise<number[]> {
  const reply = await session.call(["HPTTL", key, "FIELDS", String(fields.length), ...fields]);
  return itemsOf(reply).map((item) => Number(textOf(item)));
}

/** The commands that make the hash, where there is none. */
export function hashCommands(key: string, value: readonly WrittenField[]): string[][] {
  const fields = value.map(({ field, value: own, ttl_ms }) => ({
    field: argumentBytes(field),
    words: [argumentBytes(field), argumentBytes(own)],
    ttl_ms: ttl_ms ?? null,
  }));
  // Of a field that stands there twice the last one counts, with its time or without.
  const last = new Map(fields.map(({ field, ttl_ms }) => [field, ttl_ms]));
  const byTime = Map.groupBy(last.keys(), (field) => last.get(field) ?? null);
  return [
    ["HSET", key, ...fields.flatMap(({ words }) => words)],
    ...[...byTime].flatMap(([ttlMs, own]) =>
      ttlMs === null ? [] : [["HPEXPIRE", key, String(ttlMs), "FIELDS", String(own.length), ...own]],
    ),
  ];
}
