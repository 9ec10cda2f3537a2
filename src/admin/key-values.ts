/**
 * Keys as JSON. What a page holds as `value`, by type:
 *
 *     string   "text" or {"base64": "…"}         pages of bytes
 *     list     [element, …]                      zset     [{"member", "score"}, …], lowest first
 *     set      [member, …]                       stream   [{"id", "fields": [[field, value], …]}, …]
 *     hash     [{"field", "value"}, …]           array, vectorset: see array-and-vector-values.ts
 *
 * As `dump`, and where a module made the type: {"dump": "…"}, what DUMP gives, in base64.
 */
import type { Reply } from "../resp/resp.ts";
import {
  arrayCommands,
  readArray,
  readVectors,
  vectorCommands,
  type WrittenArray,
  type WrittenVectors,
} from "./array-and-vector-values.ts";
import { hashCommands, readHash, type WrittenField } from "./hash-values.ts";
import type { InnerSession } from "./inner.ts";
import { type Argument, argumentBytes, type Encoding, type Json, toJson } from "./json.ts";
import { STRING_PAGE_BYTES } from "./limits.ts";
import { itemsOf, textOf } from "./replies.ts";
import { CommandError } from "./sessions.ts";

export interface Page {
  readonly type: string;
  readonly ttl_ms: number | null;
  readonly size: number | null;
  readonly value: Json;
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
}

interface Read {
  readonly size: string;
  /** The command for a page from `cursor` on; "" begins. */
  readonly command: (key: string, cursor: string, count: number) => string[];
  readonly page: (reply: Reply, at: PageAt) => { value: Json; next: string | null };
}

interface PageAt {
  readonly cursor: string;
  readonly count: number;
  readonly size: number;
  readonly encoding: Encoding;
}

const range =
  (name: string, ...rest: string[]) =>
  (key: string, cursor: string, count: number): string[] => {
    const start = Number(cursor || 0);
    return [name, key, String(start), String(start + count - 1), ...rest];
  };
const scan =
  (name: string) =>
  (key: string, cursor: string, count: number): string[] => [name, key, cursor || "0", "COUNT", String(count)];

const READS: Readonly<Record<string, Read>> = {
  string: { size: "STRLEN", command: range("GETRANGE"), page: (reply, at) => ranged(toJson(reply, at.encoding), at) },
  list: { size: "LLEN", command: range("LRANGE"), page: (reply, at) => ranged(toJson(reply, at.encoding), at) },
  zset: {
    size: "ZCARD",
    command: range("ZRANGE", "WITHSCORES"),
    page: (reply, at) =>
      ranged(
        itemsOf(reply).map((pair) => {
          const [member, score] = itemsOf(pair);
          return { member: json(member, at), score: json(score, at) };
        }),
        at,
      ),
  },
  set: {
    size: "SCARD",
    command: scan("SSCAN"),
    page: (reply, at) => scanned(reply, (items) => items.map((item) => json(item, at))),
  },
  stream: {
    size: "XLEN",
    command: (key, cursor, count) => ["XRANGE", key, cursor === "" ? "-" : `(${cursor}`, "+", "COUNT", String(count)],
    page: (reply, at) => {
      const entries = itemsOf(reply).map((entry) => {
        const [id, fields] = itemsOf(entry);
        return { id: textOf(id), fields: pairs(itemsOf(fields), at).map(({ field, value }) => [field, value]) };
      });
      return { value: entries, next: entries.length < at.count ? null : (entries.at(-1)?.id ?? null) };
    },
  },
};

/** The forms that a cursor may have: a number, the id of an entry, or the name of an element. */
export const CURSOR = "^([0-9]{1,20}(-[0-9]{1,20})?|e[A-Za-z0-9_-]*)?$";
/** Elements of a page where it is not said how many. */
const PAGE = 100;

/** Types whose pages take more than one command, or other ones. */
const MORE: Readonly<Record<string, { readonly size: string; readonly read: typeof readArray }>> = {
  array: { size: "ARCOUNT", read: readArray },
  hash: { size: "HLEN", read: readHash },
  vectorset: { size: "VCARD", read: readVectors },
};

export interface PageWanted {
  readonly cursor: string;
  /** Elements, or bytes of a string; as many as is usual where it is not said. */
  readonly count?: number;
  readonly encoding: Encoding;
  readonly form: "json" | "dump";
}

