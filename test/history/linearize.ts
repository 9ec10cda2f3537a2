/**
 * Whether the operations on one register have an order that explains every reply and keeps the order of real time.
 *
 * The search of Wing and Gong (1993) with Lowe's memory of configurations ("Testing for linearizability", 2016): take any
 * operation that nobody was over before, and go on; back up where a reply contradicts the state. A set of operations taken and
 * the state that they led to is looked at once.
 */

export type Request =
  | { readonly kind: "get" | "incr" | "del" }
  | { readonly kind: "set" | "getset"; readonly value: string }
  | { readonly kind: "ifeq"; readonly value: string; readonly expected: string };

export interface Operation {
  readonly client: number;
  readonly request: Request;
  readonly invoked: number;
  /** Infinity where no reply came. */
  completed: number;
  /** A bulk's text, a number's digits, `OK`, `nil`, `error`; absent where no reply came. */
  reply?: string;
}

/** A register's text; null: no such key. */
type State = string | null;

/** Null where the history is linearisable, else the longest order that was found, and what then did not fit. */
export function findContradiction(operations: readonly Operation[]): string | null {
  const head = linked(operations);
  const taken: { entry: Entry; before: State }[] = [];
  const known = new Set<string>();
  let longest: Operation[] = [];
  let bits = 0n;
  let state: State = null;
  let entry = head.next;
  while (head.next !== null) {
    if (entry?.end != null) {
      const after = step(state, entry.operation);
      const bitsAfter = bits | entry.bit;
      const configuration = `${bitsAfter.toString(36)} ${after}`;
      if (after !== undefined && !known.has(configuration)) {
        known.add(configuration);
        taken.push({ entry, before: state });
        if (taken.length > longest.length) longest = taken.map((choice) => choice.entry.operation);
        state = after;
        bits = bitsAfter;
        lift(entry);
        entry = head.next;
      } else entry = entry.next;
      continue;
    }
    // The end of an operation that is not taken yet: it had to be taken before here.
    const last = taken.pop();
    if (last === undefined) return explain(operations, longest);
    state = last.before;
    bits &= ~last.entry.bit;
    putBack(last.entry);
    entry = last.entry.next;
  }
  return null;
}

/** The state behind an operation, or undefined where its reply does not fit the state. */
function step(state: State, { request, reply }: Operation): State | undefined {
  const fits = (expected: string, after: State): State | undefined =>
    reply === undefined || reply === expected ? after : undefined;
  switch (request.kind) {
    case "get":
      return fits(state ?? "nil", state);
    case "set":
      return fits("OK", request.value);
    case "getset":
      return fits(state ?? "nil", request.value);
    case "del":
      return fits(state === null ? "0" : "1", null);
    case "ifeq":
      return state === request.expected ? fits("OK", request.value) : fits("nil", state);
    case "incr": {
      if (!/^(null|-?\d+)$/.test(String(state))) return fits("error", state);
      const sum = String(Number(state) + 1);
      return fits(sum, sum);
    }
  }
}

/** A call, with the entry of its end; or that end, which has none. */
interface Entry {
  readonly operation: Operation;
  readonly bit: bigint;
  readonly end: Entry | null;
  previous: Entry | Head;
  next: Entry | null;
}

interface Head {
  next: Entry | null;
}

function linked(operations: readonly Operation[]): Head {
  const events: { at: number; entry: Entry }[] = [];
  const head: Head = { next: null };
  for (const [index, operation] of operations.entries()) {
    const bit = 1n << BigInt(index);
    const end: Entry = { operation, bit, end: null, previous: head, next: null };
    events.push({ at: operation.invoked, entry: { operation, bit, end, previous: head, next: null } });
    events.push({ at: operation.completed, entry: end });
  }
  // At the same instant nobody was over before the other began.
  events.sort(
    (left, right) => compare(left.at, right.at) || Number(left.entry.end === null) - Number(right.entry.end === null),
  );
  let last: Entry | Head = head;
  for (const { entry } of events) {
    entry.previous = last;
    last.next = entry;
    last = entry;
  }
  return head;
}

/** Also for two Infinities, whose difference is no number. */
function compare(left: number, right: number): number {
  return left === right ? 0 : left - right;
}

function lift(call: Entry): void {
  for (const entry of [call, call.end as Entry]) {
    entry.previous.next = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
  }
}

/** The reverse of `lift`, in reverse order. */
function putBack(call: Entry): void {
  for (const entry of [call.end as Entry, call]) {
    entry.previous.next = entry;
    if (entry.next !== null) entry.next.previous = entry;
  }
}

function explain(operations: readonly Operation[], longest: readonly Operation[]): string {
  const rest = operations.filter((operation) => !longest.includes(operation));
  const line = ({ client, request, invoked, completed, reply }: Operation): string => {
    const { kind, ...details } = request;
    const end = completed === Number.POSITIVE_INFINITY ? "?" : (completed / 1e6).toFixed(3);
    return `  client ${client} ${(invoked / 1e6).toFixed(3)}…${end} ms: ${kind} ${Object.values(details).join(" ")} → ${reply ?? "?"}`;
  };
  return [
    "no order explains all replies; the longest that was found:",
    ...longest.map(line),
    "and then none of:",
    ...rest.map(line),
  ].join("\n");
}
