/** The one thing of the native side that is of use without a server: reading a snapshot through. */
import { dlopen } from "bun:ffi";
import { at, takeStaged } from "./ffi.ts";

/** What a snapshot is found to hold. */
export interface SnapshotFacts {
  /** Bytes up to its end, or to where something is wrong. */
  readonly end: number;
  readonly keys: number;
  readonly expires: number;
  readonly libraries: number;
  /** What is wrong, or null. */
  readonly wrong: string | null;
}

const CHECK_SYMBOLS = {
  zedis_check_snapshot: { args: ["ptr", "f64"], returns: "f64" },
  zedis_staged: { args: ["ptr"], returns: "void" },
} as const;

/** Opens the native library for one thing: to read a snapshot through. Throws where there is no library. */
export function openSnapshotCheck(library: string): (file: Uint8Array) => SnapshotFacts {
  const { symbols } = dlopen(library, CHECK_SYMBOLS);
  return (file) => {
    const bytes = symbols.zedis_check_snapshot(at(file), file.length);
    return JSON.parse(takeStaged(symbols.zedis_staged, bytes).toString());
  };
}
