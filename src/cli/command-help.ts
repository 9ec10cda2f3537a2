/** `help`, `help set`, `help @hash`: what the server's COMMAND DOCS says about its commands. */

import type { Reply } from "../resp/resp.ts";
import type { Session } from "./session.ts";
import { CLI_VERSION } from "./usage.ts";

/** All texts are byte strings. */
export interface CommandDoc {
  /** Upper case, subcommands with a space: `CONFIG GET`. */
  readonly name: string;
  readonly synopsis: string;
  readonly summary: string;
  readonly since: string;
  readonly group: string;
}

const GENERAL = `zedis-cli ${CLI_VERSION}
To get help about commands type:
      "help @<group>" to get a list of commands in <group>
      "help <command>" for help on <command>
      "help <tab>" to get a list of possible help topics
      "quit" to exit

To load procedures:
      FUNCTION LOAD [REPLACE] ./file.ts
      FCALL <function> <numkeys> [key ...] [arg ...]
`;

const BOLD = "\x1b[1m";
const GREY = "\x1b[90m";
const YELLOW = "\x1b[33m";
const PLAIN = "\x1b[0m";

/** Prints help on the words after `help`. Asks the server, unless no words are given. */
export async function printHelp(session: Session, words: readonly string[]): Promise<void> {
  const [first] = words;
  if (first === undefined) {
    session.terminal.out(GENERAL);
    return;
  }
  const group = first.startsWith("@") ? first.slice(1).toLowerCase() : null;
  const wanted = words.map((word) => word.toUpperCase());
  const docs = (await loadCommandDocs(session)).filter((doc) =>
    group === null ? startsWithWords(doc.name.split(" "), wanted) : doc.group.toLowerCase() === group,
  );
  session.terminal.out(`${docs.map((doc) => describe(doc, group === null)).join("")}\r\n`);
}

/** Documentation of all commands, sorted by name; none when the server cannot be asked. */
export async function loadCommandDocs(session: Session): Promise<readonly CommandDoc[]> {
  if (!session.connected && !(await session.connect(true))) return [];
  const reply = await session.call("COMMAND", "DOCS");
  if (!("items" in reply)) return [];
  const docs: CommandDoc[] = [];
  for (const [name, fields] of pairsOf(reply)) collect(name.toUpperCase(), fields, docs);
  return docs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function startsWithWords(name: readonly string[], wanted: readonly string[]): boolean {
  return wanted.length <= name.length && wanted.every((word, at) => word === name[at]);
}

function describe(doc: CommandDoc, withGroup: boolean): string {
  const lines = [
    `  ${BOLD}${doc.name}${PLAIN} ${GREY}${doc.synopsis}${PLAIN}`,
    `  ${YELLOW}summary:${PLAIN} ${doc.summary}`,
    `  ${YELLOW}since:${PLAIN} ${doc.since}`,
    ...(withGroup ? [`  ${YELLOW}group:${PLAIN} ${doc.group}`] : []),
  ];
  return `\r\n${lines.map((line) => `${line}\r\n`).join("")}`;
}

function collect(name: string, fields: Reply, docs: CommandDoc[]): void {
  const field = new Map(pairsOf(fields));
  const args = field.get("arguments");
  docs.push({
    name,
    synopsis: args === undefined ? "" : joinSynopsis(args, " "),
    summary: textOf(field.get("summary")),
    since: textOf(field.get("since")),
    group: textOf(field.get("group")),
  });
  const subcommands = field.get("subcommands");
  if (subcommands === undefined) return;
  for (const [full, part] of pairsOf(subcommands)) {
    const own = full.slice(full.indexOf("|") + 1);
    collect(`${name} ${own.toUpperCase()}`, part, docs);
  }
}

function joinSynopsis(args: Reply, separator: string): string {
  if (!("items" in args)) return "";
  return args.items
    .map(synopsisOf)
    .filter((text) => text !== "")
    .join(separator);
}

/**
 * One argument as people write it:
 *
 *     optional → [x]    several → x [x ...]    one of → a|b    with a token → EX seconds
 */
function synopsisOf(argument: Reply): string {
  const field = new Map(pairsOf(argument));
  const type = textOf(field.get("type"));
  const flags = field.get("flags");
  const flagged = (name: string): boolean =>
    flags !== undefined && "items" in flags && flags.items.some((flag) => textOf(flag) === name);
  const args = field.get("arguments");
  let body: string;
  if (type === "pure-token") body = "";
  else if (args !== undefined) body = joinSynopsis(args, type === "oneof" ? "|" : " ");
  else body = textOf(field.get("display_text")) || textOf(field.get("name")) || '""';
  const token = field.get("token");
  const tokenText = token === undefined ? "" : textOf(token) || '""';
  const withToken = [tokenText, body].filter((text) => text !== "").join(" ");
  const repeated = flagged("multiple") ? ` [${flagged("multiple_token") ? withToken : body} ...]` : "";
  return flagged("optional") ? `[${withToken}${repeated}]` : withToken + repeated;
}

/** Entries of a RESP3 map or of the flat array that stands for one in RESP2. */
function pairsOf(reply: Reply): [string, Reply][] {
  const pairs: [string, Reply][] = [];
  if (!("items" in reply)) return pairs;
  for (let at = 0; at + 1 < reply.items.length; at += 2) {
    const value = reply.items[at + 1];
    if (value !== undefined) pairs.push([textOf(reply.items[at]), value]);
  }
  return pairs;
}

function textOf(reply: Reply | undefined): string {
  return reply !== undefined && "bytes" in reply ? reply.bytes : "";
}
