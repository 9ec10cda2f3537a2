/**
 * Every operation of /openapi.json gets requests that its schemas allow, and some that they do not: what comes back has a documented
 * status, an error has its shape, and nothing is ever 500. `FUZZ_SEED=7 bun test test/admin/contract.test.ts` tries others.
 */
import { beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { adminSuite } from "./client.ts";

const api = adminSuite({ options: { "admin-rate-limit": "0" } });
const seed = Number(process.env.FUZZ_SEED ?? 1);
const RUNS = 12;
/** It would end the server; server.test.ts has it. */
const LEFT_OUT = new Set(["post /v1/server/shutdown"]);

interface Schema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly const?: fc.JsonValue;
  readonly enum?: readonly fc.JsonValue[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Operation {
  readonly parameters: readonly { name: string; in: "path" | "query"; required: boolean; schema: Schema }[];
  readonly requestBody?: { content: { "application/json": { schema: Schema } } };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Sent {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }).map((value) => value.toWellFormed()),
);

/** Values that a schema allows. */
function valid(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valid));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const { minimum: min = -(2 ** 31), maximum: max = 2 ** 31 } = schema;
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "string":
      if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern), { size: "small" });
      return text.filter((value) => value.length >= (schema.minLength ?? 0));
    case "integer":
      return fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) });
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array": {
      const { minItems: minLength = 0, maxItems = 4, items = {} } = schema;
      return fc.array(valid(items), { minLength, maxLength: Math.max(minLength, Math.min(maxItems, 4)) });
    }
    case "object": {
      const [any] = Object.values(schema.patternProperties ?? {});
      if (any !== undefined) {
        return fc.dictionary(fc.string({ minLength: 1 }), valid(any), {
          minKeys: schema.minProperties ?? 0,
          maxKeys: 4,
        });
      }
      const { properties = {}, required = [] } = schema;
      const known = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, valid(one)]));
      return fc.record(known, { requiredKeys: [...required] });
    }
    default:
      return fc.jsonValue();
  }
}

/** Requests of an operation: all by the schemas, or with anything in the body and the query. */
function requests({ parameters, requestBody }: Operation, isValid: boolean): fc.Arbitrary<Sent> {
  const place = (where: "path" | "query") => parameters.filter((parameter) => parameter.in === where);
  const schema = requestBody?.content["application/json"].schema;
  const path = fc.record(
    Object.fromEntries(place("path").map(({ name, schema: own }) => [name, valid(own).map(String).filter(isSegment)])),
  );
  const query = isValid
    ? fc.record(Object.fromEntries(place("query").map(({ name, schema: own }) => [name, valid(own).map(String)])), {
        requiredKeys: [],
      })
    : fc.dictionary(fc.constantFrom("nosuch", "db", ...place("query").map(({ name }) => name)), text, { maxKeys: 3 });
  if (schema === undefined) return fc.record({ path, query }) as fc.Arbitrary<Sent>;
  const anything = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined), almost(valid(schema)));
  return fc.record({ path, query, body: isValid ? valid(schema) : anything }) as fc.Arbitrary<Sent>;
}

/** One property of a right body replaced by anything. */
function almost(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(right, fc.nat(), fc.jsonValue()).map(([body, at, value]) => {
    const names = typeof body === "object" && body !== null ? Object.keys(body) : [];
    const name = names[at % Math.max(names.length, 1)] ?? "extra";
    return { ...(body as object), [name]: value };
  });
}

/** What URLs leave where it is. */
function isSegment(value: string): boolean {
  return value !== "" && value !== "." && value !== "..";
}

let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {};

beforeAll(async () => {
  const source = `#!ts name=contract
    export function all(key: string, n: number, flag: boolean, big: bigint, raw: Uint8Array, mode: "a" | 1, data: unknown, ...more: number[]): unknown {
      return { key, n, flag, big: String(big), bytes: raw.length, mode, data, more };
    }
    export function none(): null { return null; }
  `;
  const loaded = await api.send("POST", "/v1/procedures", { source });
  expect(loaded.body).toEqual({ library: "contract" });
  paths = (await api.send("GET", "/openapi.json")).body.paths;
});

async function send(method: string, template: string, { path, query, body }: Sent): Promise<void> {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const asked = new URLSearchParams(query).toString();
  const abort = new AbortController();
  const response = await fetch(`${api.server.http}${filled}${asked === "" ? "" : `?${asked}`}`, {
    method,
    signal: abort.signal,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" } }),
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const documented = Object.keys(paths[template]?.[method.toLowerCase()]?.responses ?? {});
  expect(documented).toContain(String(response.status));
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) {
    abort.abort();
    return;
  }
  const answer = await response.text();
  if (response.status === 200) return;
  const { error } = JSON.parse(answer);
  expect([typeof error.code, typeof error.message]).toEqual(["string", "string"]);
}

for (const isValid of [true, false]) {
  test(`each operation answers as documented to ${isValid ? "what its schemas allow" : "anything else"}`, async () => {
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [method, path, operation] as const),
    );
    expect(all.length).toBeGreaterThan(35);
    for (const [method, path, operation] of all) {
      if (LEFT_OUT.has(`${method} ${path}`)) continue;
      await fc.assert(
        fc.asyncProperty(requests(operation, isValid), (sent) => send(method.toUpperCase(), path, sent)),
        { seed, numRuns: RUNS, interruptAfterTimeLimit: 60_000 },
      );
    }
    // It has come through all of it, with its sessions in order.
    expect(await api.command("ECHO", "still there")).toEqual({ result: "still there" });
    expect(api.server.log).not.toContain("failed");
  }, 300_000);
}

test("a function takes what its operation's schema allows", async () => {
  const operation = paths["/v1/call/contract/all"]?.post;
  const schema = operation?.requestBody?.content["application/json"].schema.properties?.arguments;
  if (schema === undefined) throw new Error("the function has no operation");
  await fc.assert(
    fc.asyncProperty(valid(schema), async (given) => {
      const { status, body } = await api.send("POST", "/v1/call/contract/all", { arguments: given });
      expect([status, body.error]).toEqual([200, undefined]);
    }),
    { seed, numRuns: 50 },
  );
}, 60_000);
