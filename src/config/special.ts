/** Directives whose value is a small language of its own: save, bind, client-output-buffer-limit, … */

import { parseMemory } from "./memory.ts";

export type Parsed = { readonly value: string } | { readonly error: string };

export interface SpecialContext {
  /** Canonical text of the value that is to be replaced. */
  readonly current: string;
  /** True from the second line of this directive on while a configuration is read: `save` lines add up. */
  readonly again: boolean;
  /** Absolute path of `path` when it is a folder that can be entered, or the error text. */
  readonly folder: (path: string) => Parsed;
}

export interface Special {
  readonly manyWords: boolean;
  readonly parse: (words: readonly string[], context: SpecialContext) => Parsed;
  /**
   * The lines that CONFIG REWRITE writes for a value, without the directive's name; words that need quotes are
   * quoted by the caller. `keep`: write the line even where the value is the default.
   */
  readonly lines: (
    value: string,
    initial: string,
  ) => readonly { readonly words: readonly string[]; readonly keep: boolean }[];
}

const wordsOf = (value: string): string[] => (value === "" ? [] : value.split(" "));
const emptyIsNone = (words: readonly string[]): readonly string[] =>
  words.length === 1 && words[0] === "" ? [] : words;
const oneLine = (value: string, initial: string) => [{ words: wordsOf(value), keep: value !== initial }];
const DECIMAL = /^\s*[+-]?\d+$/;

/** Seconds and changes in pairs: `3600 1 300 100`. */
export const SAVE: Special = {
  manyWords: true,
  parse(given, { current, again }) {
    const words = emptyIsNone(given);
    const none = words.length === 0 && given.length === 1;
    const valid = words.every(
      (word, index) => DECIMAL.test(word) && BigInt(word.trim()) >= (index % 2 === 0 ? 1n : 0n),
    );
    if (words.length % 2 !== 0 || !valid) return { error: "Invalid save parameters" };
    const points = words.map((word) => String(BigInt(word.trim())));
    return { value: (again && !none ? [...wordsOf(current), ...points] : points).join(" ") };
  },
  lines(value) {
    // Always written, so that the defaults do not come back where someone removed every save point.
    const words = wordsOf(value);
    if (words.length === 0) return [{ words: [""], keep: true }];
    const lines: { words: string[]; keep: boolean }[] = [];
    for (let at = 0; at < words.length; at += 2) lines.push({ words: words.slice(at, at + 2), keep: true });
    return lines;
  },
};

const BIND_ADDRESSES_MAX = 16;

/** Addresses; one that starts with `-` may be missing on this machine. */
export const BIND: Special = {
  manyWords: true,
  parse(given) {
    if (given.length > BIND_ADDRESSES_MAX) return { error: "Too many bind addresses specified." };
    return { value: emptyIsNone(given).join(" ") };
  },
  lines(value, initial) {
    // The default is never written: a later version may listen on more.
    if (value === initial) return [];
    const words = wordsOf(value);
    return [{ words: words.length === 0 ? [""] : words, keep: true }];
  },
};

const CLIENT_CLASSES = ["normal", "slave", "pubsub"];

/** `class hard soft seconds`, any number of times; classes that are not named keep their limits. */
export const CLIENT_OUTPUT_BUFFER_LIMIT: Special = {
  manyWords: true,
  parse(words, { current }) {
    if (words.length % 4 !== 0) return { error: "Wrong number of arguments in buffer limit configuration." };
    const limits = new Map<string, string>();
    const now = wordsOf(current);
    for (let at = 0; at < now.length; at += 4) limits.set(now[at] ?? "", now.slice(at + 1, at + 4).join(" "));
    for (let at = 0; at < words.length; at += 4) {
      const given = words[at]?.toLowerCase() ?? "";
      const name = given === "replica" ? "slave" : given;
      if (!CLIENT_CLASSES.includes(name)) {
        return { error: "Invalid client class specified in buffer limit configuration." };
      }
      const hard = parseMemory(words[at + 1] ?? "");
      const soft = parseMemory(words[at + 2] ?? "");
      const seconds = words[at + 3] ?? "";
      if (hard === null || soft === null || !DECIMAL.test(seconds) || BigInt(seconds.trim()) < 0n) {
        return { error: "Error in hard, soft or soft_seconds setting in buffer limit configuration." };
      }
      limits.set(name, `${hard} ${soft} ${BigInt(seconds.trim())}`);
    }
    return { value: CLIENT_CLASSES.map((name) => `${name} ${limits.get(name) ?? "0 0 0"}`).join(" ") };
  },
  lines(value, initial) {
    const words = wordsOf(value);
    const initially = wordsOf(initial);
    return CLIENT_CLASSES.map((name, index) => {
      const own = words.slice(index * 4 + 1, index * 4 + 4);
      const [hard = "0", soft = "0", seconds = "0"] = own;
      return {
        words: [name === "slave" ? "replica" : name, memoryWithUnit(hard), memoryWithUnit(soft), seconds],
        keep: own.join(" ") !== initially.slice(index * 4 + 1, index * 4 + 4).join(" "),
      };
    });
  },
};

