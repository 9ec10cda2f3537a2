/** What reading a configuration may ask of the file system; tests and the fuzz target bring their own. */

import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { ConfigError } from "./config-error.ts";

export interface ConfigFiles {
  /** Content of a file by its absolute path. Throws ConfigError when it cannot be read. */
  read(path: string): Uint8Array;
  /** Absolute paths that match an absolute pattern with `*`, `?`, `[…]`, sorted; none is fine. */
  glob(pattern: string): string[];
  /** Null when the absolute path is a folder that can be entered, otherwise the system's error text. */
  folderError(path: string): string | null;
}

export const DISK: ConfigFiles = {
  read(path) {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new ConfigError(`Fatal error, can't open config file '${path}': ${systemError(error)}`);
    }
  },
  glob(pattern) {
    return [...new Bun.Glob(pattern).scanSync({ absolute: true, onlyFiles: false, cwd: "/" })].sort();
  },
  folderError(path) {
    try {
      if (!statSync(path).isDirectory()) return "Not a directory";
      accessSync(path, constants.X_OK);
      return null;
    } catch (error) {
      return systemError(error);
    }
  },
};

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  ENAMETOOLONG: "File name too long",
  ELOOP: "Too many levels of symbolic links",
  ENOSPC: "No space left on device",
  EROFS: "Read-only file system",
};

/** The text of strerror for a failed call, as far as it can be told. */
export function systemError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return SYSTEM_ERRORS[code] ?? (error instanceof Error ? error.message : String(error));
}
