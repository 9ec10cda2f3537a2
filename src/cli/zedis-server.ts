#!/usr/bin/env bun
/** zedis-server: takes exactly redis-server's command line. */
import { runServer } from "./server-program.ts";

export const main = runServer;

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
