/** Serves the requests that cores hand to the main thread: CONFIG, FUNCTION, SHUTDOWN. */
import type { Native } from "./ffi.ts";
import { type ControlCommand, ErrorReply, encodeReply, type ReplyValue } from "./reply.ts";

/** Looks at the queue until it is empty. Commands run in the order they came, one at a time where they wait. */
export class Control {
  #busy = false;

  constructor(
    private readonly native: Native,
    private readonly commands: ReadonlyMap<string, ControlCommand>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Called when a core noted a request. */
  async serve(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let request = this.native.nextControl(); request !== null; request = this.native.nextControl()) {
        const { id, proto, local, user, argv } = request;
        const name = Buffer.from(argv[0] ?? "")
          .toString("latin1")
          .toLowerCase();
        const command = this.commands.get(name);
        const sub = Buffer.from(argv[1] ?? "")
          .toString("latin1")
          .toLowerCase();
        const answer = async (): Promise<void> => {
          let reply: ReplyValue;
          try {
            reply =
              command === undefined
                ? new ErrorReply(`ERR command '${name}' has no handler in this build`)
                : await command(argv, { proto, local, user });
          } catch (error) {
            this.onFailure(error);
            reply = new ErrorReply(`ERR internal error: ${error instanceof Error ? error.message : String(error)}`);
          }
          this.native.replyControl(id, encodeReply(reply, proto));
        };
        // KILL and STATS must get through while a LOAD waits for a core that is busy.
        if (name === "function" && (sub === "kill" || sub === "stats")) void answer();
        else await answer();
      }
    } finally {
      this.#busy = false;
    }
  }
}
