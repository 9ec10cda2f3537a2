/** Requests that the main thread serves and that change what a restart must find again. */
import type { Native } from "./ffi.ts";
import { type ControlCommand, ErrorReply } from "./reply.ts";

/** Subcommands of FUNCTION that change libraries. */
const CHANGES: ReadonlySet<string> = new Set(["load", "delete", "flush", "restore"]);

/** FUNCTION that logs what has changed libraries, once it has. */
export function logged(command: ControlCommand, native: Pick<Native, "logRequest">): ControlCommand {
  return async (argv, context) => {
    const reply = await command(argv, context);
    const verb = Buffer.from(argv[1] ?? "")
      .toString("latin1")
      .toLowerCase();
    if (CHANGES.has(verb) && !(reply instanceof ErrorReply)) native.logRequest(argv);
    return reply;
  };
}
