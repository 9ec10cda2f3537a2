/** Replies as redis-cli prints them: for people (tty), raw, CSV, JSON. All texts are byte strings. */

import { quoteWord } from "../config/words.ts";
import type { Reply } from "../resp/resp.ts";

export type OutputMode = "tty" | "raw" | "csv" | "json" | "quoted-json";

export interface Delimiters {
  /** Between the items of a raw array. */
  readonly item: string;
  /** Behind a raw reply. */
  readonly reply: string;
}

/** The text that goes to standard output, line end included. `verbatim`: the reply is a text of many lines. */
export function formatReply(reply: Reply, mode: OutputMode, delimiters: Delimiters, verbatim: boolean): string {
  if (verbatim) return formatRaw(reply, delimiters.item);
  switch (mode) {
    case "tty":
      return formatTty(reply, "");
    case "raw":
      return formatRaw(reply, delimiters.item) + delimiters.reply;
    case "csv":
      return `${formatCsv(reply)}\n`;
    case "json":
    case "quoted-json":
      return `${formatJson(reply, mode === "json" ? jsonString : quotedJsonString)}\n`;
  }
}

const EMPTY = { array: "(empty array)\n", map: "(empty hash)\n", set: "(empty set)\n", push: "(empty push)\n" };
const INDEX_MARK = { array: ")", push: ")", map: "#", set: "~" };

/**
 * Numbered lines, nested ones indented under their number; each text ends with a line break.
 *
 *     1) "a"
 *     2) 1) (integer) 1
 *        2) (nil)
 */
export function formatTty(reply: Reply, prefix: string): string {
  switch (reply.kind) {
    case "error":
      return `(error) ${reply.bytes}\n`;
    case "status":
    case "verbatim":
    case "bignum":
      return `${reply.bytes}\n`;
    case "integer":
      return `(integer) ${reply.bytes}\n`;
    case "double":
      return `(double) ${reply.bytes}\n`;
    case "bulk":
      return `${quoteWord(reply.bytes)}\n`;
    case "nil":
      return "(nil)\n";
    case "bool":
      return reply.value ? "(true)\n" : "(false)\n";
    default:
      return reply.items.length === 0 ? EMPTY[reply.kind] : formatTtyItems(reply.kind, reply.items, prefix);
  }
}

function formatTtyItems(kind: keyof typeof INDEX_MARK, items: readonly Reply[], prefix: string): string {
  const step = kind === "map" ? 2 : 1;
  const width = String(items.length / step).length;
  const inner = prefix + " ".repeat(width + 2);
  const out: string[] = [];
  for (let at = 0; at < items.length; at += step) {
    const [key, value] = items.slice(at, at + step);
    if (key === undefined) break;
    // The first item continues the line on which the parent wrote its own number.
    out.push(at === 0 ? "" : prefix, String(at / step + 1).padStart(width), INDEX_MARK[kind], " ");
    const text = formatTty(key, inner);
    if (value === undefined) {
      out.push(text);
      continue;
    }
    out.push(text.slice(0, -1), " => ", hasManyLines(value) ? `\n${inner}` : "", formatTty(value, inner));
  }
  return out.join("");
}

function hasManyLines(reply: Reply): boolean {
  if (!("items" in reply) || reply.items.length === 0) return false;
  const single = reply.kind === "map" ? 2 : 1;
  const last = reply.items[single - 1];
  return reply.items.length > single || (last !== undefined && hasManyLines(last));
}

function formatRaw(reply: Reply, delimiter: string): string {
  switch (reply.kind) {
    case "nil":
      return "";
    case "bool":
      return reply.value ? "(true)" : "(false)";
    case "error":
      return `${reply.bytes}\n`;
    case "map": {
      const pairs: string[] = [];
      for (let at = 0; at + 1 < reply.items.length; at += 2) {
        pairs.push(
          reply.items
            .slice(at, at + 2)
            .map((item) => formatRaw(item, delimiter))
            .join(" "),
        );
      }
      return pairs.join(delimiter);
    }
    case "array":
    case "set":
    case "push":
      return reply.items.map((item) => formatRaw(item, delimiter)).join(delimiter);
    default:
      return reply.bytes;
  }
}

function formatCsv(reply: Reply): string {
  switch (reply.kind) {
    case "error":
      return `ERROR,${quoteWord(reply.bytes)}`;
    case "nil":
      return "NULL";
    case "bool":
      return String(reply.value);
    case "status":
    case "bulk":
    case "verbatim":
      return quoteWord(reply.bytes);
    case "integer":
    case "double":
    case "bignum":
      return reply.bytes;
    default:
      return reply.items.map(formatCsv).join(",");
  }
}

function formatJson(reply: Reply, string: (bytes: string) => string): string {
  switch (reply.kind) {
    case "error":
      return `error:${string(reply.bytes)}`;
    case "nil":
      return "null";
    case "bool":
      return String(reply.value);
    case "status":
    case "bulk":
    case "verbatim":
      return string(reply.bytes);
    case "integer":
    case "double":
    case "bignum":
      return reply.bytes;
    case "map": {
      const pairs: string[] = [];
      for (let at = 0; at + 1 < reply.items.length; at += 2) {
        const [key, value] = reply.items.slice(at, at + 2).map((item) => formatJson(item, string));
        pairs.push(`${key?.startsWith('"') || key?.startsWith("error:") ? key : `"${key}"`}:${value}`);
      }
      return `{${pairs.join(",")}}`;
    }
    default:
      return `[${reply.items.map((item) => formatJson(item, string)).join(",")}]`;
  }
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
};

/** Bytes above 0x7f pass as they are: UTF-8 stays UTF-8. */
function jsonString(bytes: string): string {
  let out = '"';
  for (const char of bytes) {
    const code = char.charCodeAt(0);
    out += JSON_ESCAPES[char] ?? (code <= 0x1f ? `\\u${code.toString(16).padStart(4, "0")}` : char);
  }
  return `${out}"`;
}

/** ASCII only: the quoting of the tty format, with its backslashes doubled. */
function quotedJsonString(bytes: string): string {
  return quoteWord(bytes).replaceAll("\\", "\\\\");
}
