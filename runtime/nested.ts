/**
 * Calls of functions by functions, on one core: `Zedis.fcall` of every engine comes here.
 *
 * Both calls use one deck. That is safe because a call holds nothing in it while library code runs: its arguments are values by
 * then, what a host call needs lies there only until it returns, and a result is written when the function has ended. What the
 * header says of the running call is put back here and by native code.
 */
import type { Call } from "./engine.ts";
import { CALL_STATE, DECK, type DeckAccess, type DeckViews, I32, OUTCOME } from "./host/deck.ts";

export class NestedCalls {
  /** Nested calls that run now. */
  depth = 0;
  /** Set by the loop, which has the libraries. */
  find: (id: number) => Call | undefined = () => undefined;

  constructor(
    private readonly deck: DeckAccess,
    private readonly views: DeckViews,
  ) {}

  /**
   * Calls the function whose name, keys and arguments lie packed in OUT, or in the grown buffer if `big`. Gives the length of
   * its result in IN, as RESP3; or a refusal (REFUSED), as a host call does.
   */
  call(keys: number, argc: number, totalBytes: number, big: number, readOnly: number): number {
    const { native } = this.deck;
    const { i32 } = this.views;
    const id = native.nest(keys, argc, totalBytes, big, readOnly);
    if (id < 0) return id;
    const gate = i32[I32.GATE] as number;
    this.depth += 1;
    const call = this.find(id);
    // Native code has what this VM has not: functions in Lua.
    let outcome: number = OUTCOME.IN_LUA;
    let result = 0;
    if (call !== undefined) {
      result = call();
      outcome = i32[I32.OUTCOME] as number;
    }
    this.depth -= 1;
    i32[I32.GATE] = gate;
    i32[I32.CALL_STATE] = CALL_STATE.RUNNING;
    return native.unnest(outcome, result);
  }

  /**
   * Runs the function that a script in Lua calls: native code calls into this VM, which waits in `run` or in a host call of its own.
   * Gives the length of the result, as a call does.
   *
   * What the watchdog ends in here unwinds to native code, which ends the script; and from there, once that has returned to this
   * VM, to the timed entry. So UPCALL is cleared last, and tells whether this came to its end.
   */
  upcall(id: number): number {
    const { i32, bytes } = this.views;
    const gate = i32[I32.GATE] as number;
    this.depth += 1;
    const call = this.find(id);
    let result: number;
    if (call === undefined) {
      result = bytes.latin1Write("ERR Function not found", DECK.outAt);
      i32[I32.OUTCOME] = OUTCOME.ERROR;
    } else {
      result = call();
    }
    this.depth -= 1;
    i32[I32.GATE] = gate;
    i32[I32.UPCALL] = 0;
    return result;
  }

  /** The watchdog ended everything. */
  reset(): void {
    this.depth = 0;
  }
}
