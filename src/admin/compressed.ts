/** Responses to who is elsewhere, compressed where that is worth it. On one machine it only costs: nothing is saved on the way. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { acceptsGzip } from "../console/static-file.ts";
import { COMPRESSED_MIN_BYTES } from "./limits.ts";

/** On a thread of Bun's, so that the main thread goes on. */
const compress = promisify<Uint8Array, { level: number }, Uint8Array<ArrayBuffer>>(gzip);
/** JSON becomes an eighth by the fastest level already. */
const LEVEL = 1;
/** Whole texts; a stream of events goes out line by line. */
const KINDS = /^(application\/json|text\/plain)\b/;

/** The response itself, or the same compressed. */
export async function compressedFor(request: Request, isLocal: boolean, response: Response): Promise<Response> {
  if (isLocal || response.body === null || response.headers.has("content-encoding")) return response;
  if (!KINDS.test(response.headers.get("content-type") ?? "")) return response;
  if (!acceptsGzip(request.headers.get("accept-encoding"))) return response;
  const { status, headers } = response;
  const bytes = await response.bytes();
  const isWorthIt = bytes.length >= COMPRESSED_MIN_BYTES;
  headers.append("vary", "accept-encoding");
  headers.delete("content-length");
  if (isWorthIt) headers.set("content-encoding", "gzip");
  return new Response(isWorthIt ? await compress(bytes, { level: LEVEL }) : bytes, { status, headers });
}
