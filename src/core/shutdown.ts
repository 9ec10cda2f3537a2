/** SHUTDOWN and signals: one way down, in order. */
import { type ControlCommand, ErrorReply, OK } from "./reply.ts";

const SYNTAX = new ErrorReply("ERR syntax error");
const ERRORS = "Errors trying to shut down the server. Check the logs for more information.";
const FAILED = new ErrorReply("ERR Errors trying to SHUTDOWN. Check logs.");

export interface ShutdownParts {
  /** Are there rules that ask for snapshots (`save`)? */
  readonly hasRules: () => boolean;
  /** Saves a snapshot; null, or what went wrong. */
  readonly save: () => Promise<string | null>;
  /** Gives up a snapshot, or a rewrite of the append only file, that goes on. */
  readonly cancel: (kind: "save" | "rewrite") => Promise<void>;
  /** Is the first base of an append only file being written? Without it there is nothing to load. */
  readonly isOpening: () => Promise<boolean>;
  /** Words of `shutdown-on-sigterm` or `shutdown-on-sigint`, whose signal came. */
  readonly onSignal: (name: string) => readonly string[];
  /** Requests that change anything wait, or go on. */
  readonly pauseWrites: (pause: boolean) => void;
  /** Tells the cores to stop. */
  readonly stop: () => void;
  readonly log: (level: "notice" | "warning", line: string) => void;
}

export interface Shutdown {
  readonly command: ControlCommand;
  /** SIGTERM and SIGINT; a second one does not wait for the snapshot. */
  readonly signal: (name: string) => void;
}

/** The way down: with a snapshot where rules ask for one. Changes wait while it is saved, so that none is acknowledged and lost. */
export function shutdown({
  hasRules,
  save,
  cancel,
  isOpening,
  onSignal,
  pauseWrites,
  stop,
  log,
}: ShutdownParts): Shutdown {
  /** A snapshot is being saved before the end. */
  let saving = false;
  let aborted = false;
  /** A second signal came meanwhile. */
  let insisted = false;

  /** False: the server stays. */
  async function goDown(saves: boolean, force: boolean): Promise<boolean> {
    aborted = false;
    if (!force && (await isOpening())) {
      log("warning", "Writing initial AOF, can't exit");
      log("warning", ERRORS);
      return false;
    }
    await cancel("save");
    await cancel("rewrite");
    if (saves) {
      log("notice", "Saving the final RDB snapshot before exiting.");
      saving = true;
      pauseWrites(true);
      const failed = await save();
      saving = false;
      if (aborted || (failed !== null && !force && !insisted)) {
        pauseWrites(false);
        log("warning", aborted ? "Shutdown manually aborted" : "Error trying to save the DB, can't exit.");
        if (!aborted) log("warning", ERRORS);
        return false;
      }
    }
    stop();
    return true;
  }

  return {
    async command(argv) {
      const words = argv.slice(1).map((word) => Buffer.from(word).toString("latin1").toLowerCase());
      const known = ["nosave", "save", "now", "force", "abort"];
      if (words.some((word) => !known.includes(word)) || (words.includes("save") && words.includes("nosave"))) {
        return SYNTAX;
      }
      if (words.includes("abort")) {
        if (words.length > 1) return SYNTAX;
        if (!saving) return new ErrorReply("ERR No shutdown in progress.");
        aborted = true;
        return OK;
      }
      log("warning", "User requested shutdown...");
      const saves = words.includes("save") || (hasRules() && !words.includes("nosave"));
      if (!(await goDown(saves, words.includes("force")))) return FAILED;
      // No reply, as in Redis: the end of the connection is the answer.
      return new Promise<never>(() => undefined);
    },
    signal(name) {
      if (saving) {
        log("warning", `Received ${name} again, exiting without the snapshot.`);
        insisted = true;
        void cancel("save");
        return;
      }
      log("warning", `Received ${name} scheduling shutdown...`);
      const words = onSignal(name);
      void goDown(words.includes("save") || (hasRules() && !words.includes("nosave")), words.includes("force"));
    },
  };
}
