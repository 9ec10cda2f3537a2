/**
 * A guest: one library's QuickJS with the `Zedis` of inside/zedis.ts, and what crosses its border. `host-calls.ts` serves
 * what the guest asks for, `quickjs-engine.ts` makes guests and calls their functions.
 *
 * Values cross as addresses of JSValues. One that a function of WASM returns is the caller's: `take` reads and frees it.
 */
import type { Bytes } from "../../host/deck.ts";
import { Instance, type Snapshot } from "./instance.ts";
import { isDouble, readDouble, readText, TAG, writeNumber, writeTagged } from "./values.ts";

/** Functions of inside/zedis.ts, by their place in what makeGuest returns. */
export const HELPER = {
  MAKE_ERROR: 0,
  DESCRIBE: 1,
  SLOW_COMMAND: 2,
  SLOW_GET_INT: 3,
  PARSE: 4,
  BUILD: 5,
  EMIT: 6,
  LIST: 7,
  TO_BYTES: 8,
  BIGINT: 9,
  IS_FUNCTION: 10,
  APPEND: 11,
} as const;

/** Kinds of errors that MAKE_ERROR makes. */
export const ERROR = { PLAIN: 0, TYPE: 1, RANGE: 2, REPLY: 3 } as const;

/** Thrown out of WASM when the time of a call is over. */
export class TimeUp extends Error {}
/** Thrown where the guest, helping the host, threw: `at` is the address of the exception. */
export class GuestThrew extends Error {
  constructor(readonly at: number) {
    super("the guest threw");
  }
}
/** Thrown where the host needs memory of the guest that its limit does not allow. */
export class MemoryUp extends Error {}

/** Serves host functions by their numbers, for one guest. */
export interface GuestCalls {
  call(guest: Guest, id: number, argc: number, argv: number): number;
}

export interface GuestLimits {
  readonly timeMs: () => number;
  readonly memoryBytes: () => number;
  readonly nowMs: () => number;
}

/** Values that a call from the host passes at most; longer lists are made inside, piece by piece. */
export const ARGUMENTS_MAX = 512;
/** Bytes that a copy in a loop takes less time for than a call of the host's own copy. */
const LOOP_MAX = 48;
/** Heap beyond the limit, for what the guest's allocator itself needs. */
const HEAP_SLACK_BYTES = 2 << 20;

export class Guest {
  readonly instance: Instance;
  /** Zedis works: a call of the library runs. */
  open = false;
  /** When the running call has to end; 0: not asked yet. */
  deadlineMs = 0;
  /** Texts that the guest told: see `describe`. */
  told: string[] = [];
  /** Why the result that is being written cannot be sent; "": it can. */
  refused = "";
  /** The string values of the running call's first arguments: keys whose hashes native code knows. */
  readonly keyPointers = new Int32Array(2);
  runtime = 0;
  context = 0;
  /** Addresses of the helpers, and of a place for `ARGUMENTS_MAX` values and their addresses. */
  helpers: readonly number[] = [];
  #values = 0;
  #addresses = 0;
  #undefined = 0;
  #limitBytes = -1;

  constructor(
    private readonly limits: GuestLimits,
    calls: GuestCalls,
  ) {
    this.instance = new Instance({
      call: (id, argc, argv) => calls.call(this, id, argc, argv),
      outOfFuel: () => this.#outOfFuel(),
      heapBytesMax: () => this.limits.memoryBytes() * 1.25 + HEAP_SLACK_BYTES,
    });
  }

