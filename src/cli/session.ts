/** The state of a zedis-cli run: the connection, what the prompt shows, and how replies are printed. */

import { bytesOfText } from "../config/words.ts";
import { ProtocolError, type Reply } from "../resp/resp.ts";
import type { CliOptions } from "./cli-options.ts";
import { Connection, ConnectionError } from "./connection.ts";
import { formatReply } from "./format.ts";
import { leadingNumber } from "./server-uri.ts";
import type { Terminal } from "./terminal.ts";

/** Ends the run with a code; everything to be said has been said. */
export class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

export class Session {
  /** At a prompt (or reading commands from a pipe): errors do not end the run, and a lost server is looked for. */
  interactive = false;
  /** After SUBSCRIBE: messages come at any time. */
  subscribed = false;
  /** What the last command was answered. */
  last: Reply | null = null;
  /** Takes Ctrl-C instead, while it is set. */
  onInterrupt: (() => void) | null = null;
  #connection: Connection | null = null;
  #database = 0;
  #wantedDatabase: number;
  #inMulti = false;
  #databaseBeforeMulti = 0;
  #resp3 = false;
  #interrupted = false;

  constructor(
    readonly options: CliOptions,
    readonly terminal: Terminal,
  ) {
    this.#wantedDatabase = options.database;
  }

  get connected(): boolean {
    return this.#connection !== null && !this.#connection.broken;
  }

  /** The open connection; throws a programmer error without one. */
  get connection(): Connection {
    if (this.#connection === null) throw new TypeError("no connection");
    return this.#connection;
  }

  /** `127.0.0.1:6379[2](TX)> `, or `not connected> `. */
  prompt(): string {
    if (this.#connection === null) return "not connected> ";
    const { host, port, socket } = this.options;
    const place = socket === null ? `${host.includes(":") ? `[${host}]` : host}:${port}` : `redis ${socket}`;
    const database = this.#database === 0 ? "" : `[${this.#database}]`;
    return `${place}${database}${this.#inMulti ? "(TX)" : ""}${this.subscribed ? "(subscribed mode)" : ""}> `;
  }

  /** True once connected, authenticated and in the right database; says on standard error what failed. */
  async connect(quiet = false): Promise<boolean> {
    this.#connection?.close();
    this.#connection = null;
    this.#database = 0;
    this.#inMulti = false;
    this.#resp3 = false;
    const { host, port, socket } = this.options;
    try {
      this.#connection = await Connection.open(
        socket === null ? { host, port } : { path: socket },
        this.options.tls ? this.options.tlsFiles : undefined,
      );
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      const place = socket === null ? `${host}:${port}` : socket;
      if (!quiet) this.#complain(`Could not connect to Redis at ${place}: ${error.message}`);
      return false;
    }
    this.connection.pushMode = this.#pushMode();
    return (await this.#authenticate()) && (await this.#select()) && (await this.#switchProtocol());
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  /** Ctrl-C while a command waits: the connection is given up and a new one takes its place. */
  interrupt(): void {
    if (this.onInterrupt !== null) {
      this.onInterrupt();
      return;
    }
    this.#interrupted = true;
    this.#connection?.close();
  }

  /** One request, one reply, nothing printed. Rejects when the connection breaks. */
  call(...words: string[]): Promise<Reply> {
    this.connection.send(words);
    return this.connection.next();
  }

  /** Several requests at once; their replies in order. */
  async callAll(list: readonly (readonly string[])[]): Promise<Reply[]> {
    for (const words of list) this.connection.send(words);
    const replies: Reply[] = [];
    for (let at = 0; at < list.length; at++) replies.push(await this.connection.next());
    return replies;
  }

  /** Sends a command so often and prints its replies; false when that could not be done. */
  async issue(words: readonly string[], repeat: number): Promise<boolean> {
    if (!this.connected && !(await this.connect())) return false;
    try {
      return await this.#send(words, repeat);
    } catch (error) {
      if (!(error instanceof ConnectionError || error instanceof ProtocolError)) throw error;
      this.close();
      if (this.#interrupted) {
        this.#interrupted = false;
        this.subscribed = false;
        return this.connect();
      }
      if (words[0]?.toLowerCase() === "shutdown" && error instanceof ConnectionError) return true;
      this.#complain(`Error: ${error.message}`);
      if (!this.interactive) throw new Exit(1);
      return false;
    }
  }

  /** Waits for one reply or message and prints it. */
  async printNext(verbatim = false): Promise<Reply> {
    const reply = await this.connection.next();
    this.last = reply;
    if (!this.interactive && this.options.exitOnError && reply.kind === "error") {
      this.terminal.err(`${reply.bytes}\n`);
      throw new Exit(1);
    }
    this.print(reply, verbatim);
    return reply;
  }

  /** Prints the messages that have already arrived. */
  printArrived(): void {
    for (let reply = this.connection.taken(); reply !== undefined; reply = this.connection.taken()) {
      this.print(reply, false);
    }
  }

  print(reply: Reply, verbatim: boolean): void {
    const { output, itemDelimiter, replyDelimiter } = this.options;
    const delimiters = { item: itemDelimiter, reply: replyDelimiter };
    this.terminal.out(formatReply(reply, output, delimiters, verbatim));
  }

  async #send(words: readonly string[], repeat: number): Promise<boolean> {
    const name = words[0]?.toLowerCase() ?? "";
    const verbatim = isLongText(words);
    for (let left = repeat; left !== 0; left -= left > 0 ? 1 : 0) {
      this.connection.send(words);
      if (name === "monitor") {
        let reply = await this.printNext(verbatim);
        while (reply.kind !== "error") reply = await this.printNext(verbatim);
        return true;
      }
      const last = await this.#readReplies(name, words.length, verbatim);
      await this.#follow(name, words, last);
      if (this.options.intervalMs > 0) await Bun.sleep(this.options.intervalMs);
    }
    return true;
  }

  /** The reply of a command, after the messages that may come before it. */
  async #readReplies(name: string, wordsCount: number, verbatim: boolean): Promise<Reply> {
    const changes = /^[ps]?(un)?subscribe$/.test(name);
    // (Un)subscribing is confirmed once per channel, by messages only.
    let confirmations = changes ? Math.max(wordsCount - 1, 1) : 0;
    if (changes) this.connection.pushMode = "in-band";
    for (;;) {
      const reply = await this.printNext(verbatim);
      if (!this.subscribed && confirmations === 0) return reply;
      const kind = messageKind(reply, this.#resp3);
      if (kind === null && reply.kind !== "push") return reply;
      if (kind !== name || confirmations === 0) continue;
      if (!name.includes("un")) this.subscribed = true;
      if (--confirmations === 0) return reply;
    }
  }

  /** What a command that went well changes on this side. */
  async #follow(name: string, words: readonly string[], reply: Reply): Promise<void> {
    const failed = reply.kind === "error";
    if (name === "select" && words.length === 2 && !failed) {
      this.#database = leadingNumber(words[1] ?? "");
      this.#wantedDatabase = this.#database;
    } else if (name === "auth" && (words.length === 2 || words.length === 3)) {
      await this.#select();
    } else if (name === "multi" && words.length === 1 && !failed) {
      this.#inMulti = true;
      this.#databaseBeforeMulti = this.#database;
    } else if (name === "exec" && words.length === 1 && this.#inMulti) {
      this.#leaveMulti(failed || reply.kind === "nil");
    } else if (name === "discard" && words.length === 1 && !failed) {
      this.#leaveMulti(true);
    } else if (name === "reset" && words.length === 1 && !failed) {
      this.#inMulti = false;
      this.#database = 0;
      this.#wantedDatabase = 0;
      this.#resp3 = false;
      this.subscribed = false;
    } else if (name === "hello" && !failed) {
      this.#resp3 = reply.kind === "map";
    }
    if (!this.subscribed) this.connection.pushMode = this.#pushMode();
  }

  #leaveMulti(undone: boolean): void {
    this.#inMulti = false;
    if (!undone) return;
    this.#database = this.#databaseBeforeMulti;
    this.#wantedDatabase = this.#database;
  }

