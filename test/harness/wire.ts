/** Connections to a server under test: one that sees bytes, and one that sees replies. */
import type { Socket, TLSOptions } from "bun";
import { words } from "./arguments.ts";
import type { Protocol } from "./expected.ts";
import { encodeRequest, type Reply, ReplyReader, show } from "./resp.ts";

export type Address =
  | { readonly hostname: string; readonly port: number; readonly tls?: TLSOptions }
  | { readonly unix: string };

/** A command as one line for `words`, or its arguments one by one. */
export type Command = string | readonly (string | Uint8Array)[];

/** A socket that collects what arrives. `onBytes` is told after each arrival. */
export class ByteSocket {
  received: Buffer = Buffer.alloc(0);
  /** Settled when the connection is gone, from whichever side. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** The server has sent FIN; it may still read. */
  hasEnded = false;
  onBytes: () => void = () => {};
  onClose: () => void = () => {};
  #socket: Socket<undefined> | undefined;
  #unsent: Uint8Array[] = [];
  #endWhenSent = false;
  #markClosed: () => void = () => {};
  #capacity: Buffer = Buffer.alloc(0);

  private constructor() {
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
  }

  /** A connected socket. Rejects when nobody listens. */
  static async open(address: Address): Promise<ByteSocket> {
    const self = new ByteSocket();
    const gone = () => {
      if (self.isClosed) return;
      self.isClosed = true;
      self.#markClosed();
      self.onClose();
    };
    const handlers = {
      data: (_: Socket<undefined>, chunk: Buffer) => self.#append(chunk),
      drain: () => self.#flush(),
      end: () => {
        self.hasEnded = true;
        self.#socket?.end();
        gone();
      },
      close: gone,
      error: gone,
      connectError: () => {},
    };
    const socket =
      "unix" in address
        ? Bun.connect({ unix: address.unix, socket: handlers, allowHalfOpen: true })
        : Bun.connect({ ...address, socket: handlers, allowHalfOpen: true });
    self.#socket = await socket;
    return self;
  }

  /** Sends now what the kernel takes and the rest as it drains. */
  write(bytes: Uint8Array | string): void {
    if (this.isClosed) return;
    this.#unsent.push(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    if (this.#unsent.length === 1) this.#flush();
  }

  /** Bytes that `write` was given and the kernel has not taken. */
  get unsentBytes(): number {
    return this.#unsent.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Sends FIN once everything is sent; what the server still says is received. */
  endWriting(): void {
    this.#endWhenSent = true;
    if (this.#unsent.length === 0) this.#socket?.shutdown();
  }

  /** Stops reading, so that the kernel's buffers fill up and then the server's. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Closes in order (FIN). */
  close(): void {
    this.#socket?.end();
  }

  /** Closes with a reset: the server's next read or write fails. */
  abort(): void {
    this.#socket?.terminate();
  }

  /** Forgets the first `count` received bytes. Cost: none, the buffer is only moved over. */
  discard(count: number): void {
    this.received = this.received.subarray(count);
  }

  #append(chunk: Buffer): void {
    const used = this.received.length;
    const offset = this.received.byteOffset - this.#capacity.byteOffset;
    const sameBuffer = this.received.buffer === this.#capacity.buffer;
    if (sameBuffer && offset + used + chunk.length <= this.#capacity.length) {
      chunk.copy(this.#capacity, offset + used);
      this.received = this.#capacity.subarray(offset, offset + used + chunk.length);
    } else {
      // Twice what is needed, so that a reply of many megabytes is not copied for each chunk of it.
      const grown = Buffer.allocUnsafeSlow(Math.max(65536, (used + chunk.length) * 2));
      this.received.copy(grown, 0);
      chunk.copy(grown, used);
      this.#capacity = grown;
      this.received = grown.subarray(0, used + chunk.length);
    }
    this.onBytes();
  }

  #flush(): void {
    while (this.#unsent.length > 0) {
      const chunk = this.#unsent[0] as Uint8Array;
      const sent = this.#socket?.write(chunk) ?? 0;
      if (sent < 0) return;
      if (sent < chunk.length) {
        this.#unsent[0] = chunk.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
    if (this.#endWhenSent) this.#socket?.shutdown();
  }
}

export class ConnectionClosed extends Error {}

/** A client: each request gets the reply at its place in the stream; pushes (RESP3) are kept apart. */
export class Wire {
  readonly pushes: Reply[] = [];
  protocol: Protocol = 2;
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #head = 0;
  #reader = new ReplyReader();
  #needed = 0;

  private constructor(readonly bytes: ByteSocket) {
    bytes.onBytes = () => this.#receive();
    bytes.onClose = () => this.#fail(new ConnectionClosed("the server closed the connection"));
  }

  static async connect(address: Address, protocol: Protocol = 2): Promise<Wire> {
    const wire = new Wire(await ByteSocket.open(address));
    if (protocol === 3) {
      const reply = await wire.call("HELLO 3");
      if (reply.kind !== "map") throw new Error(`HELLO 3 replied ${show(reply)}`);
    }
    wire.protocol = protocol;
    return wire;
  }

  /** The reply to one command. Rejects with ConnectionClosed when none comes any more. */
  call(command: Command): Promise<Reply> {
    this.bytes.write(encodeRequest(typeof command === "string" ? words(command) : command));
    return this.reply();
  }

  /** Sends a command whose answers are pushes, or that has none. */
  send(command: Command): void {
    this.bytes.write(encodeRequest(typeof command === "string" ? words(command) : command));
  }

  /** The replies to commands sent in one write. */
  pipeline(commands: readonly Command[]): Promise<Reply[]> {
    const requests = commands.map((command) => encodeRequest(typeof command === "string" ? words(command) : command));
    this.bytes.write(Buffer.concat(requests));
    return Promise.all(commands.map(() => this.reply()));
  }

  /** The next reply that nobody waits for yet; for requests written as bytes. */
  reply(): Promise<Reply> {
    if (this.bytes.isClosed && this.bytes.received.length === 0) {
      return Promise.reject(new ConnectionClosed("the connection is closed"));
    }
    const promise = new Promise<Reply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    // A test that awaits several of these in turn must not die of the second one's rejection.
    promise.catch(() => {});
    this.#receive();
    return promise;
  }

  /** Closes; resolves when the connection is gone. */
  async close(): Promise<void> {
    this.bytes.close();
    await this.bytes.closed;
  }

  #receive(): void {
    const { bytes } = this;
    try {
      while (bytes.received.length > 0 && bytes.received.length >= this.#needed) {
        const isPush = bytes.received[0] === 0x3e;
        if (!isPush && this.#head === this.#waiting.length) return;
        const reply = this.#reader.read(bytes.received, 0, bytes.received.length);
        if (reply === null) {
          this.#needed = this.#reader.needed;
          return;
        }
        this.#needed = 0;
        bytes.discard(this.#reader.at);
        if (isPush) this.pushes.push(reply);
        else this.#next()?.resolve(reply);
      }
    } catch (error) {
      this.#fail(error as Error);
      bytes.abort();
    }
  }

  #next() {
    const waiter = this.#waiting[this.#head++];
    // A queue by index: shifting an array of 100,000 waiters would be quadratic.
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    return waiter;
  }

  #fail(error: Error): void {
    const waiting = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    for (const { reject } of waiting) reject(error);
  }
}
