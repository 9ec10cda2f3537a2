/** `redis://[[user]:password@]host[:port][/database]`, or `rediss://` with TLS; every part but the scheme optional. */

import { bytesOfText } from "../config/words.ts";

export interface ServerAddress {
  host?: string;
  port?: number;
  /** Byte strings. */
  user?: string;
  password?: string;
  database?: number;
  tls?: boolean;
}

/** The parts that are given, or the error text. */
export function parseServerUri(uri: string): ServerAddress | { readonly error: string } {
  const match = /^rediss?:\/\/(?:([^@]*)@)?([^/]*)(?:\/(.*))?$/is.exec(uri);
  if (match === null) return { error: "Invalid URI scheme" };
  const [, access, place = "", database] = match;
  const address: ServerAddress = /^rediss:/i.test(uri) ? { tls: true } : {};
  if (access !== undefined) {
    const colon = access.indexOf(":");
    if (colon > 0) address.user = percentDecode(access.slice(0, colon));
    address.password = percentDecode(access.slice(colon + 1));
  }
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(place);
  const host = parts?.[1] ?? parts?.[2] ?? "";
  if (host !== "") address.host = host;
  if (parts?.[3] !== undefined) address.port = leadingNumber(parts[3]);
  if (database !== undefined && database !== "") address.database = leadingNumber(database);
  return address;
}

/** Digits at the start of a text as a number, 0 without any: what C's atoi gives. */
export function leadingNumber(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? "0");
}

function percentDecode(text: string): string {
  return bytesOfText(text).replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
