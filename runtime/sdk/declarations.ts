import { isCallable, memberName, type TableRow } from "../host/commands.ts";
import { type Part, parseSynopsis } from "./synopsis.ts";

/** The text of zedis.d.ts for a command table: what a procedure's author may call, with types and a line of help each. */
export function declarationsOf(table: readonly TableRow[]): string {
  const rows = table
    .filter(isCallable)
    .toSorted((a, b) => (a.group === b.group ? compare(a, b) : a.group < b.group ? -1 : 1));
  const groups = [...new Set(rows.map((row) => row.group))];
  const members = (chosen: readonly TableRow[], type: (row: TableRow) => string, help: boolean) =>
    groups
      .flatMap((group) => chosen.filter((row) => row.group === group))
      .map((row) => member(row, type(row), help))
      .join("");
  const textual = rows.filter((row) => bytesType(row.reply) !== row.reply);
  return [
    HEAD,
    "/** Commands whose replies are bytes: `Zedis.bytes.hget(key, field)`. */\ninterface ZedisBytes {\n",
    "  /** As `Zedis.fcall`, with the bytes of the result. */\n",
    "  fcall(name: string, keys?: readonly ZedisSome<ZedisKey>[], args?: readonly ZedisSome<ZedisValue>[]): unknown;\n",
    members(textual, (row) => bytesType(row.reply), false),
    "}\n\n",
    "/** Every data command of the server, and typed values. */\ninterface ZedisApi {\n",
    TYPED,
    members(rows, (row) => row.reply, true),
    "}\n\n",
    "/** The store, inside a procedure: all calls of one FCALL happen at once or not at all. */\n",
    "declare const Zedis: ZedisApi;\n",
  ].join("");
}

const HEAD = `// Generated from the command table by \`bun runtime/sdk/generate.ts\`. Do not edit.

type ZedisKey = string | number | bigint | Uint8Array;
type ZedisValue = string | number | bigint | Uint8Array;
type ZedisInteger = number | bigint;
/** Several of one kind may come one by one or as an array. */
type ZedisSome<T> = T | readonly T[];

/** What a command's error is: \`code\` is the first word of \`message\`, WRONGTYPE or ERR for instance. */
interface ZedisReplyError extends Error {
  readonly name: "ReplyError";
  readonly code: string;
}

`;

/** Members that no command has. */
export const TYPED = `  /** The integer at \`key\`, or \`fallback\` (0) where there is none. An error where the value is no integer. */
  get_int(key: ZedisKey): number;
  get_int<T>(key: ZedisKey, fallback: T): number | T;
  /** The number at \`key\`, or \`fallback\` (0) where there is none. */
  get_number(key: ZedisKey): number;
  get_number<T>(key: ZedisKey, fallback: T): number | T;
  /** The integer at \`key\`, exact at any size, or \`fallback\` (0n) where there is none. */
  get_bigint(key: ZedisKey): bigint;
  get_bigint<T>(key: ZedisKey, fallback: T): bigint | T;
  /** The bytes at \`key\`. */
  get_bytes(key: ZedisKey): Uint8Array | null;
  /** The value whose JSON is at \`key\`. */
  get_json<T = unknown>(key: ZedisKey): T | null;
  /** Stores a value as JSON, with the options of \`set\`. */
  set_json(key: ZedisKey, value: unknown, ...options: Parameters<ZedisApi["set"]> extends [unknown, unknown, ...infer R] ? R : never): ReturnType<ZedisApi["set"]>;
  /** Any data command by its name: \`Zedis.call("HSET", key, "field", 1)\`. */
  call(name: string, ...values: readonly unknown[]): unknown;
  /**
   * Calls another function, in this call's transaction: its result as a value, what it throws as an error. What it wrote is then
   * undone, and the caller may go on. Bytes come as text here, as bytes from \`Zedis.bytes.fcall\`.
   */
  fcall(name: string, keys?: readonly ZedisSome<ZedisKey>[], args?: readonly ZedisSome<ZedisValue>[]): unknown;
  /** A line in the server's log. */
  log(...values: readonly unknown[]): void;
  /** Milliseconds since 1970; one value throughout a call. */
  now(): number;
  /** The same commands with bytes in their replies. */
  readonly bytes: ZedisBytes;
`;

/** Placeholders by what they take; the rest take any value. */
const INTEGERS = new Set(
  (
    "increment decrement seconds milliseconds unix-time-seconds unix-time-milliseconds count offset index len " +
    "numkeys db rank maxlen limit num-matches min-match-len bit numfields cursor-count size float"
  ).split(" "),
);
const KEYS = new Set("key newkey source destination key1 key2 dest".split(" "));

function placeholderType(name: string): string {
  if (KEYS.has(name)) return "ZedisKey";
  return INTEGERS.has(name) ? "ZedisInteger" : "ZedisValue";
}

