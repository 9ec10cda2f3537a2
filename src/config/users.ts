/**
 * `user` lines of a configuration.
 *
 * Redis writes one into every file that CONFIG REWRITE touches, so the full rights of the default user are understood;
 * anything that would restrict someone is refused, because starting without that restriction would be worse.
 */

import { createHash } from "node:crypto";

/** What a line says about the password of the default user. */
export type DefaultUser =
  | { readonly kind: "none" }
  | { readonly kind: "plain"; readonly password: string }
  | { readonly kind: "sha256"; readonly digest: string };

/** Rules that must all be there: the default user is then as free as in a server without ACLs. */
const FULL_RIGHTS = [["on"], ["~*", "allkeys"], ["&*", "allchannels"], ["+@all", "allcommands"]];
const NEUTRAL = ["sanitize-payload", "reset", "resetpass", "resetkeys", "resetchannels", "clearselectors"];

/** `words` are those after `user`. */
export function parseUserLine(words: readonly string[]): DefaultUser | { readonly error: string } {
  const [name = "", ...rules] = words;
  const refuse = (rule: string) => ({
    error: `Error in user declaration '${rule}': ACL users are not supported yet, only the default user with all rights`,
  });
  if (name !== "default") return refuse(name);
  let password: DefaultUser | undefined;
  for (const rule of rules) {
    let given: DefaultUser | undefined;
    if (rule === "nopass") given = { kind: "none" };
    else if (rule.startsWith(">")) given = { kind: "plain", password: rule.slice(1) };
    else if (/^#[0-9a-f]{64}$/.test(rule)) given = { kind: "sha256", digest: rule.slice(1) };
    else if (!NEUTRAL.includes(rule) && !FULL_RIGHTS.some((ways) => ways.includes(rule))) return refuse(rule);
    if (given === undefined) continue;
    if (password !== undefined) return refuse(rule);
    password = given;
  }
  const missing = FULL_RIGHTS.find((ways) => !ways.some((way) => rules.includes(way)));
  if (missing !== undefined) return refuse(`default without ${missing[0]}`);
  return password ?? refuse("default without a password or nopass");
}

/** The `requirepass` that the line asks for, or null when only its digest is known and `current` is another. */
export function passwordOf(user: DefaultUser, current: string): string | null {
  if (user.kind === "none") return "";
  if (user.kind === "plain") return user.password;
  return createHash("sha256").update(current).digest("hex") === user.digest ? current : null;
}
