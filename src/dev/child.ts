/** A program beside the server whose output is limited and that can be ended with all that it has started. */
import { type ChildProcess, spawn } from "node:child_process";

export interface ChildEnd {
  /** null: it was ended before its time, or could not be started. */
  readonly exitCode: number | null;
  /** The end of what it printed, both streams as they came. */
  readonly output: string;
}

/** Bytes of output that are kept. */
const OUTPUT_MAX = 64 << 10;
/** Time to leave by itself once it was told to. */
const PATIENCE_MS = 2_000;

export class Child {
  readonly #process: ChildProcess;
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #isCancelled = false;
  readonly end: Promise<ChildEnd>;

  constructor(command: readonly string[], cwd: string, limitMs: number) {
    const [program = "", ...args] = command;
    // A group of its own, so that a signal to it reaches what it has started too.
    this.#process = spawn(program, args, {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    const limit = setTimeout(() => {
      this.#keep(Buffer.from(`\nended: not through after ${limitMs / 1000} seconds\n`));
      this.cancel();
    }, limitMs);
    limit.unref();
    this.#process.stdout?.on("data", (chunk: Buffer) => this.#keep(chunk));
    this.#process.stderr?.on("data", (chunk: Buffer) => this.#keep(chunk));
    this.end = new Promise((resolve) => {
      const done = (exitCode: number | null): void => {
        if (this.#ended) return;
        this.#ended = true;
        clearTimeout(limit);
        resolve({ exitCode: this.#isCancelled ? null : exitCode, output: Buffer.concat(this.#chunks).toString() });
      };
      this.#process.on("error", (error) => {
        this.#keep(Buffer.from(`${error.message}\n`));
        done(null);
      });
      this.#process.on("close", (code) => done(code ?? 1));
    });
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Ends it, at first by asking. */
  cancel(): void {
    if (this.#ended || this.#isCancelled) return;
    this.#isCancelled = true;
    this.#signal("SIGTERM");
    const insist = setTimeout(() => this.#signal("SIGKILL"), PATIENCE_MS);
    insist.unref();
    void this.end.then(() => clearTimeout(insist));
  }

  #signal(name: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined || this.#ended) return;
    try {
      process.kill(-pid, name);
    } catch {
      // The group has gone.
    }
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < OUTPUT_MAX * 2) return;
    const kept = Buffer.concat(this.#chunks).subarray(-OUTPUT_MAX);
    this.#chunks = [kept];
    this.#size = kept.length;
  }
}
