/** Keeps `zedis.d.ts` beside the procedures, so that an editor completes and checks them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../config/replace-file.ts";

const FIRST_LINE = "// Generated from the command table";

/** Writes where it differs. Gives what is to be told: a line, or null. */
export function keepDeclarations(folder: string, text: string): string | null {
  if (!existsSync(folder)) return null;
  const path = join(folder, "zedis.d.ts");
  const old = existsSync(path) ? readFileSync(path, "utf8") : null;
  if (old === text) return null;
  if (old !== null && !old.startsWith(FIRST_LINE)) return `${path} is not from here and is left as it is`;
  const failed = replaceFile(path, Buffer.from(text));
  if (failed !== null) return `could not write ${path}: ${failed}`;
  return old === null ? `wrote ${path}` : `brought ${path} up to date`;
}
