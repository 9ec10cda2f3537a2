/** Patterns of CONFIG GET: `*`, `?`, `[a-c]`, `[^x]` and `\` before a literal, without regard to case. */

/** True when `pattern` asks for matching rather than for one name. */
export function isPattern(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** True when all of `name` matches `pattern`. Cost: at most the product of both lengths. */
export function matchesPattern(pattern: string, name: string): boolean {
  const p = pattern.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let from = 0;
  // Where to go on after a mismatch: behind the last star, one character later in the text. One level is enough,
  // because whatever an earlier star could take, the last one can take too.
  let starAt = -1;
  let starFrom = 0;
  while (from < text.length) {
    if (p.charAt(at) === "*") {
      starAt = ++at;
      starFrom = from;
      continue;
    }
    const step = at < p.length ? matchOne(p, at, text.charAt(from)) : -1;
    if (step >= 0) {
      at = step;
      from++;
    } else if (starAt >= 0) {
      at = starAt;
      from = ++starFrom;
    } else {
      return false;
    }
  }
  while (p.charAt(at) === "*") at++;
  return at === p.length;
}

/** Index behind the pattern element at `at` when it matches `char`, else -1. */
function matchOne(p: string, at: number, char: string): number {
  const element = p.charAt(at);
  if (element === "?") return at + 1;
  if (element === "[") return matchClass(p, at + 1, char);
  if (element === "\\" && at + 1 < p.length) return p.charAt(at + 1) === char ? at + 2 : -1;
  return element === char ? at + 1 : -1;
}

function matchClass(p: string, start: number, char: string): number {
  let at = start;
  const negated = p.charAt(at) === "^";
  if (negated) at++;
  let found = false;
  for (; at < p.length && p.charAt(at) !== "]"; at++) {
    if (p.charAt(at) === "\\" && at + 1 < p.length) {
      at++;
      if (p.charAt(at) === char) found = true;
    } else if (p.charAt(at + 1) === "-" && at + 2 < p.length) {
      const [low, high] = [p.charAt(at), p.charAt(at + 2)].sort();
      if (low !== undefined && high !== undefined && char >= low && char <= high) found = true;
      at += 2;
    } else if (p.charAt(at) === char) {
      found = true;
    }
  }
  // A class that never closes ends with the pattern.
  return found !== negated ? Math.min(at + 1, p.length) : -1;
}
