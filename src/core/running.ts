/** What procedures run at this moment, and ending one: FUNCTION STATS and FUNCTION KILL. */
import type { Cores } from "./cores.ts";
import type { Native } from "./ffi.ts";

/** A call younger than this is not worth stopping: it will have ended by itself, and another would be hit. */
const KILLABLE_AFTER_MS = 5;

export class RunningProcedures {
  constructor(
    private readonly native: Native,
    private readonly cores: Cores,
    private readonly count: number,
  ) {}

  /** The call that has run longest, or null. */
  longest(): { core: number; name: string; command: readonly string[]; durationMs: number } | null {
    let longest: ReturnType<RunningProcedures["longest"]> = null;
    for (let core = 0; core < this.count; core++) {
      const running = this.native.running(core);
      if (running === null || running.ms < (longest?.durationMs ?? KILLABLE_AFTER_MS)) continue;
      longest = { core, name: running.name, command: running.command, durationMs: running.ms };
    }
    return longest;
  }

  /** Ends that call by ending its VM; another takes over, and the call is rolled back. Gives the reply's text. */
  killLongest(): string {
    const running = this.longest();
    if (running === null) return "NOTBUSY No scripts in execution right now.";
    // A second KILL must not end the VM that takes over because of the first.
    if (!this.cores.isReplacing(running.core)) {
      this.native.markKill(running.core);
      void this.cores.replace(running.core);
    }
    return "OK";
  }
}
