/** The part of ffi.ts about listening sockets. */

export const LISTEN_SYMBOLS = {
  zedis_listen_tcp: { args: ["ptr", "f64", "f64", "f64", "f64", "ptr", "f64"], returns: "f64" },
  zedis_unlisten_tcp: { args: ["f64"], returns: "f64" },
  zedis_listen_unix: { args: ["ptr", "f64", "f64", "ptr", "f64"], returns: "f64" },
} as const;

/** The functions of native code behind those symbols, over whatever stands for pointers. */
interface ListenNative<P> {
  zedis_listen_tcp(
    host: P,
    length: number,
    port: number,
    tls: number,
    backlog: number,
    error: P,
    capacity: number,
  ): number;
  zedis_unlisten_tcp(tls: number): number;
  zedis_listen_unix(path: P, length: number, mode: number, error: P, capacity: number): number;
}

/** `at`: how ffi.ts passes bytes; `failure`: where native code leaves an error's text, and how that is read. */
export function listenCalls<P>(
  native: ListenNative<P>,
  at: (bytes: Uint8Array) => P,
  failure: { readonly at: P; readonly capacity: number; readonly text: (bytes: number) => string },
) {
  return {
    /** Listens on TCP, for TLS or without; gives the port, or the error's text. */
    listenTcp(host: string, port: number, tls: boolean, backlog: number): number | string {
      const h = Buffer.from(host);
      const { at: room, capacity, text } = failure;
      const result = native.zedis_listen_tcp(at(h), h.length, port, tls ? 1 : 0, backlog, room, capacity);
      return result >= 0 ? result : text(-result);
    },

    /** Ends the listening sockets of TCP, or of TLS, at once; connections stay. */
    unlistenTcp(tls: boolean): void {
      native.zedis_unlisten_tcp(tls ? 1 : 0);
    },

    /** Listens on a unix socket; gives null, or the error's text. */
    listenUnix(path: string, mode: number): string | null {
      const p = Buffer.from(path);
      const result = native.zedis_listen_unix(at(p), p.length, mode, failure.at, failure.capacity);
      return result === 0 ? null : failure.text(result);
    },
  };
}
