import vm from "node:vm";

/**
 * Runs work under the engine's watchdog, which stops whatever JavaScript the work is in: endless loops, allocation
 * loops, regular expressions, host code too.
 *
 * An entry costs about a microsecond, so many calls share one. The watchdog measures wall time from the entry on.
 */
export class TimedEntry {
  readonly #cell: { work: () => unknown } = { work: nothing };
  readonly #context: vm.Context;
  readonly #script = new vm.Script("work()", { filename: "zedis:entry" });

  constructor() {
    // Nothing but this one script ever runs in this context.
    this.#context = vm.createContext({ work: () => this.#cell.work() });
  }

  /** The result of `work`. Throws what it throws; isTimeout() tells the watchdog's error. 0: no limit. */
  run<T>(work: () => T, timeMs: number): T {
    this.#cell.work = work;
    try {
      return this.#script.runInContext(this.#context, timeMs > 0 ? { timeout: timeMs } : {});
    } finally {
      // What it closes over, such as a library's realm, is not to outlive it.
      this.#cell.work = nothing;
    }
  }
}

function nothing(): void {}

export function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
