/**
 * A procedure's file as FUNCTION LOAD takes it: with the header line that names engine and library, where the author wrote none.
 *
 *     update_stock.ts   →   #!ts name=update_stock line=0      (lines are counted as in the file)
 */
import { basename, extname } from "node:path";

const ENGINES: Readonly<Record<string, string>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".js": "js",
  ".mjs": "js",
  ".lua": "lua",
  ".py": "python",
};

/** The word after `#!` for a file of this name; undefined where no engine takes such files. */
export function engineOfFile(path: string): string | undefined {
  return ENGINES[extname(path)];
}

/** Letters, digits and underscores are what a library's name may hold: `update-stock.ts` → `update_stock`. */
export function libraryOfFile(path: string): string {
  return basename(path, extname(path)).replace(/[^A-Za-z0-9_]/g, "_");
}

/** `source`: the file's bytes, each a character; the result is so too. */
export function sourceOfFile(path: string, source: string): string {
  const engine = engineOfFile(path) ?? "ts";
  const text = source.startsWith("\xef\xbb\xbf") ? source.slice(3) : source;
  return text.startsWith("#!") ? text : `${addedHeader(engine, libraryOfFile(path))}\n${text}`;
}

/** Lua's header is Redis's own and knows no `line`. */
function addedHeader(engine: string, name: string): string {
  return `#!${engine} name=${name}${engine === "lua" ? "" : " line=0"}`;
}
