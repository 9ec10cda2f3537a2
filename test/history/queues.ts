/**
 * The queue workload: elements go in at one end and out at the other, by pops that wait for them; and its checker.
 *
 * The conditions are those of Henzinger, Sezgin and Vafeiadis ("Aspect-oriented linearizability proofs", CONCUR 2013) for a queue:
 *
 *   phantom   an element comes out that nobody put in        order   an element overtakes one that was in before it
 *   repeated  an element comes out twice                     empty   a pop finds nothing though something was there all the time
 *   lost      an element never comes out
 */
import { Random } from "../harness/random.ts";
import { itemsOf, type Reply, show, textOf } from "../harness/resp.ts";
import { type Command, ConnectionClosed, Wire } from "../harness/wire.ts";
import { LIBRARY, type Workload } from "./list-append.ts";
import type { Anomaly } from "./versions.ts";

export interface Push {
  readonly key: string;
  readonly value: string;
  readonly invoked: number;
  completed: number;
  outcome: "ok" | "failed" | "unknown";
}

export interface Pop {
  readonly keys: readonly string[];
  readonly invoked: number;
  completed: number;
  /** Null: it found nothing. Absent: no reply came. */
  taken?: { readonly key: string; readonly value: string } | null;
}

export interface Queues {
  readonly pushes: Push[];
  readonly pops: Pop[];
}

const KEYS = ["queue:a", "queue:b", "queue:c"];

/** Half of the clients put in, half take out; what is left is taken out at the end. */
export async function runQueues(workload: Workload): Promise<Queues> {
  const random = new Random(workload.seed);
  const history: Queues = { pushes: [], pops: [] };
  const end_ms = performance.now() + workload.duration_ms;
  const admin = await Wire.connect(workload.address);
  await admin.call(["DEL", ...KEYS]);
  await admin.call(["FUNCTION", "LOAD", "REPLACE", LIBRARY]);
  const ids: number[] = [];
  let value = 0;
  let pushing = Math.ceil(workload.clients / 2);

  const repeat = async (number: number, isOver: () => boolean, act: (wire: Wire, own: Random) => Promise<void>) => {
    const own = new Random(random.below(2 ** 31));
    let wire: Wire | undefined;
    while (!isOver()) {
      try {
        if (wire === undefined || wire.bytes.isClosed) {
          wire = await Wire.connect(workload.address, own.chance(0.5) ? 2 : 3);
          ids[number] = Number(show(await wire.call("CLIENT ID")).slice(1));
        }
        await act(wire, own);
      } catch (error) {
        if (!(error instanceof ConnectionClosed)) throw error;
        wire = undefined;
      }
    }
    await wire?.close();
  };

  const push = async (wire: Wire, own: Random): Promise<void> => {
    const elements = Array.from({ length: own.from(1, 3) }, () => ({ key: own.pick(KEYS), value: String(++value) }));
    const invoked = Bun.nanoseconds();
    const pushes = elements.map((element): Push => {
      return { ...element, invoked, completed: Number.POSITIVE_INFINITY, outcome: "unknown" };
    });
    history.pushes.push(...pushes);
    const commands = elements.map((element): Command => ["RPUSH", element.key, element.value]);
    const micros = elements.map((element) => ({ kind: "append", ...element }));
    const outcome = await pushTogether(wire, own, commands, JSON.stringify(micros));
    for (const done of pushes) {
      done.completed = Bun.nanoseconds();
      done.outcome = outcome;
    }
    // Queues that are empty now and then, so that the others wait.
    if (own.chance(0.3)) await Bun.sleep(own.from(1, 8));
  };

  const pop = async (wire: Wire, own: Random): Promise<void> => {
    const keys = own.shuffled(KEYS).slice(0, own.from(1, 3));
    const way = own.below(4);
    const timeout = String(own.from(1, 12) / 100);
    const commands: Command[] = [
      ["BLPOP", ...keys, timeout],
      ["BLMPOP", timeout, String(keys.length), ...keys, "LEFT"],
      ["LMPOP", String(keys.length), ...keys, "LEFT"],
      ["BLPOP", ...keys, timeout],
    ];
    const pending: Pop = { keys, invoked: Bun.nanoseconds(), completed: Number.POSITIVE_INFINITY };
    history.pops.push(pending);
    const reply = await wire.call(commands[way] as Command);
    pending.taken = takenBy(reply);
    pending.completed = Bun.nanoseconds();
  };

  const killer = async (): Promise<void> => {
    while (performance.now() < end_ms) {
      await Bun.sleep(random.from(50, 200));
      // On a busy machine nobody may have connected yet.
      const known = ids.filter(Number);
      if (known.length > 0) await admin.call(["CLIENT", "KILL", "ID", String(random.pick(known))]);
    }
  };
  const clients = Array.from({ length: workload.clients }, async (_, number) => {
    if (number % 2 === 0) {
      await repeat(number, () => performance.now() >= end_ms, push);
      pushing--;
    } else await repeat(number, () => pushing === 0, pop);
  });
  await Promise.all(workload.kills ? [...clients, killer()] : clients);
  for (const key of KEYS) {
    for (;;) {
      const last: Pop = { keys: [key], invoked: Bun.nanoseconds(), completed: 0 };
      const reply = await admin.call(["LPOP", key]);
      if (reply.kind !== "bulk") break;
      history.pops.push({ ...last, completed: Bun.nanoseconds(), taken: { key, value: textOf(reply) } });
    }
  }
  await admin.close();
  return history;
}

