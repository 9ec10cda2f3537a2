/** /v1/procedures and /v1/call: libraries of functions, and calling these with arguments by name. */
import { Elysia, t } from "elysia";
import type { NumberedFunction } from "../../runtime/schema.ts";
import type { Reply } from "../resp/resp.ts";
import { jsonResponse, RequestError } from "./answers.ts";
import type { RouteDeps } from "./api.ts";
import { argumentsByName, argumentsSchema } from "./call-arguments.ts";
import { type Argument as ArgumentValue, argumentBytes, type Json, textBytes, toJson } from "./json.ts";
import { described } from "./openapi-detail.ts";
import { itemsOf, textOf } from "./replies.ts";
import { AnyReply, Argument, Database, Encoding, strict } from "./schemas.ts";
import { CommandError } from "./sessions.ts";

const tags = ["procedures"];
const AnyMap = t.Record(t.String(), t.Any());
const Name = t.String({ minLength: 1, maxLength: 1024 });
const params = t.Object({ library: Name, function: Name });
const Call = t.Object(
  {
    arguments: t.Optional(
      t.Union([t.Record(t.String(), t.Any()), t.Array(Argument, { maxItems: 100_000 })], {
        description: "By name; in order for functions that declare no parameters",
      }),
    ),
    keys: t.Optional(
      t.Integer({
        minimum: 0,
        maximum: 100_000,
        description: "How many of the first arguments are keys, which FCALL locks ahead",
      }),
    ),
    db: t.Optional(Database),
    encoding: t.Optional(Encoding),
  },
  strict,
);

interface CallBody {
  readonly arguments?: { readonly [name: string]: unknown } | readonly ArgumentValue[];
  readonly keys?: number;
  readonly db?: number;
  readonly encoding?: "utf8" | "base64";
}

