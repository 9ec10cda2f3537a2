/**
 * The arguments of a command, as redis-cli's help shows them, read as a tree:
 *
 *     key value [NX | XX] [EX seconds | PX milliseconds]
 *     → placeholder key, placeholder value, optional(choice("NX", "XX")), optional(choice(["EX", seconds], …))
 *     key [key ...]  → placeholder key, repeat(key)
 */
export type Part =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "placeholder"; readonly name: string }
  | { readonly kind: "optional" | "group"; readonly choices: readonly (readonly Part[])[]; readonly repeats: boolean };

const TOKEN = /\.\.\.|[[\]|<>]|"[^"]*"|[^\s[\]|<>]+/g;

/** Throws SyntaxError for brackets that do not match. */
export function parseSynopsis(text: string): Part[] {
  const tokens = text.match(TOKEN) ?? [];
  let at = 0;

  function choices(end: string | undefined): { list: Part[][]; repeats: boolean } {
    const list: Part[][] = [[]];
    let repeats = false;
    while (at < tokens.length && tokens[at] !== end) {
      const token = tokens[at++] ?? "";
      const current = list.at(-1);
      if (token === "|") list.push([]);
      else if (token === "...") repeats = true;
      else if (token === "[" || token === "<") {
        const inner = choices(token === "[" ? "]" : ">");
        at++;
        current?.push({ kind: token === "[" ? "optional" : "group", choices: inner.list, repeats: inner.repeats });
      } else if (token === "]" || token === ">") throw new SyntaxError(`'${token}' closes nothing in: ${text}`);
      else current?.push(isWord(token) ? { kind: "word", text: bare(token) } : { kind: "placeholder", name: token });
    }
    if (end !== undefined && tokens[at] !== end) throw new SyntaxError(`'${end}' is missing in: ${text}`);
    return { list, repeats };
  }

  const { list } = choices(undefined);
  const [only] = list;
  if (list.length === 1 && only !== undefined) return only;
  return [{ kind: "group", choices: list, repeats: false }];
}

/** Upper case and signs stand for themselves, lower case for a value. */
function isWord(token: string): boolean {
  return !/[a-z]/.test(token);
}

function bare(token: string): string {
  return token.replace(/^"|"$/g, "");
}
