/**
 * Words of a configuration line or of a command typed at a prompt, as Redis splits and quotes them.
 *
 * Everything here works on byte strings: one character (0..255) per byte, so that `\xff` survives. Callers turn a
 * word into text with `textOfBytes` where text is wanted.
 */

const SPACE = /[ \t\n\v\f\r]/;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const HEX_PAIR = /^[0-9a-fA-F]{2}$/;

/**
 * The words of `line`, or null when a quote stays open or a closing quote is not followed by a space.
 *
 *     set "a\x41b" 'it''s'   →  null (nothing may touch a closing quote)
 *     set "a\x41b" 'it\'s'   →  ["set", "aAb", "it's"]
 *     sa"v e" ""             →  ["sav e", ""]
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && SPACE.test(line.charAt(at))) at++;
    if (at >= line.length) return words;
    let word = "";
    let quote = "";
    for (; ; at++) {
      const char = line.charAt(at);
      if (quote === "") {
        if (char === "" || SPACE.test(char)) break;
        if (char === '"' || char === "'") quote = char;
        else word += char;
      } else if (char === "") {
        return null;
      } else if (char === quote) {
        if (at + 1 < line.length && !SPACE.test(line.charAt(at + 1))) return null;
        at++;
        break;
      } else if (char === "\\" && quote === "'" && line.charAt(at + 1) === "'") {
        word += "'";
        at++;
      } else if (char === "\\" && quote === '"' && at + 1 < line.length) {
        const hex = line.slice(at + 2, at + 4);
        const next = line.charAt(at + 1);
        if (next === "x" && HEX_PAIR.test(hex)) {
          word += String.fromCharCode(Number.parseInt(hex, 16));
          at += 3;
        } else {
          word += ESCAPES[next] ?? next;
          at++;
        }
      } else {
        word += char;
      }
    }
    words.push(word);
  }
}

const QUOTED: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};

/** `bytes` in double quotes, such that `splitWords` reads the same bytes back: `a"b` → `"a\"b"`. */
export function quoteWord(bytes: string): string {
  let out = '"';
  for (const char of bytes) {
    const code = char.charCodeAt(0);
    out += QUOTED[char] ?? (code >= 0x20 && code < 0x7f ? char : `\\x${code.toString(16).padStart(2, "0")}`);
  }
  return `${out}"`;
}

/** The bytes of `text` in UTF-8, as a byte string. */
export function bytesOfText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The text that a byte string holds in UTF-8, or null when it is not UTF-8. */
export function textOfBytes(bytes: string): string | null {
  return decodeText(Buffer.from(bytes, "latin1"));
}

/** The text of UTF-8 bytes, or null when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
