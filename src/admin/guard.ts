/**
 * What a request must be like before anybody looks at what it wants. Against pages of others in a browser on this machine:
 *
 *   1. Host is an address, localhost or a name of `admin-allowed-hosts`: a name that was bound to 127.0.0.1 anew is none (DNS rebinding).
 *   2. What changes something carries JSON, and comes from no other page by Origin or Sec-Fetch-Site (CSRF).
 */

import { errorResponse } from "./answers.ts";
import { errorBody } from "./json.ts";
import { RATED_ADDRESSES_MAX } from "./limits.ts";

export interface GuardSettings {
  readonly allowedHosts: () => string;
  /** Requests a second from one address; 0: any number. */
  readonly ratePerSecond: () => number;
}

export class Guard {
  readonly #rates = new Rates();
  /** The name that the last request used, and the list that has let it through. */
  #known: readonly [host: string | null, allowed: string] = [null, ""];

  constructor(private readonly settings: GuardSettings) {}

  /** The response to a request that gets no further, or null. */
  refuse(request: Request, address: string, now = performance.now()): Response | null {
    const rate = this.settings.ratePerSecond();
    if (!this.#rates.admit(address, rate, now)) {
      const text = `ERR more than the ${rate} requests a second of admin-rate-limit`;
      return errorResponse(429, { code: "RATELIMIT", message: text }, { "retry-after": "1" });
    }
    const host = request.headers.get("host") ?? "";
    if (!this.#isKnown(host)) {
      return refusal(
        403,
        `ERR '${host.slice(0, 128)}' is not a name of this server: use its address or localhost, or add it to admin-allowed-hosts`,
      );
    }
    if (request.method === "GET" || request.method === "HEAD") return null;
    const origin = request.headers.get("origin");
    const site = request.headers.get("sec-fetch-site");
    if ((origin !== null && hostOf(origin) !== host) || (site !== null && site !== "same-origin" && site !== "none")) {
      return refusal(403, "ERR requests from pages of another origin are refused");
    }
    const length = Number(request.headers.get("content-length") ?? 0);
    const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
    if ((type !== undefined || length > 0) && type !== "application/json") {
      return refusal(415, "ERR the body has to be application/json");
    }
    return null;
  }

  #isKnown(host: string): boolean {
    const allowed = this.settings.allowedHosts();
    const [known, by] = this.#known;
    if (host === known && allowed === by) return true;
    if (!isOwnName(host, allowed)) return false;
    this.#known = [host, allowed];
    return true;
  }
}

/** From this machine. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

function refusal(status: number, message: string): Response {
  return errorResponse(status, errorBody(message));
}

function isOwnName(host: string, allowed: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (/^\[[0-9a-f:.]+\]$/.test(name) || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return true;
  return (
    name === "localhost" ||
    (name !== "" &&
      allowed
        .toLowerCase()
        .split(/[\s,]+/)
        .includes(name))
  );
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** A bucket of tokens for each address. */
class Rates {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  admit(address: string, perSecond: number, now: number): boolean {
    if (perSecond === 0) return true;
    let bucket = this.#buckets.get(address);
    if (bucket === undefined) {
      // The oldest address goes: a full bucket is what it would have by now, or it comes again.
      const [oldest] = this.#buckets.size >= RATED_ADDRESSES_MAX ? this.#buckets.keys() : [];
      if (oldest !== undefined) this.#buckets.delete(oldest);
      bucket = { tokens: perSecond, at: now };
      this.#buckets.set(address, bucket);
    }
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
