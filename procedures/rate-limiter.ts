#!ts name=rate_limiter
/**
 * How often somebody may do something. Three answers to "how often", cheapest first:
 *
 *     rateFixed     n per window; the count starts anew with each window, so 2n may pass around the border of two
 *     rateSliding   n per window that moves; weighs the last window's count, exact to a few per cent
 *     rateGcra      n at once, then one each window/n: no bursts beyond that, ever
 *
 * `key` names who and what: "login:alice". A key that is not used is gone after its window.
 */

interface RateDecision {
  allowed: boolean;
  /** How many more would be allowed right now. */
  remaining: number;
  /** When the next one is allowed, in ms from now; 0 when that is now. */
  retryAfterMs: number;
}

/** Counts one attempt; at most `limit` pass in each window of `windowMs`. Refused attempts cost nothing later. */
export function rateFixed(key: string, limit: number, windowMs: number): RateDecision {
  checkLimit(limit, windowMs);
  const used = Zedis.get_int(key);
  if (used >= limit) return { allowed: false, remaining: 0, retryAfterMs: Math.max(Zedis.pttl(key), 0) };
  Zedis.incr(key);
  if (used === 0) Zedis.pexpire(key, windowMs);
  const remaining = limit - used - 1;
  return { allowed: true, remaining, retryAfterMs: remaining > 0 ? 0 : Math.max(Zedis.pttl(key), 0) };
}

/**
 * Counts one attempt; about `limit` pass in any `windowMs`, wherever it starts. Two counters: the current window's and the
 * last one's, which counts for the share of it that the moving window still covers.
 *
 *     last window      current window
 *     |-----[=========|======]       the moving window ends now
 */
export function rateSliding(key: string, limit: number, windowMs: number): RateDecision {
  checkLimit(limit, windowMs);
  const now = Zedis.now();
  const window = Math.floor(now / windowMs);
  const state = Zedis.hgetall(key);
  const stored = Number(state.window ?? window);
  const count = stored === window ? Number(state.count ?? 0) : 0;
  const last = stored === window ? Number(state.last ?? 0) : stored === window - 1 ? Number(state.count ?? 0) : 0;
  const intoWindowMs = now - window * windowMs;
  const used = count + last * (1 - intoWindowMs / windowMs);
  if (used + 1 > limit) {
    return { allowed: false, remaining: 0, retryAfterMs: slidingWaitMs(count, last, limit, windowMs, intoWindowMs) };
  }
  Zedis.hset(key, { window, count: count + 1, last });
  Zedis.pexpire(key, windowMs * 2);
  const remaining = Math.floor(limit - used - 1);
  const retryAfterMs = remaining > 0 ? 0 : slidingWaitMs(count + 1, last, limit, windowMs, intoWindowMs);
  return { allowed: true, remaining, retryAfterMs };
}

/**
 * Generic cell rate algorithm (ITU-T I.371): one number per key, the time at which everything used so far will be paid for.
 * `cost` attempts at once are all allowed or all refused.
 */
export function rateGcra(key: string, limit: number, windowMs: number, cost: number = 1): RateDecision {
  checkLimit(limit, windowMs);
  if (!(cost > 0 && cost <= limit)) throw new Error(`cost ${cost} is not above 0 and at most the limit, ${limit}`);
  const intervalMs = windowMs / limit;
  const now = Zedis.now();
  const paidAt = Math.max(Number(Zedis.get(key) ?? now), now);
  const paidAfter = paidAt + cost * intervalMs;
  const waitMs = paidAfter - windowMs - now;
  // Times of 2^41 ms have 1/4096 ms between two numbers; what is closer than that is rounding, not time.
  const allowed = waitMs < 0.01;
  if (allowed) {
    Zedis.set(key, String(paidAfter));
    Zedis.pexpire(key, Math.ceil(paidAfter - now));
  }
  const left = (now + windowMs - (allowed ? paidAfter : paidAt)) / intervalMs;
  const remaining = Math.max(Math.floor(left + 1e-6), 0);
  const nextMs = allowed ? paidAfter + intervalMs - windowMs - now : waitMs;
  return { allowed, remaining, retryAfterMs: allowed && remaining > 0 ? 0 : Math.ceil(Math.max(nextMs, 0)) };
}

/** When one more fits: within this window if the last one's share fades enough, else in the next. */
function slidingWaitMs(count: number, last: number, limit: number, windowMs: number, intoWindowMs: number): number {
  if (count + 1 <= limit && last > 0) {
    const at = windowMs * (1 - (limit - 1 - count) / last);
    return Math.ceil(Math.max(at - intoWindowMs, 0));
  }
  const restMs = windowMs - intoWindowMs;
  return Math.ceil(restMs + Math.max(windowMs * (1 - (limit - 1) / Math.max(count, 1)), 0));
}

function checkLimit(limit: number, windowMs: number): void {
  if (!(limit >= 1)) throw new Error(`limit ${limit} is below 1`);
  if (!(windowMs >= 1)) throw new Error(`windowMs ${windowMs} is below 1`);
}
