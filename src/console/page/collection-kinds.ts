/** How the elements of each type are read, added, changed and removed. Replies that are maps are avoided: a field's name may be bytes. */
import { asBytes, asText, type Bytes, sameBytes } from "../model/bytes.ts";
import { type Argument, command, pipelineOrThrow, ServerError } from "./api.ts";
import { array, vectorset } from "./array-and-vector-kinds.ts";

export interface Row {
  /** What tells it from the others of its page. */
  readonly id: Bytes;
  readonly cells: readonly Bytes[];
  /** Milliseconds until the element goes by itself; null: it stays, as those of most kinds do. */
  readonly lifeMs?: number | null;
}

export interface Page {
  readonly rows: readonly Row[];
  /** Where the next page begins, or null at the end. */
  readonly next: string | null;
}

export interface Kind {
  readonly columns: readonly string[];
  /** Elements have an order that is shown: the position stands before each. */
  readonly isOrdered: boolean;
  /** A pattern can narrow the elements. */
  readonly canMatch: boolean;
  readonly read: (key: Bytes, from: string, pattern: string) => Promise<Page>;
  /** Each element may have a time to live of its own. */
  readonly canExpire?: boolean;
  readonly add: (key: Bytes, cells: readonly Bytes[], lifeMs?: number | null) => Promise<void>;
  /** Null where elements cannot be changed. */
  readonly change: ((key: Bytes, row: Row, cells: readonly Bytes[], life: Life) => Promise<void>) | null;
  readonly remove: (key: Bytes, row: Row) => Promise<void>;
}

/** What is to become of an element's time to live: stay as it is, or be so many milliseconds, or none. */
export type Life = "keep" | number | null;

const PAGE = 100;

