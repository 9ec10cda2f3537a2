/** SHUTDOWN and signals: one way down, in order. */
import { type ControlCommand, ErrorReply } from "./reply.ts";

const SYNTAX = new ErrorReply("ERR syntax error");

/** SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. There is nothing to save in this build, so both ways only stop. */
export function shutdownCommand(stop: () => void): ControlCommand {
  return (argv) => {
    const words = argv.slice(1).map((word) => Buffer.from(word).toString("latin1").toLowerCase());
    const known = ["nosave", "save", "now", "force", "abort"];
    if (words.some((word) => !known.includes(word)) || (words.includes("save") && words.includes("nosave"))) {
      return SYNTAX;
    }
    if (words.includes("abort")) {
      return words.length > 1 ? SYNTAX : new ErrorReply("ERR No shutdown in progress.");
    }
    stop();
    // No reply, as in Redis: the end of the connection is the answer.
    return new Promise<never>(() => undefined);
  };
}
