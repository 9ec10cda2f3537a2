/** The prompt: reads commands line by line, from a person or from a pipe, until quit or the end. */

import { splitWords, textOfBytes } from "../config/words.ts";
import { loadCommandDocs, printHelp } from "./command-help.ts";
import { hintFor } from "./hints.ts";
import { appendHistory, historyPath, isSensitive, loadHistory } from "./history.ts";
import { type LineSource, pipedLines, typedLines } from "./line-source.ts";
import { showWork, workOf } from "./long-work.ts";
import { withProcedureFile } from "./procedure-file.ts";
import { leadingNumber } from "./server-uri.ts";
import type { Session } from "./session.ts";

/** A command that took at least so long is followed by its duration. */
const SLOW_MS = 500;

export async function runPrompt(session: Session): Promise<void> {
  session.interactive = true;
  await session.connect();
  const { inputIsTty } = session.terminal;
  const path = historyPath(process.env);
  const lines = inputIsTty ? await startTyping(session, path) : pipedLines(session.terminal.input());
  try {
    for (;;) {
      const line = await nextLine(session, lines);
      if (line === null) {
        if (!session.subscribed) return;
        // Ctrl-C while messages are shown only ends the subscription.
        session.subscribed = false;
        if (!(await session.connect())) return;
        continue;
      }
      if (await runLine(session, line, inputIsTty ? path : null)) return;
    }
  } finally {
    lines.close();
  }
}

async function startTyping(session: Session, path: string): Promise<LineSource> {
  const docs = await loadCommandDocs(session).catch(() => []);
  const groups = [...new Set(docs.map((doc) => `@${doc.group.toUpperCase()}`))];
  const names = [...docs.map((doc) => doc.name), ...groups];
  return typedLines({
    history: loadHistory(path),
    completions: () => names,
    // Where nothing is grey a hint would look like what was typed.
    hint: process.env.NO_COLOR ? () => "" : (line) => hintFor(line, docs),
    forget: (line) => isSensitive(splitWords(line) ?? []),
    interrupt: () => session.interrupt(),
  });
}

/** Prints messages of a subscription until a line is there. */
async function nextLine(session: Session, lines: LineSource): Promise<string | null> {
  const line = lines.next(session.prompt());
  while (session.subscribed && session.connected) {
    const arrived = await Promise.race([line.then(() => false), session.connection.arrival().then(() => true)]);
    if (!arrived) break;
    session.printArrived();
  }
  return line;
}

/** True when the line ends the session. */
async function runLine(session: Session, line: string, history: string | null): Promise<boolean> {
  const { terminal } = session;
  if (line === "") return false;
  const words = splitWords(line);
  if (words === null) {
    terminal.out("Invalid argument(s)\n");
    remember(history, line);
    return false;
  }
  const [first] = words;
  if (first === undefined) return false;
  let command = words;
  let repeat = 1;
  if (words.length > 1 && /^([+-]?\d+)?$/.test(first)) {
    repeat = leadingNumber(first);
    command = words.slice(1);
    if (repeat <= 0) {
      terminal.out("Invalid zedis-cli repeat command option value.\n");
      return false;
    }
  }
  if (!isSensitive(command)) remember(history, line);
  const name = first.toLowerCase();
  if (name === "quit" || name === "exit") return true;
  if (name === "clear" && words.length === 1) terminal.out("\x1b[H\x1b[2J");
  else if (name === "connect" && words.length === 3) await reconnect(session, words);
  else if (name.startsWith(":")) terminal.out(`unknown zedis-cli internal command '${first}'\n`);
  else await runCommand(session, command, repeat);
  return false;
}

async function reconnect(session: Session, words: readonly string[]): Promise<void> {
  session.options.host = textOfBytes(words[1] ?? "") ?? "";
  session.options.port = leadingNumber(words[2] ?? "");
  session.options.socket = null;
  await session.connect();
}

/** Runs a command and tells how long it took when that was long. False when it could not be sent. */
export async function runCommand(session: Session, command: readonly string[], repeat: number): Promise<boolean> {
  const name = command[0]?.toLowerCase();
  if (name === "help" || name === "?") {
    await printHelp(session, command.slice(1));
    return true;
  }
  const words = await withProcedureFile(command);
  if ("error" in words) {
    session.terminal.err(`${words.error}\n`);
    return false;
  }
  const start = Date.now();
  const sent = await issueShown(session, words, repeat);
  const elapsed = Date.now() - start;
  if (session.interactive && elapsed >= SLOW_MS && session.options.output === "tty") {
    session.terminal.out(`(${(elapsed / 1000).toFixed(2)}s)\n`);
  }
  return sent;
}

/** Sends a command; shows how far the server is where it works on at length, and sends again what was refused because it was loading. */
async function issueShown(session: Session, words: readonly string[], repeat: number): Promise<boolean> {
  if (session.terminal.progress !== true) return session.issue(words, repeat);
  const work = workOf(words);
  let ended = false;
  const issued = session.issue(words, repeat).finally(() => {
    ended = true;
  });
  if (words[0]?.toLowerCase() === "save") await showWork(session, "save", () => ended);
  const sent = await issued;
  const { last } = session;
  const isError = last?.kind === "error";
  if (sent && work !== null && !isError) await showWork(session, work);
  if (!isError || !last.bytes.startsWith("LOADING ") || session.options.exitOnError) return sent;
  return (await showWork(session, "load")) ? session.issue(words, repeat) : sent;
}

function remember(path: string | null, line: string): void {
  if (path !== null) appendHistory(path, textOfBytes(line) ?? line);
}