  #pushMode(): Connection["pushMode"] {
    if (!this.options.showPushes) return "drop";
    return (reply) => {
      const invalidated = this.options.output === "tty" ? invalidatedKeys(reply) : null;
      if (invalidated === null) this.print(reply, false);
      else this.terminal.out(`-> invalidate: ${invalidated.map((key) => `'${key}'`).join(", ")}\n`);
    };
  }

  async #authenticate(): Promise<boolean> {
    const { user, password } = this.options;
    if (password === null) return true;
    return this.#prepare("AUTH failed: ", ["AUTH", ...(user === null ? [] : [user]), password]);
  }

  async #select(): Promise<boolean> {
    const wanted = this.#wantedDatabase;
    if (wanted === this.#database) return true;
    const done = await this.#prepare(`SELECT ${wanted} failed: `, ["SELECT", String(wanted)]);
    if (done) this.#database = wanted;
    return done;
  }

  async #switchProtocol(): Promise<boolean> {
    const { protocol } = this.options;
    if (protocol !== 3 && protocol !== "try 3") return true;
    this.#resp3 = await this.#prepare("HELLO 3 failed: ", ["HELLO", "3"]);
    return this.#resp3 || protocol === "try 3";
  }

  async #prepare(failure: string, words: readonly string[]): Promise<boolean> {
    try {
      const reply = await this.call(...words);
      if (reply.kind !== "error") return true;
      this.terminal.err(`${failure}${reply.bytes}\n`);
    } catch (error) {
      if (!(error instanceof ConnectionError || error instanceof ProtocolError)) throw error;
      this.terminal.err("\nI/O error\n");
    }
    return false;
  }

  #complain(line: string): void {
    this.terminal.err(`${bytesOfText(line)}\n`);
  }
}

/** Commands whose reply is a text for people, printed without quotes: command name → its subcommands, or all. */
const LONG_TEXTS: Readonly<Record<string, readonly string[] | "all">> = {
  info: "all",
  lolwut: "all",
  debug: ["htstats", "htstats-key", "client-eviction"],
  memory: ["malloc-stats", "doctor"],
  cluster: ["nodes", "info"],
  client: ["list", "info"],
  latency: ["graph", "doctor"],
  proxy: ["info"],
};

function isLongText(words: readonly string[]): boolean {
  const known = LONG_TEXTS[words[0]?.toLowerCase() ?? ""];
  return known === "all" || known?.includes(words[1]?.toLowerCase() ?? "") === true;
}

/** `message`, `subscribe`, … of a published message or a confirmation, else null. */
function messageKind(reply: Reply, resp3: boolean): string | null {
  if (reply.kind !== (resp3 ? "push" : "array") || reply.items.length < 3) return null;
  const [first] = reply.items;
  return first?.kind === "bulk" && /(message|subscribe)$/.test(first.bytes) ? first.bytes : null;
}

function invalidatedKeys(reply: Reply): string[] | null {
  if (reply.kind !== "push" || reply.items.length !== 2) return null;
  const [name, keys] = reply.items;
  if (name?.kind !== "bulk" || !name.bytes.startsWith("invalidate") || keys?.kind !== "array") return null;
  return keys.items.map((key) => ("bytes" in key ? key.bytes : ""));
}
