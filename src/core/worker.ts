/** Entry of a core's worker: opens the core on this thread and serves it until native code says stop. */
import { parentPort, workerData } from "node:worker_threads";
import { JscCore } from "../../runtime/engines/jsc/jsc-engine.ts";
import { QuickJsCore } from "../../runtime/engines/quickjs/quickjs-engine.ts";
import { callableCommands } from "../../runtime/host/commands.ts";
import { viewDeck } from "../../runtime/host/deck.ts";
import type { CoreMessage } from "../../runtime/mail.ts";
import { NestedCalls } from "../../runtime/nested.ts";
import { coreLoop } from "../../runtime/worker-loop.ts";
import { type CommandRow, loadNative } from "./ffi.ts";

/** What main hands to a worker. */
export interface CoreStart {
  readonly library: string;
  readonly core: number;
  readonly io: number;
  /** Place among the allowed processors, or -1. */
  readonly cpu: number;
  readonly unixPath: string;
  /** Int32: procedure-time-limit in ms, procedure-quickjs-memory-limit in bytes; kept current by main. */
  readonly limits: SharedArrayBuffer;
  readonly table: readonly CommandRow[];
  /** This worker takes over from one that was ended in the middle of a call. */
  readonly replaces: boolean;
}

const start = workerData as CoreStart;
const { core, library, io, cpu, unixPath, table } = start;
const limits = new Int32Array(start.limits);
const deck = loadNative(library).openCore(core, io, cpu, unixPath);
if (start.replaces) deck.killPending();
const views = viewDeck(deck.memory);
const post = (message: CoreMessage | { op: "open"; core: number }): void => parentPort?.postMessage(message);
const timeLimitMs = (): number => Atomics.load(limits, 0);
const nowMs = (): number => performance.now();
const commands = callableCommands(table);
const nested = new NestedCalls(deck, views);
deck.onUpcall((id) => nested.upcall(id));
const limitsOfGuests = { timeMs: timeLimitMs, memoryBytes: () => Atomics.load(limits, 1), nowMs };

post({ op: "open", core });
await coreLoop({
  deck,
  views,
  engines: [new JscCore(deck, views, commands, nested), new QuickJsCore(deck, views, commands, nested, limitsOfGuests)],
  nested,
  timeLimitMs,
  // Native code asks for a fresh entry after a quarter of the limit (begin_upcall in native/src/net/core.rs).
  entrySlackMs: () => Math.ceil(timeLimitMs() / 4),
  post,
  nowMs,
});