function member(row: TableRow, reply: string, help: boolean): string {
  const name = memberName(row);
  const overloads = signatures(parseSynopsis(row.args)).map(
    (parameters) => `  ${name}(${parameters}): ${reply};
`,
  );
  return `${help ? helpLine(row) : ""}${overloads.join("")}`;
}

function helpLine({ name, args, summary, complexity }: TableRow): string {
  const sentences = [summary, complexity].filter((text) => text !== "").map((text) => text.replace(/\.?$/, "."));
  const usage = `\`${`${name.toUpperCase().replace("|", " ")} ${args}`.trim()}\``;
  return `  /** ${[...sentences, usage].join(" ").replace(/\*\//g, "* /")} */
`;
}

/** Parameter lists of the overloads that a synopsis needs. */
function signatures(parts: readonly Part[]): string[] {
  const fixed: string[] = [];
  const names = new Names();
  let at = 0;
  for (; at < parts.length; at++) {
    const part = parts[at];
    if (part === undefined || part.kind === "optional" || (part.kind === "group" && (part.repeats || isUneven(part))))
      break;
    if (part.kind === "word") fixed.push(`${names.take(part.text)}: ${JSON.stringify(part.text)}`);
    else if (part.kind === "placeholder") fixed.push(`${names.take(part.name)}: ${placeholderType(part.name)}`);
    else fixed.push(groupParameter(part, names));
  }
  const rest = parts.slice(at);
  const [first] = rest;
  if (first === undefined) return [fixed.join(", ")];

  if (rest.length === 1 && first.kind === "optional") {
    const [choice = []] = first.choices;
    const inner = choice.map((part) => (part.kind === "placeholder" ? part.name : ""));
    if (first.repeats && inner.length === 1 && inner[0] !== "") {
      // key [key ...]: each may also be an array of them.
      const type = placeholderType(inner[0] ?? "");
      const before = fixed.slice(0, -1);
      const own = fixed.at(-1)?.replace(/: .*/, "") ?? "value";
      return [[...before, `${own}: ZedisSome<${type}>`, `...more: readonly ZedisSome<${type}>[]`].join(", ")];
    }
    if (first.repeats && inner.length === 2 && !inner.includes("")) {
      // field value [field value ...]: also as one object.
      const [left = "", right = ""] = inner.map(placeholderType);
      const pairs = [...fixed, `...more: readonly (${[...new Set([left, right])].join(" | ")})[]`].join(", ");
      return [pairs, [...fixed.slice(0, -2), `${inner[0]}s: Readonly<Record<string, ${right}>>`].join(", ")];
    }
    if (!first.repeats && first.choices.length === 1 && inner.length === 1 && inner[0] !== "") {
      return [[...fixed, `${names.take(inner[0] ?? "")}?: ${placeholderType(inner[0] ?? "")}`].join(", ")];
    }
  }
  const atoms = [...new Set(rest.flatMap(atomTypes))];
  return [[...fixed, `...options: readonly (${atoms.join(" | ")})[]`].join(", ")];
}

type Group = Extract<Part, { choices: unknown }>;

/** `<A | B value>`: how many words it is depends on the choice, so nothing behind it has a place of its own. */
function isUneven(part: Group): boolean {
  return part.choices.some((choice) => choice.length !== 1);
}

/** `<A | B>`: one of the words. */
function groupParameter(part: Group, names: Names): string {
  const types = [...new Set(part.choices.flatMap((choice) => choice.flatMap(atomTypes)))];
  return `${names.take("choice")}: ${types.join(" | ")}`;
}

function atomTypes(part: Part): string[] {
  if (part.kind === "word") return [JSON.stringify(part.text)];
  if (part.kind === "placeholder") {
    const type = placeholderType(part.name);
    return part.name === "key" || type !== "ZedisInteger" ? [`ZedisSome<${type}>`] : [type];
  }
  return part.choices.flatMap((choice) => choice.flatMap(atomTypes));
}

/** Parameter names: camel case, each once. */
class Names {
  readonly #used = new Map<string, number>();

  take(placeholder: string): string {
    const camel = placeholder
      .toLowerCase()
      .replace(/[^a-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? "");
    const name = /^(?:function|default|in|new|var|with|delete|case|if|do)$/.test(camel)
      ? `${camel}_`
      : camel || "value";
    const count = (this.#used.get(name) ?? 0) + 1;
    this.#used.set(name, count);
    return count === 1 ? name : `${name}${count}`;
  }
}

/** A reply's type with bytes where it has text; names of fields and literals, which are status replies, stay text. */
function bytesType(reply: string): string {
  return reply.replace(TEXT, (word, kept: string | undefined) => (kept === undefined ? "Uint8Array" : word));
}

/** A literal or the names of a record (captured), or the type of text. */
const TEXT = /("[^"]*"|Record<string,)|\bstring\b/g;

function compare(a: TableRow, b: TableRow): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
