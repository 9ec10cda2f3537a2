/** A session of a core from inside the process: a pair of sockets, one end of which a core serves like any client, as one user. */
import { encodeRequest, type Reply, ReplyReader } from "../resp/resp.ts";

/** The session has ended, or there is none to be had. `status` is HTTP's. */
export class SessionError extends Error {
  override readonly name = "SessionError";

  constructor(
    readonly code: string,
    text: string,
    readonly status: number,
  ) {
    super(`${code} ${text}`);
  }
}

export interface InnerOptions {
  /** Gives the descriptor of our end. */
  readonly open: () => number | "no user" | "no descriptor";
  /** Bytes that one reply may have, asked anew for each. */
  readonly replyBytesMax: () => number;
  /** Takes what comes without being asked for: messages, lines of MONITOR. */
  readonly onPush?: (reply: Reply) => void;
  readonly onClose?: () => void;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class InnerSession {
  /** The database that its commands run in. */
  db = 0;
  #socket: Bun.Socket | null = null;
  readonly #reader = new ReplyReader();
  readonly #waiting: Waiting[] = [];
  /** What the socket did not take yet. */
  #unsent: Uint8Array[] = [];
  #flushes = false;
  #unread = 0;
  #ended: SessionError | null = null;
  #monitors: "no" | "asked" | "yes" = "no";

  private constructor(private readonly options: InnerOptions) {}

  /** Throws SessionError. */
  static async open(options: InnerOptions): Promise<InnerSession> {
    const fd = options.open();
    if (fd === "no user") throw new SessionError("NOAUTH", "the user is gone or switched off", 401);
    if (fd === "no descriptor") throw new SessionError("ERR", "no file descriptor is left for a session", 503);
    const session = new InnerSession(options);
    const end = (): void => session.#end(new SessionError("ERR", "the server ended the session", 503));
    const target = {
      fd,
      socket: {
        data: (_socket: Bun.Socket, bytes: Buffer) => session.#take(bytes),
        drain: () => session.#flush(),
        close: end,
        error: end,
      },
    };
    // Bun takes a descriptor in place of a path; its types know only the latter.
    session.#socket = await Bun.connect(target as unknown as Bun.UnixSocketOptions<undefined>);
    return session;
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  /** Nothing that was sent waits for its reply. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends one command; its words are byte strings. Rejects with SessionError. */
  call(words: readonly string[]): Promise<Reply> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#unsent.push(encodeRequest(words));
      this.#flushSoon();
    });
  }

  /** Runs MONITOR; what it sends are plain statuses, which are given to `onPush` from now on. */
  monitor(): Promise<Reply> {
    const reply = this.call(["MONITOR"]);
    this.#monitors = "asked";
    return reply;
  }

  /** Runs SUBSCRIBE or its like, which answers with pushes alone, and a PING behind it: gives an error, or what PING says. */
  subscribe(words: readonly string[]): Promise<Reply> {
    this.#unsent.push(encodeRequest(words));
    return this.call(["PING"]);
  }

  close(): void {
    this.#end(new SessionError("ERR", "the session was closed", 503));
  }

  /** What is asked for in one go is sent in one go. */
  #flushSoon(): void {
    if (this.#flushes) return;
    this.#flushes = true;
    queueMicrotask(() => {
      this.#flushes = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#unsent.length > 1) this.#unsent = [Buffer.concat(this.#unsent)];
    while (this.#socket !== null && this.#unsent.length > 0) {
      const [first = new Uint8Array()] = this.#unsent;
      const sent = this.#socket.write(first);
      if (sent < 0) {
        this.close();
        return;
      }
      if (sent < first.length) {
        this.#unsent[0] = first.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
  }

  #take(bytes: Uint8Array): void {
    this.#unread += bytes.length;
    this.#reader.push(bytes);
    try {
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) {
        this.#unread = 0;
        this.#deliver(reply);
      }
    } catch (error) {
      this.#end(new SessionError("ERR", error instanceof Error ? error.message : String(error), 500));
      return;
    }
    const most = this.options.replyBytesMax();
    if (this.#unread > most) {
      const text = `the reply has more than the ${most} bytes of admin-reply-limit: ask for less at once, or raise it`;
      this.#end(new SessionError("REPLYTOOLARGE", text, 507));
    }
  }

  #deliver(reply: Reply): void {
    if (reply.kind === "push" || this.#monitors === "yes") {
      this.options.onPush?.(reply);
      return;
    }
    if (this.#monitors === "asked") this.#monitors = reply.kind === "error" ? "no" : "yes";
    this.#waiting.shift()?.resolve(reply);
  }

  #end(error: SessionError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#unsent = [];
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#socket?.end();
    this.options.onClose?.();
  }
}
