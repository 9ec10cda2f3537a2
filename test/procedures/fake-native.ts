/**
 * The native side of a deck over a Map, for tests of the runtime alone: the same functions, the same bytes, rollback by
 * a copy. What it serves behaves as Redis does; the rest answers with an error.
 */
import {
  bytesOf,
  CALL_STATE,
  CODE,
  DECK,
  type DeckAccess,
  type DeckViews,
  F64,
  I32,
  type NativeDeck,
  OUTCOME,
  viewDeck,
} from "../../runtime/host/deck.ts";
import { TABLE } from "./table.ts";

export type Stored = Uint8Array | Map<string, Uint8Array>;

/** What became of a call. */
export type Answer =
  | { readonly kind: "result"; readonly resp: string }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "timed out" };

export interface CallRequest {
  readonly id: number;
  readonly keys: number;
  readonly args: readonly (string | Uint8Array)[];
  readonly proto: 2 | 3;
  readonly readOnly: boolean;
}

type Task =
  | { readonly kind: "call"; readonly request: CallRequest; readonly done: (answer: Answer) => void }
  | { readonly kind: "mail"; readonly text: string }
  | { readonly kind: "note" | "leave" | "stop" };

class CommandError extends Error {}

const WRONGTYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

export class FakeNative {
  readonly memory = new ArrayBuffer(DECK.bytes);
  readonly views: DeckViews = viewDeck(this.memory);
  store = new Map<string, Stored>();
  readonly log: { readonly level: number; readonly text: string }[] = [];
  /** Host calls so far. */
  hostCalls = 0;
  /** Make the next host calls say that the call is doomed. */
  doomed = false;
  readonly tasks: Task[] = [];
  /** Make the watchdog fire as `run` comes back, so that what it gives is thrown away, as often as this says. */
  lost = 0;
  readonly #buffers = new Map<number, ArrayBuffer>();
  #pointer = 4096;
  #grown: ArrayBuffer | undefined;
  #before = new Map<string, Stored>();
  #running: Extract<Task, { kind: "call" }> | undefined;

  readonly deck: DeckAccess = {
    core: 0,
    memory: this.memory,
    map: (pointer) => {
      const found = this.#buffers.get(pointer);
      if (found === undefined) throw new Error(`nothing lies at ${pointer}`);
      return found;
    },
    native: this.#functions(),
  };

