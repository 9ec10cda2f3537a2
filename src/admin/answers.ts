/** Responses that are the same everywhere: errors, and the headers of all. */
import type { ErrorBody } from "./json.ts";

/** Nothing of this may be kept by others, framed, or taken for what it is not. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
};

/** `{"error": {"code": "ERR", "message": "ERR …"}}` */
export function errorResponse(
  status: number,
  error: ErrorBody,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error }, { status, headers: { ...HEADERS, ...headers } });
}

const JSON_HEADERS = new Headers({ "content-type": "application/json;charset=utf-8", ...HEADERS });

/** A response of JSON text, with all its headers: made once, they cost less than set one by one. */
export function jsonResponse(text: string): Response {
  return new Response(text, { headers: JSON_HEADERS });
}

/** Puts those headers on that a response does not have. One that may not be framed comes from here, and has all. */
export function withHeaders(response: Response): Response {
  if (response.headers.has("x-frame-options")) return response;
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

/** A request that a route cannot serve; `text` begins with its code. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}
