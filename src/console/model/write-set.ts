/**
 * What a dry run would change, as lines that go and lines that come: the effects are applied to copies of the values as they are now.
 * An effect that this does not know is shown as the command that it is.
 *
 *     before {type: "hash", map: {available: "7"}}     effect HINCRBY sku available -2     ─▶  - available = 7   + available = 5
 */

export interface Snapshot {
  readonly type: "none" | "string" | "hash" | "list" | "set" | "zset" | "other";
  /** A string's one value, a list's elements; of the others `[name, value]` of each. */
  readonly items: readonly (readonly [string, string])[];
  /** Unix time in milliseconds, or null where the key stays. */
  readonly expiresAt: number | null;
}

export interface DiffLine {
  readonly sign: " " | "+" | "-";
  readonly text: string;
}

export interface KeyChange {
  readonly key: string;
  readonly lines: readonly DiffLine[];
  /** Commands whose outcome is not shown in `lines`. */
  readonly commands: readonly string[];
}

const NONE: Snapshot = { type: "none", items: [], expiresAt: null };

/** `effects`: each a command as shown text. */
export function changesOf(
  before: ReadonlyMap<string, Snapshot>,
  effects: readonly (readonly string[])[],
): readonly KeyChange[] {
  const keys = new Map<string, Draft>();
  const draft = (key: string): Draft => {
    const found = keys.get(key) ?? new Draft(before.get(key) ?? NONE);
    keys.set(key, found);
    return found;
  };
  for (const key of before.keys()) draft(key);
  for (const [name = "", ...rest] of effects) {
    const command = name.toUpperCase();
    if (command === "DEL" || command === "UNLINK") for (const key of rest) draft(key).clear();
    else if (command === "MSET")
      for (let at = 0; at < rest.length; at += 2) draft(rest[at] ?? "").apply("SET", rest.slice(at + 1, at + 2));
    else if (rest.length > 0) {
      const [key = "", ...words] = rest;
      const known = draft(key);
      if (!known.apply(command, words)) known.unknown.push([command, ...rest].join(" "));
    }
  }
  return [...keys].map(([key, after]) => ({
    key,
    lines: difference(linesOf(before.get(key) ?? NONE), linesOf(after.snapshot())),
    commands: after.unknown,
  }));
}

/** A value on its way from before to after. */
class Draft {
  readonly unknown: string[] = [];
  #type: Snapshot["type"];
  #items: [string, string][];
  #expiresAt: number | null;

  constructor(before: Snapshot) {
    this.#type = before.type;
    this.#items = before.items.map(([name, value]) => [name, value]);
    this.#expiresAt = before.expiresAt;
  }

