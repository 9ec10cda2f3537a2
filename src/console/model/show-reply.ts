/** Replies in JSON as redis-cli prints them, line by line. */
import { isBytes } from "./bytes.ts";
import { quoteWord } from "./words.ts";

export type Reply = null | boolean | number | string | readonly Reply[] | { readonly [name: string]: Reply };

/**
 *     1) "a"            1# "field" => (integer) 1        (nil)   (integer) 7   (double) 1.5   (empty array)
 *     2) 1) "nested"
 */
export function showReply(reply: Reply): string {
  return lines(reply).join("\n");
}

function lines(reply: Reply): string[] {
  if (reply === null) return ["(nil)"];
  if (typeof reply === "boolean") return [`(${reply})`];
  if (typeof reply === "number") return [Number.isInteger(reply) ? `(integer) ${reply}` : `(double) ${reply}`];
  if (typeof reply === "string") return reply === "OK" ? ["OK"] : [quoted(reply)];
  if (isBytes(reply)) return [quoteWord(reply)];
  if (Array.isArray(reply)) return listed(reply as readonly Reply[], ")", "(empty array)");
  const entries = Object.entries(reply as { readonly [name: string]: Reply });
  if (entries.length === 0) return ["(empty map)"];
  const width = String(entries.length).length;
  return entries.flatMap(([name, value], index) => {
    const [first = "", ...rest] = lines(value);
    const head = `${String(index + 1).padStart(width)}# ${quoted(name)} => `;
    const pad = " ".repeat(width + 2);
    return [
      `${head}${rest.length === 0 ? first : ""}`,
      ...(rest.length === 0 ? [] : [first, ...rest].map((line) => pad + line)),
    ];
  });
}

function quoted(text: string): string {
  const word = quoteWord(text);
  return word.startsWith('"') ? word : `"${word}"`;
}

function listed(items: readonly Reply[], mark: string, empty: string): string[] {
  if (items.length === 0) return [empty];
  const width = String(items.length).length;
  return items.flatMap((item, index) => {
    const [first = "", ...rest] = lines(item);
    const pad = " ".repeat(width + 2);
    return [`${String(index + 1).padStart(width)}${mark} ${first}`, ...rest.map((line) => pad + line)];
  });
}
