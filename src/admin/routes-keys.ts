/** /v1/keys: keys of every type as JSON. */
import { Elysia, t } from "elysia";
import { jsonResponse, RequestError } from "./answers.ts";
import type { RouteDeps } from "./api.ts";
import { runList } from "./commands.ts";
import type { InnerSession } from "./inner.ts";
import { bytesToJson, type Json, textBytes } from "./json.ts";
import { CURSOR, readKey, type Written, writeCommands, wrongIds } from "./key-values.ts";
import { PAGE_MAX, STRING_PAGE_BYTES } from "./limits.ts";
import { described } from "./openapi-detail.ts";
import { itemsOf, textOf } from "./replies.ts";
import { Argument, Bytes, DatabaseQuery, Encoding, Pair, strict } from "./schemas.ts";
import { type Caller, CommandError } from "./sessions.ts";

const tags = ["keys"];
const Ttl = t.Union([t.Integer({ minimum: 1, maximum: 9e15 }), t.Null()], {
  description: "Milliseconds; null: it stays",
});
const Count = t.Optional(
  t.String({
    pattern: "^[1-9][0-9]{0,6}$",
    description: "How many at most, 100 where it is not given; bytes of a string, 1 MiB where it is not given",
  }),
);
const keyQuery = {
  db: t.Optional(DatabaseQuery),
  keyEncoding: t.Optional(
    t.Union([t.Literal("utf8"), t.Literal("base64url")], {
      description: "How the key stands in the path: base64url for bytes that are no text, and for the keys . and ..",
    }),
  ),
};
const params = t.Object({ key: t.String({ minLength: 1, maxLength: 1 << 20 }) });

const Index = t.Union([
  t.String({ pattern: "^[0-9]{1,20}$" }),
  t.Number({ minimum: 0, maximum: 2 ** 53 - 1, multipleOf: 1 }),
]);

