/**
 * What a command line may go on with, and what is still missing, from COMMAND DOCS.
 *
 *     line "set k "      hint "value [NX|XX|…] [GET] [EX seconds|…]"
 *     line "config g"    candidates ["GET"]
 */

export interface ArgumentDoc {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly display_text?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly ArgumentDoc[];
}

export interface CommandDoc {
  readonly summary?: string;
  readonly since?: string;
  readonly group?: string;
  readonly complexity?: string;
  readonly arguments?: readonly ArgumentDoc[];
  readonly subcommands?: Readonly<Record<string, CommandDoc>>;
}

/** Each argument as redis-cli shows it. */
export function syntaxParts(args: readonly ArgumentDoc[] = []): string[] {
  return args.map((argument) => {
    const flags = argument.flags ?? [];
    const isOptional = flags.includes("optional");
    let text = inner(argument);
    if (flags.includes("multiple")) {
      const again =
        flags.includes("multiple_token") || argument.token === undefined ? text : text.slice(argument.token.length + 1);
      text = `${text} [${again} ...]`;
    }
    return isOptional ? `[${text}]` : text;
  });
}

function inner(argument: ArgumentDoc): string {
  if (argument.type === "pure-token") return argument.token ?? argument.name;
  const token = argument.token === undefined ? "" : `${argument.token} `;
  if (argument.type === "oneof") return token + syntaxParts(argument.arguments).join("|");
  if (argument.type === "block") return token + syntaxParts(argument.arguments).join(" ");
  return token + (argument.display_text ?? argument.name);
}

/** The words before the cursor's, and the one it stands in; as typed, by spaces. */
export function typedWords(line: string): { readonly done: readonly string[]; readonly open: string } {
  const words = line.trimStart().split(/\s+/);
  const open = words.pop() ?? "";
  return { done: words, open };
}

/** The documentation that counts for a line: the subcommand's where there is one. */
export function docOf(line: string, doc: CommandDoc | undefined): { doc: CommandDoc; words: number } | null {
  if (doc === undefined) return null;
  const { done } = typedWords(line);
  const [command = "", sub] = done;
  const found = doc.subcommands?.[`${command}|${sub}`.toLowerCase()];
  return found !== undefined && sub !== undefined ? { doc: found, words: 2 } : { doc, words: 1 };
}

/** What may still follow the words that are complete. */
export function hint(line: string, doc: CommandDoc | undefined): string {
  const found = docOf(line, doc);
  const { done, open } = typedWords(line);
  if (found === null || done.length === 0) return "";
  if (found.words === 1 && doc?.subcommands !== undefined && done.length === 1)
    return open === "" ? "subcommand …" : "";
  const given = [...done.slice(found.words), ...(open === "" ? [] : [open])];
  const rest: string[] = [];
  let left = given.length;
  const upper = new Set(given.map((word) => word.toUpperCase()));
  const args = found.doc.arguments ?? [];
  const parts = syntaxParts(args);
  for (const [index, argument] of args.entries()) {
    const part = parts[index] ?? "";
    const isOptional = argument.flags?.includes("optional") ?? false;
    if (isOptional) {
      if (!tokensOf(argument).some((token) => upper.has(token))) rest.push(part);
      continue;
    }
    const width = argument.type === "block" ? (argument.arguments?.length ?? 1) : 1;
    if (left < width) {
      rest.push(part);
      left = 0;
    } else {
      left -= width;
      if (argument.flags?.includes("multiple")) rest.push(/\[.*\]$/.exec(part)?.[0] ?? "");
    }
  }
  return rest.filter((part) => part !== "").join(" ");
}

/** What the word in front of the cursor may become. */
export function candidates(line: string, names: readonly string[], doc: CommandDoc | undefined): string[] {
  const { done, open } = typedWords(line);
  const prefix = open.toUpperCase();
  if (done.length === 0) {
    return prefix === ""
      ? []
      : names
          .map((name) => name.toUpperCase())
          .filter((name) => name.startsWith(prefix))
          .sort();
  }
  if (done.length === 1 && doc?.subcommands !== undefined) {
    return Object.keys(doc.subcommands)
      .map((name) => (name.split("|")[1] ?? "").toUpperCase())
      .filter((name) => name.startsWith(prefix))
      .sort();
  }
  const found = docOf(line, doc);
  if (found === null || prefix === "") return [];
  const used = new Set(done.map((word) => word.toUpperCase()));
  const tokens = (found.doc.arguments ?? []).flatMap(tokensOf);
  return [...new Set(tokens)].filter((token) => token !== "" && token.startsWith(prefix) && !used.has(token));
}

function tokensOf(argument: ArgumentDoc): string[] {
  const own = argument.token === undefined ? [] : [argument.token.toUpperCase()];
  return [...own, ...(argument.arguments ?? []).flatMap(tokensOf)];
}

/** What must not be found in the history: lines with passwords, as redis-cli keeps them out. */
export function isSecret(words: readonly string[]): boolean {
  const [command = "", sub = "", ...rest] = words.map((word) => word.toUpperCase());
  if (command === "AUTH" || (command === "HELLO" && [sub, ...rest].includes("AUTH"))) return true;
  if (command === "ACL" && sub === "SETUSER") return true;
  if (command === "MIGRATE" && rest.some((word) => word === "AUTH" || word === "AUTH2")) return true;
  return command === "CONFIG" && sub === "SET" && rest.some((word) => /PASS|AUTH/.test(word));
}
