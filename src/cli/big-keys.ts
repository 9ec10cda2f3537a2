/** `--bigkeys`, `--memkeys`: walks all keys by SCAN, and tells the largest of each type, by elements or by memory. */
import { quoteWord } from "../config/words.ts";
import type { Reply } from "../resp/resp.ts";
import { Progress } from "./progress.ts";
import { readPage } from "./scan-mode.ts";
import { Exit, type Session } from "./session.ts";

const LENGTHS: Readonly<Record<string, readonly [command: string, unit: string]>> = {
  string: ["STRLEN", "bytes"],
  list: ["LLEN", "elements"],
  set: ["SCARD", "members"],
  hash: ["HLEN", "fields"],
  zset: ["ZCARD", "members"],
  stream: ["XLEN", "entries"],
  array: ["ARCOUNT", "elements"],
  vectorset: ["VCARD", "elements"],
};
const SCAN_COUNT = "1000";

interface Sum {
  keys: number;
  size: number;
  largest: string;
  largestSize: number;
}

export async function bigKeys(session: Session, byMemory: boolean): Promise<void> {
  const { terminal, options } = session;
  const sums = new Map<string, Sum>();
  const all = numberOf(await session.call("DBSIZE"));
  const progress = terminal.progress === true ? new Progress(terminal.err, "Looking at the keys") : null;
  const filter = options.pattern === null ? [] : ["MATCH", options.pattern];
  const samples = options.memorySamples === null ? [] : ["SAMPLES", String(options.memorySamples)];
  let seen = 0;
  for (let cursor = ""; cursor !== "0"; ) {
    const page = readPage(await session.call("SCAN", cursor || "0", "COUNT", SCAN_COUNT, ...filter));
    if (typeof page === "string") {
      progress?.end();
      terminal.err(`${page}\n`);
      throw new Exit(1);
    }
    cursor = page.cursor;
    const types = await session.callAll(page.keys.map((key) => ["TYPE", key]));
    const asked = page.keys.flatMap((key, at) => {
      const type = textOf(types[at]);
      const size = byMemory ? ["MEMORY", "USAGE", key, ...samples] : LENGTHS[type] && [LENGTHS[type][0], key];
      return type === "none" || size === undefined ? [] : [{ key, type, size }];
    });
    const sizes = await session.callAll(asked.map(({ size }) => size));
    for (const [at, { key, type }] of asked.entries()) {
      // It went, or became another type meanwhile.
      if (sizes[at]?.kind === "integer") take(sums, type, key, numberOf(sizes[at]));
    }
    seen += page.keys.length;
    progress?.update(seen, filter.length === 0 ? all : 0);
    if (options.intervalMs > 0) await Bun.sleep(options.intervalMs);
  }
  progress?.end();
  terminal.out(options.output === "json" ? `${json(sums, byMemory)}\n` : table(sums, byMemory));
}

function take(sums: Map<string, Sum>, type: string, key: string, size: number): void {
  const sum = sums.get(type) ?? { keys: 0, size: 0, largest: "", largestSize: -1 };
  sum.keys++;
  sum.size += size;
  if (size > sum.largestSize) {
    sum.largest = key;
    sum.largestSize = size;
  }
  sums.set(type, sum);
}

function unitOf(type: string, byMemory: boolean): string {
  return byMemory ? "bytes" : (LENGTHS[type]?.[1] ?? "");
}

/** The type with the most keys first. */
function sorted(sums: ReadonlyMap<string, Sum>): [string, Sum][] {
  return [...sums].sort(([, left], [, right]) => right.keys - left.keys);
}

function table(sums: ReadonlyMap<string, Sum>, byMemory: boolean): string {
  if (sums.size === 0) return "There are no keys.\n";
  const lines = sorted(sums).map(([type, { keys, size, largest, largestSize }]) => [
    type,
    String(keys),
    String(size),
    (size / keys).toFixed(1),
    `${quoteWord(largest)} with ${largestSize} ${unitOf(type, byMemory)}`,
  ]);
  const head = ["type", "keys", "total", "mean", "largest"];
  const widths = head.map((name, at) => Math.max(name.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const shown = [head, ...lines].map((line) =>
    line
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return at === 0 ? cell.padEnd(width) : at === line.length - 1 ? cell : cell.padStart(width);
      })
      .join("  "),
  );
  return `${shown.join("\n")}\n`;
}

function json(sums: ReadonlyMap<string, Sum>, byMemory: boolean): string {
  return JSON.stringify(
    sorted(sums).map(([type, { keys, size, largest, largestSize }]) => ({
      type,
      keys,
      total: size,
      unit: unitOf(type, byMemory),
      largest: Buffer.from(largest, "latin1").toString(),
      largest_size: largestSize,
    })),
  );
}

function numberOf(reply: Reply): number {
  return reply.kind === "integer" ? Number(reply.bytes) : 0;
}

function textOf(reply: Reply | undefined): string {
  return reply !== undefined && "bytes" in reply ? reply.bytes : "";
}
