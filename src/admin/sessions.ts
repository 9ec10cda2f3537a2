/** The sessions of each user: lent to one request at a time, kept for the next, closed when nobody comes. */
import type { ReplyForm } from "../core/ffi-inner.ts";
import type { Reply } from "../resp/resp.ts";
import { InnerSession, SessionError } from "./inner.ts";
import { jsonOfReply } from "./json.ts";
import { SESSION_IDLE_MS, SESSIONS_MAX, WAITING_MAX } from "./limits.ts";

/** On whose behalf a command runs. */
export interface Caller {
  readonly user: string;
  /** Who asks is on this machine. */
  readonly local: boolean;
  /** It came with a token and not with a password. */
  readonly byToken?: boolean;
}

export interface SessionsNative {
  openInner(user: string, local: boolean): number | "no user" | "no descriptor";
  replyJson(reply: Uint8Array, form: ReplyForm): string | null;
}

interface Pool {
  readonly idle: { readonly session: InnerSession; readonly since: number }[];
  readonly waiting: (() => void)[];
  open: number;
}

export class Sessions {
  readonly #pools = new Map<string, Pool>();

  constructor(
    private readonly native: SessionsNative,
    readonly replyBytesMax: () => number,
  ) {}

  /** Lends a session in database `db` to `use` alone. Throws SessionError, and CommandError where the database is refused. */
  async with<T>(caller: Caller, db: number, use: (session: InnerSession) => Promise<T>): Promise<T> {
    const key = `${caller.local ? "local" : "remote"} ${caller.user}`;
    const pool = this.#pools.get(key) ?? { idle: [], waiting: [], open: 0 };
    this.#pools.set(key, pool);
    const session = await this.#take(pool, caller);
    try {
      if (session.db !== db) {
        const reply = await session.call(["SELECT", String(db)]);
        if (reply.kind === "error") throw new CommandError(reply);
        session.db = db;
      }
      return await use(session);
    } finally {
      this.#giveBack(pool, session);
      if (pool.open === 0 && pool.waiting.length === 0) this.#pools.delete(key);
    }
  }

  /** One command; an error reply is thrown as CommandError. */
  async call(caller: Caller, db: number, words: readonly string[]): Promise<Reply> {
    const reply = await this.with(caller, db, (session) => session.call(words));
    if (reply.kind === "error") throw new CommandError(reply);
    return reply;
  }

  /** The same as JSON text. */
  async json(caller: Caller, db: number, words: readonly string[], form: ReplyForm = "reply"): Promise<string> {
    const reply = await this.with(caller, db, (session) => session.callJson(words, form));
    if (typeof reply === "string") return reply;
    if (reply.kind === "error") throw new CommandError(reply);
    return jsonOfReply(reply, form);
  }

  /** A session that is not shared: for what is pushed. */
  open(caller: Caller, onPush: (reply: Reply) => void, onClose: () => void): Promise<InnerSession> {
    const { user, local } = caller;
    const open = () => this.native.openInner(user, local);
    return InnerSession.open({ open, replyBytesMax: this.replyBytesMax, json: this.native.replyJson, onPush, onClose });
  }

  /** Closes what nobody has used for a while. */
  sweep(now = performance.now()): void {
    for (const [key, pool] of this.#pools) {
      while (pool.idle.length > 0 && now - (pool.idle[0]?.since ?? now) > SESSION_IDLE_MS) {
        pool.idle.shift()?.session.close();
        pool.open--;
      }
      if (pool.open === 0 && pool.waiting.length === 0) this.#pools.delete(key);
    }
  }

  close(): void {
    for (const pool of this.#pools.values()) for (const { session } of pool.idle) session.close();
    this.#pools.clear();
  }

  async #take(pool: Pool, { user, local }: Caller): Promise<InnerSession> {
    for (;;) {
      const kept = pool.idle.pop();
      if (kept !== undefined) {
        if (!kept.session.ended) return kept.session;
        pool.open--;
        continue;
      }
      if (pool.open < SESSIONS_MAX) break;
      if (pool.waiting.length >= WAITING_MAX) {
        throw new SessionError("BUSY", `${WAITING_MAX} requests of this user wait already`, 503);
      }
      await new Promise<void>((resolve) => pool.waiting.push(resolve));
    }
    pool.open++;
    try {
      const open = () => this.native.openInner(user, local);
      return await InnerSession.open({ open, replyBytesMax: this.replyBytesMax, json: this.native.replyJson });
    } catch (error) {
      pool.open--;
      pool.waiting.shift()?.();
      throw error;
    }
  }

  #giveBack(pool: Pool, session: InnerSession): void {
    // One that was left in the middle would give the next request the replies of this one.
    if (session.ended || !session.idle) {
      session.close();
      pool.open--;
    } else pool.idle.push({ session, since: performance.now() });
    pool.waiting.shift()?.();
  }
}

/** An error reply of a command. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(reply: Reply & { bytes: string }) {
    super(Buffer.from(reply.bytes, "latin1").toString());
  }
}
