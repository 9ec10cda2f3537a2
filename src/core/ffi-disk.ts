/** The part of ffi.ts about files: loading, the append only file, snapshots. */
import type { LogPlace } from "./native-values.ts";
import { packed, unpacked } from "./native-values.ts";

export const DISK_SYMBOLS = {
  zedis_load: { args: ["ptr", "f64", "f64"], returns: "f64" },
  zedis_load_outcome: { args: [], returns: "f64" },
  zedis_load_progress: { args: [], returns: "f64" },
  zedis_load_end: { args: [], returns: "void" },
  zedis_load_function: { args: [], returns: "f64" },
  zedis_aof_start: { args: ["ptr", "f64"], returns: "f64" },
  zedis_aof_stop: { args: ["ptr", "f64"], returns: "f64" },
  zedis_aof_close: { args: [], returns: "void" },
  zedis_aof_is_open: { args: [], returns: "f64" },
  zedis_aof_bytes: { args: ["f64"], returns: "f64" },
  zedis_rewrite_scheduled: { args: ["f64"], returns: "void" },
  zedis_aof_opening: { args: ["f64"], returns: "void" },
  zedis_pause_writes: { args: ["f64"], returns: "void" },
  zedis_save_start: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_save_outcome: { args: [], returns: "f64" },
  zedis_save_begun: { args: [], returns: "f64" },
  zedis_save_cancel: { args: [], returns: "void" },
  zedis_flushes: { args: [], returns: "f64" },
  zedis_flushes_saved: { args: [], returns: "f64" },
  zedis_save_error: { args: ["f64"], returns: "void" },
  zedis_set_libraries: { args: ["ptr", "f64"], returns: "void" },
  zedis_dirty: { args: [], returns: "f64" },
  zedis_log_request: { args: ["ptr", "f64"], returns: "void" },
} as const;

type Bytes = Uint8Array;

/** The functions of native code behind those symbols, over whatever stands for pointers. */
interface DiskNative<P> {
  zedis_load(path: P, length: number, checkSum: number): number;
  zedis_load_outcome(): number;
  zedis_load_progress(): number;
  zedis_load_end(): void;
  zedis_load_function(): number;
  zedis_aof_start(place: P, length: number): number;
  zedis_aof_stop(error: P, capacity: number): number;
  zedis_aof_close(): void;
  zedis_aof_is_open(): number;
  zedis_aof_bytes(which: number): number;
  zedis_rewrite_scheduled(scheduled: number): void;
  zedis_aof_opening(opening: number): void;
  zedis_pause_writes(pause: number): void;
  zedis_save_start(asked: P, length: number, error: P, capacity: number): number;
  zedis_save_outcome(): number;
  zedis_save_begun(): number;
  zedis_save_cancel(): void;
  zedis_flushes(): number;
  zedis_flushes_saved(): number;
  zedis_save_error(failing: number): void;
  zedis_set_libraries(sources: P, length: number): void;
  zedis_dirty(): number;
  zedis_log_request(words: P, length: number): void;
}

/** How ffi.ts passes bytes. */
interface Passing<P> {
  readonly at: (bytes: Bytes) => P;
  /** What native code has staged, so many bytes. */
  readonly staged: (bytes: number) => Buffer;
  /** Room for an error's text, and the text once native code has put so many bytes of it there. */
  readonly failure: P;
  readonly failureBytes: number;
  readonly failureText: (bytes: number) => string;
}

/** What is to be saved; as `Asked` in native/src/ffi/log.rs. */
export interface SaveOrder {
  /** The snapshot's file; null: the append only file is rewritten. */
  readonly path: string | null;
  readonly place: LogPlace;
  /** The append only file begins. */
  readonly begin: boolean;
  /** Somebody waits for it, and is told when it fails. */
  readonly foreground: boolean;
  readonly sum: boolean;
  readonly sync_often: boolean;
  readonly rate: number;
}

export interface SaveResult {
  readonly bytes: number;
  readonly keys: number;
  readonly seconds: number;
}

/** As `LoadProgress` in native/src/session/loading.rs. */
export interface LoadProgress {
  readonly bytes: number;
  readonly bytes_loaded: number;
  readonly percent: number;
  readonly keys: number;
  readonly keys_per_s: number;
  readonly eta_s: number;
}

