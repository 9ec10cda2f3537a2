/** The OpenAPI 3.1 document, made of the routes themselves and of the functions that are loaded. */
import type { AnyElysia } from "elysia";
import type { FunctionSchema } from "../../runtime/schema.ts";
import { ZEDIS_VERSION } from "../config/version.ts";
import { argumentsSchema } from "./call-arguments.ts";
import type { Described } from "./openapi-detail.ts";

type Schema = Readonly<Record<string, unknown>>;
type Operation = Record<string, unknown>;

interface Route {
  readonly method: string;
  readonly path: string;
  readonly hooks: {
    readonly body?: Schema;
    readonly query?: Schema;
    readonly params?: Schema;
    readonly detail?: Partial<Described>;
  };
}

export interface DocumentedLibrary {
  readonly name: string;
  readonly functions: readonly FunctionSchema[];
}

const ERROR = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" } },
    },
  },
};

/** What any operation may answer beside success. */
const FAILURES: Readonly<Record<string, string>> = {
  400: "The request, or the command, is wrong",
  401: "Not logged in, or in a wrong way",
  403: "The user may not do that",
  404: "There is no such thing",
  413: "The body is larger than admin-body-limit",
  415: "The body is no JSON",
  429: "More requests than admin-rate-limit",
  503: "Not now: loading, busy, or going down",
  507: "Out of memory, or the reply is larger than admin-reply-limit",
};

export function openApiDocument(app: Pick<AnyElysia, "routes">, libraries: readonly DocumentedLibrary[]): Schema {
  const paths: Record<string, Record<string, Operation>> = {};
  const add = (path: string, method: string, operation: Operation): void => {
    paths[path] = { ...paths[path], [method]: operation };
  };
  for (const route of app.routes as unknown as readonly Route[]) {
    const { summary, tags, answer, mediaType } = route.hooks.detail ?? {};
    if (summary === undefined) continue;
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    const method = route.method.toLowerCase();
    add(path, method, {
      operationId: operationId(method, path),
      summary,
      tags,
      parameters: [...parameters(route.hooks.params, "path"), ...parameters(route.hooks.query, "query")],
      ...(route.hooks.body === undefined ? {} : { requestBody: jsonBody(plain(route.hooks.body)) }),
      responses: responses(plain(answer ?? {}), mediaType),
    });
  }
  for (const [path, summary] of Object.entries({ "/health": "The process is up", "/ready": "The data is loaded" })) {
    const operation = { operationId: path.slice(1), summary, tags: ["server"], parameters: [], security: [] };
    add(path, "get", { ...operation, responses: responses({ type: "object" }) });
  }
  for (const { name, functions } of libraries) {
    for (const fn of functions) add(...functionOperation(name, fn));
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Zedis",
      version: ZEDIS_VERSION,
      description: "The HTTP API of this server. Users and their rules are those of RESP.",
    },
    security: [{ basic: [] }, { bearer: [] }, {}],
    paths,
    components: {
      securitySchemes: { basic: { type: "http", scheme: "basic" }, bearer: { type: "http", scheme: "bearer" } },
      schemas: { Error: ERROR },
    },
  };
}

function functionOperation(library: string, fn: FunctionSchema): [string, string, Operation] {
  const path = `/v1/call/${encodeURIComponent(library)}/${encodeURIComponent(fn.name)}`;
  const isOpen = fn.parameters.length === 0;
  const body = {
    type: "object",
    additionalProperties: false,
    ...(isOpen ? {} : { required: ["arguments"] }),
    properties: {
      arguments: isOpen ? { type: ["array", "object"] } : argumentsSchema(fn),
      keys: { type: "integer", minimum: 0, maximum: fn.parameters.length === 0 ? 1000 : fn.parameters.length },
      db: { type: "integer", minimum: 0 },
      encoding: { enum: ["utf8", "base64"] },
    },
  };
  const result = fn.result === "" ? {} : { description: fn.result };
  return [
    path,
    "post",
    {
      operationId: operationId("call", `${library}/${fn.name}`),
      summary: fn.description === "" ? `${library}: ${fn.name}` : fn.description,
      tags: ["functions"],
      parameters: [],
      requestBody: jsonBody(body),
      responses: responses({ type: "object", required: ["result"], properties: { result } }),
    },
  ];
}

function parameters(schema: Schema | undefined, place: "path" | "query"): Schema[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = plain(schema) as {
    properties?: Record<string, Schema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...own }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: own,
  }));
}

function responses(answer: Schema, mediaType = "application/json"): Schema {
  const failures = Object.entries(FAILURES).map(([status, description]) => [
    status,
    { description, content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
  ]);
  return {
    200: { description: "Done", content: { [mediaType]: { schema: answer } } },
    ...Object.fromEntries(failures),
  };
}

function jsonBody(schema: Schema): Schema {
  return { required: true, content: { "application/json": { schema } } };
}

/** Without what only the validator knows. */
function plain(schema: object): Schema {
  return JSON.parse(JSON.stringify(schema), (_, value) => {
    // Numbers are taken as text too, because a query has nothing else; the document says what they mean.
    const [text, number] = Array.isArray(value?.anyOf) && value.anyOf.length === 2 ? value.anyOf : [];
    return text?.type === "string" && text.format === "integer" ? number : value;
  });
}

function operationId(method: string, path: string): string {
  return `${method}_${path.replace(/^\/(v1\/)?/, "")}`.replace(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "");
}
