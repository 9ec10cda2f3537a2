/** `oom-score-adj`: how likely the kernel is to end this process where memory is short. Linux only. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Level } from "./log-format.ts";

const FILE = "/proc/self/oom_score_adj";
const [LEAST, MOST] = [-1000, 1000];

export class OomScore {
  /** What it was before this process changed it; null: it has not. */
  #before: number | null = null;

  constructor(
    private readonly log: (level: Level, line: string) => void,
    private readonly file = FILE,
  ) {}

  /**
   * `mode`: no, yes (on top of what it was) or absolute; `values`: for a primary, a replica, and a process that saves, of which this is
   * always the first. Null, or the error of CONFIG SET.
   */
  apply(mode: string, values: string): string | null {
    if (mode === "no" && this.#before === null) return null;
    try {
      const before = this.#before ?? Number(readFileSync(this.file, "latin1"));
      const value = Number(values.split(" ")[0]);
      const wanted = mode === "no" ? before : mode === "yes" ? before + value : value;
      writeFileSync(this.file, String(Math.min(Math.max(wanted, LEAST), MOST)));
      this.#before = mode === "no" ? null : before;
      return null;
    } catch (error) {
      this.log("warning", `Unable to write oom_score_adj: ${error instanceof Error ? error.message : error}`);
      return "Failed to set current oom_score_adj. Check server logs.";
    }
  }
}
