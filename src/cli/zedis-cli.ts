#!/usr/bin/env bun
/** zedis-cli: redis-cli's common face, and `FUNCTION LOAD ./file.ts`. */

import { bytesOfText, splitWords } from "../config/words.ts";
import { runCheck } from "./check.ts";
import { type CliOptions, parseCliOptions } from "./cli-options.ts";
import { ConnectionError } from "./connection.ts";
import { pipeInput } from "./pipe-mode.ts";
import { runCommand, runPrompt } from "./prompt.ts";
import { ProtocolError } from "./resp.ts";
import { scanKeys } from "./scan-mode.ts";
import { Exit, Session } from "./session.ts";
import { processTerminal, readAll, type Terminal } from "./terminal.ts";
import { CLI_USAGE, CLI_VERSION } from "./usage.ts";

/** Runs the tool; the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal, password?: string): Promise<number> {
  // No command of a server has this name.
  if (argv[0] === "check") return runCheck(argv.slice(1), terminal);
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
  const session = new Session(options, terminal);
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
    await scanKeys(session);
    return 0;
  }
  if (options.command.length === 0) {
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
  if (options.lastArgumentFromStdin) return [...words, await readAll(terminal.input())];
  if (options.stdinTag === null) return words;
  const place = words.indexOf(options.stdinTag);
  if (place < 0) {
    terminal.err("Using -X option but stdin tag not match.\n");
    return 1;
  }
  return words.with(place, await readAll(terminal.input()));
}

if (import.meta.main) {
  process.exit(await runCli(process.argv.slice(2), processTerminal(), process.env.REDISCLI_AUTH));
}
