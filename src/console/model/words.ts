/**
 * The words of a command as a person types it, by redis-cli's rules: `SET "a b" '\n' "\x00\xff"`.
 */
import { type Bytes, fromArray } from "./bytes.ts";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

/** Null: a quote is open, or something follows a closing quote. */
export function splitWords(line: string): Bytes[] | null {
  const words: Bytes[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at] ?? "")) {
      at++;
      continue;
    }
    const word = readWord(line, at);
    if (word === null) return null;
    words.push(word.value);
    at = word.end;
  }
  return words;
}

function readWord(line: string, start: number): { value: Bytes; end: number } | null {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  const push = (text: string): void => {
    bytes.push(...encoder.encode(text));
  };
  let at = start;
  while (at < line.length && !/\s/.test(line[at] ?? "")) {
    const quote = line[at];
    if (quote !== '"' && quote !== "'") {
      const character = String.fromCodePoint(line.codePointAt(at) ?? 0);
      push(character);
      at += character.length;
      continue;
    }
    at++;
    while (line[at] !== quote) {
      if (at >= line.length) return null;
      const hex = quote === '"' ? /^\\x([0-9a-f]{2})/i.exec(line.slice(at, at + 4)) : null;
      if (hex !== null) {
        bytes.push(Number.parseInt(hex[1] ?? "", 16));
        at += 4;
      } else if (line[at] === "\\" && (quote === '"' || line[at + 1] === "'") && at + 1 < line.length) {
        const next = String.fromCodePoint(line.codePointAt(at + 1) ?? 0);
        push(quote === '"' ? (ESCAPES[next] ?? next) : next);
        at += 1 + next.length;
      } else {
        const character = String.fromCodePoint(line.codePointAt(at) ?? 0);
        push(character);
        at += character.length;
      }
    }
    at++;
    if (at < line.length && !/\s/.test(line[at] ?? "")) return null;
  }
  return { value: fromArray(Uint8Array.from(bytes)), end: at };
}

/** A word as it has to be typed. */
export function quoteWord(value: Bytes): string {
  if (typeof value === "string" && /^[^\s"'\\\p{C}]+$/u.test(value)) return value;
  const text = typeof value === "string" ? value : null;
  let quoted = "";
  if (text !== null) {
    for (const character of text) quoted += quotedCharacter(character);
  } else {
    const binary = atob((value as { base64: string }).base64);
    for (const character of binary) {
      quoted += character > "~" ? `\\x${character.charCodeAt(0).toString(16)}` : quotedCharacter(character);
    }
  }
  return `"${quoted}"`;
}

function quotedCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  const named = Object.entries(ESCAPES).find(([, value]) => value === character);
  if (named !== undefined) return `\\${named[0]}`;
  if (character < " " || character === "\x7f") return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return character;
}
