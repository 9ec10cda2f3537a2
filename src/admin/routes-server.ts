/** /v1/server, /v1/clients, /v1/users, /v1/pubsub: what looks after the server. */
import { Elysia, t } from "elysia";
import { jsonResponse, RequestError } from "./answers.ts";
import type { RouteDeps } from "./api.ts";
import { argumentBytes, textBytes, toJson } from "./json.ts";
import { described } from "./openapi-detail.ts";
import { itemsOf, textOf } from "./replies.ts";
import { Argument, Bytes, strict } from "./schemas.ts";
import { CommandError } from "./sessions.ts";

const tags = ["server"];
const Ok = t.Object({ ok: t.Boolean() });
const AnyMap = t.Record(t.String(), t.Any());
const Name = t.String({ minLength: 1, maxLength: 1024 });
const ok = { ok: true };

export function serverRoutes({ caller, sessions }: RouteDeps) {
  const ask = (request: Request, ...words: string[]) => sessions.call(caller(request), 0, words);
  const json = (request: Request, ...words: string[]) => sessions.json(caller(request), 0, words);
  return new Elysia()
    .get(
      "/v1/server/info",
      async ({ query: { section }, request }) =>
        jsonResponse(
          await sessions.json(caller(request), 0, section === undefined ? ["INFO"] : ["INFO", section], "info"),
        ),
      {
        query: t.Object({ section: t.Optional(t.String({ pattern: "^[A-Za-z]{1,32}$" })) }, strict),
        detail: described(tags, "INFO by sections", t.Record(t.String(), t.Record(t.String(), t.String()))),
      },
    )
    .get(
      "/v1/server/config",
      async ({ query: { match = "*" }, request }) =>
        jsonResponse(await json(request, "CONFIG", "GET", textBytes(match))),
      {
        query: t.Object({ match: t.Optional(t.String({ minLength: 1, description: "Pattern of names" })) }, strict),
        detail: described(tags, "Directives and their values", t.Record(t.String(), t.String())),
      },
    )
    .patch(
      "/v1/server/config",
      async ({ body, request }) => {
        const words = Object.entries(body).flatMap(([name, value]) => [textBytes(name), textBytes(value)]);
        await ask(request, "CONFIG", "SET", ...words);
        return ok;
      },
      {
        body: t.Record(t.String(), t.String(), { minProperties: 1, maxProperties: 100 }),
        detail: described(tags, "Changes directives, all or none", Ok),
      },
    )
    .post("/v1/server/config/rewrite", async ({ request }) => (await ask(request, "CONFIG", "REWRITE")) && ok, {
      detail: described(tags, "Writes the configuration into its file", Ok),
    })
    .post(
      "/v1/server/save",
      async ({ body, request }) => (await ask(request, body.background === false ? "SAVE" : "BGSAVE")) && ok,
      {
        body: t.Object({ background: t.Optional(t.Boolean()) }, strict),
        detail: described(tags, "Saves a snapshot; in the background unless that is false", Ok),
      },
    )
    .post(
      "/v1/server/shutdown",
      async ({ body: { save }, request }) => {
        const words = ["SHUTDOWN", ...(save === undefined ? [] : [save ? "SAVE" : "NOSAVE"])];
        // There is a reply only where the server stays.
        const reply = await sessions.with(caller(request), 0, (session) => session.call(words)).catch(() => null);
        if (reply?.kind === "error") throw new CommandError(reply);
        return ok;
      },
      {
        body: t.Object({ save: t.Optional(t.Boolean()) }, strict),
        detail: described(tags, "Stops the server", Ok),
      },
    )
    .get(
      "/v1/server/slowlog",
      async ({ query: { count = "100" }, request }) => {
        const entries = itemsOf(await ask(request, "SLOWLOG", "GET", count)).map((entry) => {
          const [id, time, us, command, client, name] = itemsOf(entry).map((item) => toJson(item));
          return { id, time, us, command, client, name };
        });
        return jsonResponse(JSON.stringify({ entries }));
      },
      {
        query: t.Object({ count: t.Optional(t.String({ pattern: "^[0-9]{1,6}$" })) }, strict),
        detail: described(
          tags,
          "Commands that took long, the latest first",
          t.Object({
            entries: t.Array(
              t.Object({
                id: t.Integer(),
                time: t.Integer({ description: "Seconds since the epoch" }),
                us: t.Integer({ description: "Microseconds" }),
                command: t.Array(Bytes),
                client: t.String(),
                name: t.String(),
              }),
            ),
          }),
        ),
      },
    )
    .delete("/v1/server/slowlog", async ({ request }) => (await ask(request, "SLOWLOG", "RESET")) && ok, {
      detail: described(tags, "Empties the slow log", Ok),
    })
    .get(
      "/v1/server/latency",
      async ({ request }) => {
        const [commands, latest] = await Promise.all([
          json(request, "LATENCY", "HISTOGRAM"),
          ask(request, "LATENCY", "LATEST"),
        ]);
        const events = itemsOf(latest).map((event) => {
          const [name, time, ms, most] = itemsOf(event).map((item) => toJson(item));
          return { name, time, ms, most };
        });
        return jsonResponse(`{"commands":${commands},"events":${JSON.stringify(events)}}`);
      },
      {
        detail: described(
          tags,
          "Histograms of each command, and events that took long",
          t.Object({ commands: AnyMap, events: t.Array(AnyMap) }),
        ),
      },
    )
    .get(
      "/v1/clients",
      async ({ request }) =>
        jsonResponse(`{"clients":${await sessions.json(caller(request), 0, ["CLIENT", "LIST"], "lines")}}`),
      {
        detail: described(
          ["clients"],
          "Who is connected",
          t.Object({ clients: t.Array(t.Record(t.String(), t.String())) }),
        ),
      },
    )
    .delete(
      "/v1/clients/:id",
      async ({ params: { id }, request }) => ({
        killed: Number(textOf(await ask(request, "CLIENT", "KILL", "ID", id))),
      }),
      {
        params: t.Object({ id: t.String({ pattern: "^[1-9][0-9]{0,17}$" }) }),
        detail: described(["clients"], "Ends a connection", t.Object({ killed: t.Integer() })),
      },
    )
    .get(
      "/v1/users",
      async ({ request }) => {
        const you = JSON.stringify(caller(request).user);
        return jsonResponse(`{"users":${await json(request, "ACL", "LIST")},"you":${you}}`);
      },
      {
        detail: described(
          ["users"],
          "Users with their rules, as an ACL file has them",
          t.Object({ users: t.Array(t.String()), you: t.String() }),
        ),
      },
    )
    .get(
      "/v1/users/:name",
      async ({ params: { name }, request }) => {
        const found = await json(request, "ACL", "GETUSER", textBytes(name));
        if (found === "null") throw new RequestError(404, "NOUSER there is no such user");
        return jsonResponse(found);
      },
      { params: t.Object({ name: Name }), detail: described(["users"], "A user", AnyMap) },
    )
    .put(
      "/v1/users/:name",
      async ({ params: { name }, body: { rules }, request }) =>
        (await ask(request, "ACL", "SETUSER", textBytes(name), ...rules.map(textBytes))) && ok,
      {
        params: t.Object({ name: Name }),
        body: t.Object(
          {
            rules: t.Array(t.String({ minLength: 1 }), {
              maxItems: 1000,
              examples: [["on", ">password", "~*", "+@read"]],
            }),
          },
          strict,
        ),
        detail: described(["users"], "Makes a user, or changes one by further rules", Ok),
      },
    )
    .delete(
      "/v1/users/:name",
      async ({ params: { name }, request }) => ({
        deleted: textOf(await ask(request, "ACL", "DELUSER", textBytes(name))) === "1",
      }),
      {
        params: t.Object({ name: Name }),
        detail: described(["users"], "Deletes a user and ends its connections", t.Object({ deleted: t.Boolean() })),
      },
    )
    .post(
      "/v1/pubsub/publish",
      async ({ body: { channel, message }, request }) => ({
        receivers: Number(textOf(await ask(request, "PUBLISH", argumentBytes(channel), argumentBytes(message)))),
      }),
      {
        body: t.Object({ channel: Argument, message: Argument }, strict),
        detail: described(["events"], "Publishes a message", t.Object({ receivers: t.Integer() })),
      },
    )
    .get(
      "/v1/pubsub/channels",
      async ({ query: { match = "*" }, request }) =>
        jsonResponse(`{"channels":${await json(request, "PUBSUB", "CHANNELS", textBytes(match))}}`),
      {
        query: t.Object({ match: t.Optional(t.String({ minLength: 1 })) }, strict),
        detail: described(["events"], "Channels that somebody listens to", t.Object({ channels: t.Array(Bytes) })),
      },
    );
}
