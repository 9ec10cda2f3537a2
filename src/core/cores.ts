/** The cores' workers: starting, messages, ending one and putting another in its place. */
import { Worker } from "node:worker_threads";
import type { CoreMessage } from "../../runtime/mail.ts";
import type { CommandRow, Native } from "./ffi.ts";
import type { CoreStart } from "./worker.ts";

export interface CoresOptions {
  readonly native: Native;
  readonly library: string;
  /** Cores that serve connections, and those behind them that run calls in the background, made when first needed. */
  readonly count: number;
  readonly background: number;
  readonly io: number;
  readonly unixPath: string;
  readonly table: readonly CommandRow[];
  /** A core wants the main thread to look at the control queue. */
  readonly onNote: () => void;
  /** Messages that bring a new VM up to date. */
  readonly restore: () => readonly object[];
  readonly log: (level: "notice" | "warning", line: string) => void;
}

/** VMs that are replaced after dying by themselves, in the life of the process. */
const REVIVALS_MAX = 100;

/** A message that not every core has answered. */
interface Waiting {
  readonly text: string;
  readonly left: Set<number>;
  error: string | undefined;
  readonly done: (error?: string) => void;
}

export class Cores {
  readonly #workers: Worker[] = [];
  readonly #limits = new SharedArrayBuffer(8);
  readonly #waiting = new Map<number, Waiting>();
  readonly #left = new Set<number>();
  readonly #replacing = new Set<number>();
  #hasBackground = false;
  #sequence = 0;
  #revivals = 0;
  #allLeft: () => void = () => {};
  /** Resolves when every core has left its loop after a stop. */
  readonly left = new Promise<void>((resolve) => {
    this.#allLeft = resolve;
  });

  constructor(private readonly options: CoresOptions) {}

  /** Starts all workers; resolves when each serves. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.options.count }, (_, core) => this.#spawn(core, false)));
  }

  /**
   * Starts the cores of the background, once. Libraries are on their way to them before any call is; nobody waits for them to be
   * thawed there, as one may be in a call that takes hours.
   */
  startBackground(): void {
    const { count, background, native, restore } = this.options;
    if (this.#hasBackground || background === 0) return;
    this.#hasBackground = true;
    native.startBackground();
    for (let core = count; core < count + background; core++) {
      this.#spawn(core, false).catch((error: Error) => this.options.log("warning", `core ${core}: ${error.message}`));
      for (const message of restore()) native.mail(core, JSON.stringify({ ...message, seq: 0 }));
      for (const { text } of this.#waiting.values()) native.mail(core, text);
    }
  }

  /** Milliseconds a procedure may run, for every core's next entry. */
  setTimeLimit(ms: number): void {
    Atomics.store(new Int32Array(this.#limits), 0, Math.min(ms, 0x7fffffff));
  }

  /** Bytes that a library of the engine quickjs may use on each core, from its next call on. */
  setQuickJsMemoryLimit(bytes: number): void {
    Atomics.store(new Int32Array(this.#limits), 1, Math.min(bytes, 0x7fffffff));
  }

  /** Sends a message to every core; resolves when each that serves has answered. Rejects with the first error a core told. */
  broadcast(message: object): Promise<void> {
    const seq = ++this.#sequence;
    const text = JSON.stringify({ ...message, seq });
    return new Promise((resolve, reject) => {
      const { count, background, native } = this.options;
      const left = new Set(Array.from({ length: count }, (_, core) => core));
      const done = (error?: string): void => (error === undefined ? resolve() : reject(new Error(error)));
      this.#waiting.set(seq, { text, left, error: undefined, done });
      const all = count + (this.#hasBackground ? background : 0);
      for (let core = 0; core < all; core++) native.mail(core, text);
    });
  }

  #spawn(core: number, replaces: boolean): Promise<void> {
    const { library, io, unixPath, table, count, native } = this.options;
    // One processor each where there are enough; more cores than processors would only fight over pins.
    const cpu = count <= native.cpus() && core < count ? core : -1;
    const start: CoreStart = { library, core, io, cpu, unixPath, limits: this.#limits, table, replaces };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start });
    this.#workers[core] = worker;
    return new Promise((resolve, reject) => {
      worker.on("message", (message: CoreMessage | { op: "open" }) => {
        if (message.op === "open") resolve();
        else this.#receive(core, message);
      });
      worker.on("error", (error: Error) => {
        this.options.log("warning", `core ${core} failed: ${error.message}`);
        reject(error);
      });
      worker.on("exit", (code: number) => {
        if (this.#workers[core] !== worker) return;
        if (code !== 0 && this.#mayRevive()) {
          this.options.log("warning", `core ${core} lost its VM (exit ${code}); another takes over`);
          void this.replace(core);
          return;
        }
        if (core >= count) return;
        this.#left.add(core);
        if (this.#left.size === count) this.#allLeft();
      });
    });
  }

  /** A VM that dies by itself is replaced, but not for ever: what kills one VM after the other needs a person. */
  #mayRevive(): boolean {
    this.#revivals += 1;
    return this.#revivals <= REVIVALS_MAX;
  }

  #receive(core: number, message: CoreMessage): void {
    if (message.op === "note") {
      this.options.onNote();
      return;
    }
    const waiting = this.#waiting.get(message.seq);
    if (waiting === undefined || core >= this.options.count) return;
    waiting.left.delete(core);
    waiting.error ??= message.error;
    if (waiting.left.size > 0) return;
    this.#waiting.delete(message.seq);
    waiting.done(waiting.error);
  }

  /** The core has no VM for now: one has been ended, and the next one has not taken over. */
  isReplacing(core: number): boolean {
    return this.#replacing.has(core);
  }

  /**
   * Ends the VM of a core in the middle of what it runs and starts another, which takes over the core's connections and
   * fails the call that ran. The new VM is brought up to date before it serves. Nothing happens while that is under way.
   */
  async replace(core: number): Promise<void> {
    const old = this.#workers[core];
    if (old === undefined || this.#replacing.has(core)) return;
    this.#replacing.add(core);
    this.#workers[core] = undefined as unknown as Worker; // its exit is not the core's
    const ended = old.terminate();
    // The call may have ended by itself meanwhile: a core that sleeps in native code must come back to be ended there.
    this.options.native.mail(core, JSON.stringify({ op: "drop", seq: 0, ids: [] }));
    await ended;
    const spawned = this.#spawn(core, true);
    for (const message of this.options.restore())
      this.options.native.mail(core, JSON.stringify({ ...message, seq: 0 }));
    // What the old VM had not answered it may have lost.
    for (const { text, left } of this.#waiting.values()) {
      if (left.has(core) || core >= this.options.count) this.options.native.mail(core, text);
    }
    await spawned.finally(() => this.#replacing.delete(core));
  }
}
