/**
 * Resolves with the first value of `probe` that is neither false, null nor undefined. Probes again after a pause of at most
 * `pause_ms`; throws with `what` after `limit_ms`, or at once when `probe` throws.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { limit_ms = 10_000, pause_ms = 5 }: { limit_ms?: number; pause_ms?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const start = performance.now();
  for (;;) {
    const value = await probe();
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<Exclude<T, false>>;
    if (performance.now() - start > limit_ms) throw new Error(`waited ${limit_ms} ms in vain for ${what}`);
    await Bun.sleep(pause_ms);
  }
}

/** `promise`, or an error with `what` after `limit_ms`: a test that hangs must say on what. */
export function within<T>(limit_ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limit_ms} ms`)), limit_ms);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
