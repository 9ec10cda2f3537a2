/**
 * The life of a core's JavaScript: native code runs the event loop, and returns here when it needs JavaScript.
 *
 *     ┌────────────── timed entry (the watchdog runs) ──────────────┐
 *     │  run(core, outcome, n) ──▶ CALL ──▶ the function's Call ──┐ │
 *     │        ▲                                                  │ │
 *     │        └──────────────── outcome, n ──────────────────────┘ │
 *     └──┬────────────────┬───────────────┬─────────────┬───────────┘
 *      LEAVE: enter anew  MAIL: thaw,drop  NOTE: tell main  STOP: return
 *
 * The watchdog may fire between any two statements of the entry. So the code that native returned is kept in `pending`
 * until its work is done, and what was lost is told from it and from the deck's CALL_STATE:
 *
 *     nothing pending, RETURNED    native code has come back, and its code was thrown away → it is pending
 *     pending CALL, CALL_STATE 2   the function had begun   → run(core, TIMED_OUT)
 *     pending CALL, CALL_STATE 1   it had not               → the same call again, in a fresh entry
 *     nothing pending              it had ended             → run with its outcome, in a fresh entry
 *     pending MAIL, NOTE, …                                 → done outside the entry, as always
 */
import { heapSize } from "bun:jsc";
import type { EngineCore } from "./engine.ts";
import { CALL_STATE, CODE, DECK, type DeckAccess, type DeckViews, F64, I32, OUTCOME } from "./host/deck.ts";
import { LIMITS } from "./limits.ts";
import { LiveLibraries } from "./live-libraries.ts";
import type { CoreMessage, Mail } from "./mail.ts";
import type { NestedCalls } from "./nested.ts";
import { isTimeout, TimedEntry } from "./timed-entry.ts";

export interface CoreLoopDeps {
  readonly deck: DeckAccess;
  readonly views: DeckViews;
  readonly engines: readonly EngineCore[];
  readonly nested: NestedCalls;
  /** Milliseconds a call may take (procedure-time-limit); 0: no limit. Read at each entry. */
  readonly timeLimitMs: () => number;
  /** Age in milliseconds at which native code asks for a fresh entry; a call may begin up to then. */
  readonly entrySlackMs: () => number;
  readonly post: (message: CoreMessage) => void;
  readonly nowMs: () => number;
}

const NOTHING = -1;

/** Serves a core until native code says STOP. Between two entries the worker's own event loop gets a turn. */
export async function coreLoop(deps: CoreLoopDeps): Promise<void> {
  const loop = new CoreLoop(deps);
  // A promise that a library rejected and forgot is its own affair.
  process.on("unhandledRejection", ignore);
  try {
    while (loop.turn()) await turnOfEvents();
  } finally {
    process.off("unhandledRejection", ignore);
  }
}

/** The loop itself, one turn at a time. */
export class CoreLoop {
  readonly #libraries: LiveLibraries;
  readonly #entry = new TimedEntry();
  readonly #calls: () => void;
  #pending: number = NOTHING;
  #outcome: number = OUTCOME.NONE;
  #result = 0;
  /** Collections to come: libraries have gone. */
  #collections = 0;
  #collectAtMs = 0;

  constructor(private readonly deps: CoreLoopDeps) {
    this.#libraries = new LiveLibraries(new Map(deps.engines.map((engine) => [engine.name, engine])), deps.nowMs);
    deps.nested.find = (id) => this.#libraries.find(id);
    this.#noteMemory();
    this.#calls = () => this.#serveCalls();
  }

