/** A socket of the file system that takes datagrams, as a service manager has one. Bun has none, so it is the C library's. */
import { dlopen, ptr } from "bun:ffi";
import { until } from "./wait.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

export class Datagrams {
  readonly #libc = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  readonly #socket: number;
  readonly #buffer = new Uint8Array(65_536);

  /** `name`: a path, or `@` and an abstract name. */
  constructor(name: string) {
    this.#socket = this.#libc.symbols.socket(AF_UNIX, SOCK_DGRAM, 0);
    const text = Buffer.from(name.replace(/^@/, "\0"));
    // struct sockaddr_un: the family, and the path.
    const address = new Uint8Array(2 + text.length);
    new DataView(address.buffer).setUint16(0, AF_UNIX, true);
    address.set(text, 2);
    if (this.#libc.symbols.bind(this.#socket, ptr(address), address.length) !== 0)
      throw new Error(`cannot bind ${name}`);
  }

  /** The next one, once it is there. */
  next(): Promise<string> {
    return until("a datagram", () => this.#take(), { limit_ms: 30_000 });
  }

  /** Those that are there. */
  waiting(): string[] {
    const found: string[] = [];
    for (let text = this.#take(); text !== null; text = this.#take()) found.push(text);
    return found;
  }

  #take(): string | null {
    const bytes = Number(this.#libc.symbols.recv(this.#socket, ptr(this.#buffer), this.#buffer.length, MSG_DONTWAIT));
    return bytes > 0 ? Buffer.from(this.#buffer.subarray(0, bytes)).toString() : null;
  }

  close(): void {
    this.#libc.symbols.close(this.#socket);
    this.#libc.close();
  }
}
