/** Serves the requests that cores hand to the main thread: CONFIG, FUNCTION, SHUTDOWN. */
import type { Native } from "./ffi.ts";
import { type ControlCommand, ErrorReply, encodeReply, type ReplyValue } from "./reply.ts";

type Request = NonNullable<ReturnType<Native["nextControl"]>>;

/** What gets through while others wait: a LOAD waits for every core, and a core may wait to be rid of what it runs. */
const AT_ONCE: ReadonlySet<string> = new Set(["function kill", "function stats", "shutdown"]);

/** Takes requests from the queue. They run in the order they came, one at a time, but for those that end a wait. */
export class Control {
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly native: Pick<Native, "nextControl" | "replyControl">,
    private readonly commands: ReadonlyMap<string, ControlCommand>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Called when a core noted a request. */
  serve(): void {
    for (let request = this.native.nextControl(); request !== null; request = this.native.nextControl()) {
      const next = request;
      const [name, sub] = words(next);
      if (AT_ONCE.has(name) || AT_ONCE.has(`${name} ${sub}`)) void this.#answer(next, name);
      else this.#last = this.#last.then(() => this.#answer(next, name));
    }
  }

  /** Serves a request of this process as if a client had sent it, in turn with those of clients. */
  ask(argv: readonly Uint8Array[]): Promise<ReplyValue> {
    const name = Buffer.from(argv[0] ?? "")
      .toString("latin1")
      .toLowerCase();
    const reply = this.#last.then(() => this.#run(name, argv, { proto: 3, local: true, user: "default" }));
    this.#last = reply.then(() => undefined);
    return reply;
  }

  async #answer({ id, proto, local, user, argv }: Request, name: string): Promise<void> {
    this.native.replyControl(id, encodeReply(await this.#run(name, argv, { proto, local, user }), proto));
  }

  /** Throws nothing. */
  async #run(name: string, ...[argv, context]: Parameters<ControlCommand>): Promise<ReplyValue> {
    const command = this.commands.get(name);
    if (command === undefined) return new ErrorReply(`ERR command '${name}' has no handler in this build`);
    try {
      return await command(argv, context);
    } catch (error) {
      this.onFailure(error);
      return new ErrorReply(`ERR internal error: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** The command's name and its first argument, lower case. */
function words({ argv }: Request): [string, string] {
  const word = (index: number): string =>
    Buffer.from(argv[index] ?? "")
      .toString("latin1")
      .toLowerCase();
  return [word(0), word(1)];
}
