/** How the tests load a procedure of this folder: as a user does, the file's text as it is. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../test/harness/wire.ts";

/** `FUNCTION LOAD REPLACE` with the text of `procedures/<name>.ts`. */
export function loadOf(name: string): Command {
  return ["FUNCTION", "LOAD", "REPLACE", readFileSync(join(import.meta.dir, `${name}.ts`), "utf8")];
}

/** An FCALL; numbers are sent as decimal text. */
export function fcall(name: string, keys: readonly string[], ...args: readonly (string | number)[]): string[] {
  return ["FCALL", name, String(keys.length), ...keys, ...args.map(String)];
}
