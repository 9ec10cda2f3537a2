/** Listens for HTTP. Until a request needs it nothing but this is loaded: a server whose API nobody uses pays for a socket. */
import { readFileSync } from "node:fs";
import type { TableRow } from "../../runtime/host/commands.ts";
import type { LoadedLibrary } from "../../runtime/registry.ts";
import type { Settings } from "../config/settings.ts";
import { consoleFiles } from "../console/files.ts";
import { errorResponse, withHeaders } from "./answers.ts";
import type { Api, ApiDeps } from "./api.ts";
import { readUnknownLength, refuseLength } from "./body-limit.ts";
import { compressedFor } from "./compressed.ts";
import { docsFile } from "./docs-page.ts";
import { Guard } from "./guard.ts";
import { SessionError } from "./inner.ts";
import { errorBody } from "./json.ts";
import { type LoginNative, login } from "./login.ts";
import { Pace, type ThreadTimes } from "./pace.ts";
import type { Caller, SessionsNative } from "./sessions.ts";
import type { TokenUsers } from "./token-users.ts";
import { Tokens } from "./tokens.ts";

const SWEEP_EVERY_MS = 5_000;
/** Longer than streams of events are silent, seconds. */
const IDLE_S = 30;
/** What has been asked when the server ends is answered, if that takes no longer. */
const ANSWERS_AT_END_MS = 1_000;

export interface AdminDeps {
  readonly settings: Settings;
  readonly native: LoginNative & SessionsNative & Pick<ApiDeps, "may">;
  /** The system's numbers of the cores' threads. */
  readonly coreThreads: () => readonly number[];
  readonly tokenUsers: Pick<TokenUsers, "digestOf">;
  readonly table: readonly TableRow[];
  /** The libraries of functions that are loaded now. */
  readonly libraries: () => readonly LoadedLibrary[];
  /** What there was to load is loaded. */
  readonly isReady: () => boolean;
  readonly dev: ApiDeps["dev"];
  readonly log: (level: "notice" | "warning", line: string) => void;
}

export interface AdminServer {
  /** Ends all connections, once what was asked for is answered or a second has gone. */
  stop(): Promise<void>;
}

/** Serves on `admin-port`. Null where there is none to serve on; the text is why the server cannot start. */
export function serveAdmin(deps: AdminDeps): AdminServer | null | string {
  const { settings, log } = deps;
  const port = settings.number("admin-port");
  if (port === 0) return null;
  const handler = new Handler(deps);
  const servers: Bun.Server<undefined>[] = [];
  for (const address of settings.get("admin-bind").split(/\s+/)) {
    if (address === "") continue;
    const name = address.replace(/^-/, "");
    const hostname = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    try {
      servers.push(
        Bun.serve({
          hostname,
          port,
          idleTimeout: IDLE_S,
          // Ours is looked at in body-limit.ts.
          maxRequestBodySize: Number.MAX_SAFE_INTEGER,
          fetch: (request, server) => handler.answer(request, server.requestIP(request)?.address ?? ""),
          error: (error) => handler.failed(error),
        }),
      );
      log("notice", `HTTP API and console on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`);
    } catch (error) {
      if (address.startsWith("-")) continue;
      const why = `cannot serve HTTP on ${hostname}:${port}: ${error instanceof Error ? error.message : error}`;
      for (const server of servers) void server.stop(true);
      if (String(port) !== DEFAULT_PORT) return `${why}. Choose another admin-port, or 0 for none.`;
      log("warning", `${why}. Going on without the HTTP API; admin-port chooses another port.`);
      return null;
    }
  }
  const sweep = setInterval(() => handler.sweep(), SWEEP_EVERY_MS);
  sweep.unref();
  return {
    async stop() {
      clearInterval(sweep);
      await Promise.race([handler.answered(), Bun.sleep(ANSWERS_AT_END_MS)]);
      for (const server of servers) void server.stop(true);
    },
  };
}

const DEFAULT_PORT = "6380";

class Handler {
  readonly #guard: Guard;
  /** The console: it carries no data and is served without a login. */
  readonly #files = consoleFiles();
  #api: Promise<{ api: Api; sweep: () => void }> | null = null;
  #sweep: () => void = () => {};
  #unanswered = 0;
  #onAnswered: (() => void) | null = null;

