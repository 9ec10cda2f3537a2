/** /v1/command and /v1/pipeline: any command as JSON; /v1/events. */
import { Elysia, t } from "elysia";
import type { Reply } from "../resp/resp.ts";
import { jsonResponse, RequestError } from "./answers.ts";
import type { RouteDeps } from "./api.ts";
import { runList, unbalanced } from "./commands.ts";
import {
  type Argument as ArgumentValue,
  argumentBytes,
  type Encoding as EncodingName,
  errorBody,
  type Json,
  toJson,
} from "./json.ts";
import { described } from "./openapi-detail.ts";
import { AnyReply, Command, Database, Encoding, ErrorShape, List, strict } from "./schemas.ts";

const tags = ["commands"];
const options = { db: t.Optional(Database), encoding: t.Optional(Encoding) };

export function commandRoutes({ caller, sessions, commands, events }: RouteDeps) {
  return new Elysia()
    .post(
      "/v1/command",
      async ({ body: { command, db = 0, encoding = "utf8" }, request }) => {
        const words = command.map(argumentBytes);
        const refused = commands.refusal(words, false);
        if (refused !== null) throw new RequestError(400, refused);
        const result =
          encoding === "utf8"
            ? await sessions.json(caller(request), db, words)
            : JSON.stringify(toJson(await sessions.call(caller(request), db, words), encoding));
        return jsonResponse(`{"result":${result}}`);
      },
      {
        body: t.Object({ command: Command, ...options }, strict),
        detail: described(tags, "Runs one command", t.Object({ result: AnyReply })),
      },
    )
    .post(
      "/v1/pipeline",
      async ({ body: { commands: list, db = 0, encoding = "utf8" }, request }) =>
        jsonResponse(JSON.stringify({ results: await pipeline(list, db, encoding, request) })),
      {
        body: t.Object({ commands: List, ...options }, strict),
        detail: described(
          tags,
          "Runs commands one after the other; MULTI … EXEC in it run as a whole",
          t.Object({ results: t.Array(t.Union([t.Object({ result: AnyReply }), ErrorShape])) }),
        ),
      },
    )
    .get(
      "/v1/events",
      ({ query, request }) =>
        events.open(caller(request), {
          channels: namesOf(query.channels),
          patterns: namesOf(query.patterns),
          keyevents: query.keyevents === "1",
          monitor: query.monitor === "1",
        }),
      {
        query: t.Object(
          {
            channels: t.Optional(t.String({ description: "Channels, with commas between them" })),
            patterns: t.Optional(t.String({ description: "Patterns of channels, with commas between them" })),
            keyevents: t.Optional(t.String({ pattern: "^[01]$", description: "1: what happens to keys" })),
            monitor: t.Optional(t.String({ pattern: "^[01]$", description: "1: every command that runs" })),
          },
          strict,
        ),
        detail: described(
          ["events"],
          "Messages, key events and commands as server-sent events",
          t.String(),
          "text/event-stream",
        ),
      },
    );

  async function pipeline(
    list: readonly (readonly ArgumentValue[])[],
    db: number,
    encoding: EncodingName,
    request: Request,
  ): Promise<Json[]> {
    const all = list.map((command) => command.map(argumentBytes));
    const wrong = unbalanced(all);
    if (wrong !== null) throw new RequestError(400, wrong);
    // Refused ones are told in their places, but a list that holds any does nothing.
    const refused = all.map((words) => commands.refusal(words, true));
    const first = refused.findIndex((text) => text !== null);
    if (first >= 0) {
      throw new RequestError(400, `${refused[first]} (command ${first} of the list, of which nothing has run)`);
    }
    if (all.length === 0) return [];
    const replies = await sessions.with(caller(request), db, (session) => runList(session, all));
    return replies.map((reply) => resultOf(reply, encoding));
  }
}

function resultOf(reply: Reply, encoding: EncodingName): Json {
  if (reply.kind !== "error") return { result: toJson(reply, encoding) };
  return { error: { ...errorBody(Buffer.from(reply.bytes, "latin1").toString()) } };
}

function namesOf(list: string | undefined): string[] {
  return (list ?? "").split(",").filter((name) => name !== "");
}
