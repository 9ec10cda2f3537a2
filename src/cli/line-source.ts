/** Where the prompt gets its lines from: a person at a terminal, or a pipe. */

import { createInterface, type Interface } from "node:readline";
import { bytesOfText } from "../config/words.ts";
import { readLines } from "./terminal.ts";

export interface LineSource {
  /** The next line as a byte string, or null at the end (Ctrl-C and Ctrl-D at an empty prompt). */
  next(prompt: string): Promise<string | null>;
  close(): void;
}

export function pipedLines(input: AsyncIterable<Uint8Array>): LineSource {
  const lines = readLines(input);
  return {
    async next() {
      const result = await lines.next();
      return result.done === true ? null : result.value;
    },
    close() {},
  };
}

export interface TypedLinesParts {
  /** Newest first. */
  readonly history: readonly string[];
  /** Names that the Tab key completes. */
  readonly completions: () => readonly string[];
  /** What is shown grey behind a line, a byte string too. */
  readonly hint: (line: string) => string;
  /** Lines that the arrow keys must not bring back. */
  readonly forget: (line: string) => boolean;
  /** Ctrl-C while no line is awaited. */
  readonly interrupt: () => void;
}

export function typedLines(parts: TypedLinesParts): LineSource {
  const typed = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    history: [...parts.history],
    historySize: 1000,
    completer: (line: string): [string[], string] => [complete(line, parts.completions()), line],
  });
  typed.on("history", (history: string[]) => {
    if (history[0] !== undefined && parts.forget(history[0])) history.shift();
  });
  showHints(typed, parts.hint, () => waiting !== null);
  let waiting: ((line: string | null) => void) | null = null;
  let closed = false;
  // Lines that were pasted while a command ran.
  const early: string[] = [];
  const give = (line: string | null): void => {
    const resolve = waiting;
    waiting = null;
    if (resolve !== null) resolve(line);
    else if (line !== null) early.push(line);
  };
  typed.on("line", (line) => give(bytesOfText(line)));
  typed.on("close", () => {
    closed = true;
    give(null);
  });
  typed.on("SIGINT", () => {
    if (waiting === null) parts.interrupt();
    else give(null);
  });
  return {
    next: (prompt) =>
      new Promise((resolve) => {
        const pasted = early.shift();
        if (pasted !== undefined || closed) {
          resolve(pasted ?? null);
          return;
        }
        waiting = resolve;
        showPrompt(typed, prompt);
      }),
    close: () => typed.close(),
  };
}

function showPrompt(typed: Interface, prompt: string): void {
  typed.setPrompt(prompt);
  typed.prompt();
}

/** Draws the hint behind the line after each key, and takes it away before the next one. */
function showHints(typed: Interface, hint: (line: string) => string, isTyping: () => boolean): void {
  let isShown = false;
  process.stdin.prependListener("keypress", () => {
    if (isShown) process.stdout.write("\x1b[K");
    isShown = false;
  });
  process.stdin.on("keypress", () => {
    const { line, cursor } = typed;
    const { rows, cols } = typed.getCursorPos();
    if (!isTyping() || line === "" || cursor !== line.length || rows > 0) return;
    // A hint that went on in the next line could not be taken away.
    const text = hint(bytesOfText(line)).slice(0, Math.max((process.stdout.columns ?? 80) - cols - 1, 0));
    if (text === "") return;
    isShown = true;
    process.stdout.write(`\x1b[K\x1b[90m${text}\x1b[0m\x1b[${text.length}D`);
  });
}

/** Lines that the typed one could become: commands, and help topics after `help `. */
function complete(line: string, names: readonly string[]): string[] {
  const help = /^help\s+/i.exec(line)?.[0] ?? "";
  const start = line.slice(help.length).toUpperCase();
  return names.filter((name) => name.startsWith(start)).map((name) => help + name);
}
