/** Values of directives: words → canonical text, canonical text → the lines of a file or what the native side reads. */

import { parseMemory } from "./memory.ts";
import { type Option, takesManyWords } from "./option.ts";
import { memoryWithUnit, type Parsed, type SpecialContext } from "./special.ts";
import { bytesOfText, quoteWord } from "./words.ts";

/** An integer as Redis accepts it: no plus sign, no leading zero, no spaces, 64 bits. */
const INTEGER = /^(0|-?[1-9]\d{0,18})$/;

/** Canonical text of the given words, or Redis's error text. The words are those after the directive's name. */
export function parseValue(option: Option, words: readonly string[], context: SpecialContext): Parsed {
  if (!takesManyWords(option) && words.length !== 1) return { error: "wrong number of arguments" };
  const parsed = parseKind(option, words, context);
  if ("error" in parsed) return parsed;
  const error = option.check?.(parsed.value) ?? null;
  return error === null ? parsed : { error };
}

function parseKind(option: Option, words: readonly string[], context: SpecialContext): Parsed {
  const word = words[0] ?? "";
  switch (option.type) {
    case "bool": {
      const value = word.toLowerCase();
      return value === "yes" || value === "no" ? { value } : { error: "argument must be 'yes' or 'no'" };
    }
    case "int": {
      if (!INTEGER.test(word)) return { error: "argument couldn't be parsed into an integer" };
      const outside = checkBounds(BigInt(word), option);
      if (outside !== null) return { error: outside };
      if (option.clamp === undefined) return { value: word };
      const [low, high] = option.clamp;
      const n = BigInt(word);
      return { value: String(n < low ? low : n > high ? high : n) };
    }
    case "octal": {
      if (!/^\s*[+-]?[0-7]+$/.test(word)) return { error: "argument couldn't be parsed as an octal number" };
      const digits = word.trim().replace(/^\+/, "");
      const n = digits.startsWith("-") ? -BigInt(`0o${digits.slice(1)}`) : BigInt(`0o${digits}`);
      const outside = checkBounds(n, option, 8);
      return outside === null ? { value: n.toString(8) } : { error: outside };
    }
    case "memory":
      return parseMemoryValue(option, word);
    case "enum": {
      const given = word.toLowerCase();
      const value = option.same?.[given] ?? given;
      return option.values.includes(value) ? { value } : notOneOf(option.values, option.same);
    }
    case "flags": {
      const given = words.map((item) => item.toLowerCase());
      if (given.length === 0 || !given.every((name) => option.values.includes(name))) return notOneOf(option.values);
      const [none = "", ...names] = option.values;
      const set = names.filter((name) => given.includes(name));
      return { value: set.length === 0 ? none : set.join(" ") };
    }
    case "string":
      return { value: word };
    case "special":
      return option.special.parse(words, context);
  }
}

function parseMemoryValue(option: Option & { type: "memory" }, word: string): Parsed {
  const bytes = parseMemory(word);
  if (bytes !== null) {
    const outside = checkBounds(bytes, option);
    return outside === null ? { value: String(bytes) } : { error: outside };
  }
  if (option.percent === undefined) return { error: "argument must be a memory value" };
  const percent = /^(\d{1,18})%$/.exec(word)?.[1];
  if (percent === undefined) return { error: "argument must be a memory or percent value" };
  if (BigInt(percent) > 100n) return { error: "percentage argument must be less or equal to 100" };
  return { value: BigInt(percent) === 0n ? "0" : `${BigInt(percent)}%` };
}

function checkBounds(n: bigint, { min, max }: { min: bigint; max: bigint }, radix = 10): string | null {
  if (n >= min && n <= max) return null;
  return `argument must be between ${min.toString(radix)} and ${max.toString(radix)} inclusive`;
}

function notOneOf(values: readonly string[], same: Readonly<Record<string, string>> = {}): Parsed {
  // Accepted spellings stand behind the name they mean, as in Redis's own lists.
  const names = values.flatMap((value) => [value, ...Object.keys(same).filter((name) => same[name] === value)]);
  return { error: `argument(s) must be one of the following: ${names.join(", ")}` };
}

/** What `push` sends: like CONFIG GET, but numbers are always decimal. */
export function nativeText(option: Option, value: string): string {
  return option.type === "octal" ? String(Number.parseInt(value, 8)) : value;
}

/** A line of a configuration file; `keep` is false for one that only repeats a default. */
export interface FileLine {
  /** A byte string, ready to be written. */
  readonly text: string;
  readonly keep: boolean;
}

/** The lines that make a fresh server take `value`; none when nothing has to be written. `initial` is the default. */
export function fileLines(option: Option, value: string, initial: string): FileLine[] {
  const { name } = option;
  const keep = value !== initial;
  switch (option.type) {
    case "special":
      return option.special.lines(value, initial).map((line) => ({
        text: [name, ...line.words.map((word) => quoteIfNeeded(bytesOfText(word)))].join(" "),
        keep: line.keep,
      }));
    case "string":
      if (value === "" && option.unset === true) return [];
      return [{ text: `${name} ${quoteWord(bytesOfText(value))}`, keep }];
    case "memory":
      return [{ text: `${name} ${value.endsWith("%") ? value : memoryWithUnit(value)}`, keep }];
    default:
      return [{ text: `${name} ${value}`, keep }];
  }
}

function quoteIfNeeded(word: string): string {
  return /^[!-~]+$/.test(word) && !/["'\\#]/.test(word) ? word : quoteWord(word);
}