  snapshot(): Snapshot {
    return { type: this.#type, items: this.#items, expiresAt: this.#expiresAt };
  }

  clear(): void {
    this.#type = "none";
    this.#items = [];
    this.#expiresAt = null;
  }

  /** False where the command is not known, or the value is one whose elements were not read. */
  apply(command: string, words: readonly string[]): boolean {
    if (command === "PEXPIREAT" || command === "PERSIST") {
      this.#expiresAt = command === "PERSIST" ? null : Number(words[0]);
      return true;
    }
    if (command === "SET") return this.#set(words);
    if (this.#type === "other") return false;
    const done = this.#scalar(command, words) || this.#named(command, words) || this.#ordered(command, words);
    if (done && this.#items.length === 0 && this.#type !== "string") this.clear();
    return done;
  }

  #set(words: readonly string[]): boolean {
    const [value = "", ...options] = words;
    const upper = options.map((word) => word.toUpperCase());
    const at = upper.indexOf("PXAT");
    if (upper.some((word) => ["EX", "PX", "EXAT"].includes(word))) return false;
    if (at >= 0) this.#expiresAt = Number(options[at + 1]);
    else if (!upper.includes("KEEPTTL")) this.#expiresAt = null;
    this.#type = "string";
    this.#items = [["", value]];
    return true;
  }

  #scalar(command: string, [word = ""]: readonly string[]): boolean {
    const step = { INCR: "1", DECR: "-1", INCRBY: word, DECRBY: `-${word}`.replace("--", "") }[command];
    const old = this.#items[0]?.[1];
    if (step !== undefined) {
      const sum = addIntegers(old ?? "0", step);
      if (sum === null) return false;
      this.#items = [["", sum]];
    } else if (command === "APPEND") this.#items = [["", (old ?? "") + word]];
    else return false;
    this.#type = "string";
    return true;
  }

  #named(command: string, words: readonly string[]): boolean {
    if (command === "HSET" || command === "HMSET") {
      for (let at = 0; at < words.length; at += 2) this.#put(words[at] ?? "", words[at + 1] ?? "");
      this.#type = "hash";
    } else if (command === "HINCRBY") {
      const sum = addIntegers(this.#get(words[0] ?? "") ?? "0", words[1] ?? "");
      if (sum === null) return false;
      this.#put(words[0] ?? "", sum);
      this.#type = "hash";
    } else if (command === "SADD") {
      for (const member of words) this.#put(member, "");
      this.#type = "set";
    } else if (command === "ZADD") {
      if (words.length % 2 !== 0 || Number.isNaN(Number(words[0]))) return false;
      for (let at = 0; at < words.length; at += 2) this.#put(words[at + 1] ?? "", words[at] ?? "");
      this.#type = "zset";
    } else if (["HDEL", "SREM", "ZREM"].includes(command)) {
      this.#items = this.#items.filter(([name]) => !words.includes(name));
    } else return false;
    return true;
  }

  #ordered(command: string, words: readonly string[]): boolean {
    const made = words.map((value): [string, string] => ["", value]);
    if (command === "RPUSH") this.#items.push(...made);
    else if (command === "LPUSH") this.#items.unshift(...made.reverse());
    else if (command === "LPOP") this.#items.splice(0, Number(words[0] ?? 1));
    else if (command === "RPOP") this.#items.splice(Math.max(this.#items.length - Number(words[0] ?? 1), 0));
    else if (command === "LSET") {
      const index = Number(words[0]) < 0 ? this.#items.length + Number(words[0]) : Number(words[0]);
      if (this.#items[index] === undefined) return false;
      this.#items[index] = ["", words[1] ?? ""];
    } else return false;
    this.#type = "list";
    return true;
  }

  #get(name: string): string | undefined {
    return this.#items.find(([candidate]) => candidate === name)?.[1];
  }

  #put(name: string, value: string): void {
    const found = this.#items.find(([candidate]) => candidate === name);
    if (found === undefined) this.#items.push([name, value]);
    else found[1] = value;
  }
}

function addIntegers(left: string, right: string): string | null {
  if (!/^-?\d+$/.test(left) || !/^-?\d+$/.test(right)) return null;
  return String(BigInt(left) + BigInt(right));
}

function linesOf({ type, items, expiresAt }: Snapshot): string[] {
  if (type === "none") return [];
  const lines = items.map(([name, value]) => {
    if (type === "hash") return `${name} = ${value}`;
    if (type === "zset") return `${value}  ${name}`;
    return type === "set" ? name : value;
  });
  if (expiresAt !== null) lines.push(`expires ${new Date(expiresAt).toISOString()}`);
  return lines;
}

/** The longest lines in common stay; a few lines around each change are kept. */
export function difference(before: readonly string[], after: readonly string[], around = 2): DiffLine[] {
  // length[i][j]: of the longest common part of before[i..] and after[j..]
  const length = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (i: number, j: number): number => length[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    const row = length[i];
    if (row === undefined) continue;
    for (let j = after.length - 1; j >= 0; j--) {
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: " ", text: before[i] ?? "" });
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: "-", text: before[i++] ?? "" });
    } else lines.push({ sign: "+", text: after[j++] ?? "" });
  }
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(index - around, 0), index + around + 1).some(({ sign }) => sign !== " "),
  );
  return lines.filter((_, index) => isNear[index]);
}
