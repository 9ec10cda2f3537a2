/** `FUNCTION LOAD ./update_stock.ts`: puts the file's content in place of its path. */

import { engineOfFile, sourceOfFile } from "../../runtime/compile/file-source.ts";
import { systemError } from "../config/files.ts";
import { textOfBytes } from "../config/words.ts";

/** Words of a command, as byte strings; other commands come back as they are. Throws nothing. */
export async function withProcedureFile(words: readonly string[]): Promise<readonly string[] | { error: string }> {
  const path = textOfBytes(words.at(-1) ?? "");
  if (path === null || !isLoad(words) || path.includes("\n") || path.startsWith("#!")) return words;
  if (engineOfFile(path) === undefined) return words;
  try {
    const source = Buffer.from(await Bun.file(path).arrayBuffer()).toString("latin1");
    return [...words.slice(0, -1), sourceOfFile(path, source)];
  } catch (error) {
    return { error: `Could not read ${path}: ${systemError(error)}` };
  }
}

function isLoad(words: readonly string[]): boolean {
  const [command, subcommand, option] = words.map((word) => word.toLowerCase());
  if (command !== "function" || subcommand !== "load") return false;
  return words.length === 3 || (words.length === 4 && option === "replace");
}
