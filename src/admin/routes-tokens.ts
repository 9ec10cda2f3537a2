/** /v1/tokens: a bearer token for who has logged in with a password. */
import { Elysia, t } from "elysia";
import { RequestError } from "./answers.ts";
import type { RouteDeps } from "./api.ts";
import { described } from "./openapi-detail.ts";
import { strict } from "./schemas.ts";
import { TOKEN_TTL_S, TOKEN_TTL_S_MAX } from "./tokens.ts";

export function tokenRoutes({ caller, tokens }: RouteDeps) {
  return new Elysia().post(
    "/v1/tokens",
    ({ body: { ttl_s = TOKEN_TTL_S }, request }) => {
      const { user, byToken } = caller(request);
      // Or whoever got hold of one could have them for ever.
      if (byToken === true) throw new RequestError(403, "NOPERM a token makes no tokens: log in with a password");
      return { user, ...tokens.make(user, ttl_s) };
    },
    {
      body: t.Object(
        { ttl_s: t.Optional(t.Integer({ minimum: 1, maximum: TOKEN_TTL_S_MAX, description: "Seconds; a day" })) },
        strict,
      ),
      detail: described(
        ["users"],
        "Makes a bearer token, void once its user is deleted, switched off or has other passwords",
        t.Object({
          user: t.String(),
          token: t.String(),
          expires: t.Integer({ description: "Seconds since the epoch" }),
        }),
      ),
    },
  );
}
