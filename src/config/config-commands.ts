/** CONFIG GET, SET, REWRITE, RESETSTAT and HELP. */

import { type ControlCommand, ErrorReply, keepEncoded, OK, type ReplyValue, Simple } from "../core/reply.ts";
import type { ConfigFiles } from "./files.ts";
import { isPattern, matchesPattern } from "./glob.ts";
import { type Option, takesManyWords } from "./option.ts";
import { findOption, namesOf, OPTIONS } from "./options.ts";
import { resolveFolder } from "./parse.ts";
import { rewriteConfigFile } from "./rewrite.ts";
import { inertWarning, type Settings } from "./settings.ts";
import { nativeText, parseValue } from "./value.ts";
import { decodeText } from "./words.ts";

export interface ConfigCollaborators {
  readonly settings: Settings;
  /** Absolute path of the file that REWRITE replaces, or null. */
  readonly configFile: string | null;
  readonly files: ConfigFiles;
  /** Gives the native side a directive's new value; null when it is taken, otherwise the error text. */
  readonly push: (name: string, value: string) => string | null;
  /** The same for a directive that TypeScript serves: `dir` (enter the folder), `loglevel`, … */
  readonly apply: (name: string, value: string) => string | null;
  /** Puts in force what the settings now say of directives that only make sense together; null, or the error text. */
  readonly applyTogether: (kind: Together, name: string) => string | null;
  readonly resetStat: () => void | Promise<void>;
  /** The lines of all users for the file, as byte strings; none where they have a file of their own. */
  readonly users: () => readonly string[];
  readonly log: (level: "notice" | "warning", line: string) => void;
}

export type Together = NonNullable<Option["together"]>;
/** Sockets with TLS need what comes before them. */
const TOGETHER: readonly Together[] = ["tls", "sockets"];

type Context = Parameters<ControlCommand>[1];

/** The CONFIG command. A call changes all its directives or none. */
export function configCommands(parts: ConfigCollaborators): ControlCommand {
  /** What CONFIG GET * shows, which programs that look on ask for again and again. */
  let all: { readonly at: number; readonly shown: ReplyValue } | null = null;
  const get = (patterns: readonly Uint8Array[]): ReplyValue => {
    if (patterns.length !== 1 || textOf(patterns[0]) !== "*") return configGet(patterns, parts.settings);
    const at = parts.settings.changes;
    if (all?.at !== at) all = { at, shown: keepEncoded(configGet(patterns, parts.settings)) };
    return all.shown;
  };
  return (argv, context) => {
    const sent = textOf(argv[1]);
    if (argv.length < 2) return wrongArity("config");
    switch (sent.toLowerCase()) {
      case "get":
        return argv.length < 3 ? wrongArity("config|get") : get(argv.slice(2));
      case "set":
        return argv.length < 4 ? wrongArity("config|set") : configSet(argv.slice(2), parts, context);
      case "rewrite":
        return argv.length !== 2 ? wrongArity("config|rewrite") : configRewrite(parts);
      case "resetstat":
        return argv.length !== 2 ? wrongArity("config|resetstat") : configResetStat(parts);
      case "help":
        return argv.length !== 2 ? wrongArity("config|help") : HELP.map((line) => new Simple(line));
      default:
        return new ErrorReply(`ERR unknown subcommand '${sent.slice(0, 128)}'. Try CONFIG HELP.`);
    }
  };
}

const HELP = [
  "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "GET <pattern>",
  "    Return parameters matching the glob-like <pattern> and their values.",
  "SET <directive> <value>",
  "    Set the configuration <directive> to <value>.",
  "RESETSTAT",
  "    Reset statistics reported by the INFO command.",
  "REWRITE",
  "    Rewrite the configuration file.",
  "HELP",
  "    Prints this help.",
];

/** Names and values. A directive that is asked for by name is shown under the name as it was sent, once. */
function configGet(patterns: readonly Uint8Array[], settings: Settings): Map<string, ReplyValue> {
  const shown = new Map<string, ReplyValue>();
  const seen = new Set<string>();
  const show = (name: string, lower: string, option: Option): void => {
    if (seen.has(lower)) return;
    seen.add(lower);
    shown.set(name, settings.read(option.name));
  };
  for (const bytes of patterns) {
    const pattern = textOf(bytes);
    if (!isPattern(pattern)) {
      const option = findOption(pattern);
      if (option !== undefined) show(pattern, pattern.toLowerCase(), option);
      continue;
    }
    // The names of the table are in lower case.
    const matching = OPTIONS.filter((option) => option.hidden !== true).flatMap((option) =>
      namesOf(option)
        .filter((name) => pattern === "*" || matchesPattern(pattern, name))
        .map((name) => ({ name, option })),
    );
    // By name, as Valkey has them.
    for (const { name, option } of matching.sort((one, other) => (one.name < other.name ? -1 : 1)))
      show(name, name, option);
  }
  return shown;
}

interface Change {
  readonly option: Option;
  /** As the error text names it. */
  readonly name: string;
  readonly old: string;
  value: string;
}

