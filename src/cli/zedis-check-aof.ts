#!/usr/bin/env bun
/** zedis-check-aof: what redis-check-aof does. See check.ts. */
import { runCheck } from "./check.ts";
import { processTerminal } from "./terminal.ts";

export function main(argv: readonly string[]): number {
  return runCheck(["aof", ...argv], processTerminal());
}

if (import.meta.main) process.exit(main(process.argv.slice(2)));
