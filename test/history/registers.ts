/** The register workload: many clients on few keys, each key for some dozens of operations, so that each history is short. */
import { Random } from "../harness/random.ts";
import { type Reply, show } from "../harness/resp.ts";
import { type Command, ConnectionClosed, Wire } from "../harness/wire.ts";
import { findContradiction, type Operation, type Request } from "./linearize.ts";
import type { Workload } from "./list-append.ts";

const KEYS_ACTIVE = 4;
const OPERATIONS_MAX = 60;

export type Registers = ReadonlyMap<string, readonly Operation[]>;

/** Per key what was asked and replied. */
export async function runRegisters(workload: Workload): Promise<Registers> {
  const random = new Random(workload.seed);
  const histories = new Map<string, Operation[]>();
  const active: string[] = [];
  const fresh = (): string => {
    const key = `register:${histories.size}:${random.below(2 ** 31).toString(36)}`;
    histories.set(key, []);
    return key;
  };
  while (active.length < KEYS_ACTIVE) active.push(fresh());
  const record = (key: string, client: number, request: Request): Operation => {
    const history = histories.get(key) ?? [];
    const operation: Operation = { client, request, invoked: Bun.nanoseconds(), completed: Number.POSITIVE_INFINITY };
    if (history.push(operation) === OPERATIONS_MAX) active[active.indexOf(key)] = fresh();
    return operation;
  };
  const end_ms = performance.now() + workload.duration_ms;
  const ids: number[] = [];
  const client = async (number: number): Promise<void> => {
    const own = new Random(random.below(2 ** 31));
    let seen = "0";
    let wire: Wire | undefined;
    while (performance.now() < end_ms) {
      try {
        if (wire === undefined || wire.bytes.isClosed) {
          wire = await Wire.connect(workload.address, own.chance(0.5) ? 2 : 3);
          ids[number] = Number(show(await wire.call("CLIENT ID")).slice(1));
        }
        const connection = wire;
        // Some at once: the server takes them from one buffer.
        const together = Array.from({ length: own.chance(0.2) ? 3 : 1 }, async () => {
          const key = own.pick(active);
          const request = randomRequest(own, seen);
          const operation = record(key, number, request);
          const send = workload.transport?.command ?? ((on: Wire, command: Command) => on.call(command));
          const reply = textIn(await send(connection, commandOf(key, request)));
          operation.completed = Bun.nanoseconds();
          operation.reply = reply;
          if (/^\d/.test(reply)) seen = reply;
        });
        for (const result of await Promise.allSettled(together)) if (result.status === "rejected") throw result.reason;
      } catch (error) {
        if (!(error instanceof ConnectionClosed)) throw error;
        wire = undefined;
      }
    }
    await wire?.close();
  };
  const killer = async (): Promise<void> => {
    const wire = await Wire.connect(workload.address);
    while (performance.now() < end_ms) {
      await Bun.sleep(random.from(20, 100));
      // On a busy machine nobody may have connected yet.
      const known = ids.filter(Number);
      if (known.length > 0) await wire.call(["CLIENT", "KILL", "ID", String(random.pick(known))]);
    }
    await wire.close();
  };
  const clients = Array.from({ length: workload.clients }, (_, number) => client(number + 1));
  await Promise.all(workload.kills ? [...clients, killer()] : clients);
  return histories;
}

/** Each key whose operations have no order, with why. */
export function checkRegisters(histories: Registers): string[] {
  const contradictions: string[] = [];
  for (const [key, history] of histories) {
    const contradiction = findContradiction(history);
    if (contradiction !== null) contradictions.push(`${key}: ${contradiction}`);
  }
  return contradictions;
}

function randomRequest(random: Random, seen: string): Request {
  const value = String(random.below(1000));
  switch (random.below(8)) {
    case 0:
    case 1:
      return { kind: "get" };
    case 2:
      return { kind: "getset", value };
    case 3:
      return { kind: "set", value };
    case 4:
      return { kind: "del" };
    case 5:
      return { kind: "ifeq", value, expected: seen };
    default:
      return { kind: "incr" };
  }
}

function commandOf(key: string, request: Request): Command {
  switch (request.kind) {
    case "ifeq":
      return ["SET", key, request.value, "IFEQ", request.expected];
    case "set":
    case "getset":
      return [request.kind.toUpperCase(), key, request.value];
    default:
      return [request.kind.toUpperCase(), key];
  }
}

function textIn(reply: Reply): string {
  switch (reply.kind) {
    case "nilBulk":
    case "null":
      return "nil";
    case "bulk":
      return reply.bytes.toString("latin1");
    case "integer":
      return String(reply.value);
    case "simple":
      return reply.text;
    case "error":
      if (/not an integer/.test(reply.text)) return "error";
      throw new Error(`a register replied ${reply.text}`);
    default:
      throw new Error(`a register replied ${show(reply)}`);
  }
}
