/** The part of ffi.ts about the HTTP API's users and sessions. */

export const INNER_SYMBOLS = {
  zedis_acl_accepts: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_acl_may: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_acl_refused: { args: ["ptr", "f64", "ptr", "f64"], returns: "void" },
  zedis_acl_digest: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_reply_json: { args: ["ptr", "f64", "f64", "ptr", "f64"], returns: "f64" },
  zedis_inner_open: { args: ["ptr", "f64", "f64"], returns: "f64" },
} as const;

/** The functions of native code behind those symbols, over whatever stands for pointers. */
interface InnerNative<P> {
  zedis_acl_accepts(name: P, length: number, password: P, passwordLength: number): number;
  zedis_acl_may(name: P, length: number, command: P, commandLength: number): number;
  zedis_acl_refused(name: P, length: number, address: P, addressLength: number): void;
  zedis_acl_digest(name: P, length: number, out: P, capacity: number): number;
  zedis_reply_json(reply: P, length: number, form: number, out: P, capacity: number): number;
  zedis_inner_open(name: P, length: number, local: number): number;
}

/** Bytes of a digest. */
const DIGEST_BYTES = 32;

/** How a reply is taken: as it is, as sections like INFO's, as lines of fields like CLIENT LIST's. */
export const REPLY_FORMS = { reply: 0, info: 1, lines: 2 } as const;
export type ReplyForm = keyof typeof REPLY_FORMS;

/** Room for what JSON usually takes: a list of 200 clients. */
const JSON_BYTES = 128 * 1024;

/** `at`: how ffi.ts passes bytes; `staged`: what native code had no room for. */
export function innerCalls<P>(native: InnerNative<P>, at: (bytes: Uint8Array) => P, staged: (bytes: number) => Buffer) {
  const room = Buffer.alloc(JSON_BYTES);
  const roomAt = at(room);
  // Who has no password is asked for at each request.
  const nobody = Buffer.from("default");
  const nobodyAt = at(nobody);
  return {
    /** A whole RESP3 reply as JSON text; null where it is not whole, an error, or anything else that json.ts has to look at. */
    replyJson(reply: Uint8Array, form: ReplyForm): string | null {
      const bytes = native.zedis_reply_json(at(reply), reply.length, REPLY_FORMS[form], roomAt, JSON_BYTES);
      if (bytes < 0) return null;
      return bytes > JSON_BYTES ? staged(bytes).toString() : room.toString("utf8", 0, bytes);
    },

    /** May whoever knows this password be that user? */
    accepts(user: string, password: string): boolean {
      if (password === "" && user === "default") {
        return native.zedis_acl_accepts(nobodyAt, nobody.length, roomAt, 0) !== 0;
      }
      const [name, word] = [Buffer.from(user), Buffer.from(password)];
      return native.zedis_acl_accepts(at(name), name.length, at(word), word.length) !== 0;
    },

    /** May the user run this command, which touches no key? `function|list` */
    may(user: string, command: string): boolean {
      const [name, asked] = [Buffer.from(user), Buffer.from(command)];
      return native.zedis_acl_may(at(name), name.length, at(asked), asked.length) !== 0;
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
