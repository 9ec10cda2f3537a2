/** Sizes as Redis writes them: `100`, `64mb` (1024²), `64m` (1000²), `1gb`, `10b`. */

const UNITS: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1n << 10n,
  m: 1000_000n,
  mb: 1n << 20n,
  g: 1000_000_000n,
  gb: 1n << 30n,
};

/** Digits that a size may have; Redis copies them into a buffer of 128 bytes. */
const DIGITS_MAX = 127;

/** Bytes, or null when `text` is not a size. A bare unit counts as 0, as in Redis. */
export function parseMemory(text: string): bigint | null {
  const match = /^(\d*)([a-z]*)$/i.exec(text);
  if (match === null) return null;
  const digits = match[1] ?? "";
  const unit = UNITS[(match[2] ?? "").toLowerCase()];
  if (unit === undefined || digits.length > DIGITS_MAX) return null;
  return digits === "" ? 0n : BigInt(digits) * unit;
}
