/**
 * An engine runs libraries of one kind of code. It has two halves, as a library has two lives:
 *
 *     main thread   EngineCompiler.compile(source)  → CompiledLibrary, plain data
 *     every core    EngineCore.thaw(image)          → one Call per function, in that core's own VM
 *
 * Limits: the time of a call is watched by the loop that makes it (worker-loop.ts); an engine whose code a JavaScript
 * watchdog cannot stop has to stop it itself and answer with an error. Sizes are in limits.ts.
 */
import type { CompiledLibrary, LibraryImage } from "./schema.ts";

export interface EngineCompiler {
  readonly name: string;
  /** Native code runs what this compiles: there is no half of it in the cores' VMs. */
  readonly native?: boolean;
  /** The library of `source`. Throws CompileError. Runs nothing of it. */
  compile(source: string): Promise<CompiledLibrary>;
}

export interface EngineCore {
  readonly name: string;
  /**
   * Makes the library ready on this core: its top level has run when this returns. Throws an Error whose message is for
   * the author. Takes at most `timeMs`.
   */
  thaw(image: LibraryImage, timeMs: number): ThawedLibrary;
  /** The watchdog stopped whatever ran, maybe in the middle of this engine's own code. */
  recover?(): void;
  /** Bytes that this VM's heap counts for the engine's libraries and that they have not touched. */
  untouchedBytes?(): number;
}

export interface ThawedLibrary {
  readonly name: string;
  readonly calls: ReadonlyMap<number, Call>;
}

/**
 * Runs the function on the call that lies in the deck. What came of it is in the deck too: the outcome (OUTCOME in
 * host/deck.ts) in the header's slot `I32.OUTCOME`; the number it goes with is returned. Never throws for what a
 * library does; only the watchdog's termination passes through.
 */
export type Call = () => number;
