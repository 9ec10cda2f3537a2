/** The default engine: libraries run in this core's own JavaScriptCore VM, one hardened context each. */

import { drainMicrotasks } from "bun:jsc";
import { types } from "node:util";
import vm from "node:vm";
import { compileLibrary, sourceName } from "../../compile/compile.ts";
import { loadSwc, type SwcCompiler } from "../../compile/swc.ts";
import { countText, mismatchText, misshapenText } from "../../convert/arguments.ts";
import { failureText, oneLine, SourcePositions } from "../../convert/failure.ts";
import { type EncodedResult, ResultError } from "../../convert/resp-out.ts";
import type { Call, EngineCompiler, EngineCore, ThawedLibrary } from "../../engine.ts";
import type { CallableCommands } from "../../host/commands.ts";
import { type Bytes, bytesOf, DECK, type DeckAccess, type DeckViews, F64, I32, OUTCOME } from "../../host/deck.ts";
import type { NestedCalls } from "../../nested.ts";
import type { CompiledLibrary, LibraryImage, NumberedFunction } from "../../schema.ts";
import { isTimeout, TimedEntry } from "../../timed-entry.ts";
import { ContextFactory } from "./context.ts";
import type { Inside } from "./inside/zedis.ts";
import { ResultWriter } from "./result.ts";
import { generateThunk, type ThunkSupport } from "./thunk.ts";

const ENGINE = "jsc";

/** The main thread's half. */
export class JscCompiler implements EngineCompiler {
  readonly name = ENGINE;
  #swc: Promise<SwcCompiler> | undefined;

  /** Loads SWC ahead of the first FUNCTION LOAD. */
  warm(): Promise<SwcCompiler> {
    this.#swc ??= loadSwc();
    return this.#swc;
  }

  async compile(source: string): Promise<CompiledLibrary> {
    const compiled = compileLibrary(source, await this.warm());
    return { ...compiled, engine: ENGINE, bytecode: snapshot(compiled.code, sourceName(compiled)) };
  }
}

/** Bytecode of a script, base64. What the cores thaw has been parsed already. */
function snapshot(code: string, filename: string): string {
  return new vm.Script(code, { filename }).createCachedData().toString("base64");
}

/** One core's half. */
export class JscCore implements EngineCore {
  readonly name = ENGINE;
  readonly #contexts: ContextFactory;
  readonly #results: ResultWriter;
  readonly #entry = new TimedEntry();
  #gates = 0;

  constructor(
    private readonly deck: DeckAccess,
    private readonly views: DeckViews,
    commands: CallableCommands,
    private readonly nested: NestedCalls,
  ) {
    this.#contexts = new ContextFactory(deck, views, commands, nested);
    this.#results = new ResultWriter(views.bytes, (bytes) => this.#grow(bytes));
  }