/** Elements that one request puts in: by single commands, by MULTI, by a procedure, by a procedure that fails. */
async function pushTogether(wire: Wire, own: Random, commands: readonly Command[], micros: string) {
  const ways = ["MULTI", "procedure", "throwing"];
  const way = commands.length === 1 && own.chance(0.5) ? "command" : own.pick(ways);
  switch (way) {
    case "command":
      await wire.call(commands[0] as Command);
      return "ok";
    case "MULTI":
      await wire.pipeline(["MULTI", ...commands, "EXEC"]);
      return "ok";
    case "procedure":
      if ((await wire.call(["FCALL", "history_apply", "0", micros])).kind !== "bulk") throw new Error("FCALL failed");
      return "ok";
    default:
      if ((await wire.call(["FCALL", "history_throw", "0", micros])).kind !== "error") throw new Error("no error");
      return "failed";
  }
}

/** `[key, value]` of BLPOP, `[key, [value]]` of LMPOP and BLMPOP, or nothing. */
function takenBy(reply: Reply): NonNullable<Pop["taken"]> | null {
  if (reply.kind === "nilArray" || reply.kind === "null") return null;
  const [key, element] = itemsOf(reply);
  return { key: textOf(key), value: textOf(element?.kind === "array" ? element.items[0] : element) };
}

/** Empty where the history is one of a queue. Cost: that of sorting it. */
export function checkQueues({ pushes, pops }: Queues): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const found = (name: string, explanation: string) => anomalies.push({ name, explanation });
  const pushed = new Map(pushes.map((push) => [push.value, push]));
  const popped = new Map<string, Pop>();
  for (const pop of pops) {
    if (!pop.taken) continue;
    const { key, value } = pop.taken;
    const push = pushed.get(value);
    if (push === undefined || push.key !== key || push.outcome === "failed" || push.invoked > pop.completed)
      found("phantom", `${value} came out of ${key}: ${push ? JSON.stringify(push) : "nobody put it in"}`);
    if (popped.has(value)) found("repeated", `${value} came out of ${key} twice`);
    popped.set(value, pop);
  }
  // A pop whose connection ended may have taken one element with it.
  const unknown = pops.filter(({ taken }) => taken === undefined).length;
  const lost = pushes.filter(({ value, outcome }) => outcome === "ok" && !popped.has(value));
  if (lost.length > unknown)
    found("lost", `${lost.length} elements never came out, ${unknown} pops have no reply: ${JSON.stringify(lost[0])}`);
  for (const key of new Set(pushes.map((push) => push.key))) {
    const here = pushes.filter((push) => push.key === key && popped.has(push.value));
    for (const [first, second] of overtakings(here, popped))
      found("order", `${second.value} came out of ${key} before ${first.value}, which was in before it`);
    const filled = surelyFilled(here, popped);
    for (const pop of pops)
      if (pop.taken === null && pop.keys.includes(key) && isCovered(pop, filled))
        found("empty", `a pop of ${pop.keys.join(" ")} found nothing, though ${key} was never empty meanwhile`);
  }
  return anomalies;
}

/** Pairs of elements of one queue of which the first was in before the second, but came out behind it. */
function* overtakings(pushes: readonly Push[], popped: ReadonlyMap<string, Pop>): Generator<[Push, Push]> {
  const popOf = ({ value }: Push) => popped.get(value) as Pop;
  // Those of one request are recorded in their order, with the same instant of asking.
  for (const [index, second] of pushes.entries()) {
    const first = pushes[index - 1];
    if (first?.invoked === second.invoked && popOf(second).completed < popOf(first).invoked) yield [first, second];
  }
  const byEnd = pushes.toSorted((left, right) => left.completed - right.completed || 0);
  let next = 0;
  let latest: Push | undefined;
  for (const second of pushes.toSorted((left, right) => left.invoked - right.invoked)) {
    for (; (byEnd[next]?.completed ?? Number.POSITIVE_INFINITY) < second.invoked; next++) {
      const first = byEnd[next] as Push;
      if (latest === undefined || popOf(first).invoked > popOf(latest).invoked) latest = first;
    }
    if (latest !== undefined && popOf(second).completed < popOf(latest).invoked) yield [latest, second];
  }
}

/** The times, in order, at which some element was surely in the queue: from the end of its push to the beginning of its pop. */
function surelyFilled(pushes: readonly Push[], popped: ReadonlyMap<string, Pop>): { from: number; to: number }[] {
  const filled: { from: number; to: number }[] = [];
  const stays = pushes
    .filter(({ outcome }) => outcome === "ok")
    .map(({ completed, value }) => ({ from: completed, to: popped.get(value)?.invoked ?? 0 }))
    .filter(({ from, to }) => from < to)
    .sort((left, right) => left.from - right.from);
  for (const stay of stays) {
    const last = filled.at(-1);
    if (last !== undefined && stay.from <= last.to) last.to = Math.max(last.to, stay.to);
    else filled.push(stay);
  }
  return filled;
}

/** Whether one of the times covers all of the pop's. */
function isCovered({ invoked, completed }: Pop, times: readonly { from: number; to: number }[]): boolean {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle]?.from ?? 0) < invoked) low = middle + 1;
    else high = middle;
  }
  return (times[low - 1]?.to ?? 0) > completed;
}
