/** The server's log: to a file, standard output, and the system's log where that is asked for. No line floods it. */
import { appendFileSync, writeSync } from "node:fs";
import { formatEntry, LEVELS, type Level, type LogFormat, type TimestampFormat } from "./log-format.ts";

export { LEVELS, type Level } from "./log-format.ts";

/** The same line is written so often in a second; the rest is counted, and told once. */
const SAME_MAX = 20;
const SECOND_MS = 1_000;
/** Lines that are told apart within a second; what is beyond them is written. */
const TOLD_APART_MAX = 1_000;

/** To the start of a terminal's line, and what is on it goes. */
const CLEAR = "\r\x1b[K";

export interface LogPlace {
  /** Path to append to; empty: standard output. */
  readonly file: string;
  /** Standard output is a terminal, and may show colours. */
  readonly isTerminal: boolean;
  readonly colour: boolean;
}

/** What runs here: a terminal is told by what standard output is, colours by the environment (no-color.org). */
export function logPlace(file: string, env: Readonly<Record<string, string | undefined>> = process.env): LogPlace {
  const isTerminal = file === "" && process.stdout.isTTY === true;
  return { file, isTerminal, colour: isTerminal && !env.NO_COLOR && env.TERM !== "dumb" };
}

export class Log {
  #least = LEVELS.indexOf("notice");
  #format: LogFormat;
  #timestamps: TimestampFormat = "legacy";
  #system: ((level: Level, text: string) => void) | null = null;
  /** How often each line was to be written since the second began. */
  readonly #seen = new Map<string, { readonly level: Level; readonly text: string; count: number }>();
  #second = 0;
  #status = "";
  #timer: Timer | undefined;

  constructor(private readonly place: LogPlace) {
    this.#format = place.isTerminal ? "human" : "legacy";
  }

  /** `nothing` silences all; other names are those of `loglevel`. */
  setLevel(name: string): void {
    const index = (LEVELS as readonly string[]).indexOf(name);
    this.#least = index < 0 ? LEVELS.length : index;
  }

  /** Values of `log-format`; `auto` is for people on a terminal, and Redis's own elsewhere. */
  setFormat(name: string): void {
    if (name === "auto") this.#format = this.place.isTerminal ? "human" : "legacy";
    else this.#format = name as LogFormat;
  }

  /** Values of `log-timestamp-format`. */
  setTimestamps(name: string): void {
    this.#timestamps = name as TimestampFormat;
  }

  /** Lines go there too. */
  setSystemLog(send: (level: Level, text: string) => void): void {
    this.#system = send;
  }

  /** On a terminal: the last line, redrawn below what is written, says this until it is told otherwise. Empty: there is none. */
  status(text: string): void {
    if (!this.place.isTerminal || text === this.#status) return;
    const columns = process.stdout.columns || 80;
    this.#status = text.slice(0, columns - 1);
    writeOut(Buffer.from(`${CLEAR}${this.#status}`));
  }

  /** `detail`: lines shown below the text, as they are. */
  write(level: Level, text: string, detail = ""): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    if (!this.#isFlood(level, text)) this.#put(level, text, detail);
  }

  /** Tells what has been held back. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = [...this.#seen.values()].filter(({ count }) => count > SAME_MAX);
    this.#seen.clear();
    for (const { level, text, count } of held) {
      this.#put(level, `${text} (${count - SAME_MAX} more times within a second)`, "");
    }
  }

  #isFlood(level: Level, text: string): boolean {
    const now = performance.now();
    if (now - this.#second >= SECOND_MS) {
      this.flush();
      this.#second = now;
    }
    const key = `${level} ${text}`;
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      if (this.#seen.size < TOLD_APART_MAX) this.#seen.set(key, { level, text, count: 1 });
      return false;
    }
    seen.count += 1;
    if (seen.count <= SAME_MAX) return false;
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.flush(), SECOND_MS);
      this.#timer.unref();
    }
    return true;
  }

  #put(level: Level, text: string, detail: string): void {
    const entry = { at: new Date(), pid: process.pid, level, text, detail };
    const line = formatEntry(entry, this.#format, this.#timestamps, this.place.colour);
    this.#append(line);
    this.#system?.(level, text);
  }

  /** Lines for people, as they are; where the log is made for programs, nothing. */
  writePlain(lines: readonly string[]): void {
    const isRead = this.#format === "human" || this.#format === "legacy";
    if (isRead && this.#least <= LEVELS.indexOf("notice")) this.#append(lines.map((line) => `${line}\n`).join(""));
  }

  #append(text: string): void {
    if (this.#status !== "") writeOut(Buffer.from(`${CLEAR}${text}${this.#status}`));
    else if (this.place.file === "") writeOut(Buffer.from(text));
    else appendFileSync(this.place.file, text);
  }
}

/** Takes a value of `loglevel`, `log-format` or `log-timestamp-format`; other directives are nothing to it. */
export function applyLogSetting(log: Log, name: string, value: string): void {
  if (name === "loglevel") log.setLevel(value);
  if (name === "log-format") log.setFormat(value);
  if (name === "log-timestamp-format") log.setTimestamps(value);
}

export const LOG_SETTINGS = ["loglevel", "log-format", "log-timestamp-format"] as const;

/** Tries to write to a pipe whose reader does not keep up: the server serves on, and the line is lost. */
const TRIES_MAX = 50;

function writeOut(bytes: Buffer): void {
  let tries = 0;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const isFull = error instanceof Error && "code" in error && error.code === "EAGAIN";
      if (!isFull || ++tries > TRIES_MAX) return;
      Bun.sleepSync(1);
    }
  }
}
