/**
 * JSON text laid out anew without being read into values: numbers keep their digits, members their order and doubles, strings their escapes.
 */

/** Null where the text is no JSON object or array. */
export function prettyJson(text: string): string | null {
  if (!/^\s*[[{]/.test(text) || !isJson(text)) return null;
  let out = "";
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  const tokens = tokensOf(text);
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      if (next === "}" || next === "]") {
        out += `${token}${next}`;
        index++;
        continue;
      }
      depth++;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      out += line() + token;
    } else if (token === ",") out += `,${line()}`;
    else if (token === ":") out += ": ";
    else out += token;
  }
  return out;
}

/** Without white space outside of strings. */
export function compactJson(text: string): string {
  return tokensOf(text).join("");
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function tokensOf(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
}
