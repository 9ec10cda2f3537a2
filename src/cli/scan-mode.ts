/** `--scan`: all keys, one a line, by SCAN until its cursor comes back to 0. */

import { quoteWord } from "../config/words.ts";
import type { Reply } from "../resp/resp.ts";
import { Exit, type Session } from "./session.ts";

export async function scanKeys(session: Session): Promise<void> {
  const { pattern, count, intervalMs, output } = session.options;
  const filter = pattern === null ? [] : ["MATCH", pattern, "COUNT", String(count)];
  let cursor = "0";
  do {
    const reply = await session.call("SCAN", cursor, ...filter);
    const page = readPage(reply);
    if (typeof page === "string") {
      session.terminal.err(`${page}\n`);
      throw new Exit(1);
    }
    cursor = page.cursor;
    session.terminal.out(page.keys.map((key) => `${output === "tty" ? quoteWord(key) : key}\n`).join(""));
    if (intervalMs > 0) await Bun.sleep(intervalMs);
  } while (cursor !== "0");
}

/** A page of SCAN, or what is wrong with it. */
export function readPage(reply: Reply): { cursor: string; keys: string[] } | string {
  if (reply.kind === "error") return `SCAN error: ${reply.bytes}`;
  if (reply.kind !== "array") return "Non ARRAY response from SCAN!";
  const [cursor, keys] = reply.items;
  if (cursor?.kind !== "bulk" || keys?.kind !== "array") return "Invalid element count from SCAN!";
  return { cursor: cursor.bytes, keys: keys.items.map((key) => ("bytes" in key ? key.bytes : "")) };
}