/** One page of a key's value; null where there is no such key. Throws CommandError. */
export async function readKey(
  session: InnerSession,
  key: string,
  { cursor, encoding, ...asked }: PageWanted,
): Promise<Page | null> {
  const [type, ttl] = await Promise.all([ask(session, ["TYPE", key]), ask(session, ["PTTL", key])]);
  const name = textOf(type);
  const left = Number(textOf(ttl));
  if (name === "none") return null;
  const ttl_ms = left < 0 ? null : left;
  const read = Object.hasOwn(READS, name) ? READS[name] : undefined;
  const more = Object.hasOwn(MORE, name) ? MORE[name] : undefined;
  const at = { cursor, encoding, count: asked.count ?? (name === "string" ? STRING_PAGE_BYTES : PAGE) };
  if (more !== undefined && asked.form !== "dump") {
    const [length, page] = await Promise.all([ask(session, [more.size, key]), more.read(session, key, at)]);
    return { type: name, ttl_ms, size: Number(textOf(length)), ...page };
  }
  if (read === undefined || asked.form === "dump") {
    const dump = await ask(session, ["DUMP", key]);
    if (dump.kind === "nil") return null;
    return {
      type: name,
      ttl_ms,
      size: null,
      value: { dump: Buffer.from(textOf(dump), "latin1").toString("base64") },
      next: null,
    };
  }
  const [length, reply] = await Promise.all([
    ask(session, [read.size, key]),
    ask(session, read.command(key, at.cursor, at.count)),
  ]);
  const size = Number(textOf(length));
  return { type: name, ttl_ms, size, ...read.page(reply, { ...at, size }) };
}

/** What a key is to become. */
export type Written =
  | { readonly type: "string"; readonly value: Argument }
  | { readonly type: "list" | "set"; readonly value: readonly Argument[] }
  | { readonly type: "hash"; readonly value: readonly WrittenField[] }
  | { readonly type: "zset"; readonly value: readonly { readonly member: Argument; readonly score: number | string }[] }
  | {
      readonly type: "stream";
      readonly value: readonly { readonly id: string; readonly fields: readonly (readonly Argument[])[] }[];
    }
  | WrittenArray
  | WrittenVectors
  | { readonly type: "dump"; readonly value: { readonly dump: string } };

/** The commands that put a value in place of whatever there is, as a whole. `key` and words: byte strings. */
export function writeCommands(key: string, written: Written, ttlMs: number | null): string[][] {
  if (written.type === "dump") {
    const dump = Buffer.from(written.value.dump, "base64").toString("latin1");
    return [["RESTORE", key, String(ttlMs ?? 0), dump, "REPLACE"]];
  }
  const expiry = ttlMs === null ? [] : [["PEXPIRE", key, String(ttlMs)]];
  return [["MULTI"], ["DEL", key], ...valueCommands(key, written), ...expiry, ["EXEC"]];
}

/** Why entries of a stream cannot be added in this order, or null. */
export function wrongIds(ids: readonly string[]): string | null {
  let last: readonly [bigint, bigint] = [0n, 0n];
  for (const id of ids) {
    const [ms = "0", sequence = "0"] = id.split("-");
    const next = [BigInt(ms), BigInt(sequence)] as const;
    if (next[0] < last[0] || (next[0] === last[0] && next[1] <= last[1])) {
      return `ERR the id ${id} is not above the one before it`;
    }
    if (next[0] >= 1n << 64n || next[1] >= 1n << 64n) return `ERR the id ${id} is too large`;
    last = next;
  }
  return null;
}

function valueCommands(key: string, written: Exclude<Written, { type: "dump" }>): string[][] {
  switch (written.type) {
    case "string":
      return [["SET", key, argumentBytes(written.value)]];
    case "list":
      return [["RPUSH", key, ...written.value.map(argumentBytes)]];
    case "set":
      return [["SADD", key, ...written.value.map(argumentBytes)]];
    case "hash":
      return hashCommands(key, written.value);
    case "zset":
      return [["ZADD", key, ...written.value.flatMap(({ member, score }) => [String(score), argumentBytes(member)])]];
    case "array":
      return arrayCommands(key, written);
    case "vectorset":
      return vectorCommands(key, written);
    default:
      return written.value.map(({ id, fields }) => ["XADD", key, id, ...fields.flat().map(argumentBytes)]);
  }
}

async function ask(session: InnerSession, words: readonly string[]): Promise<Reply> {
  const reply = await session.call(words);
  if (reply.kind === "error") throw new CommandError(reply);
  return reply;
}

function ranged(value: Json, { cursor, count, size }: PageAt): { value: Json; next: string | null } {
  const end = Number(cursor || 0) + count;
  return { value, next: end < size ? String(end) : null };
}

function scanned(reply: Reply, read: (items: readonly Reply[]) => Json): { value: Json; next: string | null } {
  const [cursor, items] = itemsOf(reply);
  const next = textOf(cursor);
  return { value: read(itemsOf(items)), next: next === "0" ? null : next };
}

function pairs(items: readonly Reply[], at: PageAt): { field: Json; value: Json }[] {
  const found: { field: Json; value: Json }[] = [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    found.push({ field: json(items[index], at), value: json(items[index + 1], at) });
  }
  return found;
}

function json(reply: Reply | undefined, { encoding }: PageAt): Json {
  return reply === undefined ? null : toJson(reply, encoding);
}
