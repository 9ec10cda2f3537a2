/**
 * The engine for code that is not trusted: each library runs in a QuickJS of its own, which runs in WASM. It can reach its
 * memory and the functions of host-calls.ts; time and memory are limited for good (meter.ts, instance.ts).
 *
 * What a library keeps in its variables lives from call to call, until a call fails: then its memory becomes what it was
 * when the library had just been loaded. With `isolation=call` it does so before every call.
 */

import { compileLibrary, sourceName } from "../../compile/compile.ts";
import { loadSwc, type SwcCompiler } from "../../compile/swc.ts";
import { argumentCounts, countText, mismatchText } from "../../convert/arguments.ts";
import { failureText, oneLine, SourcePositions } from "../../convert/failure.ts";
import { type EncodedResult, RespOut, ResultError } from "../../convert/resp-out.ts";
import type { Call, EngineCompiler, EngineCore, ThawedLibrary } from "../../engine.ts";
import type { CallableCommands } from "../../host/commands.ts";
import { bytesOf, CALL_STATE, DECK, type DeckAccess, type DeckViews, I32, OUTCOME } from "../../host/deck.ts";
import type { NestedCalls } from "../../nested.ts";
import type { CompiledLibrary, LibraryImage, NumberedFunction } from "../../schema.ts";
import { type Base, makeBase } from "./base.ts";
import { CallArguments, mismatch } from "./call-arguments.ts";
import { Guest, type GuestLimits, GuestThrew, HELPER, MemoryUp, TimeUp } from "./guest.ts";
import { HostCalls } from "./host-calls.ts";
import type { Snapshot } from "./instance.ts";
import { TAG } from "./values.ts";

const ENGINE = "quickjs";
/** Memory beyond the limit for telling that the limit is reached. */
const LAST_WORDS_BYTES = 256 << 10;
/** Part of the memory limit that counts as all of it. */
const FULL = 0.8;
const PROMISE = { PENDING: 0, FULFILLED: 1, REJECTED: 2 } as const;

/** The main thread's half. */
export class QuickJsCompiler implements EngineCompiler {
  readonly name = ENGINE;

  constructor(private readonly swc: () => Promise<SwcCompiler> = loadSwc) {}

  async compile(source: string): Promise<CompiledLibrary> {
    return { ...compileLibrary(source, await this.swc()), engine: ENGINE, bytecode: "" };
  }
}

/** A library on one core. */
interface Live {
  readonly guest: Guest;
  readonly positions: SourcePositions;
  readonly isolated: boolean;
  snapshot: Snapshot;
  /** Calls of it that have begun and not ended: more than one when they are nested. */
  depth: number;
  /** A call has run since the memory was as in the snapshot. */
  used: boolean;
  /** A call failed: the memory goes back when the outermost one ends. */
  failed: boolean;
}

/** One core's half. */
export class QuickJsCore implements EngineCore {
  readonly name = ENGINE;
  readonly #calls: HostCalls;
  readonly #out: RespOut;
  readonly #encoded: EncodedResult = { outcome: 0, bytes: 0 };
  readonly #arguments: CallArguments;
  /** Libraries whose calls run now, the innermost last. */
  readonly #entered: Live[] = [];
  #base: Base | undefined;
  /** All libraries that have not been collected. */
  #lives: WeakRef<Live>[] = [];

  constructor(
    deck: DeckAccess,
    private readonly views: DeckViews,
    private readonly commands: CallableCommands,
    nested: NestedCalls,
    private readonly limits: GuestLimits,
  ) {
    this.#out = new RespOut(views.bytes, (bytes) => bytesOf(deck.map(deck.native.grow(bytes), bytes)));
    this.#calls = new HostCalls(deck, views, commands.rows, this.#out, nested);
    this.#arguments = new CallArguments(deck, views);
  }

