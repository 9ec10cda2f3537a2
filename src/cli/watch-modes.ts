/** `--latency`, `--latency-history` and `--stat`: what a server does, for as long as one looks. */
import { sizeOf } from "./progress.ts";
import type { Session } from "./session.ts";

const PING_EVERY_MS = 10;
/** Of `--latency` where nobody looks, and of a line of `--latency-history`, unless `-i` says otherwise. */
const ONCE_MS = 1_000;
const HISTORY_MS = 15_000;

/** How long a PING takes there and back, in milliseconds. Into a file: `minimum maximum mean samples` of a second, then the end. */
export async function watchLatency(session: Session, isHistory: boolean): Promise<void> {
  const { terminal, options } = session;
  const span = options.intervalMs > 0 ? options.intervalMs : isHistory ? HISTORY_MS : ONCE_MS;
  for (;;) {
    const began = performance.now();
    const times: number[] = [];
    do {
      const sent = performance.now();
      await session.call("PING");
      times.push(performance.now() - sent);
      if (terminal.outputIsTty) terminal.out(`\r\x1b[K${latencyLine(times)}`);
      await Bun.sleep(PING_EVERY_MS);
    } while (performance.now() - began < span || (terminal.outputIsTty && !isHistory));
    if (!terminal.outputIsTty) {
      terminal.out(`${figuresOf(times).join(" ")}\n`);
      if (!isHistory) return;
    } else terminal.out(`\r\x1b[K${latencyLine(times)}, in ${(span / 1000).toFixed(1)} s\n`);
  }
}

/** Smallest, largest, mean and number. */
export function figuresOf(times: readonly number[]): string[] {
  const mean = times.reduce((sum, time) => sum + time, 0) / Math.max(times.length, 1);
  const [low, high] = [times.reduce((a, b) => Math.min(a, b), Infinity), times.reduce((a, b) => Math.max(a, b), 0)];
  return [...[low, high, mean].map((value) => value.toFixed(2)), String(times.length)];
}

function latencyLine(times: readonly number[]): string {
  const [low, high, mean, count] = figuresOf(times);
  return `min ${low} ms, max ${high} ms, mean ${mean} ms (${count} samples)`;
}

const STAT_EVERY_MS = 1_000;
const LINES_PER_HEAD = 20;
const COLUMNS = ["keys", "memory", "clients", "blocked", "requests", "per second", "connections"];
const WIDTHS = [10, 10, 8, 8, 12, 11, 12];

/** A line of INFO's figures each second, or each `-i`; `-r` says how many lines. */
export async function watchFigures(session: Session): Promise<void> {
  const { terminal, options } = session;
  let before: { requests: number; at: number } | null = null;
  for (let line = 0; options.repeat <= 1 || line < options.repeat; line++) {
    const reply = await session.call("INFO");
    if (reply.kind === "error") {
      terminal.err(`ERROR: ${reply.bytes}\n`);
      return;
    }
    const at = performance.now();
    const fields = fieldsOf("bytes" in reply ? reply.bytes : "");
    const requests = Number(fields.get("total_commands_processed") ?? 0);
    const rate = before === null ? "-" : String(Math.round(((requests - before.requests) * 1000) / (at - before.at)));
    before = { requests, at };
    if (line % LINES_PER_HEAD === 0) terminal.out(row(COLUMNS));
    terminal.out(
      row([
        String(keysOf(fields)),
        sizeOf(Number(fields.get("used_memory") ?? 0)),
        fields.get("connected_clients") ?? "?",
        fields.get("blocked_clients") ?? "?",
        String(requests),
        rate,
        fields.get("total_connections_received") ?? "?",
      ]),
    );
    await Bun.sleep(options.intervalMs > 0 ? options.intervalMs : STAT_EVERY_MS);
  }
}

function row(cells: readonly string[]): string {
  return `${cells.map((cell, at) => cell.padStart(WIDTHS[at] ?? 0)).join("")}\n`;
}

function fieldsOf(info: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

function keysOf(fields: ReadonlyMap<string, string>): number {
  let sum = 0;
  for (const [name, value] of fields) if (/^db\d+$/.test(name)) sum += Number(/keys=(\d+)/.exec(value)?.[1] ?? 0);
  return sum;
}
