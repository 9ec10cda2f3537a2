/** `pidfile`: tells service managers and scripts which process serves. */
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

/** Of a process that has detached itself and was given no other. */
export const PID_FILE_DEFAULT = "/var/run/redis.pid";

export class PidFile {
  readonly #path: string | null;

  /** `path` counts from the working folder of now; empty: there is no such file. */
  constructor(path: string) {
    this.#path = path === "" ? null : resolve(path);
  }

  /** Writes this process's number; null, or the line for the log. A server without the file serves all the same. */
  write(): string | null {
    if (this.#path === null) return null;
    try {
      writeFileSync(this.#path, `${process.pid}\n`);
      return null;
    } catch (error) {
      return `Failed to write PID file: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** Removes the file unless another server has taken it over since. */
  remove(): void {
    if (this.#path === null) return;
    try {
      if (readFileSync(this.#path, "utf8").trim() === String(process.pid)) unlinkSync(this.#path);
    } catch {
      // It is gone already, or was never written; the start has said so.
    }
  }
}
