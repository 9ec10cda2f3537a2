#!/usr/bin/env bun
/** zedis-server: takes exactly redis-server's command line. Builds the native store first where it has to be. */

import { build } from "../core/build.ts";
import { serve } from "../main.ts";

/** Answered without a native store. */
const ONLY_PRINT = ["-v", "--version", "-h", "--help"];

if (import.meta.main) {
  const argv = process.argv.slice(2);
  const ready = ONLY_PRINT.includes(argv[0] ?? "") || build((line) => console.error(line));
  process.exit(ready ? await serve(argv) : 1);
}
