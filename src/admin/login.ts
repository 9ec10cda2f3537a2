/** Who asks: a user with its password (Basic), a bearer token, or the default user where it has no password. */
import { errorResponse } from "./answers.ts";
import { isLoopback } from "./guard.ts";
import type { Caller } from "./sessions.ts";

export interface LoginNative {
  accepts(user: string, password: string): boolean;
  /** For ACL LOG. */
  noteRefused(user: string, address: string): void;
}

export interface LoginDeps {
  readonly native: LoginNative;
  /** The user of a token, or null where it is none, is over, or its user has changed. */
  readonly userOfToken: (token: string) => string | null;
}

/** As Redis has it for a wrong password and for an unknown user alike. */
const WRONG = { code: "WRONGPASS", message: "WRONGPASS invalid username-password pair or user is disabled." };
const CHALLENGE = { "www-authenticate": 'Basic realm="Zedis", charset="UTF-8"' };

/** The caller, or the response to who is none. */
export function login(request: Request, address: string, { native, userOfToken }: LoginDeps): Caller | Response {
  const local = isLoopback(address);
  if (!local && native.accepts("default", "")) {
    const message =
      "ERR the default user has no password, so the HTTP API serves this machine only: set one (ACL SETUSER, requirepass)";
    return errorResponse(403, { code: "ERR", message });
  }
  const given = request.headers.get("authorization");
  if (given === null) {
    if (native.accepts("default", "")) return { user: "default", local };
    return errorResponse(401, { code: "NOAUTH", message: "NOAUTH Authentication required." }, CHALLENGE);
  }
  const [, scheme = "", value = ""] = /^(\S+) +(\S+)\s*$/.exec(given) ?? [];
  if (scheme.toLowerCase() === "basic") {
    const text = Buffer.from(value, "base64").toString();
    const colon = text.indexOf(":");
    const [user, password] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
    // As with AUTH of one word, no name means the default user.
    const name = user === "" ? "default" : user;
    if (colon >= 0 && native.accepts(name, password)) return { user: name, local };
    native.noteRefused(name, address);
  } else if (scheme.toLowerCase() === "bearer") {
    const user = userOfToken(value);
    if (user !== null) return { user, local, byToken: true };
    native.noteRefused("(token)", address);
  }
  return errorResponse(401, WRONG, CHALLENGE);
}
