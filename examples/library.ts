/** A procedure file as FUNCTION LOAD takes it. */

import { readFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * The file's text. A file without a `#!` line gets one with its own name, as `zedis-cli FUNCTION LOAD file.ts` does it:
 * `#!ts name=zedis_script` for zedis_script.ts.
 */
export function readLibrary(path: string): string {
  const text = readFileSync(path, "utf8");
  return text.startsWith("#!") ? text : `#!ts name=${basename(path, ".ts")}\n${text}`;
}
