#!/usr/bin/env bun
/** zedis-check-rdb: what redis-check-rdb does. See check.ts. */
import { runCheck } from "./check.ts";
import { processTerminal } from "./terminal.ts";

export function main(argv: readonly string[]): number {
  return runCheck(["rdb", ...argv], processTerminal());
}

if (import.meta.main) process.exit(main(process.argv.slice(2)));