function configSet(args: readonly Uint8Array[], parts: ConfigCollaborators, context: Context): ReplyValue {
  if (args.length % 2 !== 0) return new ErrorReply("ERR syntax error");
  const pairs = findPairs(args, parts.settings, context);
  if (pairs instanceof ErrorReply) return pairs;
  const changes = new Map<Option, Change>();
  for (const { option, name, bytes } of pairs) {
    const text = decodeText(bytes);
    if (text === null) return setFailed(name, "argument is not valid UTF-8");
    const old = parts.settings.read(option.name);
    const words = takesManyWords(option) ? (text === "" ? [] : text.split(" ")) : [text];
    const parsed = parseValue(option, words, {
      current: changes.get(option)?.value ?? old,
      again: false,
      folder: (path) => resolveFolder(parts.settings.get("dir"), path, parts.files),
    });
    if ("error" in parsed) return setFailed(name, parsed.error);
    changes.set(option, { option, name, old, value: parsed.value });
  }
  return applyChanges([...changes.values()], parts);
}

interface Pair {
  readonly option: Option;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The directives that are to be set, or the first reason why one of them may not be. */
function findPairs(args: readonly Uint8Array[], settings: Settings, context: Context): Pair[] | ErrorReply {
  const pairs: Pair[] = [];
  for (let at = 0; at + 1 < args.length; at += 2) {
    const sent = textOf(args[at]);
    const option = findOption(sent);
    if (option === undefined) {
      return new ErrorReply(`ERR Unknown option or number of arguments for CONFIG SET - '${sent}'`);
    }
    if (option.fixed !== undefined && !staysTheSame(option, args[at + 1], settings)) {
      return setFailed(sent, "can't set immutable config");
    }
    if (option.protected === true && !mayChangeProtected(settings, context)) {
      return setFailed(sent, "can't set protected config");
    }
    // The two names of one directive may meet; the later one wins, as in Redis.
    const name = sent.toLowerCase();
    if (pairs.some((pair) => pair.name === name)) return setFailed(sent, "duplicate parameter");
    pairs.push({ option, name, bytes: args[at + 1] ?? new Uint8Array() });
  }
  return pairs;
}

/** Programs that write back all they read with CONFIG GET know Redis's immutable directives, and none of ours. */
function staysTheSame(option: Option, value: Uint8Array | undefined, settings: Settings): boolean {
  return option.fixed === "same" && textOf(value) === settings.read(option.name);
}

function mayChangeProtected(settings: Settings, context: Context): boolean {
  const allowed = settings.get("enable-protected-configs");
  return allowed === "yes" || (allowed === "local" && context.local === true);
}

/** Puts all values in force; when one is refused, puts back those before it. */
function applyChanges(changes: readonly Change[], parts: ConfigCollaborators): ReplyValue {
  const done: Change[] = [];
  const inForce: Change[] = [];
  const failed = (change: Change, error: string): ReplyValue => {
    parts.log("warning", `CONFIG SET ${change.option.name} failed: ${error}. Restoring previous settings.`);
    for (const { option, old } of done.reverse()) {
      const failure = putInForce(option, old, parts);
      // The refused value was never taken, so a second refusal of its old value is worth a line and no more.
      if (failure !== null) parts.log("warning", `CONFIG SET: restoring ${option.name} failed: ${failure}`);
    }
    for (const { option } of inForce) parts.applyTogether(option.together as Together, option.name);
    return setFailed(change.name, error);
  };
  for (const change of changes) {
    if (change.value === change.old) continue;
    const error = putInForce(change.option, change.value, parts);
    done.push(change);
    if (error !== null) return failed(change, error);
  }
  for (const kind of TOGETHER) {
    const first = done.find(({ option }) => option.together === kind);
    if (first === undefined) continue;
    const error = parts.applyTogether(kind, first.option.name);
    if (error !== null) return failed(first, error);
    inForce.push(first);
  }
  for (const { option, value } of done) {
    const warning = inertWarning(option, value);
    if (warning !== null) parts.log("warning", warning);
  }
  return OK;
}

function putInForce(option: Option, value: string, parts: ConfigCollaborators): string | null {
  const error =
    option.native === true
      ? parts.push(option.name, nativeText(option, value))
      : option.inert === undefined && option.together === undefined
        ? parts.apply(option.name, value)
        : null;
  if (error === null) parts.settings.replace(option.name, value);
  return error;
}

function setFailed(name: string, reason: string): ErrorReply {
  return new ErrorReply(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

function configRewrite({ configFile, settings, users, log }: ConfigCollaborators): ReplyValue {
  if (configFile === null) return new ErrorReply("ERR The server is running without a config file");
  const error = rewriteConfigFile(configFile, settings, users());
  if (error !== null) {
    log("warning", `CONFIG REWRITE failed: ${error}`);
    return new ErrorReply(`ERR Rewriting config file: ${error}`);
  }
  log("notice", "CONFIG REWRITE executed with success.");
  return OK;
}

async function configResetStat({ resetStat }: ConfigCollaborators): Promise<ReplyValue> {
  await resetStat();
  return OK;
}

function wrongArity(name: string): ErrorReply {
  return new ErrorReply(`ERR wrong number of arguments for '${name}' command`);
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : Buffer.from(bytes).toString("utf8");
}
