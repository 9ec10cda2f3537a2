/** Walks the keys with SCAN: some at a time, so that a keyspace of any size can be looked through. */
import { asBytes, asText, type Bytes, identity } from "../model/bytes.ts";
import { command, pipeline, ServerError } from "./api.ts";

export interface KeyRow {
  readonly key: Bytes;
  readonly type: string;
}

export interface Found {
  readonly rows: readonly KeyRow[];
  readonly cursor: string;
  readonly scanned: number;
  readonly isDone: boolean;
}

/** How many keys one look brings, and how long it may take: what is rare in a large keyspace comes bit by bit. */
const ROWS_WANTED = 500;
const LOOK_MS = 1_500;
const SCAN_COUNT = 1_000;
/** user:2 before user:10 */
const ORDER = new Intl.Collator(undefined, { numeric: true });

export async function scanMore(
  from: Found,
  { pattern, type }: { readonly pattern: string; readonly type: string },
  isObsolete: () => boolean,
): Promise<Found> {
  const glob = /[*?[]/.test(pattern) ? pattern : `*${pattern.replace(/\\/g, "\\\\")}*`;
  const known = new Set(from.rows.map(({ key }) => identity(key)));
  const rows = [...from.rows];
  let { cursor, scanned } = from;
  let isDone: boolean;
  const until = performance.now() + LOOK_MS;
  const wanted = rows.length + ROWS_WANTED;
  do {
    const words = ["SCAN", cursor, "COUNT", SCAN_COUNT, ...(pattern === "" ? [] : ["MATCH", glob])];
    const [next, keys] = (await command(...words, ...(type === "" ? [] : ["TYPE", type]))) as [string, unknown[]];
    const fresh = keys.map(asBytes).filter((key) => !known.has(identity(key)));
    for (const key of fresh) known.add(identity(key));
    const types = type === "" ? await pipeline(fresh.map((key) => ["TYPE", key])) : fresh.map(() => type);
    for (const [index, key] of fresh.entries()) {
      // A key may have gone since, and a user may see names of keys that are none of theirs.
      const reply = types[index];
      const shown = reply instanceof ServerError ? "no access" : asText(reply);
      if (shown !== "none") rows.push({ key, type: shown });
    }
    scanned += SCAN_COUNT;
    cursor = asText(next);
    isDone = cursor === "0";
  } while (!isDone && rows.length < wanted && performance.now() < until && !isObsolete());
  rows.sort((left, right) => ORDER.compare(asText(left.key), asText(right.key)));
  return { rows, cursor, scanned, isDone };
}
