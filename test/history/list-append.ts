/**
 * The list-append workload: clients that read whole lists (LRANGE) and append unique numbers (RPUSH), several of both as one
 * transaction, in each way in which the server offers transactions.
 *
 *     command     one RPUSH or LRANGE                         watch      WATCH, reads, then MULTI with what may have lost the race
 *     pipeline    several in one write                        procedure  FCALL with declared, some or no keys; some throw at the end
 *                                                             in the background, or on the core
 *     MULTI       in one write, or a round trip per command   discarded  DISCARD or EXECABORT: must leave no trace
 *
 * Meanwhile another client kills connections and running procedures.
 */
import { Random } from "../harness/random.ts";
import { itemsOf, type Reply, show } from "../harness/resp.ts";
import { until } from "../harness/wait.ts";
import { type Address, type Command, ConnectionClosed, Wire } from "../harness/wire.ts";
import { type Append, type Micro, Recorder, type Transaction } from "./history.ts";
import { Keys } from "./keys.ts";

/** How commands and transactions reach the server. Tests of the checker put broken ones in their place. */
export interface Transport {
  command(wire: Wire, command: Command): Promise<Reply>;
  /** The replies of the commands of one MULTI, or null where EXEC refused. */
  transaction(wire: Wire, commands: readonly Command[]): Promise<readonly Reply[] | null>;
}

export interface Workload {
  readonly address: Address;
  readonly seed: number;
  readonly clients: number;
  readonly duration_ms: number;
  readonly transport?: Transport;
  /** Connections and procedures are killed at random. */
  readonly kills?: boolean;
  /** What clients do; all of it where not given. */
  readonly actions?: readonly Action[];
}

export const TRANSPORT: Transport = {
  command: (wire, command) => wire.call(command),
  async transaction(wire, commands) {
    const replies = await wire.pipeline(["MULTI", ...commands, "EXEC"]);
    return results(replies.at(-1));
  },
};

export const LIBRARY = `#!ts name=history
interface Micro { kind: string; key: string; value: number }
function run(micros: Micro[]): string {
  return JSON.stringify(micros.map(({ kind, key, value }) => kind === "append" ? Zedis.rpush(key, value) : Zedis.lrange(key, 0, -1).map(Number)));
}
/** The last word holds the micro-operations, those before it are declared keys. */
export function history_apply(...words: string[]): string {
  return run(JSON.parse(words[words.length - 1]!));
}
export function history_throw(...words: string[]): string {
  run(JSON.parse(words[words.length - 1]!));
  throw new Error("after its writes");
}
/** @background */
export function history_apply_aside(...words: string[]): string {
  return history_apply(...words);
}
/** @background */
export function history_throw_aside(...words: string[]): string {
  return history_throw(...words);
}
/** Takes so long that it can be killed between its writes and its end. */
export function history_spin(micros: string, limit_ms: number): string {
  const result = run(JSON.parse(micros));
  const end = Date.now() + limit_ms;
  while (Date.now() < end);
  return result;
}
`;

