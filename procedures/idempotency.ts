#!ts name=idempotency
/**
 * A request that arrives twice happens once. Before the work: idempotencyBegin. After it: idempotencyFinish with the reply,
 * which every repetition then gets. Work that failed and may be tried again: idempotencyAbandon.
 *
 *     begin ─▶ "started" ─▶ (the work) ─▶ finish        begin again ─▶ "done", with the reply
 *                                 └─ crash: "running" to others until ttlMs has passed, then "started" again
 *
 * `fingerprint` says what was asked (a hash of the request): the same key with another fingerprint is a client's mistake.
 */

type Begun = { state: "started" } | { state: "running"; retryAfterMs: number } | { state: "done"; reply: string };

/** Says whether the caller is to do the work. `ttlMs`: how long it may take before another may try. */
export function idempotencyBegin(key: string, fingerprint: string, ttlMs: number): Begun {
  if (!(ttlMs >= 1)) throw new Error(`ttlMs ${ttlMs} is below 1`);
  const seen = Zedis.hgetall(key);
  if (seen.fingerprint === undefined) {
    Zedis.hset(key, "fingerprint", fingerprint);
    Zedis.pexpire(key, ttlMs);
    return { state: "started" };
  }
  if (seen.fingerprint !== fingerprint)
    throw Object.assign(new Error(`${key} was used for another request`), { code: "IDEMPOTENCY_MISMATCH" });
  if (seen.reply === undefined) return { state: "running", retryAfterMs: Math.max(Zedis.pttl(key), 0) };
  return { state: "done", reply: seen.reply };
}

/**
 * Keeps the reply for `keepMs`. False when the work took so long that the key lapsed or another began it: then its effects
 * may happen twice, which the caller has to know.
 */
export function idempotencyFinish(key: string, fingerprint: string, reply: string, keepMs: number): boolean {
  const seen = Zedis.hgetall(key);
  if (seen.fingerprint !== fingerprint || seen.reply !== undefined) return false;
  Zedis.hset(key, "reply", reply);
  Zedis.pexpire(key, keepMs);
  return true;
}

/** Lets the next one begin at once. False when there was nothing unfinished to abandon. */
export function idempotencyAbandon(key: string, fingerprint: string): boolean {
  const seen = Zedis.hgetall(key);
  if (seen.fingerprint !== fingerprint || seen.reply !== undefined) return false;
  Zedis.del(key);
  return true;
}
