/**
 * Which engine a library gets: what its header asks for, or the server's default; but the engine of trusted code only if the
 * user who loads it is trusted. Lua is always native.
 *
 *     procedure-engine-default  jsc | quickjs
 *     procedure-trusted-users   `*`, or names separated by spaces, in which * stands for any characters: `admin deploy-*`
 *
 * Not a rule of ACLs: what a user may call is a rule of his, what code is trusted with the process is the server's to say, and
 * an ACL file has to stay one that Redis reads.
 */
import type { Header } from "./compile/header.ts";

export interface EnginePolicy {
  readonly engineDefault: string;
  readonly trustedUsers: string;
}

const TRUSTED_ENGINE = "jsc";
const GUARDED_ENGINE = "quickjs";

/** The name of the engine for a library that `user` loads. */
export function chooseEngine(header: Header, user: string, policy: EnginePolicy): string {
  if (header.language === "lua") return header.engine;
  const asked = header.asked ?? (header.isolation === undefined ? policy.engineDefault : GUARDED_ENGINE);
  return asked === TRUSTED_ENGINE && !isTrusted(user, policy.trustedUsers) ? GUARDED_ENGINE : asked;
}

/** Is the name one of `patterns`? Letters have to be the same in case, as names of users are. */
export function isTrusted(user: string, patterns: string): boolean {
  return patterns.split(/\s+/).some((pattern) => {
    if (pattern === "") return false;
    const [first = "", ...rest] = pattern.split("*");
    if (rest.length === 0) return user === pattern;
    if (!user.startsWith(first)) return false;
    const last = rest.pop() ?? "";
    let at = first.length;
    for (const part of rest) {
      const found = user.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return user.length - at >= last.length && user.endsWith(last);
  });
}