  thaw(image: LibraryImage, timeMs: number): ThawedLibrary {
    this.#base ??= makeBase(this.limits, this.#calls, this.commands);
    const file = sourceName(image);
    const guest = new Guest(this.limits, this.#calls);
    guest.become(this.#base.guest, this.#base.snapshot);
    guest.limitMemory();
    guest.deadlineMs = this.limits.nowMs() + timeMs;
    const live: Live = {
      guest,
      positions: new SourcePositions(file, image.mappings, image.shifts),
      isolated: image.isolation === "call",
      snapshot: this.#base.snapshot,
      depth: 0,
      used: false,
      failed: false,
    };
    let targets: readonly number[];
    try {
      const topLevel = this.#succeeded(live, image.name, guest.evaluate(image.code, file));
      const registered = this.#succeeded(live, image.name, guest.call(topLevel, 0));
      guest.runJobs();
      targets = image.functions.map((_, index) => guest.instance.x.QTS_GetPropNumber(guest.context, registered, index));
      for (const at of [topLevel, registered]) guest.free(at);
    } catch (thrown) {
      if (thrown instanceof TimeUp) {
        throw new Error(`Error compiling function: the top level of the library ran longer than ${timeMs} ms`);
      }
      throw new Error(`Error compiling function: ${this.#thrownText(thrown, image.name).replace(/^ERR /, "")}`);
    }
    image.functions.forEach((fn, index) => {
      const at = targets[index] as number;
      guest.pass(0, at);
      const is = guest.call(guest.helpers[HELPER.IS_FUNCTION] as number, 1);
      if (guest.payload(is) !== 1) throw new Error(`${fn.name} is not a function once ${file} has run`);
      guest.freeAddress(is);
    });
    live.snapshot = guest.instance.snapshot();
    const calls = new Map<number, Call>();
    image.functions.forEach((fn, index) => {
      calls.set(fn.id, this.#call(fn, targets[index] as number, live));
    });
    this.#lives.push(new WeakRef(live));
    return { name: image.name, calls };
  }

  #call(fn: NumberedFunction, target: number, live: Live): Call {
    const { i32 } = this.views;
    const { least, most } = argumentCounts(fn.parameters);
    return () => {
      const argc = i32[I32.ARGC] as number;
      if (argc < least || argc > most) return this.#error(countText(fn.name, fn.parameters, argc));
      if (live.isolated && live.used && live.depth === 0) this.#restore(live);
      // Noted before anything is touched and until all is well again: the watchdog may fire at any line between.
      this.#entered.push(live);
      live.depth += 1;
      live.used = true;
      const { guest } = live;
      const { open } = guest;
      const [key0, key1] = guest.keyPointers;
      const result = this.#run(fn, target, live);
      guest.open = open;
      guest.keyPointers[0] = key0 as number;
      guest.keyPointers[1] = key1 as number;
      live.depth -= 1;
      if (live.failed && live.depth === 0) this.#restore(live);
      this.#entered.pop();
      return result;
    };
  }

  #run(fn: NumberedFunction, target: number, live: Live): number {
    const { i32 } = this.views;
    const { guest } = live;
    const held: number[] = [];
    try {
      guest.limitMemory();
      const argc = this.#arguments.pass(guest, fn, held);
      if (argc === mismatch) {
        for (const at of held) guest.free(at);
        const { index, text } = this.#arguments.refused;
        const parameter = fn.parameters[index];
        return this.#error(parameter === undefined ? text : mismatchText(fn.name, parameter, text));
      }
      guest.keyPointers[0] = this.#arguments.keys[0] as number;
      guest.keyPointers[1] = this.#arguments.keys[1] as number;
      if (live.depth === 1) guest.deadlineMs = 0;
      i32[I32.CALL_STATE] = CALL_STATE.RUNNING;
      i32[I32.GATE] = -1;
      guest.open = true;
      const at = argc < 0 ? this.#arguments.callMany(guest, target) : guest.call(target, argc);
      guest.runJobs();
      const result = this.#finish(fn, live, at);
      for (const one of held) guest.free(one);
      return result;
    } catch (thrown) {
      live.failed = true;
      if (thrown instanceof TimeUp) {
        i32[I32.OUTCOME] = OUTCOME.TIMED_OUT;
        return 0;
      }
      if (thrown instanceof GuestThrew) return this.#failed(fn.name, live, guest.exception(thrown.at));
      return this.#error(this.#thrownText(thrown, fn.name));
    } finally {
      guest.open = false;
      i32[I32.GATE] = 0;
    }
  }

  /** Writes what the function returned, `at`, and frees it. */
  #finish(fn: NumberedFunction, live: Live, at: number): number {
    const { i32 } = this.views;
    const { guest } = live;
    let value = at;
    let tag = guest.tag(at);
    if (tag === TAG.OBJECT) {
      const { x } = guest.instance;
      const state = x.QTS_PromiseState(guest.context, at);
      if (state === PROMISE.PENDING) {
        throw new ResultError(
          "the promise never settles: a procedure can await only what its own call brings about, there are no timers and no I/O",
        );
      }
      if (state === PROMISE.FULFILLED || state === PROMISE.REJECTED) {
        value = x.QTS_PromiseResult(guest.context, at);
        guest.free(at);
        if (state === PROMISE.REJECTED) return this.#failed(fn.name, live, value);
        tag = guest.tag(value);
      }
    } else if (tag === TAG.EXCEPTION) return this.#failed(fn.name, live, guest.exception(at));
    if (tag === TAG.INT) {
      const integer = guest.payload(value);
      guest.freeAddress(value);
      i32[I32.OUTCOME] = OUTCOME.INTEGER;
      return integer;
    }
    if (tag === TAG.NULL || tag === TAG.UNDEFINED) {
      guest.freeAddress(value);
      i32[I32.OUTCOME] = OUTCOME.NULL;
      return 0;
    }
    guest.open = false;
    this.#out.begin(i32[I32.PROTO] as number);
    if (!this.#calls.atom(guest, value)) {
      guest.refused = "";
      guest.pass(0, value);
      const done = guest.call(guest.helpers[HELPER.EMIT] as number, 1);
      if (guest.refused !== "") throw new ResultError(guest.refused);
      if (guest.tag(done) === TAG.EXCEPTION) return this.#failed(fn.name, live, guest.exception(done));
      guest.freeAddress(done);
      guest.runJobs();
    }
    guest.free(value);
    this.#out.finish(this.#encoded);
    i32[I32.OUTCOME] = this.#encoded.outcome;
    return this.#encoded.bytes;
  }

