/**
 * `zedis-cli completion bash|zsh|fish` prints what a shell has to read; what it then asks at each Tab is
 *
 *     zedis-cli completion words PROGRAM -- WORD …      the words behind the program's name, the last one being typed
 *
 * Commands, subcommands and functions are those of the server that the words name, so there is nothing to bring up to date.
 */

import type { Reply } from "../resp/resp.ts";
import { OPTION_NAMES, OPTIONS_WITH_VALUE, parseCliOptions } from "./cli-options.ts";
import { loadCommandDocs } from "./command-help.ts";
import { SCRIPTS } from "./completion-scripts.ts";
import { Session } from "./session.ts";
import { hiddenTerminal, type Terminal } from "./terminal.ts";

export const COMPLETION_USAGE = `Usage: zedis-cli completion bash|zsh|fish

Prints what makes the Tab key complete options, commands of the server, and its functions:

  bash   source <(zedis-cli completion bash)                            in ~/.bashrc
  zsh    source <(zedis-cli completion zsh)                             in ~/.zshrc, behind compinit
  fish   zedis-cli completion fish > ~/.config/fish/completions/zedis-cli.fish
`;

/** A server that does not answer in that time is not waited for. */
const PATIENCE_MS = 5_000;
/** Where no server answers. */
const KNOWN = "CONFIG DEL EXISTS EXPIRE FCALL FUNCTION GET HGETALL HSET INCR INFO KEYS LRANGE PING SCAN SET TTL TYPE";

/** Subcommands of `zedis` with what may follow. */
const ZEDIS: Readonly<Record<string, readonly string[]>> = {
  check: ["aof", "rdb", "--help"],
  cli: [],
  completion: Object.keys(SCRIPTS),
  dev: ["--procedures", "--no-tests", "--no-types", "--help"],
  help: [],
  init: ["--help"],
  server: ["--help", "--version"],
  version: [],
};

export async function runCompletion(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [shell = "", program = "", dashes, ...words] = argv;
  if (shell === "words" && dashes === "--") {
    const found = await completions(program, words);
    // Words that a shell would take apart or expand are left to the person.
    terminal.out(
      found
        .filter((word) => /^[\w@|.-]+$/.test(word))
        .map((word) => `${word}\n`)
        .join(""),
    );
    return 0;
  }
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script !== undefined && argv.length === 1) {
    terminal.out(script);
    return 0;
  }
  const asked = shell === "--help" || shell === "-h";
  terminal[asked ? "out" : "err"](COMPLETION_USAGE);
  return asked ? 0 : 1;
}

/** What the last of `words` could become. */
async function completions(program: string, words: readonly string[]): Promise<string[]> {
  if (program !== "zedis") return cliCompletions(words);
  const [name = "", ...rest] = words;
  if (words.length <= 1) return startingWith(name, Object.keys(ZEDIS));
  if (name === "cli") return cliCompletions(rest);
  return startingWith(words.at(-1) ?? "", Object.hasOwn(ZEDIS, name) ? (ZEDIS[name] ?? []) : []);
}

async function cliCompletions(words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  let at = 0;
  while (at < words.length - 1 && words[at]?.startsWith("-"))
    at += OPTIONS_WITH_VALUE.includes(words[at] ?? "") ? 2 : 1;
  // The value of an option: a host, a file, a number.
  if (at > words.length - 1) return [];
  const command = words.slice(at, -1).map((word) => word.toUpperCase());
  if (command.length === 0 && typed.startsWith("-")) return startingWith(typed, OPTION_NAMES);
  if (command[0] === "CHECK") return startingWith(typed, command.length === 1 ? ["aof", "rdb"] : ["--fix"]);
  if (command[0] === "COMPLETION") return startingWith(typed, command.length === 1 ? Object.keys(SCRIPTS) : []);
  const names = await Promise.race([asked(words.slice(0, at), command), Bun.sleep(PATIENCE_MS).then(() => null)]);
  if (names !== null) return inCaseOf(typed, [...names, ...(command.length === 0 ? ["CHECK", "COMPLETION"] : [])]);
  return command.length === 0 ? inCaseOf(typed, KNOWN.split(" ")) : [];
}

/** What may come behind `command`, from the server that `options` name; null where there is none. */
async function asked(options: readonly string[], command: readonly string[]): Promise<string[] | null> {
  const outcome = parseCliOptions(options, { tty: false, password: process.env.REDISCLI_AUTH });
  if (!("options" in outcome)) return null;
  const session = new Session(outcome.options, hiddenTerminal().terminal);
  try {
    if (!(await session.connect(true))) return null;
    const isCall = /^FCALL/.test(command[0] ?? "");
    if (isCall) return command.length === 1 ? functionNames(await session.call("FUNCTION", "LIST")) : [];
    const docs = await loadCommandDocs(session);
    const isHelp = command[0] === "HELP";
    const names = docs.map((doc) => doc.name.split(" "));
    const before = isHelp ? command.slice(1) : command;
    const next = names
      .filter((name) => name.length > before.length && before.every((word, index) => name[index] === word))
      .map((name) => name[before.length] ?? "");
    const groups = isHelp && before.length === 0 ? docs.map((doc) => `@${doc.group.toUpperCase()}`) : [];
    return [...new Set([...next, ...groups])].sort();
  } catch {
    return null;
  } finally {
    session.close();
  }
}

/** From FUNCTION LIST: whatever is behind `name` in the fields of functions. */
function functionNames(reply: Reply): string[] {
  const names: string[] = [];
  const visit = (part: Reply): void => {
    if (!("items" in part)) return;
    for (const [index, item] of part.items.entries()) {
      const next = part.items[index + 1];
      if ("bytes" in item && item.bytes === "name" && next !== undefined && "bytes" in next) names.push(next.bytes);
      visit(item);
    }
  };
  visit(reply);
  return [...new Set(names)].sort();
}

function startingWith(typed: string, names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(typed));
}

/** Names of commands in the case that was begun with; nothing typed counts as small. Functions have a case of their own. */
function inCaseOf(typed: string, names: readonly string[]): string[] {
  const isUpper = typed !== "" && typed === typed.toUpperCase() && /[A-Z]/.test(typed);
  const shown = names.map((name) => (name === name.toUpperCase() && !isUpper ? name.toLowerCase() : name));
  return startingWith(typed, shown);
}
