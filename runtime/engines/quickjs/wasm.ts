/**
 * The QuickJS that this engine runs: quickjs-emscripten's release build for synchronous use, one file of WASM. Its own
 * glue is not used: it makes a module per instance, asynchronously, and wraps each value in objects. The names below are
 * what that glue gives the letters of the build, the memory layouts in `values.ts` are those of its sources; both hold
 * for exactly this file, so its hash is checked. To move to another version: change it in package.json, then read
 * dist/emscripten-module.browser.mjs and quickjs.h again (wasm.test.ts compares the letters).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { meter } from "./meter.ts";

const FILE = "@jitl/quickjs-wasmfile-release-sync/wasm";
const SHA256 = "105c3bed22d457e43e3d1c3c1c6959fda62a8fe06f0fc8a985303c3a2be72232";

/** Where the heap begins: below are static data and, under this address, the stack (5 MiB, used from its top). */
export const HEAP_AT = 5_333_088;
/** Static data ends below this. */
export const STATIC_END = 88 << 10;
/** Pages of 64 KiB that an instance begins with; the module demands them. Untouched ones cost no memory. */
export const INITIAL_PAGES = 256;
export const MAX_PAGES = 32_768;

/** Units of fuel between two looks at the clock: some hundred microseconds of work. */
const FUEL_INTERVAL = 100_000;

/** Exports by their names in quickjs-emscripten's interface.c. */
export const EXPORTS = {
  start: "u",
  malloc: "v",
  free: "M",
  stackRestore: "Ma",
  QTS_Throw: "w",
  QTS_RuntimeSetMemoryLimit: "y",
  QTS_RuntimeSetMaxStackSize: "D",
  QTS_GetUndefined: "E",
  QTS_NewRuntime: "K",
  QTS_NewContext: "N",
  QTS_FreeValuePointer: "P",
  QTS_DupValuePointer: "T",
  QTS_NewObject: "U",
  QTS_NewArrayBuffer: "X",
  QTS_NewString: "_",
  QTS_GetArrayBuffer: "aa",
  QTS_GetArrayBufferLength: "ba",
  QTS_IsJobPending: "fa",
  QTS_ExecutePendingJob: "ga",
  QTS_GetPropNumber: "ia",
  QTS_SetProp: "ja",
  QTS_Call: "ma",
  QTS_ResolveException: "na",
  QTS_Dump: "oa",
  QTS_Eval: "pa",
  QTS_PromiseState: "wa",
  QTS_PromiseResult: "xa",
  QTS_NewFunction: "Da",
} as const;

export type QuickJsExports = { readonly [name in keyof typeof EXPORTS]: (...numbers: number[]) => number };

/** Imports, by what quickjs-emscripten's glue does with them. */
export const IMPORTS = {
  memory: "a",
  assertionFailed: "b",
  writeFile: "c",
  closeFile: "d",
  environment: "e",
  environmentSizes: "f",
  normalizeModule: "g",
  loadModule: "h",
  shouldInterrupt: "i",
  setTimer: "j",
  growHeap: "k",
  /** Keeps a runtime alive after main: nothing here needs that, so the meter takes its place. */
  outOfFuel: "l",
  localTime: "m",
  timeZone: "n",
  seekFile: "o",
  dateNow: "p",
  abort: "q",
  exit: "r",
  callFunction: "s",
  freeHostRef: "t",
} as const;

/** The number of the import that the meter calls, among the imported functions. */
export const OUT_OF_FUEL_INDEX = 10;

let compiled: WebAssembly.Module | undefined;

/** The metered module, compiled once per thread: about 60 ms. Throws where the file is another than the pinned one. */
export function quickJsModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(meteredBytes());
  return compiled;
}

function meteredBytes(): Uint8Array<ArrayBuffer> {
  const path = quickJsFile();
  const bytes = readFileSync(path);
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash !== SHA256) {
    throw new Error(`${path} is not the QuickJS this engine was made for (SHA-256 ${hash}): run \`bun install\``);
  }
  const { bytes: metered, loops } = meter(bytes, FUEL_INTERVAL, OUT_OF_FUEL_INDEX);
  if (loops < 1000) throw new Error(`the meter found ${loops} loops in ${path}`);
  return metered as Uint8Array<ArrayBuffer>;
}

export function quickJsFile(): string {
  return fileURLToPath(import.meta.resolve(FILE));
}