/** The history of one run; all clients are done and all lists are read at the end of it. */
export async function runListAppend(workload: Workload): Promise<Transaction[]> {
  const recorder = new Recorder();
  const random = new Random(workload.seed);
  const keys = new Keys(new Random(random.below(2 ** 31)));
  const admin = await Wire.connect(workload.address);
  const loaded = await admin.call(["FUNCTION", "LOAD", "REPLACE", LIBRARY]);
  if (loaded.kind !== "bulk") throw new Error(`FUNCTION LOAD replied ${show(loaded)}`);
  const clients = Array.from(
    { length: workload.clients },
    () => new Client(workload, recorder, keys, new Random(random.below(2 ** 31))),
  );
  let isOver = false;
  const running = Promise.all([
    ...clients.map((client) => client.run(() => isOver)),
    ...(workload.kills ? [kill(admin, clients, random, () => isOver), spin(clients[0] as Client, () => isOver)] : []),
  ]);
  const timer = setTimeout(() => {
    isOver = true;
  }, workload.duration_ms);
  try {
    await running;
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
  await readAll(admin, recorder, keys);
  await admin.close();
  return recorder.transactions;
}

const ACTIONS = {
  command: 25,
  pipeline: 12,
  multi: 16,
  multiSlowly: 6,
  watch: 12,
  discarded: 4,
  procedure: 20,
  throwing: 6,
  multiWithProcedure: 6,
} as const;
export type Action = keyof typeof ACTIONS;

let sessions = 0;

class Client {
  wire: Wire | undefined;
  /** As CLIENT ID tells. */
  id = 0;
  #session = 0;
  readonly #transport: Transport;
  readonly #actions: readonly Action[];

  constructor(
    readonly workload: Workload,
    readonly recorder: Recorder,
    readonly keys: Keys,
    readonly random: Random,
  ) {
    this.#transport = workload.transport ?? TRANSPORT;
    const chosen = workload.actions ?? (Object.keys(ACTIONS) as Action[]);
    this.#actions = chosen.flatMap((action) => Array<Action>(ACTIONS[action]).fill(action));
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      try {
        const wire = await this.#connected();
        await this[this.random.pick(this.#actions)](wire);
        // Some connections end in the middle of something by themselves.
        if (this.workload.kills && this.random.chance(0.001)) this.wire?.bytes.abort();
      } catch (error) {
        if (!(error instanceof ConnectionClosed)) throw error;
        this.wire = undefined;
      }
    }
    await this.wire?.close();
  }

  async command(wire: Wire): Promise<void> {
    const micros = [this.#micro()];
    const transaction = this.#begin("command", micros);
    this.#learn(transaction, micros, [await this.#transport.command(wire, commandOf(micros[0] as Micro))]);
  }

  async pipeline(wire: Wire): Promise<void> {
    const waiting = Array.from({ length: this.random.from(2, 5) }, () => {
      const micros = [this.#micro()];
      const transaction = this.#begin("pipeline", micros);
      // Sent together: a socket that takes all of it does so in this turn.
      const reply = wire.call(commandOf(micros[0] as Micro));
      return reply.then((value) => this.#learn(transaction, micros, [value]));
    });
    await all(waiting);
  }

  async multi(wire: Wire): Promise<void> {
    const micros = this.#micros();
    const transaction = this.#begin("MULTI", micros);
    this.#learn(transaction, micros, await this.#transport.transaction(wire, micros.map(commandOf)));
  }

  async multiSlowly(wire: Wire): Promise<void> {
    const micros = this.#micros();
    await wire.call("MULTI");
    for (const micro of micros) await wire.call(commandOf(micro));
    const transaction = this.#begin("MULTI, slowly", micros);
    this.#learn(transaction, micros, results(await wire.call("EXEC")));
  }

  /** Reads first; what it read still holds when EXEC succeeds, because the keys were watched before. */
  async watch(wire: Wire): Promise<void> {
    const watched = this.keys.several(this.random.from(1, 2));
    const reads = watched.map((key): Micro => ({ kind: "read", key }));
    const inside = this.#micros();
    await wire.call(["WATCH", ...watched]);
    const replies = [];
    for (const read of reads) replies.push(await wire.call(commandOf(read)));
    const transaction = this.#begin("WATCH", [...reads, ...inside]);
    const rest = await this.#transport.transaction(wire, inside.map(commandOf));
    this.#learn(transaction, [...reads, ...inside], rest === null ? null : [...replies, ...rest]);
  }

  /** Queued and given up, by DISCARD or by a command that does not exist. */
  async discarded(wire: Wire): Promise<void> {
    const micros = this.#micros();
    const transaction = this.#begin("discarded", micros);
    const ends: Command[] = this.random.chance(0.5) ? ["DISCARD"] : ["NOSUCHCOMMAND", "EXEC"];
    const replies = await wire.pipeline(["MULTI", ...micros.map(commandOf), ...ends]);
    const last = replies.at(-1);
    if (ends.length === 2 && (last?.kind !== "error" || !last.text.startsWith("EXECABORT")))
      throw new Error(`EXEC after an unknown command replied ${last && show(last)}`);
    this.recorder.end(transaction, "failed");
  }

  async procedure(wire: Wire): Promise<void> {
    const micros = this.#micros();
    const transaction = this.#begin("procedure", micros);
    this.#learn(
      transaction,
      micros,
      called(await wire.call(this.#fcall(this.#aside("history_apply"), micros)), micros),
    );
  }

  async throwing(wire: Wire): Promise<void> {
    const micros = this.#micros();
    const transaction = this.#begin("procedure that throws", micros);
    const reply = await wire.call(this.#fcall(this.#aside("history_throw"), micros));
    if (reply.kind !== "error") throw new Error(`a procedure that throws replied ${show(reply)}`);
    this.recorder.end(transaction, "failed");
  }

  /** A procedure between two other commands of a MULTI; one that throws takes only itself back. */
  async multiWithProcedure(wire: Wire): Promise<void> {
    const [before, inside, after] = [this.#micro(), this.#micros(), this.#micro()];
    const transaction = this.#begin("MULTI with FCALL", [before, ...inside, after]);
    const name = this.random.chance(0.3) ? "history_throw" : "history_apply";
    const commands = [commandOf(before), this.#fcall(name, inside), commandOf(after)];
    const replies = results((await wire.pipeline(["MULTI", ...commands, "EXEC"])).at(-1));
    const inner = called(replies?.[1] as Reply, inside);
    if (inner === null) this.recorder.splitFailed(transaction, inside);
    this.#learn(transaction, transaction.micros, [replies?.[0] as Reply, ...(inner ?? []), replies?.[2] as Reply]);
  }

  /** Runs for so long that FUNCTION KILL has a chance to meet it behind its writes. */
  async spin(wire: Wire, session: number): Promise<void> {
    const micros = this.#micros();
    const transaction = this.recorder.begin(session, "procedure that spins", micros);
    const reply = await wire.call(["FCALL", "history_spin", "0", JSON.stringify(micros), "40"]);
    this.#learn(transaction, micros, called(reply, micros));
  }

  async #connected(): Promise<Wire> {
    if (this.wire !== undefined && !this.wire.bytes.isClosed) return this.wire;
    const wire = await Wire.connect(this.workload.address, this.random.chance(0.5) ? 2 : 3);
    this.#session = ++sessions;
    this.id = Number(/^:(\d+)$/.exec(show(await wire.call("CLIENT ID")))?.[1]);
    this.wire = wire;
    return wire;
  }

  #begin(label: string, micros: readonly Micro[]): Transaction {
    return this.recorder.begin(this.#session, label, micros);
  }

  /** Notes what the replies say; null: the transaction did not happen. */
  #learn(transaction: Transaction, micros: readonly Micro[], replies: readonly (Reply | number | number[])[] | null) {
    if (replies !== null)
      for (const [index, micro] of micros.entries()) learn(micro, replies[index] as Reply | number | number[]);
    this.recorder.end(transaction, replies === null ? "failed" : "ok");
  }

  #micro(): Micro {
    return this.random.chance(0.5) ? { kind: "read", key: this.keys.one() } : this.keys.append();
  }

  #micros(): Micro[] {
    return Array.from({ length: this.random.from(1, 4) }, () => this.#micro());
  }

  /** The same function, or the one that runs on a thread which serves no connection. */
  #aside(name: string): string {
    return this.random.chance(0.4) ? `${name}_aside` : name;
  }

  #fcall(name: string, micros: readonly Micro[]): Command {
    const keys = [...new Set(micros.map(({ key }) => key))];
    const declared = this.random.shuffled(keys).slice(0, this.random.from(0, keys.length));
    return ["FCALL", name, String(declared.length), ...declared, JSON.stringify(micros)];
  }
}

/** Kills a connection about seven times a second, and a procedure when there is one. */
async function kill(admin: Wire, clients: readonly Client[], random: Random, isOver: () => boolean): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    await Bun.sleep(random.from(50, 250));
    if (round % 4 === 3) await admin.call("FUNCTION KILL");
    else await admin.call(["CLIENT", "KILL", "ID", String(random.pick(clients).id)]);
  }
}

async function spin(client: Client, isOver: () => boolean): Promise<void> {
  const wire = await Wire.connect(client.workload.address);
  const session = ++sessions;
  while (!isOver()) {
    await client.spin(wire, session);
    await Bun.sleep(300);
  }
  await wire.close();
}

/** Reads every list that was ever used, one by one. */
async function readAll(admin: Wire, recorder: Recorder, keys: Keys): Promise<void> {
  const session = ++sessions;
  await until("procedures to end", async () => (await admin.call("PING")).kind === "simple");
  for (const key of keys.all) {
    const read: Micro = { kind: "read", key };
    const transaction = recorder.begin(session, "at the end", [read]);
    learn(read, await admin.call(commandOf(read)));
    recorder.end(transaction, "ok");
  }
}

function commandOf(micro: Micro): Command {
  return micro.kind === "append" ? ["RPUSH", micro.key, String(micro.value)] : ["LRANGE", micro.key, "0", "-1"];
}

/** The replies of a MULTI's commands; null where a watched key had changed. */
function results(reply: Reply | undefined): readonly Reply[] | null {
  if (reply?.kind === "nilArray" || reply?.kind === "null") return null;
  return itemsOf(reply);
}

/** The results of a procedure's micro-operations; null where it replied an error. */
function called(reply: Reply, micros: readonly Micro[]): (number | number[])[] | null {
  if (reply.kind === "error" && /after its writes|killed|time limit/i.test(reply.text)) return null;
  if (reply.kind !== "bulk") throw new Error(`a procedure replied ${show(reply)}`);
  const values = JSON.parse(reply.bytes.toString()) as (number | number[])[];
  if (values.length !== micros.length) throw new Error(`${micros.length} operations, ${values.length} results`);
  return values;
}

function learn(micro: Micro, reply: Reply | number | number[]): void {
  if (micro.kind === "append") (micro as Append).length = numberIn(reply);
  else micro.values = Array.isArray(reply) ? reply : itemsOf(reply as Reply).map(numberIn);
}

function numberIn(reply: Reply | number | number[]): number {
  if (typeof reply === "number") return reply;
  if (!Array.isArray(reply) && reply.kind === "integer") return Number(reply.value);
  if (!Array.isArray(reply) && reply.kind === "bulk") return Number(reply.bytes.toString("latin1"));
  throw new Error(`expected a number, received ${JSON.stringify(reply)}`);
}

/** As Promise.all, but waits for the others when one has failed: what they learn is part of the history. */
async function all(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === "rejected") throw result.reason;
}