  readonly #tokens: Tokens;
  readonly #pace: Pace;

  constructor(private readonly deps: AdminDeps) {
    const { settings, tokenUsers } = deps;
    this.#tokens = new Tokens(
      (user) => tokenUsers.digestOf(user),
      () => settings.get("dir"),
    );
    this.#pace = new Pace({
      sharePercent: () => settings.number("admin-busy-share"),
      own: () => threadTimes("thread-self"),
      cores: () => deps.coreThreads().map((id) => threadTimes(`self/task/${id}`)),
      now: () => performance.now(),
      sleep: (ms) => Bun.sleep(ms),
    });
    this.#guard = new Guard({
      allowedHosts: () => settings.get("admin-allowed-hosts"),
      ratePerSecond: () => settings.number("admin-rate-limit"),
    });
  }

  async answer(request: Request, address: string): Promise<Response> {
    this.#unanswered += 1;
    try {
      return await this.#serve(request, address);
    } finally {
      this.#unanswered -= 1;
      if (this.#unanswered === 0) this.#onAnswered?.();
    }
  }

  /** Every request that has come has its answer on the way. */
  async answered(): Promise<void> {
    if (this.#unanswered > 0) {
      await new Promise<void>((resolve) => {
        this.#onAnswered = resolve;
      });
    }
    // The last answers are written when the event loop turns.
    await Bun.sleep(1);
  }

  async #serve(request: Request, address: string): Promise<Response> {
    const refused = this.#guard.refuse(request, address);
    if (refused !== null) return refused;
    const bytesMax = this.deps.settings.number("admin-body-limit");
    const tooLarge = refuseLength(request, bytesMax);
    if (tooLarge !== null) return tooLarge;
    const pathname = pathOf(request.url);
    if (pathname === "/health") return withHeaders(Response.json({ status: "up" }));
    if (pathname === "/ready") {
      const isReady = this.deps.isReady();
      return withHeaders(Response.json({ ready: isReady }, { status: isReady ? 200 : 503 }));
    }
    if (!pathname.startsWith("/v1/")) {
      const file = docsFile(request, pathname) ?? (await this.#files(request, pathname));
      if (file !== null) return withHeaders(file);
    }
    const caller = this.#login(request, address);
    if (caller instanceof Response) return caller;
    if (!(await this.#pace.admit())) {
      const text = "BUSY the cores need the processors, and too many requests wait already: see admin-busy-share";
      return errorResponse(503, errorBody(text), { "retry-after": "1" });
    }
    this.#api ??= this.#load();
    const { api } = await this.#api;
    const whole = await readUnknownLength(request, bytesMax);
    return compressedFor(
      request,
      caller.local,
      withHeaders(whole instanceof Response ? whole : await api(whole, caller)),
    );
  }

  #login(request: Request, address: string): Caller | Response {
    try {
      return login(request, address, {
        native: this.deps.native,
        userOfToken: (token) => this.#tokens.userOf(token),
      });
    } catch (error) {
      // The key of tokens cannot be read.
      if (error instanceof SessionError) return errorResponse(error.status, errorBody(error.message));
      throw error;
    }
  }

  /** The last resort: nothing of the request is told. */
  failed(error: Error): Response {
    this.deps.log("warning", `HTTP API: a request failed: ${error.stack ?? error.message}`);
    return errorResponse(500, errorBody("ERR internal error; the log has more"));
  }

  sweep(): void {
    this.#sweep();
  }

  async #load(): Promise<{ api: Api; sweep: () => void }> {
    const { wire } = await import("./wiring.ts");
    const wired = wire(this.deps, this.#tokens);
    this.#sweep = wired.sweep;
    return wired;
  }
}

/** The path of a request's address, which Bun has put together of Host and of what the first line asks for. */
function pathOf(url: string): string {
  const from = url.indexOf("/", "https://".length);
  const end = url.slice(from).search(/[?#]/);
  return from < 0 ? "/" : end < 0 ? url.slice(from) : url.slice(from, from + end);
}

/** What the system says of a thread of /proc; null where it says nothing. */
function threadTimes(path: string): ThreadTimes | null {
  try {
    const [ran, waited] = readFileSync(`/proc/${path}/schedstat`, "utf8").split(" ").map(Number);
    return ran === undefined || waited === undefined ? null : { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
  } catch {
    return null;
  }
}
