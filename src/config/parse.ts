/** Reads redis.conf syntax into settings. */

import { resolve } from "node:path";
import { type LineAddress, lineError } from "./config-error.ts";
import type { ConfigFiles } from "./files.ts";
import { isPattern } from "./glob.ts";
import { takesManyWords } from "./option.ts";
import { findOption } from "./options.ts";
import type { Settings } from "./settings.ts";
import type { Parsed } from "./special.ts";
import { userLineError } from "./users.ts";
import { parseValue } from "./value.ts";
import { bytesOfText, splitWords, textOfBytes } from "./words.ts";

/** Files that include each other would otherwise never end. */
const INCLUDE_DEPTH_MAX = 16;
/** Directives of old Redis versions that are passed over, with exactly one argument. */
const FORGOTTEN = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/**
 * Sets in `settings` what the text says; of several lines about one directive the last one wins (`save` adds up).
 * `text` is a byte string (one character per byte). Throws ConfigError, and `settings` is then half changed.
 */
export function readConfigText(settings: Settings, text: string, files: ConfigFiles): void {
  new Reader(settings, files).readText(text, 0);
}

/** The absolute path of a folder that can be entered, as `dir` takes it. */
export function resolveFolder(base: string, path: string, files: ConfigFiles): Parsed {
  const absolute = resolve(base, path);
  const error = files.folderError(absolute);
  return error === null ? { value: absolute } : { error };
}

class Reader {
  readonly #settings: Settings;
  readonly #files: ConfigFiles;
  readonly #seen = new Set<string>();

  constructor(settings: Settings, files: ConfigFiles) {
    this.#settings = settings;
    this.#files = files;
  }

  readText(text: string, depth: number, file?: string): void {
    for (const [at, raw] of text.split("\n").entries()) {
      const trimmed = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
      if (trimmed === "" || trimmed.startsWith("#")) continue;
      const shown = textOfBytes(trimmed) ?? trimmed;
      const line: LineAddress = { number: at + 1, text: shown, ...(file === undefined ? {} : { file }) };
      const split = splitLine(trimmed, line);
      if (split.length === 0) continue;
      // Users are for the native side, which takes their words as bytes.
      const error =
        split[0]?.toLowerCase() === "user" && split.length > 1
          ? this.#takeUser(split.slice(1), line)
          : this.#takeWords(split, line, depth);
      if (error !== null) throw lineError(line, error);
    }
  }

  #takeUser(words: readonly string[], line: LineAddress): string | null {
    const error = userLineError(words, this.#settings.users);
    if (error === null) this.#settings.users.push({ words, line });
    return error;
  }

  #takeWords(words: readonly string[], line: LineAddress, depth: number): string | null {
    const [name = "", ...rest] = textOfWords(words, line);
    return this.#take(name.toLowerCase(), rest, line, depth);
  }

  /** Null when the directive was taken, otherwise the reason. */
  #take(name: string, words: readonly string[], line: LineAddress, depth: number): string | null {
    if (findOption(name) !== undefined) return this.#set(name, words);
    if (FORGOTTEN.includes(name) && words.length === 1) return null;
    if (name === "include" && words.length === 1) return this.#include(words[0] ?? "", depth);
    if (name === "rename-command" && words.length === 2) {
      this.#settings.renames.push({ from: words[0] ?? "", to: words[1] ?? "", line });
      return null;
    }
    if (name === "loadmodule" && words.length >= 1) return "native modules are not supported; see FUNCTION LOAD";
    if (name === "sentinel") {
      return words.length === 0 ? "Zedis has no Sentinel mode" : "sentinel directive while not in sentinel mode";
    }
    if (name.includes(".")) {
      return words.length === 0
        ? "Module config specified without value"
        : "native modules are not supported, so there is none to configure";
    }
    return "Bad directive or wrong number of arguments";
  }

  #set(name: string, given: readonly string[]): string | null {
    const option = findOption(name);
    if (option === undefined) return "Bad directive or wrong number of arguments";
    let words = given;
    const [only] = given;
    if (takesManyWords(option) && given.length === 1 && only !== undefined && only !== "") {
      // `--save "900 1"` gives one argument, which holds the words.
      const split = splitWords(bytesOfText(only));
      if (split === null) return "Unbalanced quotes in configuration line";
      words = split.map((word) => textOfBytes(word) ?? word);
    }
    const parsed = parseValue(option, words, {
      current: this.#settings.read(option.name),
      again: this.#seen.has(option.name),
      folder: (path) => resolveFolder(this.#settings.get("dir"), path, this.#files),
    });
    if ("error" in parsed) return parsed.error;
    this.#seen.add(option.name);
    this.#settings.replace(option.name, parsed.value);
    return null;
  }

  #include(path: string, depth: number): string | null {
    if (depth + 1 > INCLUDE_DEPTH_MAX) return `files include each other more than ${INCLUDE_DEPTH_MAX} deep`;
    if (path.includes("\0")) return "a path cannot hold a zero byte";
    const absolute = resolve(this.#settings.get("dir"), path);
    // A pattern may match nothing (an empty conf.d folder); a plain path must be there.
    for (const found of isPattern(path) ? this.#files.glob(absolute) : [absolute]) {
      this.readText(Buffer.from(this.#files.read(found)).toString("latin1"), depth + 1, found);
    }
    return null;
  }
}

/** The words of a line, as byte strings. */
function splitLine(trimmed: string, line: LineAddress): string[] {
  const words = splitWords(trimmed);
  if (words === null) throw lineError(line, "Unbalanced quotes in configuration line");
  return words;
}

function textOfWords(words: readonly string[], line: LineAddress): string[] {
  return words.map((word) => {
    const text = textOfBytes(word);
    if (text === null) throw lineError(line, "an argument is not valid UTF-8");
    return text;
  });
}
