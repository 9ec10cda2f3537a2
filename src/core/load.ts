/** Loading what is there at the start: keys in native code, libraries of functions here. */
import { join } from "node:path";
import { sourceBytes, sourceOf } from "../../runtime/function-command.ts";
import type { LibraryRegistry } from "../../runtime/registry.ts";
import type { Native } from "./ffi.ts";
import type { LoadProgress } from "./ffi-disk.ts";
import type { LogPlace } from "./native-values.ts";
import { type ControlCommand, ErrorReply, OK } from "./reply.ts";

/** How often the main thread looks whether the file is through. */
const LOOK_EVERY_MS = 5;
/** How often a terminal is shown how far it is. */
const SHOW_EVERY_MS = 100;
/** Characters of the bar. */
const BAR_WIDTH = 30;
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
  /**
   * Resolves when keys and libraries are there and requests are served. Rejects with why they are not. `show` gets a line now and
   * then that says how far it is.
   */
  finish(libraries: Libraries, show?: (line: string) => void): Promise<void>;
}

type LoadNative = Pick<Native, "load" | "loadOutcome" | "loadProgress" | "loadFunction" | "loadEnd">;

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
    async finish({ registry, command }, show) {
      let outcome = native.loadOutcome();
      let shownAt = performance.now();
      while (outcome === null) {
        await Bun.sleep(LOOK_EVERY_MS);
        if (show !== undefined && performance.now() - shownAt >= SHOW_EVERY_MS) {
          shownAt = performance.now();
          show(progressLine(native.loadProgress()));
        }
        outcome = native.loadOutcome();
      }
      if (typeof outcome === "string") throw new Error(outcome);
      const sources = outcome.map((source) => sourceOf(source.toString("latin1")));
      if (sources.length > 0) await registry.restoreAll(sources, "append", USER);
      await replayFunctions(native, command);
      native.loadEnd();
    },
  };
}

/** `Loading [=====>    ] 52 %  1,300,000 keys  950,000/s  3 s left`. */
export function progressLine({ percent, keys, keys_per_s, eta_s }: LoadProgress): string {
  const full = Math.floor((Math.min(Math.max(percent, 0), 100) / 100) * BAR_WIDTH);
  const bar = `${"=".repeat(full)}${full < BAR_WIDTH ? ">" : ""}`.padEnd(BAR_WIDTH);
  const count = (number: number) => number.toLocaleString("en-US");
  return `Loading [${bar}] ${percent.toFixed(0)} %  ${count(keys)} keys  ${count(keys_per_s)}/s  ${eta_s} s left`;
}

/**
 * DEBUG RELOAD and LOADAOF, once native code has loaded the keys: `DEBUG reload POLICY SOURCE …`. Replies when the libraries of the file are
 * there too, and those that are not in it gone, where the policy is `flush`.
 */
export function reloadCommand(
  native: Pick<Native, "loadFunction" | "setLibraries">,
  { registry, command }: Libraries & { readonly registry: Pick<LibraryRegistry, "list"> },
  log: (text: string) => void,
): ControlCommand {
  return async ([, name, policy, ...sources]) => {
    const chosen = POLICIES.find((one) => one === text(policy)) ?? "flush";
    try {
      await registry.restoreAll(sources.map(text).map(sourceOf), chosen, USER);
      await replayFunctions(native, command);
    } catch (error) {
      log(`DEBUG ${text(name).toUpperCase()}: ${error instanceof Error ? error.message : error}`);
      const what = text(name) === "reload" ? "RDB dump" : "AOF files";
      return new ErrorReply(`ERR Error trying to load the ${what}, check server logs.`);
    } finally {
      native.setLibraries(sourceBytes(registry));
    }
    return OK;
  };
}

const POLICIES = ["flush", "append", "replace"] as const;
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? "").toString("latin1");

/** The requests about libraries behind the base. */
async function replayFunctions(native: Pick<Native, "loadFunction">, command: ControlCommand): Promise<void> {
  for (let request = native.loadFunction(); request !== null; request = native.loadFunction()) {
    await replayFunction(request, command);
  }
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
