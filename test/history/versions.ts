/**
 * The order in which each list grew, from the longest read of it, and every anomaly that shows without a graph.
 *
 * Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020, section 4: when every value
 * is appended once, a read of a list is the whole history of that list, and any two reads must be prefixes of one another.
 */
import type { Append, Micro, Transaction } from "./history.ts";

export interface Anomaly {
  /** G0, G1a, … as in Adya's thesis and Elle; the names of our own checks are words. */
  readonly name: string;
  readonly explanation: string;
}

export interface Writer {
  readonly transaction: Transaction;
  readonly append: Append;
  /** Not its transaction's last append to this key: nobody else may see a list that ends with it. */
  readonly isIntermediate: boolean;
}

export interface Versions {
  /** Per key: the values in the order in which they were appended, as far as somebody has read them. */
  readonly orders: ReadonlyMap<string, readonly number[]>;
  /** Per key: values of transactions that happened which no read shows; they lie behind all of the order. */
  readonly unread: ReadonlyMap<string, readonly Writer[]>;
  readonly writers: ReadonlyMap<number, Writer>;
  /** By index: whether a transaction is known to have happened. */
  readonly happened: readonly boolean[];
  readonly anomalies: readonly Anomaly[];
}

/** Linear in the number of values read. */
export function inferVersions(history: readonly Transaction[]): Versions {
  const anomalies: Anomaly[] = [];
  const found = (name: string, explanation: string) => anomalies.push({ name, explanation });
  const writers = writersOf(history);
  const longest = new Map<string, { values: readonly number[]; reader: Transaction }>();
  for (const reader of history) {
    if (reader.outcome !== "ok") continue;
    for (const micro of reader.micros) {
      if (micro.kind !== "read" || micro.values === undefined) continue;
      const { key, values } = micro;
      if (values.length >= (longest.get(key)?.values.length ?? 0)) longest.set(key, { values, reader });
    }
  }
  for (const reader of history) {
    if (reader.outcome !== "ok") continue;
    for (const problem of innerProblems(reader.micros)) found("internal", `${name(reader)}: ${problem}`);
    for (const micro of reader.micros) {
      if (micro.kind !== "read" || micro.values === undefined) continue;
      const { key, values } = micro;
      const order = longest.get(key);
      if (order !== undefined && !isPrefix(values, order.values)) {
        found(
          "incompatible-order",
          `${name(reader)} read ${key} as ${list(values)}, ${name(order.reader)} as ${list(order.values)}`,
        );
      }
      // Every value of a read that is a prefix is looked at once, with the longest read.
      if (order?.values === values || (order !== undefined && !isPrefix(values, order.values))) {
        const seen = new Set<number>();
        for (const value of values) {
          if (seen.has(value)) found("duplicate", `${name(reader)} read ${key} with ${value} twice: ${list(values)}`);
          seen.add(value);
          const writer = writers.get(value);
          if (writer === undefined || writer.append.key !== key)
            found("phantom", `${name(reader)} read ${value} in ${key}, where nobody has appended it`);
          else if (writer.transaction.outcome === "failed")
            found(
              "G1a",
              `${name(reader)} read ${value} in ${key}, which ${name(writer.transaction)} appended and failed`,
            );
        }
      }
      const last = writers.get(values.at(-1) ?? Number.NaN);
      if (last?.isIntermediate && last.transaction !== reader && last.append.key === key)
        found(
          "G1b",
          `${name(reader)} read ${key} up to ${last.append.value}, in the middle of ${name(last.transaction)}`,
        );
    }
  }
  const orders = new Map([...longest].map(([key, { values }]) => [key, values] as const));
  const places = new Map<number, number>();
  for (const [key, values] of orders)
    for (const [index, value] of values.entries()) if (writers.get(value)?.append.key === key) places.set(value, index);
  const happened = history.map(({ outcome, micros }) => {
    if (outcome !== "unknown") return outcome === "ok";
    return micros.some((micro) => micro.kind === "append" && places.has(micro.value));
  });
  const unread = new Map<string, Writer[]>();
  const lastRead = lastInvocations(history);
  for (const writer of writers.values()) {
    const { transaction, append } = writer;
    if (!happened[transaction.index]) continue;
    const place = places.get(append.value);
    if (place !== undefined) {
      if (append.length !== undefined && append.length !== place + 1)
        found(
          "misplaced",
          `${name(transaction)} was told that ${append.key} has ${append.length} values with ${append.value}, which is value ${place + 1}`,
        );
      continue;
    }
    const isOver = (lastRead.get(append.key) ?? Number.NEGATIVE_INFINITY) > transaction.completed;
    if (isOver)
      found("lost", `${name(transaction)} appended ${append.value} to ${append.key}, and later reads do not show it`);
    else unread.set(append.key, [...(unread.get(append.key) ?? []), writer]);
  }
  return { orders, unread, writers, happened, anomalies };
}

/** `T7 (client 3, MULTI)`. */
export function name({ index, session, label }: Transaction): string {
  return `T${index} (client ${session}, ${label})`;
}

/** A list as text, without its middle where it is long. */
export function list(values: readonly number[]): string {
  return values.length <= 12 ? `[${values.join(" ")}]` : `[… ${values.slice(-10).join(" ")}] (${values.length} values)`;
}

export function isPrefix(shorter: readonly number[], longer: readonly number[]): boolean {
  if (shorter.length > longer.length) return false;
  for (let index = shorter.length - 1; index >= 0; index--) if (shorter[index] !== longer[index]) return false;
  return true;
}

function writersOf(history: readonly Transaction[]): Map<number, Writer> {
  const writers = new Map<number, Writer>();
  for (const transaction of history) {
    const lasts = new Map<string, Append>();
    for (const micro of transaction.micros) if (micro.kind === "append") lasts.set(micro.key, micro);
    for (const append of transaction.micros) {
      if (append.kind !== "append") continue;
      if (writers.has(append.value)) throw new Error(`the workload appended ${append.value} twice`);
      writers.set(append.value, { transaction, append, isIntermediate: lasts.get(append.key) !== append });
    }
  }
  return writers;
}

/** What contradicts itself within one transaction: it must see its own appends and nothing else that is new. */
function* innerProblems(micros: readonly Micro[]): Generator<string> {
  const known = new Map<string, { base: readonly number[] | undefined; own: number[] }>();
  for (const micro of micros) {
    const state = known.get(micro.key) ?? { base: undefined, own: [] };
    known.set(micro.key, state);
    if (micro.kind === "append") {
      state.own.push(micro.value);
      continue;
    }
    if (micro.values === undefined) continue;
    const { base, own } = state;
    const tail = micro.values.slice(micro.values.length - own.length);
    const head = micro.values.slice(0, micro.values.length - own.length);
    const sees = micro.values.length >= own.length && isPrefix(tail, own);
    if (!sees) yield `appended ${list(own)} to ${micro.key} and then read ${list(micro.values)}`;
    else if (base !== undefined && (head.length !== base.length || !isPrefix(head, base)))
      yield `read ${micro.key} as ${list(base)}, appended ${own.length} values and then read ${list(micro.values)}`;
    else state.base = head;
  }
}

/** Per key: when the last read of it that has an answer was asked. */
function lastInvocations(history: readonly Transaction[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const { outcome, invoked, micros } of history) {
    if (outcome !== "ok") continue;
    for (const { kind, key } of micros) if (kind === "read") last.set(key, Math.max(invoked, last.get(key) ?? invoked));
  }
  return last;
}
