/**
 * Keeps the API out of the data plane's way where processors are short: while a core has more to do than it gets time for, requests are begun
 * only as fast as `admin-busy-share` percent of a processor allows. They wait in turn, and are refused when too many do. Where a processor is
 * free, or the cores have time, nothing waits.
 */
import { PACED_WAITING_MAX } from "./limits.ts";

/** Milliseconds that a thread has run, and has wanted to run but waited for a processor, so far. */
export interface ThreadTimes {
  readonly ranMs: number;
  readonly waitedMs: number;
}

export interface PaceParts {
  /** Percent of a processor; 100: no limit. */
  readonly sharePercent: () => number;
  /** Of the main thread; null where the system does not say. */
  readonly own: () => ThreadTimes | null;
  readonly cores: () => readonly (ThreadTimes | null)[];
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** How often it is looked whether processors are short. */
const LOOK_EVERY_MS = 100;
/** A core that runs for this part of the time has much to do (0.43 where redis-benchmark takes a whole processor at pipeline 16), … */
const RAN_SHARE = 0.3;
/** … and one that waits for this part of it has others in its way: ticks of the system alone are less. */
const WAITED_SHARE = 0.005;
/** What may be used ahead, and be owed, at most: work that is not the API's must not hold it up for long. */
const CREDIT_MAX_MS = 20;

export class Pace {
  #at: number;
  #cores: readonly (ThreadTimes | null)[] = [];
  #isShort = false;
  #chargedAt = 0;
  #chargedMs = 0;
  #creditMs = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly parts: PaceParts) {
    this.#at = parts.now();
  }

  /** Resolves when a request may begin; false: too many wait already. */
  async admit(): Promise<boolean> {
    this.#look();
    if (!this.#isShort) return true;
    if (this.#waiting >= PACED_WAITING_MAX) return false;
    this.#waiting++;
    const turn = this.#last.then(() => this.#afford());
    this.#last = turn;
    await turn;
    this.#waiting--;
    return true;
  }

  async #afford(): Promise<void> {
    for (;;) {
      this.#look();
      if (!this.#isShort) return;
      const perMs = this.parts.sharePercent() / 100;
      const ranMs = this.parts.own()?.ranMs ?? this.#chargedMs;
      const now = this.parts.now();
      const credit = this.#creditMs + (now - this.#chargedAt) * perMs - (ranMs - this.#chargedMs);
      this.#creditMs = Math.min(Math.max(credit, -CREDIT_MAX_MS), CREDIT_MAX_MS);
      [this.#chargedAt, this.#chargedMs] = [now, ranMs];
      if (this.#creditMs > 0) return;
      await this.parts.sleep(Math.min(Math.ceil(-this.#creditMs / perMs) + 1, LOOK_EVERY_MS));
    }
  }

  /** Are processors short? Told from what has been since the last look. */
  #look(): void {
    const now = this.parts.now();
    const elapsed = now - this.#at;
    if (elapsed < LOOK_EVERY_MS) return;
    const cores = this.parts.sharePercent() >= 100 ? [] : this.parts.cores();
    const isShort = cores.some((core, at) => {
      const before = this.#cores[at];
      if (core === null || before === null || before === undefined) return false;
      const [ran, waited] = [core.ranMs - before.ranMs, core.waitedMs - before.waitedMs];
      return ran > RAN_SHARE * elapsed && waited > WAITED_SHARE * elapsed;
    });
    if (isShort && !this.#isShort) {
      [this.#chargedAt, this.#chargedMs, this.#creditMs] = [now, this.parts.own()?.ranMs ?? 0, 0];
    }
    this.#isShort = isShort;
    [this.#at, this.#cores] = [now, cores];
  }
}
