#!ts name=lock
/**
 * One owner at a time, for a while. A lock that is not extended is free again after `ttlMs`: its owner may have died.
 *
 * An owner that was only slow does not know that it lost the lock, so every grant has a fencing token, larger than all
 * before it. Hand the token to whatever the lock protects, and let that refuse a token smaller than one it has seen.
 *
 *     lock:report         hash {owner, token}, expires
 *     lock:report:fence   the last token given; stays
 */

/**
 * The fencing token when the lock is free or already `owner`'s (who may ask again after a lost reply, and gets the same token
 * and a new `ttlMs`); null when another owner has it.
 */
export function lockAcquire(key: string, owner: string, ttlMs: number): number | null {
  if (!(ttlMs >= 1)) throw new Error(`ttlMs ${ttlMs} is below 1`);
  const held = Zedis.hgetall(key);
  if (held.owner !== undefined && held.owner !== owner) return null;
  const token = held.owner === owner ? Number(held.token) : Zedis.incr(`${key}:fence`);
  Zedis.hset(key, { owner, token });
  Zedis.pexpire(key, ttlMs);
  return token;
}

/** Gives the lock another `ttlMs` from now. False when `owner` with this token does not have it any more. */
export function lockExtend(key: string, owner: string, token: number, ttlMs: number): boolean {
  if (!holds(key, owner, token)) return false;
  Zedis.pexpire(key, ttlMs);
  return true;
}

/** Frees the lock. False when `owner` with this token does not have it (any more): another's lock stays as it is. */
export function lockRelease(key: string, owner: string, token: number): boolean {
  if (!holds(key, owner, token)) return false;
  Zedis.del(key);
  return true;
}

/**
 * Who has the lock, or null.
 * @no-writes
 */
export function lockOwner(key: string): { owner: string; token: number; expiresInMs: number } | null {
  const held = Zedis.hgetall(key);
  if (held.owner === undefined) return null;
  return { owner: held.owner, token: Number(held.token), expiresInMs: Zedis.pttl(key) };
}

function holds(key: string, owner: string, token: number): boolean {
  const held = Zedis.hgetall(key);
  return held.owner === owner && Number(held.token) === token;
}
