/** The attempts of this folder against a whole server: real native code, two cores, a client in RESP3. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeRequest, ReplyReader } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { within } from "../harness/wait.ts";
import { ByteSocket } from "../harness/wire.ts";
import type { Attempt, Target } from "./attempt.ts";
import { ESCAPES } from "./escapes.ts";
import { LANGUAGE } from "./escapes-language.ts";
import { HARM } from "./escapes-more.ts";
import { runAttempt } from "./run-attempt.ts";

setDefaultTimeout(60_000);

/** A client that gets the bytes of each reply. */
class RawClient implements Target {
  private constructor(private readonly socket: ByteSocket) {}

  static async connect(server: Server): Promise<RawClient> {
    const client = new RawClient(await ByteSocket.open(server.address));
    await client.send("HELLO", "3");
    return client;
  }

  async send(...args: string[]): Promise<string> {
    const { socket } = this;
    const reader = new ReplyReader();
    const whole = new Promise<string>((resolve, reject) => {
      socket.onClose = () => reject(new Error("the server closed the connection"));
      socket.onBytes = () => {
        if (socket.received.length === 0) return;
        if (reader.read(socket.received, 0, socket.received.length) === null) return;
        const bytes = socket.received.subarray(0, reader.at).toString("latin1");
        socket.discard(reader.at);
        resolve(bytes);
      };
    });
    socket.write(encodeRequest(args));
    return within(20_000, `reply to ${args[0]}`, whole);
  }

  async allow(limit_ms: number): Promise<void> {
    expect(await this.send("CONFIG", "SET", "procedure-time-limit", String(limit_ms))).toBe("+OK\r\n");
  }

  async load(source: string): Promise<void> {
    const reply = await this.send("FUNCTION", "LOAD", "REPLACE", source);
    if (reply.startsWith("-")) throw new Error(reply);
  }

  async call(name: string, keys: readonly string[], args: readonly string[]): Promise<string> {
    const reply = await this.send("FCALL", name, String(keys.length), ...keys, ...args);
    return reply.startsWith("-") ? reply.trimEnd() : reply;
  }

  close(): void {
    this.socket.close();
  }
}

let server: Server;
let client: RawClient;
beforeAll(async () => {
  server = await startServer({ kind: "zedis" });
});
beforeEach(async () => {
  client?.close();
  client = await RawClient.connect(server);
  await client.send("FUNCTION", "FLUSH");
  await client.send("FLUSHALL");
});
afterAll(async () => {
  client?.close();
  await server?.stop();
});

const run = (attempts: readonly Attempt[]) => {
  for (const attempt of attempts) test(attempt.name, () => runAttempt(attempt, client));
};

describe("over the wire, a library that looks for the host", () => run(ESCAPES));
describe("over the wire, a library that does harm", () => run(HARM));
describe("over the wire, a library that knows all of the language", () => run(LANGUAGE));
