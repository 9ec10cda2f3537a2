/** A session of a core from inside the process: a pair of sockets, one end of which a core serves like any client, as one user. */
import type { ReplyForm } from "../core/ffi-inner.ts";
import { encodeRequests, type Reply, ReplyReader } from "../resp/resp.ts";

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
  /** A whole reply as JSON text, or null where json.ts has to look at it. */
  readonly json: (reply: Uint8Array, form: ReplyForm) => string | null;
  /** Takes what comes without being asked for: messages, lines of MONITOR. */
  readonly onPush?: (reply: Reply) => void;
  readonly onClose?: () => void;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  /** Takes the reply as JSON where it is one that native code makes JSON of. */
  readonly asJson?: { readonly form: ReplyForm; readonly resolve: (json: string) => void };
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
      this.#send([words]);
    });
  }

  /** The same for a reply that is to be JSON: its text, made without reading it here, or the reply where that takes more. */
  callJson(words: readonly string[], form: ReplyForm): Promise<string | Reply> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise<string | Reply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject, asJson: { form, resolve } });
      this.#send([words]);
    });
  }

  /** Sends commands together; their replies, in order. */
  callAll(list: readonly (readonly string[])[]): Promise<Reply[]> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (list.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const replies: Reply[] = [];
      const take = (reply: Reply): void => {
        if (replies.push(reply) === list.length) resolve(replies);
      };
      const waiting = { resolve: take, reject };
      for (let at = 0; at < list.length; at++) this.#waiting.push(waiting);
      this.#send(list);
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
    this.#send([words]);
    return this.call(["PING"]);
  }

  close(): void {
    this.#end(new SessionError("ERR", "the session was closed", 503));
  }

  /** What is asked for in one go is sent in one go. */
  #send(list: readonly (readonly string[])[]): void {
    this.#unsent.push(encodeRequests(list));
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
    const { asJson } = this.#waiting[0] ?? {};
    if (asJson !== undefined && this.#waiting.length === 1 && this.#reader.isEmpty && this.#monitors !== "yes") {
      const json = this.options.json(bytes, asJson.form);
      if (json !== null) {
        this.#waiting.length = 0;
        asJson.resolve(json);
        return;
      }
    }
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
