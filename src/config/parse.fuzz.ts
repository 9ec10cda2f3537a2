/**
 * Fuzz target of the configuration readers: words, files, includes, command lines, CONFIG REWRITE.
 *
 * Whatever the bytes are, reading them either succeeds or throws ConfigError; what was read, written back and read
 * again gives the same values.
 */

import { readCommandLine } from "./command-line.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFiles } from "./files.ts";
import { OPTIONS } from "./options.ts";
import { readConfigText } from "./parse.ts";
import { rewriteConfigText } from "./rewrite.ts";
import { Settings } from "./settings.ts";
import { quoteWord, splitWords } from "./words.ts";

/** Throws when a reader breaks its promise; returns in all other cases. */
export function fuzz(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString("latin1");
  checkQuoting(text);
  const files = filesHolding(bytes);
  const settings = new Settings("/work");
  try {
    readConfigText(settings, text, files);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    readArguments(bytes, files);
    return;
  }
  checkRewrite(text, settings, files);
  readArguments(bytes, files);
}

/** Every path can be read and holds the same bytes, so that an include of anything includes itself. */
function filesHolding(bytes: Uint8Array): ConfigFiles {
  return {
    read: () => bytes,
    glob: (pattern) => [pattern],
    folderError: (path) => (path.includes("no") ? "No such file or directory" : null),
  };
}

function checkQuoting(text: string): void {
  const words = splitWords(quoteWord(text));
  if (words?.length !== 1 || words[0] !== text) throw new Error(`quoting changed ${JSON.stringify(text)}`);
}

function checkRewrite(text: string, settings: Settings, files: ConfigFiles): void {
  const again = new Settings("/work");
  const rewritten = rewriteConfigText(text, settings);
  readConfigText(again, rewritten, files);
  for (const { name } of OPTIONS) {
    if (again.read(name) === settings.read(name)) continue;
    throw new Error(
      `rewriting changed ${name} from ${JSON.stringify(settings.read(name))} to ${JSON.stringify(again.read(name))}`,
    );
  }
}

function readArguments(bytes: Uint8Array, files: ConfigFiles): void {
  const argv = Buffer.from(bytes)
    .toString("utf8")
    .split(/[\0\n]/);
  const result = readCommandLine(argv, { folder: "/work", files, stdin: () => bytes });
  if (!("settings" in result) && !("error" in result) && !("print" in result)) throw new Error("no outcome");
}
