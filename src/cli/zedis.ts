#!/usr/bin/env bun
/** zedis: one name for what there is; each subcommand is thin over a program of its own. */

import { ZEDIS_VERSION } from "../config/version.ts";
import { build } from "../core/build.ts";
import { DEV_USAGE, takeDevOptions } from "../dev/options.ts";
import { serve } from "../main.ts";
import { runCheck } from "./check.ts";
import { runCompletion } from "./completion.ts";
import { INIT_USAGE, runInit } from "./init.ts";
import { runServer } from "./server-program.ts";
import { processTerminal } from "./terminal.ts";
import { runCli } from "./zedis-cli.ts";

const USAGE = `zedis ${ZEDIS_VERSION}: a Redis-compatible data platform whose server-side logic is TypeScript

Usage: zedis <command> [arguments]

  zedis init [DIR]                 Makes a project with a first procedure and its test.
  zedis dev [--procedures DIR] …   Serves, and loads the procedures of a folder whenever one is saved.
  zedis server [redis.conf] …      Serves: redis-server's command line.
  zedis cli …                      Talks to a server: redis-cli's command line.
  zedis check aof|rdb FILE         Is a file of data whole?
  zedis completion bash|zsh|fish   What makes the Tab key complete.
  zedis version
  zedis <command> --help           What a command takes.
`;

/** Runs a subcommand; the exit code. */
export async function runZedis(argv: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = argv;
  const asksHelp = rest[0] === "--help" || rest[0] === "-h";
  switch (name) {
    case "init":
      return asksHelp ? print(INIT_USAGE) : runInit(rest, processTerminal());
    case "dev":
      return asksHelp ? print(DEV_USAGE) : runDev(rest);
    case "server":
      return runServer(rest);
    case "cli":
      return runCli(rest, processTerminal(), process.env.REDISCLI_AUTH);
    case "check":
      return runCheck(rest, processTerminal());
    case "completion":
      return runCompletion(rest, processTerminal());
    case "version":
    case "--version":
    case "-v":
      return print(`zedis ${ZEDIS_VERSION}\n`);
    case "help":
    case "--help":
    case "-h":
      return print(USAGE);
    default:
      process.stderr.write(`zedis: there is no command '${name}'.\n\n${USAGE}`);
      return 1;
  }
}

async function runDev(argv: readonly string[]): Promise<number> {
  const taken = takeDevOptions(argv, process.cwd());
  if ("error" in taken) {
    process.stderr.write(`${taken.error}\n\n${DEV_USAGE}`);
    return 1;
  }
  return build((line) => console.error(line)) ? serve(taken.rest, taken.dev) : 1;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

export const main = runZedis;

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
