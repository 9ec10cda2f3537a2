/** Entry of a core's worker: opens the core on this thread and serves it until native code says stop. */
import { parentPort, workerData } from "node:worker_threads";
import { CODE, viewDeck } from "../../runtime/host/deck.ts";
import { type CommandRow, loadNative } from "./ffi.ts";

/** What main hands to a worker. */
export interface CoreStart {
  readonly library: string;
  readonly core: number;
  readonly io: number;
  /** Place among the allowed processors, or -1. */
  readonly cpu: number;
  readonly unixPath: string;
  /** Int32: procedure-time-limit in ms, kept current by main. */
  readonly limits: SharedArrayBuffer;
  readonly table: readonly CommandRow[];
  /** This worker takes over from one that was ended in the middle of a call. */
  readonly replaces: boolean;
}

const start = workerData as CoreStart;
const deck = loadNative(start.library).openCore(start.core, start.io, start.cpu, start.unixPath);
viewDeck(deck.memory);
if (start.replaces) deck.killPending();
parentPort?.postMessage({ op: "open", core: start.core });
for (let code: number = CODE.LEAVE; code !== CODE.STOP; ) {
  code = deck.native.run(start.core, 0, 0);
  if (code === CODE.NOTE) parentPort?.postMessage({ op: "note", core: start.core });
}
