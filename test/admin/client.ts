/** Requests to the HTTP API of a server under test. */
import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { type Server, type StartOptions, startServer } from "../harness/server.ts";

// Servers start slowly on a machine that does other things, and the first request loads the API.
setDefaultTimeout(60_000);

// biome-ignore lint/suspicious/noExplicitAny: what tests read of bodies they compare.
type Body = any;

export interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

export interface AdminSuite {
  /** Only inside tests and hooks. */
  readonly server: Server;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The body of POST /v1/command for these words. */
  command(...words: readonly unknown[]): Promise<Body>;
}

/** A server with the HTTP API before the file's tests, stopped after them. */
export function adminSuite(start: StartOptions = {}): AdminSuite {
  let running: Server | undefined;
  beforeAll(async () => {
    running = await startServer({ ...start, admin: true, kind: "zedis" });
  }, 60_000);
  afterAll(async () => {
    await running?.stop();
  });
  const server = (): Server => {
    if (running === undefined) throw new Error("the suite's server is not running");
    return running;
  };
  const suite: AdminSuite = {
    get server() {
      return server();
    },
    send: (method, path, body, headers = {}) => request(server().http, method, path, body, headers),
    command: async (...words) => (await suite.send("POST", "/v1/command", { command: words })).body,
  };
  return suite;
}

/** One request; a body that is JSON is read as such. */
export async function request(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