/** The calls about files. */
export function diskCalls<P>(native: DiskNative<P>, { at, staged, failure, failureBytes, failureText }: Passing<P>) {
  const textOrNull = (bytes: number): string | null => (bytes === 0 ? null : failureText(bytes));
  return {
    /** Begins to load an RDB file, before the cores run. False: there is no such file. A text: why it cannot be opened. */
    load(path: string, checkSum: boolean): boolean | string {
      const bytes = Buffer.from(path);
      const found = native.zedis_load(at(bytes), bytes.length, checkSum ? 1 : 0);
      return found < 0 ? staged(-found).toString() : found === 1;
    },
    /** What came of it: null while it goes on; the sources of its libraries, or the text of the error. Once. */
    loadOutcome(): readonly Buffer[] | string | null {
      const outcome = native.zedis_load_outcome();
      if (outcome === 0) return null;
      if (outcome < 0) return staged(-outcome).toString();
      return unpacked(staged(outcome - 1));
    },
    /** How far it is. */
    loadProgress: (): LoadProgress => JSON.parse(staged(native.zedis_load_progress()).toString()),
    /** The next request about libraries that was loaded from the append only file; null: there are no more. */
    loadFunction(): readonly Buffer[] | null {
      const bytes = native.zedis_load_function();
      return bytes === 0 ? null : unpacked(staged(bytes));
    },
    /** Requests are served from now on. */
    loadEnd: (): void => native.zedis_load_end(),

    /** Opens the append only file, before the cores run. True: it is being loaded. A text: why it cannot be opened. */
    startLog(place: LogPlace): boolean | string {
      const json = Buffer.from(JSON.stringify(place));
      const found = native.zedis_aof_start(at(json), json.length);
      return found < 0 ? staged(-found).toString() : found === 1;
    },
    /** Sees to it that all of the append only file is on disk, once the cores have stopped; null, or what went wrong. Blocks. */
    stopLog: (): string | null => textOrNull(native.zedis_aof_stop(failure, failureBytes)),
    /** Closes it while the cores run; `logIsOpen` tells when that is done. */
    closeLog: (): void => native.zedis_aof_close(),
    logIsOpen: (): boolean => native.zedis_aof_is_open() === 1,
    /** Its bytes, now or when it was last rewritten or loaded. */
    logBytes: (when: "now" | "rewritten"): number => native.zedis_aof_bytes(when === "now" ? 0 : 1),
    /** Logs a request that this thread has served. */
    logRequest(argv: readonly Bytes[]): void {
      const words = packed(argv);
      native.zedis_log_request(at(words), words.length);
    },

    /** Begins a snapshot or a rewrite, on a thread of its own; null, or why that cannot be done. */
    startSave(order: SaveOrder): string | null {
      const json = Buffer.from(JSON.stringify(order));
      return textOrNull(native.zedis_save_start(at(json), json.length, failure, failureBytes));
    },
    /** What came of it: null while it goes on, or the text of the error. Once. */
    saveOutcome(): SaveResult | string | null {
      const outcome = native.zedis_save_outcome();
      if (outcome === 0) return null;
      return outcome < 0 ? staged(-outcome).toString() : JSON.parse(staged(outcome).toString());
    },
    /** Has what goes on come to the instant that it is of? */
    saveBegun: (): boolean => native.zedis_save_begun() !== 0,
    /** What goes on is given up; its outcome is the text of an error then. */
    cancelSave: (): void => native.zedis_save_cancel(),
    /** How often FLUSHALL has run. */
    flushes: (): number => native.zedis_flushes(),
    /** How many of those the file of snapshots shows the end of: a core has written it before the reply. */
    flushesSaved: (): number => native.zedis_flushes_saved(),
    /** Changes are refused since snapshots cannot be written, or no longer. */
    saveError: (failing: boolean): void => native.zedis_save_error(failing ? 1 : 0),
    /** WAITAOF waits for the first base. */
    logOpening: (opening: boolean): void => native.zedis_aof_opening(opening ? 1 : 0),
    rewriteScheduled: (scheduled: boolean): void => native.zedis_rewrite_scheduled(scheduled ? 1 : 0),
    /** Requests that change anything wait, or go on. */
    pauseWrites: (pause: boolean): void => native.zedis_pause_writes(pause ? 1 : 0),
    /** The sources of all libraries, for snapshots that begin from now on. */
    setLibraries(sources: readonly Bytes[]): void {
      const words = packed(sources);
      native.zedis_set_libraries(at(words), words.length);
    },
    /** Changes since the last snapshot. */
    dirty: (): number => native.zedis_dirty(),
  };
}
