/**
 * A line of the log in each of its forms:
 *
 *     legacy   31:M 21 Nov 2026 08:30:00.123 * text                          as Redis writes it
 *     human    08:30:00.123 notice  text                                     in colour
 *     logfmt   pid=31 role=primary timestamp="…" level=notice message="text" Valkey's fields
 *     json     {"timestamp":"…","level":"notice","pid":31,"role":"primary","message":"text"}
 */
export const LEVELS = ["debug", "verbose", "notice", "warning"] as const;
export type Level = (typeof LEVELS)[number];

export type LogFormat = "legacy" | "human" | "json" | "logfmt";
export type TimestampFormat = "legacy" | "iso8601" | "milliseconds";

export interface Entry {
  readonly at: Date;
  readonly pid: number;
  readonly level: Level;
  readonly text: string;
  /** Lines that belong to it: a code frame, what a test printed. */
  readonly detail: string;
}

const MARKS: Record<Level, string> = { debug: ".", verbose: "-", notice: "*", warning: "#" };
/** As Valkey calls them where names are written. */
const NAMES: Record<Level, string> = { debug: "debug", verbose: "info", notice: "notice", warning: "warning" };
const COLOURS: Record<Level, string> = { debug: "90", verbose: "90", notice: "32", warning: "33;1" };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The line, with its end. `colour` counts for `human` only. */
export function formatEntry(entry: Entry, format: LogFormat, timestamps: TimestampFormat, colour: boolean): string {
  const { at, pid, level, text, detail } = entry;
  const below = detail === "" ? "" : `${plain(detail, true)}\n`;
  switch (format) {
    case "legacy":
      return `${pid}:M ${timestamp(at, timestamps)} ${MARKS[level]} ${plain(text)}\n${below}`;
    case "human": {
      const time = timestamps === "legacy" ? clock(at) : timestamp(at, timestamps);
      const name = level.padEnd(7);
      if (!colour) return `${time} ${name} ${plain(text)}\n${below}`;
      return `\x1b[90m${time}\x1b[0m \x1b[${COLOURS[level]}m${name}\x1b[0m ${plain(text)}\n${below}`;
    }
    case "logfmt":
      return (
        `pid=${pid} role=primary timestamp=${quoted(timestamp(at, timestamps))} level=${NAMES[level]} ` +
        `message=${quoted(text)}${detail === "" ? "" : ` detail=${quoted(detail)}`}\n`
      );
    case "json": {
      // What reads JSON knows ISO 8601; Redis's own form of time only Redis's tools know.
      const time = timestamps === "milliseconds" ? at.getTime() : timestamp(at, "iso8601");
      const fields = { timestamp: time, level: NAMES[level], pid, role: "primary", message: text };
      return `${JSON.stringify(detail === "" ? fields : { ...fields, detail })}\n`;
    }
  }
}

function timestamp(at: Date, format: TimestampFormat): string {
  if (format === "milliseconds") return String(at.getTime());
  if (format === "legacy") return `${two(at.getDate())} ${MONTHS[at.getMonth()]} ${at.getFullYear()} ${clock(at)}`;
  const minutes = -at.getTimezoneOffset();
  const zone = `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${clock(at)}${zone}`;
}

function clock(at: Date): string {
  const ms = String(at.getMilliseconds()).padStart(3, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** What would begin a line of its own, or move a terminal's cursor, is written as an escape. `lines`: line breaks stay. */
function plain(text: string, lines = false): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g, (char) =>
    lines && char === "\n" ? char : escaped(char),
  );
}

/** A value of logfmt: quoted, and whatever ends a line or a value as an escape. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return `"${text.replace(/["\\\x00-\x1f\x7f-\x9f\u2028\u2029]/g, escaped)}"`;
}

const SHORT: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(char: string): string {
  const code = char.charCodeAt(0);
  const hex = code > 0xff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\x${code.toString(16).padStart(2, "0")}`;
  return SHORT[char] ?? hex;
}