const Value = t.Union([
  t.Object({ type: t.Literal("string"), value: Argument, ttl_ms: t.Optional(Ttl) }, strict),
  t.Object(
    {
      type: t.Union([t.Literal("list"), t.Literal("set")]),
      value: t.Array(Argument, { minItems: 1 }),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
  t.Object(
    {
      type: t.Literal("hash"),
      value: t.Array(t.Object({ field: Argument, value: Argument, ttl_ms: t.Optional(Ttl) }, strict), { minItems: 1 }),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
  t.Object(
    {
      type: t.Literal("zset"),
      value: t.Array(
        t.Object({ member: Argument, score: t.Union([t.Number(), t.Literal("inf"), t.Literal("-inf")]) }, strict),
        { minItems: 1 },
      ),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
  t.Object(
    {
      type: t.Literal("stream"),
      value: t.Array(
        t.Object(
          { id: t.String({ pattern: "^[0-9]{1,20}-[0-9]{1,20}$" }), fields: t.Array(Pair, { minItems: 1 }) },
          strict,
        ),
        { minItems: 1 },
      ),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
  t.Object(
    {
      type: t.Literal("array"),
      value: t.Array(t.Object({ index: Index, value: Argument }, strict), { minItems: 1 }),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
  t.Object(
    {
      type: t.Literal("vectorset"),
      value: t.Array(
        t.Object(
          {
            element: Argument,
            vector: t.Array(t.Number(), { minItems: 1, maxItems: 65_536 }),
            attributes: t.Optional(t.Union([t.String(), t.Null()], { description: "A text, usually of JSON" })),
          },
          strict,
        ),
        { minItems: 1 },
      ),
      quantization: t.Optional(t.Union([t.Literal("int8"), t.Literal("f32"), t.Literal("bin")])),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
  t.Object(
    {
      type: t.Literal("dump"),
      value: t.Object({ dump: t.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$" }) }, strict),
      ttl_ms: t.Optional(Ttl),
    },
    strict,
  ),
]);

export function keyRoutes({ caller, sessions }: RouteDeps) {
  const at = <T>(request: Request, db: string | undefined, use: (session: InnerSession) => Promise<T>): Promise<T> =>
    sessions.with(caller(request), Number(db ?? 0), use);
  return new Elysia()
    .get(
      "/v1/keys",
      async ({ query, request }) => jsonResponse(JSON.stringify(await listKeys(query, caller(request)))),
      {
        query: t.Object(
          {
            cursor: t.Optional(t.String({ pattern: "^[0-9]{1,20}$", description: "`next` of the page before" })),
            match: t.Optional(t.String({ description: "Pattern, as SCAN has them" })),
            type: t.Optional(t.String({ pattern: "^[A-Za-z-]{1,32}$" })),
            count: Count,
            db: t.Optional(DatabaseQuery),
          },
          strict,
        ),
        detail: described(
          tags,
          "A page of the keys, with type and time to live",
          t.Object({
            keys: t.Array(t.Object({ key: Bytes, type: t.String(), ttl_ms: t.Union([t.Integer(), t.Null()]) })),
            next: t.Union([t.String(), t.Null()]),
          }),
        ),
      },
    )
    .get(
      "/v1/keys/:key",
      async ({ params: { key }, query, request }) => {
        const bytes = keyOf(key, query.keyEncoding);
        const { cursor = "", encoding = "utf8", form = "json" } = query;
        const asked = {
          cursor,
          encoding,
          form,
          ...(query.count === undefined ? {} : { count: Math.min(Number(query.count), STRING_PAGE_BYTES) }),
        };
        const page = await at(request, query.db, (session) => readKey(session, bytes, asked));
        if (page === null) throw new RequestError(404, "NOKEY there is no such key");
        return jsonResponse(JSON.stringify({ key: bytesToJson(bytes), ...page }));
      },
      {
        params,
        query: t.Object(
          {
            ...keyQuery,
            cursor: t.Optional(t.String({ pattern: CURSOR, description: "`next` of the page before" })),
            count: Count,
            encoding: t.Optional(Encoding),
            form: t.Optional(
              t.Union([t.Literal("json"), t.Literal("dump")], {
                description: "dump: what DUMP gives, in base64, which keeps all there is to a value",
              }),
            ),
          },
          strict,
        ),
        detail: described(
          tags,
          "A page of the value of a key",
          t.Object({
            key: Bytes,
            type: t.String(),
            ttl_ms: t.Union([t.Integer(), t.Null()]),
            size: t.Union([t.Integer(), t.Null()]),
            value: t.Any(),
            next: t.Union([t.String(), t.Null()]),
          }),
        ),
      },
    )
    .put(
      "/v1/keys/:key",
      async ({ params: { key }, query, body, request }) => {
        const { ttl_ms = null, ...written } = body;
        const wrong = written.type === "stream" ? wrongIds(written.value.map(({ id }) => id)) : null;
        if (wrong !== null) throw new RequestError(400, wrong);
        const list = writeCommands(keyOf(key, query.keyEncoding), written as Written, ttl_ms);
        const replies = await at(request, query.db, (session) => runList(session, list));
        // What was refused in MULTI, or failed in EXEC.
        const all = [...replies, ...itemsOf(replies.at(-1))];
        for (const reply of all) if (reply.kind === "error") throw new CommandError(reply);
        return { written: true };
      },
      {
        params,
        query: t.Object(keyQuery, strict),
        body: Value,
        detail: described(tags, "Puts a value in place of whatever the key holds", t.Object({ written: t.Boolean() })),
      },
    )
    .delete(
      "/v1/keys/:key",
      async ({ params: { key }, query, request }) => {
        const words = ["DEL", keyOf(key, query.keyEncoding)];
        return { deleted: textOf(await sessions.call(caller(request), Number(query.db ?? 0), words)) === "1" };
      },
      {
        params,
        query: t.Object(keyQuery, strict),
        detail: described(tags, "Deletes a key", t.Object({ deleted: t.Boolean() })),
      },
    )
    .put(
      "/v1/keys/:key/ttl",
      async ({ params: { key }, query, body: { ttl_ms }, request }) => {
        const bytes = keyOf(key, query.keyEncoding);
        const words = ttl_ms === null ? ["PERSIST", bytes] : ["PEXPIRE", bytes, String(ttl_ms)];
        return { changed: textOf(await sessions.call(caller(request), Number(query.db ?? 0), words)) === "1" };
      },
      {
        params,
        query: t.Object(keyQuery, strict),
        body: t.Object({ ttl_ms: Ttl }, strict),
        detail: described(tags, "Gives a key another time to live", t.Object({ changed: t.Boolean() })),
      },
    );

  async function listKeys(
    query: { readonly [name: string]: string | undefined },
    from: Caller,
  ): Promise<{ keys: Json[]; next: string | null }> {
    const { cursor = "0", match, type, db } = query;
    const words = ["SCAN", cursor, "COUNT", String(countOf(query.count))];
    if (match !== undefined) words.push("MATCH", textBytes(match));
    if (type !== undefined) words.push("TYPE", type);
    return sessions.with(from, Number(db ?? 0), async (session) => {
      const scan = await session.call(words);
      if (scan.kind === "error") throw new CommandError(scan);
      const [next, found] = itemsOf(scan);
      const names = itemsOf(found).map(textOf);
      const facts = await runList(
        session,
        names.flatMap((name) => [
          ["TYPE", name],
          ["PTTL", name],
        ]),
      );
      const keys: Json[] = [];
      for (const [index, name] of names.entries()) {
        const [kind, ttl] = [textOf(facts[2 * index]), Number(textOf(facts[2 * index + 1]))];
        // It went between the two.
        if (kind === "none") continue;
        const isError = facts[2 * index]?.kind === "error";
        keys.push({ key: bytesToJson(name), type: isError ? "?" : kind, ttl_ms: ttl >= 0 ? ttl : null });
      }
      return { keys, next: textOf(next) === "0" ? null : textOf(next) };
    });
  }
}

function keyOf(text: string, encoding: "utf8" | "base64url" = "utf8"): string {
  if (encoding === "utf8") return textBytes(text);
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) throw new RequestError(400, "ERR the key in the path is no base64url");
  return Buffer.from(text, "base64url").toString("latin1");
}

/** A hundred where it is not said; at most as many as a page may have. */
function countOf(count: string | undefined): number {
  return Math.min(Number(count ?? 100), PAGE_MAX);
}