  /** Makes the runtime, and memory for passing values. */
  boot(): void {
    const { runtime, context } = this.instance.boot();
    this.runtime = runtime;
    this.context = context;
    this.#values = this.alloc(ARGUMENTS_MAX * 8);
    this.#addresses = this.alloc(ARGUMENTS_MAX * 4);
    this.#undefined = this.instance.x.QTS_GetUndefined();
    for (let index = 0; index < ARGUMENTS_MAX; index++) {
      this.instance.i32[(this.#addresses >> 2) + index] = this.#values + index * 8;
    }
  }

  /** Becomes like `other` was when `snapshot` was taken of it: all addresses are the same. */
  become(other: Guest, snapshot: Snapshot): void {
    this.runtime = other.runtime;
    this.context = other.context;
    this.helpers = other.helpers;
    this.#values = other.#values;
    this.#addresses = other.#addresses;
    this.#undefined = other.#undefined;
    this.restore(snapshot);
  }

  restore(snapshot: Snapshot): void {
    this.instance.restore(snapshot);
    this.#limitBytes = -1;
  }

  /** Sets the memory limit, if it is another than the one set last. */
  limitMemory(): void {
    const bytes = this.limits.memoryBytes();
    if (bytes === this.#limitBytes) return;
    this.#limitBytes = bytes;
    this.instance.x.QTS_RuntimeSetMemoryLimit(this.runtime, bytes);
  }

  /** Gives way by `bytes`, so that a guest that is full can still say what is wrong. Until the next restore. */
  raiseMemory(bytes: number): void {
    this.#limitBytes = this.limits.memoryBytes() + bytes;
    this.instance.x.QTS_RuntimeSetMemoryLimit(this.runtime, this.#limitBytes);
  }

  #outOfFuel(): void {
    const now = this.limits.nowMs();
    if (this.deadlineMs === 0) {
      const limit = this.limits.timeMs();
      this.deadlineMs = limit > 0 ? now + limit : Infinity;
    } else if (now > this.deadlineMs) throw new TimeUp();
  }

  // ---- memory

  /** `bytes` of the guest's memory. Throws MemoryUp. */
  alloc(bytes: number): number {
    const at = this.instance.x.malloc(bytes);
    if (at === 0) throw new MemoryUp();
    return at;
  }

  /** The address of argument `index` of the next `call`. */
  slot(index: number): number {
    return this.#values + index * 8;
  }

  // ---- values for the guest; the address is the caller's

  newNumber(value: number): number {
    const at = this.alloc(8);
    writeNumber(this.instance, at, value);
    return at;
  }

  newTagged(tag: number, payload: number): number {
    const at = this.alloc(8);
    writeTagged(this.instance, at, tag, payload);
    return at;
  }

  /** A string of ASCII bytes. */
  newAscii(source: Bytes, from: number, length: number): number {
    const at = this.alloc(length + 1);
    const { u8, x } = this.instance;
    let zero = false;
    if (length <= LOOP_MAX) {
      for (let index = 0; index < length; index++) {
        const byte = source[from + index] as number;
        if (byte === 0) zero = true;
        u8[at + index] = byte;
      }
    } else {
      const bytes = source.subarray(from, from + length);
      zero = bytes.includes(0);
      u8.set(bytes, at);
    }
    if (zero) {
      // QuickJS takes a zero for the end.
      x.free(at);
      return this.newText(source.latin1Slice(from, from + length));
    }
    u8[at + length] = 0;
    const value = x.QTS_NewString(this.context, at);
    x.free(at);
    return this.made(value);
  }

  /** A string of any text. */
  newText(text: string): number {
    if (text.includes("\0")) return this.parse(JSON.stringify(text));
    const room = text.length * 3 + 1;
    const at = this.alloc(room);
    const { u8, x } = this.instance;
    u8[at + u8.utf8Write(text, at)] = 0;
    const value = x.QTS_NewString(this.context, at);
    x.free(at);
    return this.made(value);
  }

  /** An ArrayBuffer with a copy of the bytes. */
  newBuffer(bytes: Uint8Array): number {
    const at = this.alloc(Math.max(bytes.length, 1));
    this.instance.u8.set(bytes, at);
    return this.made(this.instance.x.QTS_NewArrayBuffer(this.context, at, bytes.length));
  }

  /** The value of a JSON text. */
  parse(json: string): number {
    return this.helpWith(HELPER.PARSE, this.newText(json));
  }

  /** Refuses what QuickJS could not make. */
  made(at: number): number {
    if (at === 0) throw new MemoryUp();
    if (this.tag(at) === TAG.EXCEPTION) throw new GuestThrew(at);
    return at;
  }

  // ---- values of the guest

  tag(at: number): number {
    return this.instance.i32[(at >> 2) + 1] as number;
  }

  payload(at: number): number {
    return this.instance.i32[at >> 2] as number;
  }

  /** Text of the string value at `at`. */
  text(at: number): string {
    return readText(this.instance, this.tag(at), this.payload(at));
  }

  /** The number at `at`, or NaN where it is none. */
  number(at: number): number {
    const tag = this.tag(at);
    return tag === TAG.INT ? this.payload(at) : isDouble(tag) ? readDouble(this.instance, at) : Number.NaN;
  }

  /** A copy of the bytes of the ArrayBuffer at `at`, from `offset` on. */
  bytes(at: number, offset: number, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0);
    const { x } = this.instance;
    const copy = x.QTS_GetArrayBuffer(this.context, at);
    if (copy === 0) throw new MemoryUp();
    const bytes = new Uint8Array(this.instance.u8.subarray(copy + offset, copy + offset + length));
    x.free(copy);
    return bytes;
  }

  free(at: number): void {
    this.instance.x.QTS_FreeValuePointer(this.context, at);
  }

  /** Frees a value that needs no counting: its address alone. */
  freeAddress(at: number): void {
    this.instance.x.free(at);
  }

  // ---- calls

  /** Moves the value at `at` into argument `index` of the next call; gives `at` for freeing after it. */
  pass(index: number, at: number): number {
    const { i32 } = this.instance;
    const slot = (this.#values >> 2) + index * 2;
    i32[slot] = i32[at >> 2] as number;
    i32[slot + 1] = i32[(at >> 2) + 1] as number;
    return at;
  }

  /** Calls the function at `target` with the first `argc` slots; gives the address of what it returned, or of an exception. */
  call(target: number, argc: number): number {
    const at = this.instance.x.QTS_Call(this.context, target, this.#undefined, argc, this.#addresses);
    if (at === 0) throw new MemoryUp();
    return at;
  }

  /** The same with arguments that lie elsewhere: `argc` values from `argv` on. */
  callWith(target: number, argc: number, argv: number): number {
    const list = this.alloc(Math.max(argc, 1) * 4);
    for (let index = 0; index < argc; index++) this.instance.i32[(list >> 2) + index] = argv + index * 8;
    const at = this.instance.x.QTS_Call(this.context, target, this.#undefined, argc, list);
    this.freeAddress(list);
    if (at === 0) throw new MemoryUp();
    return at;
  }

  /** Calls a helper with values that are freed after it. Throws GuestThrew where the helper could not do its work. */
  helpWith(helper: number, ...values: number[]): number {
    const list = this.alloc(Math.max(values.length, 1) * 4);
    for (let index = 0; index < values.length; index++)
      this.instance.i32[(list >> 2) + index] = values[index] as number;
    const at = this.instance.x.QTS_Call(
      this.context,
      this.helpers[helper] as number,
      this.#undefined,
      values.length,
      list,
    );
    this.freeAddress(list);
    for (const value of values) this.free(value);
    return this.made(at);
  }

  /** The exception that an operation left; the address is the caller's. */
  exception(at: number): number {
    return this.instance.x.QTS_ResolveException(this.context, at);
  }

  /** Throws a new error into the guest; gives what a host function returns for that. */
  throwNew(kind: number, text: string): number {
    const error = this.helpWith(HELPER.MAKE_ERROR, this.newNumber(kind), this.newText(text));
    const thrown = this.instance.x.QTS_Throw(this.context, error);
    this.free(error);
    return thrown;
  }

  /** What the value at `thrown` says of itself: one text of a primitive, or name, message, code and stack. */
  describe(thrown: number): readonly string[] {
    this.told = [];
    const at = this.instance.x.QTS_DupValuePointer(this.context, thrown);
    this.free(this.helpWith(HELPER.DESCRIBE, at));
    return this.told;
  }

  /** Runs what promises wait for. Throws TimeUp. */
  runJobs(): void {
    const { x } = this.instance;
    while (x.QTS_IsJobPending(this.runtime) !== 0) {
      // The address for the job's context is a value's slot: nobody reads it.
      const at = x.QTS_ExecutePendingJob(this.runtime, JOBS, this.#values);
      this.free(at);
      if (this.deadlineMs !== 0) this.#outOfFuel();
    }
  }

  /** Runs `code` as a script; gives what it evaluates to, or an exception. */
  evaluate(code: string, file: string): number {
    const { x } = this.instance;
    const room = Buffer.byteLength(code);
    const at = this.alloc(room + 1);
    this.instance.u8.utf8Write(code, at);
    this.instance.u8[at + room] = 0;
    const name = this.alloc(file.length + 1);
    this.instance.u8.latin1Write(`${file}\0`, name);
    const value = x.QTS_Eval(this.context, at, room, name, 0, 0);
    x.free(at);
    x.free(name);
    if (value === 0) throw new MemoryUp();
    return value;
  }
}

/** Jobs between two looks at the clock. */
const JOBS = 1000;
