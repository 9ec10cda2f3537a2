/** Runs `*.test.ts` files by `bun test`, one after the other. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Child } from "./child.ts";
import type { DevState } from "./state.ts";

/** A test run that takes longer is ended. */
const LIMIT_MS = 300_000;
/** Lines of a failed run that are shown. */
const LINES_SHOWN = 60;

export class TestRuns {
  /** In the order of their turn. */
  readonly #waiting = new Set<string>();
  #running: { readonly path: string; readonly child: Child } | null = null;
  #stopped = false;

  constructor(
    private readonly state: DevState,
    private readonly tell: (level: "notice" | "warning", text: string, detail?: string) => void,
  ) {}

  /** Runs the file when its turn comes; a run of it that has not ended is ended, as it is about what was. */
  run(path: string): void {
    this.#waiting.add(path);
    if (this.#running?.path === path) this.#running.child.cancel();
    if (this.#running === null) void this.#next();
  }

  /** Neither runs nor waits any more. */
  forget(path: string): void {
    this.#waiting.delete(path);
    if (this.#running?.path === path) this.#running.child.cancel();
  }

  stop(): Promise<unknown> {
    this.#stopped = true;
    this.#waiting.clear();
    this.#running?.child.cancel();
    return this.#running?.child.end ?? Promise.resolve();
  }

  async #next(): Promise<void> {
    const [path] = this.#waiting;
    if (path === undefined || this.#stopped) return;
    this.#waiting.delete(path);
    const file = join(this.state.folder, path);
    if (existsSync(file)) {
      const child = new Child([process.execPath, "test", file], projectOf(dirname(file)), LIMIT_MS);
      this.#running = { path, child };
      this.state.setTest(path, { status: "running", passed: 0, failed: 0, output: "" });
      const { exitCode, output } = await child.end;
      this.#running = null;
      this.#told(path, exitCode, output, child.isCancelled);
    }
    return this.#next();
  }

  #told(path: string, exitCode: number | null, output: string, isCancelled: boolean): void {
    const count = (word: string): number => Number(new RegExp(`^\\s*(\\d+) ${word}\\b`, "m").exec(output)?.[1] ?? 0);
    const passed = count("pass");
    const failed = count("fail");
    // The file may have gone meanwhile, or have been saved again: then this is about nothing.
    const isOld = this.#waiting.has(path) || !existsSync(join(this.state.folder, path));
    const status = exitCode === 0 ? "passed" : isCancelled && isOld ? "cancelled" : "failed";
    if (this.#stopped || status === "cancelled") {
      if (existsSync(join(this.state.folder, path))) {
        this.state.setTest(path, { status: "cancelled", passed, failed, output });
      }
      return;
    }
    this.state.setTest(path, { status, passed, failed, output });
    if (status === "passed") this.tell("notice", `${path}: ${passed} passed`);
    else this.tell("warning", `${path}: ${failed} failed, ${passed} passed`, lastLines(output));
  }
}

/** The folder of the nearest package.json upwards, where modules and bunfig.toml are; the folder itself where there is none. */
export function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (dirname(at) === at) return folder;
  }
}

function lastLines(output: string): string {
  const lines = output.trimEnd().split("\n");
  const shown = lines.slice(-LINES_SHOWN);
  return (lines.length > shown.length ? ["…", ...shown] : shown).map((line) => `    ${line}`).join("\n");
}
