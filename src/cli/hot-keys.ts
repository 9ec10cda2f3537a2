/** `--hotkeys`: walks all keys by SCAN, and tells those that are used the most, by the counters that an LFU policy keeps. */
import { quoteWord } from "../config/words.ts";
import type { Reply } from "../resp/resp.ts";
import { Progress } from "./progress.ts";
import { readPage } from "./scan-mode.ts";
import { Exit, type Session } from "./session.ts";

const SCAN_COUNT = "1000";
/** As many as redis-cli tells. */
const TOLD = 16;

interface Hot {
  readonly key: string;
  /** As OBJECT FREQ has it: 0 to 255, a logarithm. */
  readonly counter: number;
}

export async function hotKeys(session: Session): Promise<void> {
  const { terminal, options } = session;
  const size = await session.call("DBSIZE");
  const all = size.kind === "integer" ? Number(size.bytes) : 0;
  const progress = terminal.progress === true ? new Progress(terminal.err, "Looking at the keys") : null;
  const filter = options.pattern === null ? [] : ["MATCH", options.pattern];
  const fail = (text: string): never => {
    progress?.end();
    terminal.err(`${text}\n`);
    throw new Exit(1);
  };
  let hot: Hot[] = [];
  let seen = 0;
  for (let cursor = ""; cursor !== "0"; ) {
    const page = readPage(await session.call("SCAN", cursor || "0", "COUNT", SCAN_COUNT, ...filter));
    if (typeof page === "string") return fail(page);
    cursor = page.cursor;
    const counters = await session.callAll(page.keys.map((key) => ["OBJECT", "FREQ", key]));
    const found = page.keys.flatMap((key, at) => {
      const counter = counterOf(counters[at]);
      return typeof counter === "string" ? fail(`Error: ${counter}`) : counter === null ? [] : [{ key, counter }];
    });
    // SCAN may give a key twice.
    hot = [...new Map([...hot, ...found].map((one) => [one.key, one])).values()]
      .sort((left, right) => right.counter - left.counter)
      .slice(0, TOLD);
    seen += page.keys.length;
    progress?.update(seen, filter.length === 0 ? all : 0);
    if (options.intervalMs > 0) await Bun.sleep(options.intervalMs);
  }
  progress?.end();
  terminal.out(options.output === "json" ? `${json(hot)}\n` : table(hot, seen));
}

/** Null where the key went meanwhile; the error's text where the server keeps no counters. */
function counterOf(reply: Reply | undefined): number | string | null {
  if (reply?.kind === "integer") return Number(reply.bytes);
  return reply?.kind === "error" && !/no such key/i.test(reply.bytes) ? reply.bytes : null;
}

function table(hot: readonly Hot[], seen: number): string {
  if (seen === 0) return "There are no keys.\n";
  const lines = hot.map(({ key, counter }) => `${String(counter).padStart(7)}  ${quoteWord(key)}\n`);
  return `counter  key, the hottest of ${seen}\n${lines.join("")}`;
}

function json(hot: readonly Hot[]): string {
  return JSON.stringify(hot.map(({ key, counter }) => ({ key: Buffer.from(key, "latin1").toString(), counter })));
}
