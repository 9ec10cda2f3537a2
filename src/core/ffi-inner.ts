/** The part of ffi.ts about the HTTP API's users and sessions. */

export const INNER_SYMBOLS = {
  zedis_acl_accepts: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_acl_refused: { args: ["ptr", "f64", "ptr", "f64"], returns: "void" },
  zedis_acl_digest: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_inner_open: { args: ["ptr", "f64", "f64"], returns: "f64" },
} as const;

/** The functions of native code behind those symbols, over whatever stands for pointers. */
interface InnerNative<P> {
  zedis_acl_accepts(name: P, length: number, password: P, passwordLength: number): number;
  zedis_acl_refused(name: P, length: number, address: P, addressLength: number): void;
  zedis_acl_digest(name: P, length: number, out: P, capacity: number): number;
  zedis_inner_open(name: P, length: number, local: number): number;
}

/** Bytes of a digest. */
const DIGEST_BYTES = 32;

/** `at`: how ffi.ts passes bytes. */
export function innerCalls<P>(native: InnerNative<P>, at: (bytes: Uint8Array) => P) {
  return {
    /** May whoever knows this password be that user? */
    accepts(user: string, password: string): boolean {
      const [name, word] = [Buffer.from(user), Buffer.from(password)];
      return native.zedis_acl_accepts(at(name), name.length, at(word), word.length) !== 0;
    },

    /** Notes for ACL LOG that somebody at `address` could not log in as this user over HTTP. */
    noteRefused(user: string, address: string): void {
      const [name, from] = [Buffer.from(user), Buffer.from(address)];
      native.zedis_acl_refused(at(name), name.length, at(from), from.length);
    },

    /** What tokens of the user are bound to: how it logs in, and the number of the user; null where it cannot log in. */
    userLogin(user: string): { digest: Uint8Array; id: number } | null {
      const [name, room] = [Buffer.from(user), Buffer.alloc(DIGEST_BYTES + 8)];
      if (native.zedis_acl_digest(at(name), name.length, at(room), room.length) === 0) return null;
      return { digest: room.subarray(0, DIGEST_BYTES), id: Number(room.readBigUInt64LE(DIGEST_BYTES)) };
    },

    /** A session of a core as this user, in RESP3: the descriptor of our end, or why there is none. */
    openInner(user: string, local: boolean): number | "no user" | "no descriptor" {
      const name = Buffer.from(user);
      const fd = native.zedis_inner_open(at(name), name.length, local ? 1 : 0);
      return fd >= 0 ? fd : fd === -1 ? "no user" : "no descriptor";
    },
  };
}
