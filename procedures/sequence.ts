#!ts name=sequence
/** Numbers that are given out once, in blocks, so that a client asks once for a thousand of them. */

/** The next `count` numbers, as the first and the last of them. The first number ever is 1. */
export function sequenceTake(key: string, count: number = 1): { first: number; last: number } {
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`count ${count} is no whole number above 0`);
  const last = Zedis.incrby(key, count);
  // Doubles hold whole numbers exactly up to 2^53; beyond that two callers could get the same one.
  if (!Number.isSafeInteger(last))
    throw Object.assign(new Error(`${key} is beyond 2^53`), { code: "SEQUENCE_EXHAUSTED" });
  return { first: last - count + 1, last };
}

/**
 * The last number given out; 0 when there was none.
 * @no-writes
 */
export function sequenceCurrent(key: string): number {
  return Zedis.get_int(key);
}
