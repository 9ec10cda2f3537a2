/**
 * What tokens of a user are bound to: how it logs in, and which user of that name it is. One that was deleted and made anew, with the same
 * password even, is another one.
 *
 * Native code numbers users by the microsecond they were made at. Those of the configuration are made at each start, and have the number
 * that a file beside the key kept when they were saved, or none:
 *
 *     admin-token.users    {"ann": 1795753385000123}    written with ACL SAVE and CONFIG REWRITE: as long as a user itself is
 *
 * So a deletion that was never saved is taken back by a restart, for the user and for its tokens alike.
 */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../config/replace-file.ts";

export const USERS_FILE = "admin-token.users";

export interface TokenUsersDeps {
  /** How the user logs in as a digest, and its number; null where it cannot. */
  readonly login: (user: string) => { readonly digest: Uint8Array; readonly id: number } | null;
  /** The lines of all users, as ACL files have them. */
  readonly users: () => Uint8Array;
  readonly folder: () => string;
  /** Users of no later a microsecond are those of the configuration. */
  readonly startedUs: number;
  readonly log: (level: "warning", line: string) => void;
}

export class TokenUsers {
  #kept: { readonly folder: string; readonly ids: ReadonlyMap<string, number> } | null = null;

  constructor(private readonly deps: TokenUsersDeps) {}

  /** Another one once the user logs in in another way, or is another one; null where it cannot log in. */
  digestOf(user: string): Buffer | null {
    const login = this.deps.login(user);
    if (login === null) return null;
    return Buffer.concat([login.digest, Buffer.from(String(this.#numberOf(user, login.id)))]);
  }

  /** Users are about to be saved: their numbers too, for the next start. */
  keep(): void {
    const folder = this.deps.folder();
    const ids = new Map<string, number>();
    for (const line of Buffer.from(this.deps.users()).toString().split("\n")) {
      const name = line.split(" ")[1] ?? "";
      const login = this.deps.login(name);
      // Who is off has no tokens; should it be on again after a restart, those of before are none either.
      const number = login === null ? Date.now() * 1000 : this.#numberOf(name, login.id);
      if (name !== "" && number !== 0) ids.set(name, number);
    }
    const path = join(folder, USERS_FILE);
    if (ids.size === 0 && !existsSync(path)) return;
    const error = replaceFile(path, Buffer.from(JSON.stringify(Object.fromEntries(ids))));
    if (error === null) chmodSync(path, 0o600);
    else
      this.deps.log(
        "warning",
        `writing '${path}' failed: ${error}. After a restart tokens of deleted users may be taken`,
      );
  }

  #numberOf(user: string, id: number): number {
    return id > this.deps.startedUs ? id : (this.#ids(this.deps.folder()).get(user) ?? 0);
  }

  /** As they were at the start: what is written since is for the next one. */
  #ids(folder: string): ReadonlyMap<string, number> {
    if (this.#kept?.folder !== folder) this.#kept = { folder, ids: readIds(join(folder, USERS_FILE)) };
    return this.#kept.ids;
  }
}

function readIds(path: string): ReadonlyMap<string, number> {
  try {
    const read: unknown = JSON.parse(readFileSync(path, "utf8"));
    const pairs = typeof read === "object" && read !== null ? Object.entries(read) : [];
    return new Map(pairs.filter((pair): pair is [string, number] => typeof pair[1] === "number"));
  } catch {
    return new Map();
  }
}