async function scanned(words: readonly Argument[], pattern: string): Promise<{ items: Bytes[]; next: string | null }> {
  const match = pattern === "" ? [] : ["MATCH", /[*?[]/.test(pattern) ? pattern : `*${pattern}*`];
  let items: Bytes[] = [];
  let cursor = String(words[2]);
  do {
    const [next, found] = (await command(...words.slice(0, 2), cursor, ...match, "COUNT", PAGE)) as [string, unknown[]];
    items = [...items, ...found.map(asBytes)];
    cursor = asText(next);
  } while (cursor !== "0" && items.length === 0);
  return { items, next: cursor === "0" ? null : cursor };
}

function pairs(items: readonly Bytes[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [name = "", value = ""] = [items[at], items[at + 1]];
    rows.push({ id: name, cells: [name, value] });
  }
  return rows;
}

const hash: Kind = {
  columns: ["Field", "Value"],
  isOrdered: false,
  canMatch: true,
  canExpire: true,
  async read(key, from, pattern) {
    const { items, next } = await scanned(["HSCAN", key, from], pattern);
    const rows = pairs(items);
    const lives = await fieldLives(
      key,
      rows.map(({ id }) => id),
    );
    return { rows: rows.map((row, at) => ({ ...row, lifeMs: lives[at] ?? null })), next };
  },
  async add(key, [field = "", value = ""], lifeMs = null) {
    const isNew =
      lifeMs === null ? ["HSETNX", key, field, value] : ["HSETEX", key, "FNX", ...lasting(lifeMs, field, value)];
    if ((await command(...isNew)) === 0) throw new Error("There is a field of that name already.");
  },
  async change(key, row, [field = "", value = ""], life) {
    const lifeMs = life === "keep" ? (row.lifeMs ?? null) : life;
    if (!sameBytes(row.id, field)) {
      await hash.add(key, [field, value], lifeMs);
      await command("HDEL", key, row.id);
    } else if (lifeMs === null) await command("HSET", key, field, value);
    else if (life === "keep") await command("HSETEX", key, "KEEPTTL", "FIELDS", 1, field, value);
    else await command("HSETEX", key, ...lasting(lifeMs, field, value));
  },
  async remove(key, row) {
    await command("HDEL", key, row.id);
  },
};

const lasting = (lifeMs: number, field: Bytes, value: Bytes): Argument[] => ["PX", lifeMs, "FIELDS", 1, field, value];

/** Milliseconds until each field goes, null for those that stay; none where the user may not ask. */
async function fieldLives(key: Bytes, fields: readonly Bytes[]): Promise<(number | null)[]> {
  if (fields.length === 0) return [];
  try {
    const found = (await command("HPTTL", key, "FIELDS", fields.length, ...fields)) as unknown as number[];
    return found.map((ms) => (ms >= 0 ? ms : null));
  } catch (error) {
    if (error instanceof ServerError && error.code === "NOPERM") return [];
    throw error;
  }
}

/** The element may have moved since it was shown: it is changed only where it still is what was shown. */
const LIST_CHANGE =
  "if redis.call('LINDEX', KEYS[1], ARGV[1]) ~= ARGV[2] then return redis.error_reply('MOVED_ON the list has changed since it was read: read it again') end ";
const LIST_SET = `${LIST_CHANGE}return redis.call('LSET', KEYS[1], ARGV[1], ARGV[3])`;
/** Lists have no removal by position: a mark that is no other element takes the element's place and goes. */
const LIST_REMOVE = `${LIST_CHANGE}local mark = 'zedis-console-removed ' .. ARGV[3] redis.call('LSET', KEYS[1], ARGV[1], mark) return redis.call('LREM', KEYS[1], 1, mark)`;

const list: Kind = {
  columns: ["Value"],
  isOrdered: true,
  canMatch: false,
  async read(key, from) {
    const start = Number(from);
    const found = (await command("LRANGE", key, start, start + PAGE - 1)) as unknown[];
    const rows = found.map((value, index) => ({ id: String(start + index), cells: [asBytes(value)] }));
    return { rows, next: found.length < PAGE ? null : String(start + PAGE) };
  },
  async add(key, [value = ""]) {
    await command("RPUSH", key, value);
  },
  async change(key, row, [value = ""]) {
    await command("EVAL", LIST_SET, 1, key, row.id, row.cells[0] ?? "", value);
  },
  async remove(key, row) {
    await command(
      "EVAL",
      LIST_REMOVE,
      1,
      key,
      row.id,
      row.cells[0] ?? "",
      crypto.getRandomValues(new Uint32Array(4)).join("-"),
    );
  },
};

const set: Kind = {
  columns: ["Member"],
  isOrdered: false,
  canMatch: true,
  async read(key, from, pattern) {
    const { items, next } = await scanned(["SSCAN", key, from], pattern);
    return { rows: items.map((member) => ({ id: member, cells: [member] })), next };
  },
  async add(key, [member = ""]) {
    if ((await command("SADD", key, member)) === 0) throw new Error("The set has that member already.");
  },
  async change(key, row, [member = ""]) {
    if (sameBytes(row.id, member)) return;
    await set.add(key, [member]);
    await command("SREM", key, row.id);
  },
  async remove(key, row) {
    await command("SREM", key, row.id);
  },
};

const zset: Kind = {
  columns: ["Member", "Score"],
  isOrdered: true,
  canMatch: false,
  async read(key, from) {
    const start = Number(from);
    const found = (await command("ZRANGE", key, start, start + PAGE - 1, "WITHSCORES")) as unknown[];
    // Pairs in RESP3, one after the other in RESP2.
    const flat = found.flat(1).map(asBytes);
    const rows = pairs(flat);
    return { rows, next: rows.length < PAGE ? null : String(start + PAGE) };
  },
  async add(key, [member = "", score = ""]) {
    if ((await command("ZADD", key, "NX", score, member)) === 0) throw new Error("There is that member already.");
  },
  async change(key, row, [member = "", score = ""]) {
    if (sameBytes(row.id, member)) await command("ZADD", key, score, member);
    else {
      await zset.add(key, [member, score]);
      await command("ZREM", key, row.id);
    }
  },
  async remove(key, row) {
    await command("ZREM", key, row.id);
  },
};

const stream: Kind = {
  columns: ["ID", "Fields"],
  isOrdered: false,
  canMatch: false,
  async read(key, from) {
    const start = from === "0" ? "+" : `(${from}`;
    const found = (await command("XREVRANGE", key, start, "-", "COUNT", PAGE)) as [unknown, unknown[]][];
    const rows = found.map(([id, fields]) => ({ id: asText(id), cells: [asText(id), fieldLines(fields)] }));
    return { rows, next: found.length < PAGE ? null : asText(found.at(-1)?.[0]) };
  },
  async add(key, [id = "", fields = ""]) {
    await command("XADD", key, id === "" ? "*" : id, ...readFieldLines(asText(fields)));
  },
  change: null,
  async remove(key, row) {
    await command("XDEL", key, row.id);
  },
};

export const KINDS: Readonly<Record<string, Kind>> = { hash, list, set, zset, stream, array, vectorset };

/** `name = value`, a line each, as they are shown and typed. */
function fieldLines(fields: readonly unknown[]): string {
  const lines: string[] = [];
  for (let at = 0; at < fields.length; at += 2) lines.push(`${asText(fields[at])} = ${asText(fields[at + 1])}`);
  return lines.join("\n");
}

function readFieldLines(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new Error("An entry needs at least one line: name = value");
  return lines.flatMap((line) => {
    const at = line.indexOf("=");
    if (at < 1) throw new Error(`“${line}” is no line of the form name = value`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}

/** The groups of a stream, where there are any. */
export async function streamGroups(key: Bytes): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [groups] = await pipelineOrThrow([["XINFO", "GROUPS", key]]);
  if (!Array.isArray(groups)) throw new ServerError("ERR", "The server's reply to XINFO GROUPS is not understood.");
  return groups.map((group: unknown) => {
    if (!Array.isArray(group)) return group as Record<string, unknown>;
    const found: Record<string, unknown> = {};
    for (let at = 0; at < group.length; at += 2) found[asText(group[at])] = group[at + 1];
    return found;
  });
}
