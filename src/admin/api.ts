/** The routes of the API, as one application that takes a request and its caller. Loaded at the first request that needs it. */
import { type AnyElysia, Elysia, t, ValidationError } from "elysia";
import type { LoadedLibrary } from "../../runtime/registry.ts";
import { fileResponse, type StaticFile, staticFile } from "../console/static-file.ts";
import { errorResponse, RequestError } from "./answers.ts";
import type { Commands } from "./commands.ts";
import type { Events } from "./events.ts";
import { SessionError } from "./inner.ts";
import { errorBody, statusOf } from "./json.ts";
import type { Metrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { described } from "./openapi-detail.ts";
import { commandRoutes } from "./routes-command.ts";
import { type DevReport, devRoutes } from "./routes-dev.ts";
import { keyRoutes } from "./routes-keys.ts";
import { procedureRoutes } from "./routes-procedures.ts";
import { serverRoutes } from "./routes-server.ts";
import { tokenRoutes } from "./routes-tokens.ts";
import { type Caller, CommandError, type Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

export interface ApiDeps {
  readonly sessions: Sessions;
  readonly commands: Commands;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly tokens: Tokens;
  /** May the user run a command that touches no key? */
  readonly may: (user: string, command: string) => boolean;
  /** The libraries of functions that are loaded now. */
  readonly libraries: () => readonly Pick<LoadedLibrary, "name" | "functions">[];
  /** What zedis dev has found, where that runs. */
  readonly dev: () => DevReport | null;
  readonly log: (level: "warning", line: string) => void;
}

/** What routes are made with. */
export interface RouteDeps extends ApiDeps {
  /** Who sent this request. */
  readonly caller: (request: Request) => Caller;
}

export type Api = (request: Request, caller: Caller) => Promise<Response>;

export function makeApi(deps: ApiDeps): Api {
  const callers = new WeakMap<Request, Caller>();
  const caller = (request: Request): Caller => {
    const found = callers.get(request);
    if (found === undefined) throw new Error("a request without a caller");
    return found;
  };
  const routes: RouteDeps = { ...deps, caller };
  /** The methods that a path has, for requests of another one. */
  const methodsOf = (pathname: string): string[] => {
    const own = pathname.split("/");
    const isOf = (path: string): boolean => {
      const parts = path.split("/");
      return parts.length === own.length && parts.every((part, at) => part.startsWith(":") || part === own[at]);
    };
    const found = app.routes.filter(({ path }) => isOf(path)).map(({ method }) => method);
    return [...new Set(found)].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  };
  /** The document without functions, and with those that are loaded; made anew when others are: that takes longer than the request. */
  const documents: { readonly of: string; readonly file: StaticFile }[] = [];
  const document = (which: 0 | 1): StaticFile => {
    const shown = which === 0 ? [] : deps.libraries();
    const of = shown.flatMap(({ functions }) => functions.map(({ id }) => id)).join();
    const known = documents[which];
    if (known?.of === of) return known.file;
    const text = JSON.stringify(openApiDocument(app, shown));
    const file = staticFile("application/json", new TextEncoder().encode(text));
    documents[which] = { of, file };
    return file;
  };
  const app: AnyElysia = new Elysia({ normalize: false })
    .onError(({ error, request }) => failure(error, request, deps, methodsOf))
    .use(commandRoutes(routes))
    .use(keyRoutes(routes))
    .use(serverRoutes(routes))
    .use(procedureRoutes(routes))
    .use(tokenRoutes(routes))
    .use(devRoutes(routes))
    .get(
      "/metrics",
      async ({ request }) => {
        const text = await deps.metrics.text(caller(request));
        return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
      },
      { detail: described(["server"], "Figures for Prometheus", t.String(), "text/plain") },
    )
    // The functions are shown to who may list them.
    .get("/openapi.json", ({ request }) =>
      fileResponse(request, document(deps.may(caller(request).user, "function|list") ? 1 : 0), "private, no-cache"),
    );
  return async (request, from) => {
    callers.set(request, from);
    return app.handle(request);
  };
}

/** The response to what a route throws. Values of the request are not in it: they may be secrets. */
function failure(
  error: unknown,
  request: Request,
  { log }: ApiDeps,
  methodsOf: (pathname: string) => readonly string[],
): Response {
  if (error instanceof CommandError) {
    const body = errorBody(error.message);
    return errorResponse(statusOf(body), body);
  }
  if (error instanceof SessionError) return errorResponse(error.status, errorBody(error.message));
  if (error instanceof RequestError) return errorResponse(error.status, errorBody(error.message));
  if (error instanceof ValidationError) return errorResponse(400, errorBody(`ERR ${whatIsWrong(error)}`));
  const { pathname } = new URL(request.url);
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  if (code === "NOT_FOUND") {
    const methods = methodsOf(pathname);
    const allow = { allow: [...methods, "OPTIONS"].join(", ") };
    if (methods.length > 0 && request.method === "OPTIONS") return new Response(null, { status: 204, headers: allow });
    if (methods.length > 0) {
      const text = `ERR ${pathname.slice(0, 256)} takes ${methods.join(", ")}, not ${request.method}`;
      return errorResponse(405, errorBody(text), allow);
    }
    return errorResponse(404, errorBody(`ERR there is no ${request.method} ${pathname.slice(0, 256)}`));
  }
  if (code === "PARSE") return errorResponse(400, errorBody("ERR the body is no JSON"));
  log("warning", `HTTP API: ${request.method} ${pathname} failed: ${error instanceof Error ? error.stack : error}`);
  return errorResponse(500, errorBody("ERR internal error; the log has more"));
}

function whatIsWrong(error: ValidationError): string {
  const [first] = error.all;
  const place = first !== undefined && "path" in first ? first.path : "";
  const text = first !== undefined && "message" in first ? first.message : "does not fit the schema";
  return `${error.type}${place}: ${text}`;
}
