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
  longest(): { core: number; name: string; command: readonly string[]; durationMs: number; lua: 0 | 1 | 2 } | null {
    let longest: ReturnType<RunningProcedures["longest"]> = null;
    for (let core = 0; core < this.count; core++) {
      const running = this.native.running(core);
      if (running === null || running.ms < (longest?.durationMs ?? KILLABLE_AFTER_MS)) continue;
      const { name, command, ms, lua } = running;
      longest = { core, name, command, durationMs: ms, lua };
    }
    return longest;
  }

  /** A script of EVAL that runs: what FUNCTION KILL and STATS reply then. */
  busyText(): string | null {
    return this.longest()?.lua === 1
      ? "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
      : null;
  }

  /** Ends that call by ending its VM; another takes over, and the call is rolled back. Gives the reply's text. */
  killLongest(): string {
    const running = this.longest();
    if (running === null) return "NOTBUSY No scripts in execution right now.";
    const busy = this.busyText();
    if (busy !== null) return busy;
    if (running.lua !== 0) {
      this.native.killLua(running.core);
      return "OK";
    }
    // A second KILL must not end the VM that takes over because of the first.
    if (!this.cores.isReplacing(running.core)) {
      this.native.markKill(running.core);
      void this.cores.replace(running.core);
    }
    return "OK";
  }
}
