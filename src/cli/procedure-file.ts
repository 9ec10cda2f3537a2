/**
 * `FUNCTION LOAD ./update_stock.ts`: puts the file's content in place of its path, and gives it the header line that
 * names engine and library when it has none.
 *
 *     update_stock.ts   →   #!ts name=update_stock line=0      (lines are counted as in the file)
 */

import { basename, extname } from "node:path";
import { systemError } from "../config/files.ts";
import { bytesOfText, textOfBytes } from "../config/words.ts";

const ENGINES: Readonly<Record<string, string>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".js": "js",
  ".mjs": "js",
  ".lua": "lua",
  ".py": "python",
};

/** Words of a command, as byte strings; other commands come back as they are. Throws nothing. */
export async function withProcedureFile(words: readonly string[]): Promise<readonly string[] | { error: string }> {
  const path = textOfBytes(words.at(-1) ?? "");
  if (path === null || !isLoad(words) || path.includes("\n") || path.startsWith("#!")) return words;
  const engine = ENGINES[extname(path)];
  if (engine === undefined) return words;
  try {
    const source = Buffer.from(await Bun.file(path).arrayBuffer()).toString("latin1");
    return [...words.slice(0, -1), withHeader(source, engine, libraryName(path))];
  } catch (error) {
    return { error: `Could not read ${path}: ${systemError(error)}` };
  }
}

function isLoad(words: readonly string[]): boolean {
  const [command, subcommand, option] = words.map((word) => word.toLowerCase());
  if (command !== "function" || subcommand !== "load") return false;
  return words.length === 3 || (words.length === 4 && option === "replace");
}

/** Letters, digits and underscores are what a library's name may hold: `update-stock.ts` → `update_stock`. */
function libraryName(path: string): string {
  return basename(path, extname(path)).replace(/[^A-Za-z0-9_]/g, "_");
}

function withHeader(source: string, engine: string, name: string): string {
  // Lua's header is Redis's own and knows no `line`.
  const header = `#!${engine} name=${name}${engine === "lua" ? "" : " line=0"}`;
  const text = source.startsWith("\xef\xbb\xbf") ? source.slice(3) : source;
  return text.startsWith("#!") ? text : `${bytesOfText(header)}\n${text}`;
}
