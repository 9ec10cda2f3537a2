/** Loading what is there at the start: keys in native code, libraries of functions here. */
import { join } from "node:path";
import { sourceOf } from "../../runtime/function-command.ts";
import type { LibraryRegistry } from "../../runtime/registry.ts";
import type { Native } from "./ffi.ts";
import type { LogPlace } from "./native-values.ts";
import { type ControlCommand, ErrorReply } from "./reply.ts";

/** How often the main thread looks whether the file is through. */
const LOOK_EVERY_MS = 5;
/** Libraries in a file are loaded as if this user had sent them. */
const USER = "default";

/** Who takes what is about functions in a file. */
export interface Libraries {
  readonly registry: Pick<LibraryRegistry, "restoreAll">;
  /** Serves FUNCTION. */
  readonly command: ControlCommand;
}

/** A file being loaded. */
export interface Load {
  /** Resolves when keys and libraries are there and requests are served. Rejects with why they are not. */
  finish(libraries: Libraries): Promise<void>;
}

type LoadNative = Pick<Native, "load" | "loadOutcome" | "loadFunction" | "loadEnd">;

/** Begins to load `dbfilename` in `dir`, before the cores run; null if there is no such file. Throws if it cannot be opened. */
export function beginLoad(
  native: LoadNative,
  file: { readonly dir: string; readonly name: string; readonly checkSum: boolean },
): Load | null {
  return begun(native, native.load(join(file.dir, file.name), file.checkSum));
}

/** Opens the append only file, before the cores run; null if there was nothing in it. Throws if that cannot be done. */
export function beginLog(native: LoadNative & Pick<Native, "startLog">, place: LogPlace): Load | null {
  return begun(native, native.startLog(place));
}

function begun(native: LoadNative, found: boolean | string): Load | null {
  if (typeof found === "string") throw new Error(found);
  if (!found) return null;
  return {
    async finish({ registry, command }) {
      let outcome = native.loadOutcome();
      while (outcome === null) {
        await Bun.sleep(LOOK_EVERY_MS);
        outcome = native.loadOutcome();
      }
      if (typeof outcome === "string") throw new Error(outcome);
      const sources = outcome.map((source) => sourceOf(source.toString("latin1")));
      if (sources.length > 0) await registry.restoreAll(sources, "append", USER);
      for (let request = native.loadFunction(); request !== null; request = native.loadFunction()) {
        await replayFunction(request, command);
      }
      native.loadEnd();
    },
  };
}

/** Serves a logged FUNCTION request once more. What the base has already, it puts there again. */
async function replayFunction(argv: readonly Buffer[], command: ControlCommand): Promise<void> {
  const [name = Buffer.from("FUNCTION"), sub = Buffer.alloc(0), ...rest] = argv;
  const verb = sub.toString("latin1").toLowerCase();
  if (!["load", "delete", "flush", "restore"].includes(verb)) return;
  const source = rest.at(-1);
  const again = verb === "load" && source !== undefined ? [name, sub, Buffer.from("REPLACE"), source] : argv;
  const reply = await command(again, { proto: 2, local: true, user: USER });
  // It may have gone before the base was written.
  if (reply instanceof ErrorReply && verb !== "delete") {
    throw new Error(`FUNCTION ${verb.toUpperCase()} in the append only file: ${reply.text}`);
  }
}
