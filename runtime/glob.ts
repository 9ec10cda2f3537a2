/**
 * Does `text` match a Redis pattern? `*`, `?`, `[a-c]`, `[^a]`, `\*`; letters match in either case.
 *
 * Greedy with one point of return, the last star: time is at most the product of the two lengths.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = text.toLowerCase();
  let p = 0;
  let t = 0;
  let starAt = -1;
  let starText = 0;
  while (t < given.length) {
    if (wanted[p] === "*") {
      starAt = p++;
      starText = t;
      continue;
    }
    const step = matchOne(wanted, p, given[t] ?? "");
    if (step > 0) {
      p += step;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++starText;
    } else return false;
  }
  while (wanted[p] === "*") p++;
  return p === wanted.length;
}

/** Length of the pattern's element at `p` if it matches `character`, else 0. */
function matchOne(pattern: string, p: number, character: string): number {
  const element = pattern[p];
  if (element === undefined) return 0;
  if (element === "?") return 1;
  if (element === "\\" && p + 1 < pattern.length) return pattern[p + 1] === character ? 2 : 0;
  if (element !== "[") return element === character ? 1 : 0;
  let at = p + 1;
  const negated = pattern[at] === "^";
  if (negated) at++;
  let found = false;
  while (at < pattern.length && pattern[at] !== "]") {
    if (pattern[at] === "\\" && at + 1 < pattern.length) at++;
    const low = pattern[at] ?? "";
    const isRange = pattern[at + 1] === "-" && at + 2 < pattern.length && pattern[at + 2] !== "]";
    const high = isRange ? (pattern[at + 2] ?? "") : low;
    if ((character >= low && character <= high) || (character >= high && character <= low)) found = true;
    at += isRange ? 3 : 1;
  }
  return found !== negated ? at - p + 1 : 0;
}
