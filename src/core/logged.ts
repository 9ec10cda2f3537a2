/** Requests that the main thread serves and that change what a restart must find again. */
import type { Native } from "./ffi.ts";
import { type ControlCommand, ErrorReply } from "./reply.ts";

/** What libraries there are, as files hold them. */
export interface KeptLibraries {
  /** The sources of all. */
  readonly all: () => readonly Uint8Array[];
  /** The source of one. */
  readonly one: (name: string) => Uint8Array | undefined;
  /** Sources as a payload of FUNCTION RESTORE. */
  readonly payload: (sources: readonly Uint8Array[]) => Uint8Array;
}

/** FUNCTION that tells snapshots what libraries there are, and then the log what has changed them, once it has. */
export function logged(
  command: ControlCommand,
  libraries: KeptLibraries,
  native: Pick<Native, "logRequest" | "setLibraries">,
): ControlCommand {
  return async (argv, context) => {
    const reply = await command(argv, context);
    const verb = Buffer.from(argv[1] ?? "")
      .toString("latin1")
      .toLowerCase();
    if (reply instanceof ErrorReply || !["load", "delete", "flush", "restore"].includes(verb)) return reply;
    const sources = libraries.all();
    native.setLibraries(sources);
    // As the library runs here, not as it was sent: by whom is not known at the next start.
    const source = verb === "load" ? libraries.one(String(reply)) : undefined;
    if (source !== undefined) native.logRequest(words("FUNCTION", "LOAD", "REPLACE", source));
    else if (verb === "restore") native.logRequest(words("FUNCTION", "RESTORE", libraries.payload(sources), "FLUSH"));
    else native.logRequest(argv);
    return reply;
  };
}

const words = (...all: (string | Uint8Array)[]): Uint8Array[] =>
  all.map((word) => (typeof word === "string" ? Buffer.from(word) : word));