  thaw(image: LibraryImage, timeMs: number): ThawedLibrary {
    const file = sourceName(image);
    const positions = new SourcePositions(file, image.mappings, image.shifts);
    const gate = ++this.#gates;
    const { context, inside } = this.#contexts.create(gate, file);
    let functions: readonly unknown[];
    try {
      const script = new vm.Script(image.code, {
        filename: file,
        // A snapshot that another build of the engine made is refused, and the text is compiled instead.
        ...(image.bytecode === "" ? {} : { cachedData: Buffer.from(image.bytecode, "base64") }),
      });
      const topLevel = script.runInContext(context);
      functions = this.#entry.run(() => {
        const registered = topLevel();
        drainMicrotasks();
        return registered;
      }, timeMs);
    } catch (thrown) {
      throw new Error(thawFailure(thrown, image.name, positions, timeMs));
    }
    const calls = new Map<number, Call>();
    image.functions.forEach((fn, index) => {
      const target = functions[index];
      // The compiler saw a function; the top level may have put something else into the variable since.
      if (typeof target !== "function") throw new Error(`${fn.name} is not a function once ${file} has run`);
      calls.set(fn.id, this.#call(fn, target as (...values: unknown[]) => unknown, gate, inside, positions));
    });
    return { name: image.name, calls };
  }

  #call(
    fn: NumberedFunction,
    target: (...values: unknown[]) => unknown,
    gate: number,
    inside: Inside,
    positions: SourcePositions,
  ): Call {
    const { i32, spans, bytes } = this.views;
    const encoded: EncodedResult = { outcome: 0, bytes: 0 };
    const failed = (thrown: unknown): number => {
      i32[I32.GATE] = 0;
      const text = failureText(thrown, fn.name, positions);
      // What the call left behind runs now, with its gate closed, and not in somebody else's call.
      leftovers();
      return this.#error(text);
    };
    const finish = (result: unknown): number => {
      try {
        let value = result;
        if (types.isPromise(result)) {
          if (this.nested.depth > 0) {
            i32[I32.GATE] = gate;
            drainMicrotasks();
            i32[I32.GATE] = 0;
          }
          const state = Bun.peek.status(result);
          value = Bun.peek(result);
          inside.settle(result);
          if (state === "rejected") return failed(value);
          if (state === "pending") {
            throw new ResultError(
              "the promise never settles: a procedure can await only what its own call brings about, there are no timers and no I/O",
            );
          }
          if (typeof value === "number" && (value | 0) === value) {
            i32[I32.OUTCOME] = OUTCOME.INTEGER;
            return value;
          }
          if (value === undefined || value === null) {
            i32[I32.OUTCOME] = OUTCOME.NULL;
            return 0;
          }
        }
        this.#results.write(value, i32[I32.PROTO] as number, inside.objectPrototype, encoded);
        leftovers();
        i32[I32.OUTCOME] = encoded.outcome;
        return encoded.bytes;
      } catch (thrown) {
        return failed(thrown);
      }
    };
    const support: ThunkSupport = {
      gate,
      i32,
      spans,
      bytes,
      inside,
      // What an outer call awaits runs when that call's own turn comes, with its gate open.
      drain: () => {
        if (this.nested.depth === 0) drainMicrotasks();
      },
      bigArguments: (argc) => this.#bigArguments(argc),
      wrongCount: (given) => this.#error(countText(fn.name, fn.parameters, given)),
      mismatch: (index, source, at, length) => {
        const parameter = fn.parameters[index];
        if (parameter === undefined) throw new RangeError(`function ${fn.name} has no parameter ${index}`);
        return this.#error(mismatchText(fn.name, parameter, source.utf8Slice(at, at + Math.min(length, 1024))));
      },
      misshapen: (wrong) => this.#error(misshapenText(fn.name, wrong)),
      finish,
      failed,
    };
    return generateThunk(fn, target, support);
  }

  /** Leaves an error reply; `text` starts with its code. */
  #error(text: string): number {
    const { bytes, i32 } = this.views;
    i32[I32.OUTCOME] = OUTCOME.ERROR;
    return bytes.utf8Write(oneLine(text), DECK.outAt);
  }

  #grow(bytes: number): Bytes {
    return bytesOf(this.deck.map(this.deck.native.grow(bytes), bytes));
  }

  #bigArguments(argc: number): { spans: Int32Array; bytes: Bytes } {
    const { f64 } = this.views;
    const memory = this.deck.map(f64[F64.BIG_PTR] ?? 0, f64[F64.BIG_LEN] ?? 0);
    return { spans: new Int32Array(memory, 0, argc * 2), bytes: bytesOf(memory, argc * 8) };
  }
}

/** Runs microtasks that a call left; they can only throw into nothing. */
function leftovers(): void {
  try {
    drainMicrotasks();
  } catch {
    // A rejection nobody waits for.
  }
}

function thawFailure(thrown: unknown, library: string, positions: SourcePositions, timeMs: number): string {
  if (isTimeout(thrown)) {
    return `Error compiling function: the top level of the library ran longer than ${timeMs} ms`;
  }
  const text = failureText(thrown, library, positions).replace(/^ERR /, "");
  return `Error compiling function: ${text}`;
}
