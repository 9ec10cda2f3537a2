/** The server's log, in the form of Redis: `PID:M 21 Nov 2026 08:30:00.123 * text`. */
import { appendFileSync, writeSync } from "node:fs";

export const LEVELS = ["debug", "verbose", "notice", "warning"] as const;
export type Level = (typeof LEVELS)[number];

const MARKS: Record<Level, string> = { debug: ".", verbose: "-", notice: "*", warning: "#" };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class Log {
  #least = LEVELS.indexOf("notice");

  /** `file`: path to append to; empty: standard output. */
  constructor(private readonly file: string) {}

  /** `nothing` silences all; other names are those of `loglevel`. */
  setLevel(name: string): void {
    const index = (LEVELS as readonly string[]).indexOf(name);
    this.#least = index < 0 ? LEVELS.length : index;
  }

  write(level: Level, text: string): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    const line = `${process.pid}:M ${stamp(new Date())} ${MARKS[level]} ${text}\n`;
    if (this.file === "") writeSync(1, line);
    else appendFileSync(this.file, line);
  }
}

function stamp(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const ms = String(now.getMilliseconds()).padStart(3, "0");
  return `${two(now.getDate())} ${MONTHS[now.getMonth()]} ${now.getFullYear()} ${time}.${ms}`;
}
