/** Requests that the main thread serves and that change what a restart must find again. */
import type { Native } from "./ffi.ts";
import { type ControlCommand, ErrorReply } from "./reply.ts";

/** Subcommands of FUNCTION that change libraries. */
const CHANGES: ReadonlySet<string> = new Set(["load", "delete", "flush", "restore"]);

/** FUNCTION that tells snapshots what libraries there are, and then the log what has changed them. `sources`: of all libraries. */
export function logged(
  command: ControlCommand,
  sources: () => readonly Uint8Array[],
  native: Pick<Native, "logRequest" | "setLibraries">,
): ControlCommand {
  return async (argv, context) => {
    const reply = await command(argv, context);
    const verb = Buffer.from(argv[1] ?? "")
      .toString("latin1")
      .toLowerCase();
    if (CHANGES.has(verb) && !(reply instanceof ErrorReply)) {
      native.setLibraries(sources());
      native.logRequest(argv);
    }
    return reply;
  };
}
