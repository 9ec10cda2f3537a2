/**
 * What a test expects of a reply, written once for both protocols.
 *
 *     "text" or Uint8Array   bulk string           null       $-1 in RESP2, _ in RESP3
 *     1, 10n                 integer               nilArray   *-1 in RESP2, _ in RESP3
 *     [a, b]                 array                 map(k, v)  % in RESP3, flat array in RESP2
 *     ok, simple("PONG")     simple string         set(a, b)  ~ in RESP3, array in RESP2
 *     err("ERR …")           error                 double("1.5"), verbatim("txt", …)   bulk strings in RESP2
 *
 * `byProtocol` is for replies that differ in another way, the matchers at the end for what is not fixed.
 */
import { type Reply, show } from "./resp.ts";

export type Protocol = 2 | 3;

export type Expected = string | number | bigint | null | Uint8Array | readonly Expected[] | Shape | Matcher;

/** A reply that has no JavaScript value of its own, as a function of the protocol. */
export class Shape {
  constructor(readonly inProtocol: (protocol: Protocol) => Reply | Expected) {}
}

/** A condition on a reply; `label` is what a failure prints. */
export class Matcher {
  constructor(
    readonly label: string,
    readonly test: (reply: Reply, protocol: Protocol) => boolean,
  ) {}
}

export const simple = (text: string): Shape => new Shape(() => ({ kind: "simple", text }));
export const err = (text: string): Shape => new Shape(() => ({ kind: "error", text }));
export const ok = simple("OK");
export const queued = simple("QUEUED");
export const nilArray = new Shape((protocol) => (protocol === 3 ? { kind: "null" } : { kind: "nilArray" }));
export const double = (text: string): Shape =>
  new Shape((protocol) => (protocol === 3 ? { kind: "double", text } : text));
export const verbatim = (format: string, text: string): Shape =>
  new Shape((protocol) => (protocol === 3 ? { kind: "verbatim", format, bytes: Buffer.from(text) } : text));
export const boolean = (value: boolean): Shape =>
  new Shape((protocol) => (protocol === 3 ? { kind: "boolean", value } : value ? 1 : 0));
export const map = (...flat: readonly Expected[]): Shape => aggregate("map", flat);
export const set = (...items: readonly Expected[]): Shape => aggregate("set", items);
export const byProtocol = (resp2: Expected, resp3: Expected): Shape =>
  new Shape((protocol) => (protocol === 3 ? resp3 : resp2));

export const anything = new Matcher("anything", () => true);
/** A bulk, verbatim, simple or error text that matches. */
export const like = (pattern: RegExp): Matcher =>
  new Matcher(`text like ${pattern}`, (reply) => textMatches(reply, pattern));
export const errorLike = (pattern: RegExp): Matcher =>
  new Matcher(`error like ${pattern}`, (reply) => reply.kind === "error" && pattern.test(reply.text));
export const between = (low: number, high: number): Matcher =>
  new Matcher(
    `integer from ${low} to ${high}`,
    (reply) => reply.kind === "integer" && reply.value >= low && reply.value <= high,
  );
export const oneOf = (...choices: readonly Expected[]): Matcher =>
  new Matcher(`one of ${choices.map((choice) => describeExpected(choice, 3)).join(" or ")}`, (reply, protocol) =>
    choices.some((choice) => matches(choice, reply, protocol)),
  );
/** The array with these items in any order. */
export const unordered = (...items: readonly Expected[]): Matcher => unorderedOf("array", items);
/** The set (RESP2: array) with these items in any order. */
export const unorderedSet = (...items: readonly Expected[]): Matcher => unorderedOf("set", items);
/** The map (RESP2: flat array) with these pairs in any order. */
export const unorderedMap = (...pairs: readonly (readonly [Expected, Expected])[]): Matcher =>
  new Matcher(`map of ${pairs.length} pairs`, (reply, protocol) => {
    if (reply.kind !== (protocol === 3 ? "map" : "array") || reply.items.length !== pairs.length * 2) return false;
    const grouped: Reply[] = [];
    for (let at = 0; at < reply.items.length; at += 2)
      grouped.push({ kind: "array", items: reply.items.slice(at, at + 2) });
    return sameInAnyOrder(pairs, grouped, protocol);
  });

/** Whether `reply` is what was expected in this protocol, kind by kind and byte by byte. */
export function matches(expected: Expected, reply: Reply, protocol: Protocol): boolean {
  const wanted = resolve(expected, protocol);
  if (wanted instanceof Matcher) return wanted.test(reply, protocol);
  if (Array.isArray(wanted)) {
    if (reply.kind !== "array" || reply.items.length !== wanted.length) return false;
    return reply.items.every((item, index) => matches(wanted[index] as Expected, item, protocol));
  }
  return show(wanted as Reply) === show(reply);
}

/** The expectation as a failure prints it. */
export function describeExpected(expected: Expected, protocol: Protocol): string {
  const wanted = resolve(expected, protocol);
  if (wanted instanceof Matcher) return `<${wanted.label}>`;
  if (Array.isArray(wanted)) return `[${wanted.map((item) => describeExpected(item, protocol)).join(", ")}]`;
  return show(wanted as Reply);
}

/** A reply, a matcher, or an array of expectations (whose items may hold matchers). */
function resolve(expected: Expected, protocol: Protocol): Reply | Matcher | readonly Expected[] {
  if (expected instanceof Matcher) return expected;
  if (expected instanceof Shape) {
    const shaped = expected.inProtocol(protocol);
    return isReply(shaped) ? shaped : resolve(shaped, protocol);
  }
  if (expected === null) return protocol === 3 ? { kind: "null" } : { kind: "nilBulk" };
  if (typeof expected === "string") return { kind: "bulk", bytes: Buffer.from(expected) };
  if (expected instanceof Uint8Array) return { kind: "bulk", bytes: Buffer.from(expected) };
  if (typeof expected === "number" || typeof expected === "bigint") return { kind: "integer", value: expected };
  return expected as readonly Expected[];
}

function aggregate(kind: "map" | "set", items: readonly Expected[]): Shape {
  return new Shape((protocol) => {
    if (protocol === 2) return items;
    return new Matcher(`${kind} [${items.map((item) => describeExpected(item, 3)).join(", ")}]`, (reply) => {
      if (reply.kind !== kind || reply.items.length !== items.length) return false;
      return reply.items.every((item, index) => matches(items[index] as Expected, item, 3));
    });
  });
}

function unorderedOf(kind: "array" | "set", items: readonly Expected[]): Matcher {
  const label = `${kind} in any order [${items.map((item) => describeExpected(item, 3)).join(", ")}]`;
  return new Matcher(label, (reply, protocol) => {
    if (reply.kind !== (protocol === 3 ? kind : "array") || reply.items.length !== items.length) return false;
    return sameInAnyOrder(items, reply.items, protocol);
  });
}

function sameInAnyOrder(wanted: readonly Expected[], items: readonly Reply[], protocol: Protocol): boolean {
  const left = [...wanted];
  for (const item of items) {
    const index = left.findIndex((candidate) => matches(candidate, item, protocol));
    if (index < 0) return false;
    left.splice(index, 1);
  }
  return true;
}

function textMatches(reply: Reply, pattern: RegExp): boolean {
  if (reply.kind === "simple" || reply.kind === "error") return pattern.test(reply.text);
  return (reply.kind === "bulk" || reply.kind === "verbatim") && pattern.test(reply.bytes.toString());
}

function isReply(value: Reply | Expected): value is Reply {
  return typeof value === "object" && value !== null && "kind" in value;
}
