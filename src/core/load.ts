/** Loading the snapshot that is there at the start: keys in native code, libraries of functions here. */
import { join } from "node:path";
import type { LibraryRegistry } from "../../runtime/registry.ts";
import type { Native } from "./ffi.ts";

/** How often the main thread looks whether the file is through. */
const LOOK_EVERY_MS = 5;
/** Libraries in a file are loaded as if this user had sent them. */
const USER = "default";

/** A file being loaded. */
export interface Load {
  /** Resolves when keys and libraries are there and requests are served. Rejects with why they are not. */
  finish(registry: Pick<LibraryRegistry, "restoreAll">): Promise<void>;
}

/** Begins to load `dbfilename` in `dir`, before the cores run; null if there is no such file. Throws if it cannot be opened. */
export function beginLoad(
  native: Pick<Native, "load" | "loadOutcome" | "loadEnd">,
  file: { readonly dir: string; readonly name: string; readonly checkSum: boolean },
): Load | null {
  const found = native.load(join(file.dir, file.name), file.checkSum);
  if (typeof found === "string") throw new Error(found);
  if (!found) return null;
  return {
    async finish(registry) {
      let outcome = native.loadOutcome();
      while (outcome === null) {
        await Bun.sleep(LOOK_EVERY_MS);
        outcome = native.loadOutcome();
      }
      if (typeof outcome === "string") throw new Error(outcome);
      // A source may hold any bytes: each is a character, as in FUNCTION RESTORE.
      const sources = outcome.map((source) => source.toString("latin1"));
      if (sources.length > 0) await registry.restoreAll(sources, "append", USER);
      native.loadEnd();
    },
  };
}