  /** One timed entry and what it left to do; false: native code said STOP. */
  turn(): boolean {
    if (this.#collections > 0 && this.deps.nowMs() >= this.#collectAtMs) this.#collect();
    const limitMs = this.deps.timeLimitMs();
    try {
      this.#entry.run(this.#calls, limitMs > 0 ? limitMs + this.deps.entrySlackMs() : 0);
    } catch (thrown) {
      if (!isTimeout(thrown)) throw thrown;
      this.#recover();
      // What a stopped allocation loop leaves is garbage of a size that the engine would keep for long.
      if (heapSize() > LIMITS.heapAfterStopBytes) Bun.gc(true);
    }
    const code = this.#pending;
    // A call that had not begun stays pending and begins in the next entry.
    if (code !== CODE.CALL) this.#pending = NOTHING;
    switch (code) {
      case CODE.MAIL:
        this.#mail();
        break;
      case CODE.NOTE:
        this.deps.post({ op: "note", core: this.deps.deck.core });
        break;
    }
    this.#noteMemory();
    return code !== CODE.STOP;
  }

  /** Runs calls until native code wants something else. */
  #serveCalls(): void {
    const { i32 } = this.deps.views;
    const { core, native } = this.deps.deck;
    const { run } = native;
    const libraries = this.#libraries;
    for (;;) {
      if (this.#pending === NOTHING) {
        // Where the watchdog has fired meanwhile this throws what `run` gives away; the deck has it.
        this.#pending = run(core, this.#outcome, this.#result);
        this.#outcome = OUTCOME.NONE;
        i32[I32.RETURNED] = 0;
      }
      if (this.#pending !== CODE.CALL) return;
      const call = libraries.find(i32[I32.FN] as number);
      const result = call === undefined ? this.#unknownFunction() : call();
      this.#result = result;
      this.#outcome = i32[I32.OUTCOME] as number;
      this.#pending = NOTHING;
    }
  }

  /** After the watchdog fired: what became of the call it met, if any. */
  #recover(): void {
    const { i32 } = this.deps.views;
    i32[I32.GATE] = 0;
    const returned = i32[I32.RETURNED] as number;
    i32[I32.RETURNED] = 0;
    if (this.#pending === NOTHING && returned !== 0) {
      // It fired while native code ran, which was told the outcome and has come back since.
      this.#pending = returned - 1;
      this.#outcome = OUTCOME.NONE;
    }
    if (i32[I32.UPCALL] !== 0) {
      // It fired below native code, so `run` was told the outcome and has thrown instead of returning.
      i32[I32.UPCALL] = 0;
      this.#outcome = OUTCOME.NONE;
    }
    this.deps.nested.reset();
    for (const engine of this.deps.engines) engine.recover?.();
    if (this.#pending === CODE.CALL && i32[I32.CALL_STATE] === CALL_STATE.RUNNING) {
      this.#pending = NOTHING;
      this.#outcome = OUTCOME.TIMED_OUT;
      this.#result = 0;
    }
  }

  /**
   * A realm that has gone is garbage that an idle core would keep. Of a large heap the collector goes on beside what runs next. At
   * the beginning of a turn, where no frame of the last one is on the stack for the collector to find the realm in; and in the next
   * turn again, because a memory of WASM may outlive the first one.
   */
  #collect(): void {
    this.#collections -= 1;
    this.#collectAtMs = this.deps.nowMs() + LIMITS.collectEveryMs;
    Bun.gc(heapSize() < LIMITS.heapCollectedAtOnceBytes);
    this.#noteMemory();
  }

  /** Tells native code what this VM takes, as of its last collection, for INFO. Cost: some microseconds. */
  #noteMemory(): void {
    let bytes = heapSize();
    for (const engine of this.deps.engines) bytes -= engine.untouchedBytes?.() ?? 0;
    this.deps.views.f64[F64.VM_BYTES] = bytes;
  }

  #unknownFunction(): number {
    const { bytes, i32 } = this.deps.views;
    i32[I32.OUTCOME] = OUTCOME.ERROR;
    return bytes.latin1Write("ERR Function not found", DECK.outAt);
  }

  #mail(): void {
    const mail: Mail = JSON.parse(this.#mailText());
    const { post, deck } = this.deps;
    const { seq } = mail;
    if (mail.op === "drop") {
      if (this.#libraries.drop(mail.ids)) this.#collections = 2;
      post({ op: "dropped", seq, core: deck.core });
      return;
    }
    try {
      this.#libraries.thaw(mail.library);
      post({ op: "thawed", seq, core: deck.core });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      post({ op: "thawed", seq, core: deck.core, error });
    }
  }

  #mailText(): string {
    const { i32, f64, bytes } = this.deps.views;
    if (i32[I32.IN_BIG] === 0) return bytes.utf8Slice(DECK.inAt, DECK.inAt + (i32[I32.IN_LEN] as number));
    return Buffer.from(this.deps.deck.map(f64[F64.BIG_PTR] ?? 0, f64[F64.BIG_LEN] ?? 0)).toString();
  }
}

function ignore(): void {
  // See coreLoop.
}

/** The worker's own event loop runs once: messages from the main thread, rejections that libraries forgot. */
function turnOfEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
