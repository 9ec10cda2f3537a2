/** Replacing a file in one step. */

import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { systemError } from "./files.ts";

/**
 * Puts `bytes` in place of the file at `path`: a crash leaves the old one or the new one, whole and on disk. Returns null, or
 * the system's error text.
 */
export function replaceFile(path: string, bytes: Uint8Array): string | null {
  let temporary: string | null = null;
  try {
    temporary = `${path}.${process.pid}-${Date.now().toString(36)}`;
    const file = openSync(temporary, "wx", 0o600);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
      fchmodSync(file, 0o644 & ~process.umask());
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    temporary = null;
    syncFolder(dirname(path));
    return null;
  } catch (error) {
    if (temporary !== null) removeIfThere(temporary);
    return systemError(error);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or is gone: the error that led here is the one to report.
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
