/**
 * Writes zedis.d.ts and docs/procedures-reference.md from the command table: `bun runtime/sdk/generate.ts [table.json]`, by default
 * the table of the native library that is built (or that ZEDIS_LIB names).
 */
import { join } from "node:path";
import { libraryPath } from "../../src/core/build.ts";
import { loadNative } from "../../src/core/ffi.ts";
import type { TableRow } from "../host/commands.ts";
import { declarationsOf } from "./declarations.ts";
import { referenceOf } from "./reference.ts";

export const DECLARATIONS = join(import.meta.dir, "zedis.d.ts");
export const REFERENCE = join(import.meta.dir, "..", "..", "docs", "procedures-reference.md");

if (import.meta.main) {
  const [file] = Bun.argv.slice(2);
  const table: readonly TableRow[] =
    file === undefined ? loadNative(libraryPath()).table() : await Bun.file(file).json();
  await Bun.write(DECLARATIONS, declarationsOf(table));
  await Bun.write(REFERENCE, referenceOf(table));
}
