/** One connection to a server: requests out, replies in, in order. */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { encodeRequest, ProtocolError, type Reply, ReplyReader } from "../resp/resp.ts";
import { type TlsFiles, tlsOptions } from "./tls.ts";

/** The connection broke. The text is the one that hiredis gives. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** What becomes of RESP3 push messages: passed over, handed to a function, or given out like replies. */
export type PushMode = "drop" | "in-band" | ((reply: Reply) => void);

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EPIPE: "Broken pipe",
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  ENOTFOUND: "Name or service not known",
  EAI_AGAIN: "Temporary failure in name resolution",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
};
const KEEPALIVE_MS = 15_000;

export class Connection {
  pushMode: PushMode = "drop";
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  readonly #ready: Reply[] = [];
  #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | null = null;
  #broken: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.on("data", (chunk: Uint8Array) => this.#take(chunk));
    socket.on("error", (error) => this.#fail(new ConnectionError(errorText(error))));
    socket.on("close", () => this.#fail(new ConnectionError("Server closed the connection")));
  }

  /** Rejects with ConnectionError. */
  static open(target: { host: string; port: number } | { path: string }, tls?: TlsFiles): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => reject(new ConnectionError(errorText(error)));
      let socket: Socket;
      try {
        const host = "host" in target ? target.host : "localhost";
        socket = tls === undefined ? connect(target) : connectTls({ ...target, ...tlsOptions(host, tls) });
      } catch (error) {
        // A file of TLS that cannot be read.
        return reject(new ConnectionError(error instanceof Error ? error.message : String(error)));
      }
      socket.once("error", refuse);
      socket.once("close", () => reject(new ConnectionError("Server closed the connection")));
      socket.once(tls === undefined ? "connect" : "secureConnect", () => {
        socket.off("error", refuse);
        resolve(new Connection(socket));
      });
    });
  }

  get broken(): boolean {
    return this.#broken !== null;
  }

  send(words: readonly string[]): void {
    this.write(encodeRequest(words));
  }

  /** False when the socket holds back; `drained` then tells when to go on. */
  write(bytes: Uint8Array): boolean {
    return this.#broken === null ? this.#socket.write(bytes) : true;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#broken !== null || !this.#socket.writableNeedDrain) resolve();
      else {
        this.#socket.once("drain", resolve);
        this.#socket.once("close", () => resolve());
      }
    });
  }

  /** The next reply. Rejects with ConnectionError or ProtocolError once nothing more can come. */
  next(): Promise<Reply> {
    const ready = this.taken();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#broken !== null) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** A reply that has already arrived, or undefined. */
  taken(): Reply | undefined {
    return this.#ready.shift();
  }

  /** Resolves when a reply has arrived or the connection has broken; takes nothing. */
  async arrival(): Promise<void> {
    if (this.#ready.length > 0 || this.#broken !== null) return;
    try {
      this.#ready.unshift(await this.next());
    } catch {
      // `next` gives the same error to whoever asks for a reply.
    }
  }

  close(): void {
    this.#fail(new ConnectionError("Server closed the connection"));
    this.#socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.#reader.push(chunk);
    try {
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) this.#deliver(reply);
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? error : new ConnectionError(String(error)));
      this.#socket.destroy();
    }
  }

  #deliver(reply: Reply): void {
    if (reply.kind === "push" && this.pushMode !== "in-band") {
      if (this.pushMode !== "drop") this.pushMode(reply);
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#ready.push(reply);
    else waiting.resolve(reply);
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#broken);
  }
}

function errorText(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  return SYSTEM_ERRORS[code] ?? error.message;
}
