/** The history of the prompt: ~/.zediscli_history, oldest line first, readable by its owner only. */

import { appendFileSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const LINES_MAX = 1000;

/** ZEDISCLI_HISTFILE names another file; /dev/null keeps none. */
export function historyPath(env: Readonly<Record<string, string | undefined>>): string {
  return env.ZEDISCLI_HISTFILE ?? join(homedir(), ".zediscli_history");
}

/** The last lines, newest first; none when there is no such file. */
export function loadHistory(path: string): string[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .slice(-LINES_MAX)
      .reverse();
  } catch {
    return [];
  }
}

/** A history that cannot be written is no reason to disturb the session. */
export function appendHistory(path: string, line: string): void {
  try {
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
  } catch {
    // As above.
  }
}

const SECRET_SETTINGS = ["masterauth", "masteruser", "requirepass"];

/** True for commands that carry a password: they stay out of the history. */
export function isSensitive(words: readonly string[]): boolean {
  const [command, subcommand, ...rest] = words.map((word) => word.toLowerCase());
  switch (command) {
    case "auth":
      return true;
    case "acl":
      return subcommand === "setuser";
    case "config":
      return subcommand === "set" && rest.some((word, at) => at % 2 === 0 && SECRET_SETTINGS.includes(word));
    case "hello":
    case "migrate":
      return rest.some((word) => word === "auth" || word === "auth2");
    default:
      return false;
  }
}
