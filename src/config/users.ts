/**
 * `user` lines of a configuration: kept until the native side, which knows the rules, makes the users.
 *
 *     user alice on >secret ~app:* +@read
 */
import { type LineAddress, lineError } from "./config-error.ts";
import type { Settings } from "./settings.ts";
import { quoteWord } from "./words.ts";

export interface UserLine {
  /** Name and rules, as byte strings. */
  readonly words: readonly string[];
  readonly line: LineAddress;
}

/** Why a line cannot stand beside the others, or null. */
export function userLineError(words: readonly string[], others: readonly UserLine[]): string | null {
  const [name = ""] = words;
  if (!others.some((other) => other.words[0] === name)) return null;
  return `Error in user declaration '${name}': Duplicate user found. A user can only be defined once in config files`;
}

const BOTH =
  "Users are declared in the configuration and 'aclfile' names a file of users as well. One of the two would be " +
  "forgotten at the next start: declare them in one place only.";

/** Makes the users of the configuration. Null, or why the server cannot start with them. */
export function declareUsers(
  settings: Settings,
  declare: (words: readonly Uint8Array[]) => string | null,
): string | null {
  if (settings.users.length > 0 && settings.get("aclfile") !== "") return BOTH;
  for (const { words, line } of settings.users) {
    const error = declare(words.map((word) => Buffer.from(word, "latin1")));
    if (error !== null) return lineError(line, error).message;
  }
  return null;
}

/** Names of declared users that cannot log in: most likely a forgotten `on`. */
export function disabledUsers(lines: readonly UserLine[]): string[] {
  return lines.flatMap(({ words: [name = "", ...rules] }) => {
    const last = rules.map((rule) => rule.toLowerCase()).findLast((rule) => ["on", "off", "reset"].includes(rule));
    return last === "on" ? [] : [name];
  });
}

/** A user's line for a configuration file: words that such a file would read otherwise are quoted. Byte strings. */
export function userFileLine(line: string): string {
  return line
    .split(" ")
    .map((word) => (/^[!-~]+$/.test(word) && !/["'\\]/.test(word) ? word : quoteWord(word)))
    .join(" ");
}
