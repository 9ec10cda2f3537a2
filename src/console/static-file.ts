/** Bytes that are the same for every request until they are made anew: compressed once, and not sent to who has them. */

export interface StaticFile {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  /** Weak: the same for both. */
  readonly etag: string;
  readonly type: string;
}

/** `gzip`: where it was compressed beforehand. */
export function staticFile(
  type: string,
  plain: Uint8Array<ArrayBuffer>,
  gzip: Uint8Array<ArrayBuffer> = Bun.gzipSync(plain),
): StaticFile {
  const hash = new Bun.CryptoHasher("sha256").update(plain).digest("hex").slice(0, 20);
  return { plain, gzip, type, etag: `W/"${hash}"` };
}

/** The response to a GET or HEAD of it. `headers`: those beside what it is and how it is kept. */
export function fileResponse(
  request: Request,
  file: StaticFile,
  cacheControl: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const kept = { ...headers, etag: file.etag, "cache-control": cacheControl, vary: "accept-encoding" };
  const known = request.headers.get("if-none-match");
  if (known !== null && isOneOf(known, file.etag)) return new Response(null, { status: 304, headers: kept });
  const isZipped = acceptsGzip(request.headers.get("accept-encoding"));
  const body = isZipped ? file.gzip : file.plain;
  return new Response(request.method === "HEAD" ? null : body, {
    headers: {
      ...kept,
      ...(isZipped ? { "content-encoding": "gzip" } : {}),
      "content-type": file.type,
      "content-length": String(body.length),
    },
  });
}

/** RFC 9110, 12.5.3: named, or meant by `*`, and not with a weight of 0. */
export function acceptsGzip(accepted: string | null): boolean {
  let any = false;
  for (const part of (accepted ?? "").toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((word) => word.trim());
    const isRefused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name === "gzip" || name === "x-gzip") return !isRefused;
    if (name === "*") any = !isRefused;
  }
  return any;
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function isOneOf(list: string, etag: string): boolean {
  const bare = (tag: string): string => tag.trim().replace(/^W\//, "");
  return list.split(",").some((tag) => tag.trim() === "*" || bare(tag) === bare(etag));
}
