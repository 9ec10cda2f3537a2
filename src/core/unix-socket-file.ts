/** The file of the unix socket: it stays behind when its server ends, unless that removes it. */
import { lstatSync, unlinkSync } from "node:fs";
import { resolve } from "node:path";

export class UnixSocketFile {
  readonly #path: string | null;
  readonly #inode: number | null;

  /** `path`: where the server listens, counting from the working folder of now; empty: it does not. */
  constructor(path: string) {
    this.#path = path === "" ? null : resolve(path);
    this.#inode = this.#path === null ? null : inodeOf(this.#path);
  }

  /** Removes the file unless another server has put its own there since. */
  remove(): void {
    if (this.#path === null || this.#inode === null || inodeOf(this.#path) !== this.#inode) return;
    try {
      unlinkSync(this.#path);
    } catch {
      // It is gone already, or its folder no longer lets us: the next server replaces it.
    }
  }
}

function inodeOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.ino ?? null;
}