/** The largest unit that divides the number of bytes: `1048576` → `1mb`. */
export function memoryWithUnit(bytes: string): string {
  const n = BigInt(bytes);
  if (n === 0n) return "0";
  for (const [unit, size] of [
    ["gb", 1n << 30n],
    ["mb", 1n << 20n],
    ["kb", 1n << 10n],
  ] as const) {
    if (n % size === 0n) return `${n / size}${unit}`;
  }
  return bytes;
}

/** Three numbers: for a master, a replica, a background child. */
export const OOM_SCORE_ADJ_VALUES: Special = {
  manyWords: true,
  parse(words) {
    if (words.length !== 3) return { error: "wrong number of arguments" };
    for (const word of words) {
      if (!DECIMAL.test(word) || BigInt(word.trim()) < -2000n || BigInt(word.trim()) > 2000n) {
        return { error: "Invalid oom-score-adj-values, elements must be between -2000 and 2000." };
      }
    }
    return { value: words.map((word) => String(BigInt(word.trim()))).join(" ") };
  },
  lines: oneLine,
};

/** Event classes in the order in which they are shown; `A` stands for the first ten. */
/** What `A` stands for; `a` (arrays) is of Redis 8.8. */
const EVENT_CLASSES = "g$lshzxetda";
/** Letters that `A` leaves out; o, c and those of fields (S T I V) are of Redis 8. */
const EVENT_OTHERS = "KEmnocSTIV";
const EVENT_LETTERS = `A${EVENT_CLASSES}${EVENT_OTHERS}`;

export const NOTIFY_KEYSPACE_EVENTS: Special = {
  manyWords: false,
  parse(words) {
    const letters = words[0] ?? "";
    for (const letter of letters) {
      if (!EVENT_LETTERS.includes(letter)) {
        return { error: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." };
      }
    }
    const has = (letter: string): boolean =>
      letters.includes(letter) || (letters.includes("A") && EVENT_CLASSES.includes(letter));
    const all = [...EVENT_CLASSES].every(has);
    // Redis 7.2 forgets to show `n` beside `A` although it is in force; here it comes last, or it would be lost.
    if (all) return { value: `A${[...EVENT_OTHERS].filter(has).join("")}` };
    return { value: [...EVENT_CLASSES, "n", ...EVENT_OTHERS.replace("n", "")].filter(has).join("") };
  },
  lines: (value, initial) => [{ words: [value], keep: value !== initial }],
};

/** Numbers from 0 to 100, as the shortest text of at most six decimals. */
export const PERCENTILES: Special = {
  manyWords: true,
  parse(given) {
    const shown: string[] = [];
    for (const word of emptyIsNone(given)) {
      const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : Number.NaN;
      if (Number.isNaN(number)) return { error: "Invalid latency-tracking-info-percentiles parameters" };
      if (number > 100 || number < 0) {
        return { error: "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]" };
      }
      shown.push(number.toFixed(6).replace(/\.?0+$/, ""));
    }
    return { value: shown.join(" ") };
  },
  lines: (value) => [{ words: value === "" ? [""] : wordsOf(value), keep: true }],
};

/** Host and port, or `no one`. */
export const REPLICAOF: Special = {
  manyWords: true,
  parse(words) {
    const [host, port] = words;
    if (words.length !== 2 || host === undefined || port === undefined) return { error: "wrong number of arguments" };
    if (host.toLowerCase() === "no" && port.toLowerCase() === "one") return { value: "" };
    if (!DECIMAL.test(port) || BigInt(port.trim()) < 0n || BigInt(port.trim()) > 65535n) {
      return { error: "Invalid master port" };
    }
    return { value: `${host} ${BigInt(port.trim())}` };
  },
  lines: (value) => (value === "" ? [] : [{ words: wordsOf(value), keep: true }]),
};

/** The working folder, shown as an absolute path. */
export const DIR: Special = {
  manyWords: false,
  parse: (words, { folder }) => folder(words[0] ?? ""),
  // Always written: a relative path in the old file need not mean the same folder at the next start.
  lines: (value) => [{ words: [value], keep: true }],
};
