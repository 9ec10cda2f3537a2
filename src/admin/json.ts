/**
 * Replies and arguments as JSON.
 *
 *     status, bulk, verbatim   "text"; {"base64": "…"} where it is not UTF-8, or where base64 is asked for
 *     integer                  1; "9223372036854775807" beyond what JSON numbers hold exactly
 *     double                   1.5; "inf", "-inf", "nan"
 *     big number               "12345678901234567890"
 *     array, set, push         […]
 *     map                      {"field": value}; [[key, value], …] where a key is no text
 *     null, boolean            null, true
 *     error                    {"error": {"code": "WRONGTYPE", "message": "WRONGTYPE Operation …"}}
 */
import { isUtf8 } from "node:buffer";
import type { ReplyForm } from "../core/ffi-inner.ts";
import type { Reply } from "../resp/resp.ts";
import { infoSections, linesOfFields } from "./info.ts";
import { textOf as bytesOf } from "./replies.ts";

export type Encoding = "utf8" | "base64";
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Argument = string | number | { readonly base64: string };

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

/** The code is the first word where that is one: `WRONGTYPE`, `ERR`. */
export function errorBody(message: string): ErrorBody {
  const code = /^([A-Z][A-Z0-9_-]*)( |$)/.exec(message)?.[1] ?? "ERR";
  return { code, message };
}

const STATUS: Readonly<Record<string, number>> = {
  NOPERM: 403,
  NOAUTH: 401,
  WRONGPASS: 401,
  LOADING: 503,
  BUSY: 503,
  TRYAGAIN: 503,
  MISCONF: 503,
  OOM: 507,
};

/** HTTP's status for an error reply. */
export function statusOf({ code }: ErrorBody): number {
  return Object.hasOwn(STATUS, code) ? (STATUS[code] ?? 400) : 400;
}

export function toJson(reply: Reply, encoding: Encoding = "utf8"): Json {
  switch (reply.kind) {
    case "status":
      return bytesToJson(reply.bytes);
    case "verbatim":
    case "bulk":
      return bytesToJson(reply.bytes, encoding);
    case "error":
      return { error: { ...errorBody(Buffer.from(reply.bytes, "latin1").toString()) } };
    case "integer": {
      const number = Number(reply.bytes);
      return Number.isSafeInteger(number) ? number : reply.bytes;
    }
    case "double": {
      const number = Number(reply.bytes);
      return Number.isFinite(number) ? number : reply.bytes;
    }
    case "bignum":
      return reply.bytes;
    case "nil":
      return null;
    case "bool":
      return reply.value;
    case "map":
      return mapToJson(reply.items, encoding);
    default:
      return reply.items.map((item) => toJson(item, encoding));
  }
}

/** JSON text of a reply. Most never come here: native/src/resp/json.rs makes the same of them. */
export function jsonOfReply(reply: Reply, form: ReplyForm): string {
  if (form === "info") return JSON.stringify(infoSections(bytesOf(reply)));
  return JSON.stringify(form === "lines" ? linesOfFields(bytesOf(reply)) : toJson(reply));
}

/** A byte string as JSON. */
export function bytesToJson(bytes: string, encoding: Encoding = "utf8"): Json {
  const text = encoding === "base64" ? null : textOf(bytes);
  return text ?? { base64: Buffer.from(bytes, "latin1").toString("base64") };
}

/** An argument as a byte string. */
export function argumentBytes(argument: Argument): string {
  if (typeof argument === "number") return Object.is(argument, -0) ? "0" : String(argument);
  if (typeof argument === "string") return textBytes(argument);
  return Buffer.from(argument.base64, "base64").toString("latin1");
}

/** Text as a byte string. */
export function textBytes(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString("latin1");
}

function mapToJson(items: readonly Reply[], encoding: Encoding): Json {
  const pairs: [Json, Json][] = [];
  let named = true;
  for (let at = 0; at + 1 < items.length; at += 2) {
    const name = toJson(items[at] as Reply, encoding);
    named &&= typeof name === "string";
    pairs.push([name, toJson(items[at + 1] as Reply, encoding)]);
  }
  return named ? Object.fromEntries(pairs as [string, Json][]) : pairs;
}

/** Null where the bytes are not UTF-8. */
function textOf(bytes: string): string | null {
  if (isAscii(bytes)) return bytes;
  const buffer = Buffer.from(bytes, "latin1");
  return isUtf8(buffer) ? buffer.toString() : null;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ASCII is.
  return /^[\x00-\x7f]*$/.test(text);
}
