#!/usr/bin/env bun
/** zedis-cli: redis-cli's common face, and `FUNCTION LOAD ./file.ts`. */

import { readFileSync } from "node:fs";
import { bytesOfText, splitWords } from "../config/words.ts";
import { ProtocolError } from "../resp/resp.ts";
import { askPassword } from "./ask-password.ts";
import { bigKeys } from "./big-keys.ts";
import { runCheck } from "./check.ts";
import { type CliOptions, parseCliOptions } from "./cli-options.ts";
import { runCompletion } from "./completion.ts";
import { ConnectionError } from "./connection.ts";
import { hotKeys } from "./hot-keys.ts";
import { showIntrinsicLatency } from "./intrinsic-latency.ts";
import { watchSpectrum } from "./latency-spectrum.ts";
import { pipeInput } from "./pipe-mode.ts";
import { runCommand, runPrompt } from "./prompt.ts";
import { scanKeys } from "./scan-mode.ts";
import { Exit, Session } from "./session.ts";
import { processTerminal, readAll, type Terminal } from "./terminal.ts";
import { runToken } from "./token.ts";
import { CLI_USAGE, CLI_VERSION } from "./usage.ts";
import { watchFigures, watchLatency } from "./watch-modes.ts";

/** Runs the tool; the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal, password?: string): Promise<number> {
  // No command of a server has these names.
  if (argv[0] === "check") return runCheck(argv.slice(1), terminal);
  if (argv[0] === "completion") return runCompletion(argv.slice(1), terminal);
  if (argv[0] === "token") return runToken(argv.slice(1), terminal, password);
  const outcome = parseCliOptions(argv, { tty: terminal.outputIsTty, password });
  if ("show" in outcome) {
    terminal.out(outcome.show === "help" ? CLI_USAGE : `zedis-cli ${CLI_VERSION}\n`);
    return 0;
  }
  if ("error" in outcome) {
    terminal.err(bytesOfText(`${outcome.error}\n`));
    return 1;
  }
  const { options } = outcome;
  for (const warning of options.warnings) terminal.err(`${warning}\n`);
  if (options.mode === "intrinsic-latency") {
    showIntrinsicLatency(options.intrinsicSeconds, terminal);
    return 0;
  }
  let behind = terminal;
  if (options.asksPassword) {
    const asked = await askPassword(terminal);
    if (asked.password === null) {
      terminal.err("No password was given.\n");
      return 1;
    }
    options.password = asked.password;
    behind = asked.terminal;
  }
  const session = new Session(options, behind);
  try {
    return await runMode(session);
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (!(error instanceof ConnectionError || error instanceof ProtocolError)) throw error;
    terminal.err(bytesOfText(`Error: ${error.message}\n`));
    return 1;
  } finally {
    session.close();
  }
}

async function runMode(session: Session): Promise<number> {
  const { options } = session;
  if (options.mode !== "command") {
    if (!(await session.connect())) return 1;
    if (options.mode === "pipe") await pipeInput(session);
    else if (options.mode === "scan") await scanKeys(session);
    else if (options.mode === "stat") await watchFigures(session);
    else if (options.mode === "hotkeys") await hotKeys(session);
    else if (options.mode === "latency-dist") await watchSpectrum(session);
    else if (options.mode === "bigkeys" || options.mode === "memkeys")
      await bigKeys(session, options.mode === "memkeys");
    else await watchLatency(session, options.mode === "latency-history");
    return 0;
  }
  if (options.command.length === 0 && options.evalFile === null) {
    await runPrompt(session);
    return 0;
  }
  const command = await commandWords(options, session.terminal);
  if (typeof command === "number") return command;
  await session.connect(true);
  if (!(await runCommand(session, command, options.repeat))) return 1;
  while (session.subscribed) await session.printNext();
  return 0;
}

/** The words to send, or the exit code of a run that cannot go on. */
async function commandWords(options: CliOptions, terminal: Terminal): Promise<string[] | number> {
  let words = options.command;
  if (options.quotedInput) {
    const unquoted = words.map((word) => splitWords(word));
    if (unquoted.some((parts) => parts?.length !== 1)) {
      terminal.out("Invalid quoted string\n");
      return 1;
    }
    words = unquoted.flatMap((parts) => parts ?? []);
  }
  if (options.evalFile !== null) {
    const script = scriptOf(options.evalFile);
    if (typeof script !== "string") {
      terminal.err(bytesOfText(`Cannot read ${options.evalFile}: ${script.message}\n`));
      return 1;
    }
    // What stands before a lone comma are keys, what follows are arguments.
    const comma = words.indexOf(",");
    const keys = comma < 0 ? words : words.slice(0, comma);
    return ["EVAL", script, String(keys.length), ...keys, ...words.slice(keys.length + 1)];
  }
  if (options.lastArgumentFromStdin) return [...words, await readAll(terminal.input())];
  if (options.stdinTag === null) return words;
  const place = words.indexOf(options.stdinTag);
  if (place < 0) {
    terminal.err("Using -X option but stdin tag not match.\n");
    return 1;
  }
  return words.with(place, await readAll(terminal.input()));
}

/** The text of a file as a byte string, or why there is none. */
function scriptOf(path: string): string | Error {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** With this process's terminal and environment. */
export function main(argv: readonly string[]): Promise<number> {
  return runCli(argv, processTerminal(), process.env.REDISCLI_AUTH);
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