  #functions(): NativeDeck {
    return {
      run: (_core, outcome, n) => this.#run(outcome, n),
      grow: (n) => {
        this.#grown = new ArrayBuffer(n);
        return this.#place(this.#grown);
      },
      get_int: (k) =>
        this.#guarded(Number.NaN, () => {
          const text = this.#string(this.#key(k));
          if (text === undefined) return Number.NaN;
          const value = Buffer.from(text).toString();
          if (!/^-?\d+$/.test(value)) throw new CommandError("ERR value is not an integer or out of range");
          return Number(value);
        }),
      get: (k) =>
        this.#guarded(-2, () => {
          const found = this.#string(this.#key(k));
          if (found === undefined) return -1;
          this.#payload(found);
          return found.length * 2 + (found.every((byte) => byte < 128) ? 1 : 0);
        }),
      set_int: (k, value) => this.#guarded(-2, () => this.#write(this.#key(k), Buffer.from(String(value)))),
      set: (k, length) =>
        this.#guarded(-2, () => {
          const at = DECK.outAt + (k >= 0 ? 0 : -k - 1);
          return this.#write(this.#key(k), this.views.bytes.subarray(at, at + length));
        }),
      incr_by: (k, delta) => this.#guarded(Number.NaN, () => this.#increment(this.#key(k), delta)),
      exists: (k) => this.#guarded(-2, () => (this.store.has(this.#key(k)) ? 1 : 0)),
      del: (k) => this.#guarded(-2, () => (this.store.delete(this.#key(k)) ? 1 : 0)),
      call: (row, argc, total, big) =>
        this.#guarded(-2, () => {
          const source = big === 1 ? bytesOf(this.#grown as ArrayBuffer) : this.views.bytes.subarray(DECK.outAt);
          const args: Buffer[] = [];
          let at = argc * 4;
          for (let index = 0; index < argc; index++) {
            const length = source.readUInt32LE(index * 4);
            args.push(Buffer.from(source.subarray(at, at + length)));
            at += length;
          }
          if (at !== total) throw new Error(`the arguments take ${at} bytes, not ${total}`);
          const reply = Buffer.from(this.#command(TABLE[row]?.name ?? "", args), "latin1");
          this.#payload(reply);
          return reply.length;
        }),
      log: (level, length) => {
        this.log.push({ level, text: this.views.bytes.toString("utf8", DECK.outAt, DECK.outAt + length) });
        return 0;
      },
      // Without a server there is no function to be found by its name.
      nest: () =>
        this.#guarded(-2, () => {
          throw new Error("ERR Function not found");
        }),
      unnest: () => -2,
      now: () => 1_700_000_000_000,
    };
  }

  /** Feeds the loop: the task at the head of the queue; with none, STOP. */
  #run(outcome: number, n: number): number {
    this.views.i32[I32.RETURNED] = 0;
    const code = this.#code(outcome, n);
    this.views.i32[I32.RETURNED] = 1 + code;
    if (this.lost > 0) {
      this.lost -= 1;
      for (;;);
    }
    return code;
  }

  #code(outcome: number, n: number): number {
    const { i32 } = this.views;
    this.#end(outcome, n);
    i32[I32.CALL_STATE] = CALL_STATE.NONE;
    i32[I32.IN_BIG] = 0;
    const task = this.tasks.shift();
    switch (task?.kind) {
      case "call":
        this.#running = task;
        this.#begin(task.request);
        return CODE.CALL;
      case "mail":
        this.#payload(Buffer.from(task.text));
        return CODE.MAIL;
      case "note":
        return CODE.NOTE;
      case "leave":
        return CODE.LEAVE;
      default:
        return CODE.STOP;
    }
  }

  #begin(request: CallRequest): void {
    const { i32, spans, bytes, f64 } = this.views;
    this.#before = new Map([...this.store].map(([key, value]) => [key, value instanceof Map ? new Map(value) : value]));
    this.doomed = false;
    const args = request.args.map((arg) => Buffer.from(arg as string));
    i32[I32.FN] = request.id;
    i32[I32.ARGC] = args.length;
    i32[I32.NUMKEYS] = request.keys;
    i32[I32.PROTO] = request.proto;
    i32[I32.FLAGS] = request.readOnly ? 1 : 0;
    i32[I32.CALL_STATE] = CALL_STATE.READY;
    const total = args.reduce((sum, arg) => sum + arg.length, 0);
    const big = total > DECK.outAt - DECK.inAt || args.length > DECK.spansMax;
    const memory = big ? new ArrayBuffer(args.length * 8 + total) : this.memory;
    const pairs = big ? new Int32Array(memory, 0, args.length * 2) : spans;
    const target = big ? bytesOf(memory, args.length * 8) : bytes.subarray(DECK.inAt);
    let at = 0;
    args.forEach((arg, index) => {
      target.set(arg, at);
      pairs[index * 2] = at;
      pairs[index * 2 + 1] = arg.length | (arg.every((byte) => byte < 128) ? 1 << 31 : 0);
      at += arg.length;
    });
    i32[I32.IN_BIG] = big ? 1 : 0;
    if (big) {
      f64[F64.BIG_PTR] = this.#place(memory);
      f64[F64.BIG_LEN] = memory.byteLength;
    }
  }

  #end(outcome: number, n: number): void {
    const task = this.#running;
    if (task === undefined) {
      // As native code has it: the watchdog may fire when the call has been answered.
      if (outcome !== OUTCOME.NONE && outcome !== OUTCOME.TIMED_OUT) throw new Error(`outcome ${outcome} of no call`);
      return;
    }
    this.#running = undefined;
    const out = (from: Uint8Array) => Buffer.from(from).toString("latin1");
    const { bytes } = this.views;
    const answers: Record<number, () => Answer> = {
      [OUTCOME.RESULT]: () => ({ kind: "result", resp: out(bytes.subarray(DECK.outAt, DECK.outAt + n)) }),
      [OUTCOME.RESULT_BIG]: () => ({ kind: "result", resp: out(new Uint8Array(this.#grown as ArrayBuffer, 0, n)) }),
      [OUTCOME.INTEGER]: () => ({ kind: "result", resp: `:${n}\r\n` }),
      [OUTCOME.NULL]: () => ({ kind: "result", resp: task.request.proto === 3 ? "_\r\n" : "$-1\r\n" }),
      [OUTCOME.ERROR]: () => ({ kind: "error", text: bytes.toString("utf8", DECK.outAt, DECK.outAt + n) }),
      [OUTCOME.TIMED_OUT]: () => ({ kind: "timed out" }),
    };
    const answer = answers[outcome]?.();
    if (answer === undefined) throw new Error(`the call ended with outcome ${outcome}`);
    if (answer.kind !== "result" || this.doomed) this.store = this.#before;
    task.done(answer);
  }

  #guarded(refused: number, work: () => number): number {
    const { i32 } = this.views;
    this.hostCalls++;
    if (this.doomed) {
      i32[I32.STATUS] = 3;
      return Number.isNaN(refused) ? refused : -3;
    }
    i32[I32.STATUS] = 0;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      i32[I32.STATUS] = 1;
      this.#payload(Buffer.from(error.message));
      return refused;
    }
  }

  #payload(payload: Uint8Array): void {
    const { i32, f64, bytes } = this.views;
    i32[I32.IN_LEN] = payload.length;
    const big = payload.length > DECK.outAt - DECK.inAt;
    i32[I32.IN_BIG] = big ? 1 : 0;
    if (!big) {
      bytes.set(payload, DECK.inAt);
      return;
    }
    const memory = new ArrayBuffer(payload.length);
    new Uint8Array(memory).set(payload);
    f64[F64.BIG_PTR] = this.#place(memory);
    f64[F64.BIG_LEN] = payload.length;
  }

  #place(memory: ArrayBuffer): number {
    this.#pointer += 4096;
    this.#buffers.set(this.#pointer, memory);
    return this.#pointer;
  }

  #key(k: number): string {
    const argument = this.#running?.request.args[k];
    if (k >= 0) {
      if (argument === undefined || k >= (this.#running?.request.keys ?? 0)) throw new Error(`argument ${k} is no key`);
      return Buffer.from(argument as string).toString("latin1");
    }
    return this.views.bytes.toString("latin1", DECK.outAt, DECK.outAt - k - 1);
  }

  #string(key: string): Uint8Array | undefined {
    const found = this.store.get(key);
    if (found instanceof Map) throw new CommandError(WRONGTYPE);
    return found;
  }

  #hash(key: string): Map<string, Uint8Array> {
    const found = this.store.get(key) ?? new Map<string, Uint8Array>();
    if (!(found instanceof Map)) throw new CommandError(WRONGTYPE);
    return found;
  }

  #write(key: string, value: Uint8Array): 0 {
    if (this.#running?.request.readOnly) {
      throw new CommandError("ERR Write commands are not allowed from read-only scripts.");
    }
    this.store.set(key, Uint8Array.from(value));
    return 0;
  }

  #increment(key: string, delta: number): number {
    const text = Buffer.from(this.#string(key) ?? Buffer.from("0")).toString();
    if (!/^-?\d+$/.test(text)) throw new CommandError("ERR value is not an integer or out of range");
    const value = Number(text) + delta;
    this.#write(key, Buffer.from(String(value)));
    return value;
  }

  #command(name: string, args: readonly Buffer[]): string {
    const text = (index: number) => args[index]?.toString("latin1") ?? "";
    const bulk = (value: Uint8Array | undefined) =>
      value === undefined ? "_\r\n" : `$${value.length}\r\n${Buffer.from(value).toString("latin1")}\r\n`;
    const key = text(0);
    switch (name) {
      case "get":
        return bulk(this.#string(key));
      case "set":
        if (args.slice(2).some((option) => !/^(nx|xx|get|ex|px|keepttl|\d+)$/i.test(option.toString()))) {
          throw new CommandError("ERR syntax error");
        }
        this.#write(key, args[1] ?? Buffer.alloc(0));
        return "+OK\r\n";
      case "incrby":
        return `:${this.#increment(key, Number(text(1)))}\r\n`;
      case "append": {
        const value = Buffer.concat([this.#string(key) ?? Buffer.alloc(0), args[1] ?? Buffer.alloc(0)]);
        this.#write(key, value);
        return `:${value.length}\r\n`;
      }
      case "strlen":
        return `:${this.#string(key)?.length ?? 0}\r\n`;
      case "mget":
        return `*${args.length}\r\n${args.map((arg) => bulk(this.#string(arg.toString("latin1")))).join("")}`;
      case "exists":
        return `:${args.filter((arg) => this.store.has(arg.toString("latin1"))).length}\r\n`;
      case "del":
        return `:${args.filter((arg) => this.store.delete(arg.toString("latin1"))).length}\r\n`;
      case "type":
        return this.store.get(key) instanceof Map ? "+hash\r\n" : this.store.has(key) ? "+string\r\n" : "+none\r\n";
      case "hget":
        return bulk(this.#hash(key).get(text(1)));
      case "hset": {
        const hash = this.#hash(key);
        const before = hash.size;
        for (let index = 1; index + 1 < args.length; index += 2) hash.set(text(index), args[index + 1] as Buffer);
        this.store.set(key, hash);
        return `:${hash.size - before}\r\n`;
      }
      case "hgetall": {
        const hash = this.#hash(key);
        return `%${hash.size}\r\n${[...hash].map(([field, value]) => bulk(Buffer.from(field, "latin1")) + bulk(value)).join("")}`;
      }
      case "object|encoding":
        return bulk(Buffer.from(`encoding of ${key}`));
      default:
        throw new CommandError(`ERR unknown command '${name}'`);
    }
  }
}