  /** Leaves the error reply for the value at `thrown`. */
  #failed(functionName: string, live: Live, thrown: number): number {
    live.failed = true;
    live.guest.open = false;
    return this.#error(this.#failureText(functionName, live, thrown));
  }

  #failureText(functionName: string, live: Live, thrown: number): string {
    const { guest } = live;
    // QuickJS throws null where it has no memory left for an error.
    if (guest.tag(thrown) === TAG.NULL && guest.instance.heapBytes() > this.limits.memoryBytes() * FULL) {
      return this.#memoryText(functionName);
    }
    guest.raiseMemory(LAST_WORDS_BYTES);
    let told: readonly string[];
    try {
      told = guest.describe(thrown);
    } catch (error) {
      if (error instanceof TimeUp || error instanceof MemoryUp) throw error;
      told = ["an error that cannot be read"];
    }
    if (told.length === 1) return failureText(told[0], functionName, live.positions);
    const [name = "", message = "", code = "", stack = ""] = told;
    if (name === "InternalError" && message === "out of memory") return this.#memoryText(functionName);
    if (name === "InternalError" && message === "stack overflow") {
      const error = { name: "RangeError", message: "Maximum call stack size exceeded.", code, stack };
      return failureText(error, functionName, live.positions);
    }
    return failureText({ name, message, code, stack }, functionName, live.positions);
  }

  #memoryText(functionName: string): string {
    const limit = this.limits.memoryBytes();
    return `ERR function '${functionName}' needed more than procedure-quickjs-memory-limit (${limit} bytes) and was rolled back`;
  }

  /** What the host's side threw: a result that cannot be sent, or the end of the guest. */
  #thrownText(thrown: unknown, functionName: string): string {
    if (thrown instanceof MemoryUp) return this.#memoryText(functionName);
    if (thrown instanceof ResultError) return `ERR ${oneLine(thrown.message)} (${functionName})`;
    if (thrown instanceof ThawError) return thrown.message;
    // The stack of the thread was full before that of the guest, or QuickJS itself gave up.
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : "the engine stopped";
    return `ERR ${oneLine(text)} (${functionName})`;
  }

  /** `at`, or a ThawError where it is an exception. */
  #succeeded(live: Live, name: string, at: number): number {
    const thrown = live.guest.exception(at);
    if (thrown === 0) return at;
    throw new ThawError(this.#failureText(name, live, thrown));
  }

  /** The guests that ran were left in the middle of something. */
  recover(): void {
    for (const live of this.#entered) {
      live.depth = 0;
      this.#restore(live);
    }
    this.#entered.length = 0;
  }

  untouchedBytes(): number {
    let sum = this.#base === undefined ? 0 : untouched(this.#base);
    this.#lives = this.#lives.filter((one) => {
      const live = one.deref();
      if (live !== undefined) sum += untouched(live);
      return live !== undefined;
    });
    return sum;
  }

  #restore(live: Live): void {
    live.guest.restore(live.snapshot);
    live.used = false;
    live.failed = false;
  }

  /** Leaves an error reply; `text` starts with its code. */
  #error(text: string): number {
    const { bytes, i32 } = this.views;
    i32[I32.OUTCOME] = OUTCOME.ERROR;
    return bytes.utf8Write(oneLine(text), DECK.outAt);
  }
}

/** Bytes of its memory that it had not touched when it was loaded; none of one that has grown since. */
function untouched({ guest: { instance }, snapshot }: Pick<Live, "guest" | "snapshot">): number {
  return instance.grown ? 0 : instance.u8.length - snapshot.heap.length - snapshot.statics.length;
}

class ThawError extends Error {}
