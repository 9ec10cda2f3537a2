/** `admin-body-limit`: what is larger is refused as JSON, which Bun's own limit does not do. */
import { errorResponse } from "./answers.ts";
import { errorBody } from "./json.ts";

/** The response to a body that says it is larger, or null. */
export function refuseLength(request: Request, bytesMax: number): Response | null {
  return Number(request.headers.get("content-length") ?? 0) > bytesMax ? tooLarge(bytesMax) : null;
}

/** A body of unknown length (chunked) is read here, as far as it may go: the request with what was read, or the response. */
export async function readUnknownLength(request: Request, bytesMax: number): Promise<Request | Response> {
  if (request.body === null || request.headers.has("content-length")) return request;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > bytesMax) return tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const { url, method, headers } = request;
  return new Request(url, { method, headers, body: Buffer.concat(chunks) });
}

/** The connection ends with it: nobody reads the rest of the body. */
function tooLarge(bytesMax: number): Response {
  const text = `ERR the body has more than the ${bytesMax} bytes of admin-body-limit: send less at once, or raise it`;
  return errorResponse(413, errorBody(text), { connection: "close" });
}