export function procedureRoutes({ caller, sessions, libraries }: RouteDeps) {
  const ask = (request: Request, ...words: string[]) => sessions.call(caller(request), 0, words);
  const call = async (
    command: "FCALL" | "FCALL_DRYRUN",
    { library, function: name }: { library: string; function: string },
    body: CallBody,
    request: Request,
  ): Promise<Json> => {
    const { arguments: given = {}, keys = 0, db = 0, encoding = "utf8" } = body;
    let words: string[];
    try {
      words = callWords(find(library, name), given);
    } catch (wrong) {
      await mayCall(request, command, db);
      throw wrong;
    }
    if (keys > words.length) throw new RequestError(400, `ERR ${keys} keys, but ${words.length} arguments`);
    return toJson(
      await sessions.call(caller(request), db, [command, textBytes(name), String(keys), ...words]),
      encoding,
    );
  };
  // Who may not call functions is not told which there are, nor what they take. No function has that name.
  const mayCall = (request: Request, command: string, db: number): Promise<void> =>
    sessions.call(caller(request), db, [command, "\0", "0"]).then(
      () => {},
      (error) => {
        if (error instanceof CommandError && error.message.startsWith("NOPERM")) throw error;
      },
    );
  return new Elysia()
    .get(
      "/v1/procedures",
      async ({ request }) => {
        const words = ["FUNCTION", "LIST", "WITHCODE", "WITHTYPES"];
        return jsonResponse(`{"libraries":${await sessions.json(caller(request), 0, words)}}`);
      },
      {
        detail: described(
          tags,
          "Libraries with their functions, parameters and source",
          t.Object({ libraries: t.Array(AnyMap) }),
        ),
      },
    )
    .post(
      "/v1/procedures",
      async ({ body: { source, replace = false }, request }) => ({
        library: toJson(await ask(request, "FUNCTION", "LOAD", ...(replace ? ["REPLACE"] : []), textBytes(source))),
      }),
      {
        body: t.Object({ source: t.String({ minLength: 1 }), replace: t.Optional(t.Boolean()) }, strict),
        detail: described(tags, "Loads a library on all cores", t.Object({ library: t.String() })),
      },
    )
    .delete(
      "/v1/procedures/:library",
      async ({ params: { library }, request }) => {
        await ask(request, "FUNCTION", "DELETE", textBytes(library));
        return { deleted: true };
      },
      {
        params: t.Object({ library: Name }),
        detail: described(tags, "Deletes a library", t.Object({ deleted: t.Boolean() })),
      },
    )
    .get(
      "/v1/procedures/:library/logs",
      async ({ params: { library }, query: { count = "100" }, request }) => ({
        lines: toJson(await ask(request, "FUNCTION", "LOG", textBytes(library), "COUNT", count)),
      }),
      {
        params: t.Object({ library: Name }),
        query: t.Object({ count: t.Optional(t.String({ pattern: "^[1-9][0-9]{0,5}$" })) }, strict),
        detail: described(tags, "What a library logged last", t.Object({ lines: t.Array(t.Any()) })),
      },
    )
    .get(
      "/v1/procedures/:library/versions",
      async ({ params: { library }, request }) => ({
        versions: toJson(await ask(request, "FUNCTION", "VERSIONS", textBytes(library), "WITHCODE")),
      }),
      {
        params: t.Object({ library: Name }),
        detail: described(
          tags,
          "The last sources of a library, the latest first, with when they were loaded and by whom",
          t.Object({ versions: t.Array(AnyMap) }),
        ),
      },
    )
    .post(
      "/v1/procedures/:library/versions/:version/load",
      async ({ params: { library, version }, request }) => {
        const kept = itemsOf(await ask(request, "FUNCTION", "VERSIONS", textBytes(library), "WITHCODE"));
        const wanted = kept.find((one) => textOf(fieldOf(one, "version")) === version);
        if (wanted === undefined) throw new RequestError(404, "NOVERSION there is no such version any more");
        const source = textOf(fieldOf(wanted, "library_code"));
        return { library: toJson(await ask(request, "FUNCTION", "LOAD", "REPLACE", source)) };
      },
      {
        params: t.Object({ library: Name, version: t.String({ pattern: "^[1-9][0-9]{0,14}$" }) }),
        detail: described(tags, "Loads an earlier source of a library again", t.Object({ library: t.String() })),
      },
    )
    .get(
      "/v1/procedure-figures",
      async ({ request }) =>
        jsonResponse(await sessions.json(caller(request), 0, ["FUNCTION", "STATS", "WITHFUNCTIONS"])),
      { detail: described(tags, "What each function did: calls, errors, times in microseconds", AnyMap) },
    )
    .get(
      "/v1/call/:library/:function",
      async ({ params: { library, function: name }, request }) => {
        // Who may not list functions is not told their parameters either.
        await ask(request, "FUNCTION", "LIST", "LIBRARYNAME", textBytes(library));
        const fn = find(library, name);
        return { arguments: argumentsSchema(fn), description: fn.description, flags: [...fn.flags], result: fn.result };
      },
      {
        params,
        detail: described(
          tags,
          "What a function takes, as a JSON Schema of its arguments by name, and the type of its result",
          t.Object({
            arguments: AnyMap,
            description: t.String(),
            flags: t.Array(t.String()),
            result: t.String(),
          }),
        ),
      },
    )
    .post(
      "/v1/call/:library/:function",
      async ({ params, body, request }) =>
        jsonResponse(JSON.stringify({ result: await call("FCALL", params, body as CallBody, request) })),
      { params, body: Call, detail: described(tags, "Calls a function", t.Object({ result: AnyReply })) },
    )
    .post(
      "/v1/dryrun/:library/:function",
      async ({ params, body, request }) =>
        (await call("FCALL_DRYRUN", params, body as CallBody, request)) as { [name: string]: Json },
      {
        params,
        body: Call,
        detail: described(tags, "Calls a function, tells what it would write, and takes that back", AnyMap),
      },
    );

  function find(library: string, name: string): NumberedFunction {
    const functions = libraries().find((one) => one.name === library)?.functions;
    if (functions === undefined) throw new RequestError(404, "NOLIBRARY there is no such library");
    const found = functions.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = functions.map((one) => one.name).join(", ");
    throw new RequestError(404, `NOFUNCTION the library has no such function; it has ${names.slice(0, 1000)}`);
  }
}

/** A field of a map. */
function fieldOf(reply: Reply, name: string): Reply | undefined {
  const items = itemsOf(reply);
  const at = items.findIndex((item, index) => index % 2 === 0 && textOf(item) === name);
  return at < 0 ? undefined : items[at + 1];
}

function callWords(fn: NumberedFunction, given: NonNullable<CallBody["arguments"]>): string[] {
  if (Array.isArray(given)) return given.map(argumentBytes);
  const words = argumentsByName(fn, given as { readonly [name: string]: unknown });
  if ("wrong" in words) throw new RequestError(400, words.wrong);
  return words;
}
