/**
 * Bearer tokens: who, until when, and a MAC of both that only this server can make.
 *
 *     zt1.<base64url of {"u": "ann", "e": 1700003600}>.<base64url of HMAC-SHA256(key, payload and the digest of how the user logs in)>
 *
 * The digest is not in the token. It is another one once the user is deleted, switched off or has other passwords, so that no token of
 * before is any good, and no token has to be remembered (token-users.ts: what a user deleted and made anew is told by). The key lies in `dir`, in a file that only its owner reads: tokens outlive a
 * restart; without the file all are void.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SessionError } from "./inner.ts";

export const KEY_FILE = "admin-token.key";
const KEY_BYTES = 32;
/** A day, unless something else is asked for. */
export const TOKEN_TTL_S = 86_400;
/** A year. */
export const TOKEN_TTL_S_MAX = 31_536_000;
/** What is longer is none: names of users are a few bytes. */
const TOKEN_BYTES_MAX = 8192;

export class Tokens {
  #key: { readonly folder: string; readonly bytes: Buffer } | null = null;

  constructor(
    /** How the user logs in; null where it cannot. */
    private readonly digestOf: (user: string) => Buffer | null,
    private readonly folder: () => string,
  ) {}

  /** A token for `user`, and the second it ends at. Throws SessionError where the key cannot be read or written. */
  make(user: string, ttlS: number, nowS = Date.now() / 1000): { token: string; expires: number } {
    const expires = Math.floor(nowS) + ttlS;
    const digest = this.digestOf(user);
    if (digest === null) throw new SessionError("NOAUTH", "the user is gone or switched off", 401);
    const payload = Buffer.from(JSON.stringify({ u: user, e: expires })).toString("base64url");
    return { token: `zt1.${payload}.${this.#mac(payload, digest).toString("base64url")}`, expires };
  }

  /** Whose token this is; null where it is none, is over, or its user has changed. */
  userOf(token: string, nowS = Date.now() / 1000): string | null {
    if (token.length > TOKEN_BYTES_MAX) return null;
    const [, payload, mac] = /^zt1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
    if (payload === undefined || mac === undefined) return null;
    const claim = read(payload);
    if (claim === null || claim.e <= nowS) return null;
    const digest = this.digestOf(claim.u);
    if (digest === null) return null;
    return timingSafeEqual(this.#mac(payload, digest), Buffer.from(mac, "base64url")) ? claim.u : null;
  }

  #mac(payload: string, digest: Buffer): Buffer {
    return createHmac("sha256", this.#ownKey()).update(payload).update(digest).digest();
  }

  #ownKey(): Buffer {
    const folder = this.folder();
    if (this.#key?.folder !== folder) this.#key = { folder, bytes: keyIn(folder) };
    return this.#key.bytes;
  }
}

function read(payload: string): { readonly u: string; readonly e: number } | null {
  try {
    const claim = JSON.parse(Buffer.from(payload, "base64url").toString());
    return typeof claim?.u === "string" && typeof claim.e === "number" ? claim : null;
  } catch {
    return null;
  }
}

/** The key in a folder; made where there is none. */
function keyIn(folder: string): Buffer {
  const path = join(folder, KEY_FILE);
  try {
    const file = openSync(path, "wx", 0o600);
    const key = randomBytes(KEY_BYTES);
    writeSync(file, key);
    closeSync(file);
    return key;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw unusable(path, error);
  }
  try {
    const file = openSync(path, "r");
    const key = Buffer.alloc(KEY_BYTES);
    const bytes = readSync(file, key);
    const { mode } = fstatSync(file);
    closeSync(file);
    if ((mode & 0o077) !== 0) throw new Error(`others may read it (mode ${(mode & 0o777).toString(8)}): chmod 600`);
    if (bytes !== KEY_BYTES) throw new Error(`it has ${bytes} bytes of ${KEY_BYTES}: delete it, and make tokens anew`);
    return key;
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): SessionError {
  return new SessionError("ERR", `the key of tokens, ${path}: ${error instanceof Error ? error.message : error}`, 503);
}
