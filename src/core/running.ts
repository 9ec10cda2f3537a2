/** What procedures run at this moment, and ending one: FUNCTION STATS and FUNCTION KILL. */
import type { Cores } from "./cores.ts";
import type { Native } from "./ffi.ts";

/** A call younger than this is not worth stopping: it will have ended by itself, and another would be hit. */
const KILLABLE_AFTER_MS = 5;

const BUSY_SCRIPT = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

export class RunningProcedures {
  /** Cores whose VM is being ended for a KILL. */
  readonly #ending = new Set<number>();

  constructor(
    private readonly native: Native,
    private readonly cores: Cores,
    private readonly count: number,
  ) {}

  /** The function that has run longest, or null; scripts of EVAL are none. */
  longest(): { core: number; name: string; command: readonly string[]; durationMs: number; lua: 0 | 2 } | null {
    let longest: ReturnType<RunningProcedures["longest"]> = null;
    for (let core = 0; core < this.count; core++) {
      const running = this.native.running(core);
      if (running === null || running.lua === 1) continue;
      if (running.ms < (longest?.durationMs ?? KILLABLE_AFTER_MS)) continue;
      const { name, command, ms, lua } = running;
      longest = { core, name, command, durationMs: ms, lua };
    }
    return longest;
  }

  /** What FUNCTION KILL and STATS reply while no function runs, but a script of EVAL: it is SCRIPT KILL's. */
  busyText(): string | null {
    if (this.longest() !== null) return null;
    for (let core = 0; core < this.count; core++) {
      const running = this.native.running(core);
      if (running?.lua === 1 && running.ms >= KILLABLE_AFTER_MS) return BUSY_SCRIPT;
    }
    return null;
  }

  /**
   * Ends that call by ending its VM; another takes over, and the call is rolled back. Where none runs, the one ends that has waited
   * longest for a background core. Gives the reply's text.
   */
  killLongest(): string {
    const running = this.longest();
    if (running === null) {
      const text = this.busyText();
      if (text !== null) return text;
      return this.native.killQueued(KILLABLE_AFTER_MS) ? "OK" : "NOTBUSY No scripts in execution right now.";
    }
    if (running.lua !== 0) {
      this.native.killLua(running.core);
      return "OK";
    }
    // A second KILL marks the same call, and ends no other VM: the one that takes over takes the mark.
    this.native.markKill(running.core);
    if (!this.#ending.has(running.core)) void this.#end(running.core);
    return "OK";
  }

  /** Ends VMs of a core until the call that is marked is gone: the last one may have been about to be replaced anyway. */
  async #end(core: number): Promise<void> {
    this.#ending.add(core);
    try {
      while (this.native.isMarked(core)) {
        if (this.cores.isReplacing(core)) await Bun.sleep(1);
        else await this.cores.replace(core);
      }
    } finally {
      this.#ending.delete(core);
    }
  }
}
