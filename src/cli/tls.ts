/** TLS to a server, by redis-cli's options. */
import { readdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";

export interface TlsFiles {
  /** The name asked for, where the host is none. */
  readonly sni: string | null;
  readonly caCert: string | null;
  readonly caCertDir: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Whatever the server shows is taken. */
  readonly insecure: boolean;
}

export const NO_FILES: TlsFiles = {
  sni: null,
  caCert: null,
  caCertDir: null,
  cert: null,
  key: null,
  insecure: false,
};

/**
 * What a connection is made with. Throws where a file cannot be read. A certificate of an authority that is named here is taken for
 * whatever name, as by redis-cli: it is one's own. One of the system's authorities has to be the host's.
 */
export function tlsOptions(host: string, files: TlsFiles): ConnectionOptions {
  const own = [
    ...(files.caCert === null ? [] : [files.caCert]),
    ...(files.caCertDir === null ? [] : namesIn(files.caCertDir)),
  ];
  const name = files.sni ?? (isIP(host) === 0 ? host : null);
  return {
    rejectUnauthorized: !files.insecure,
    ...(own.length === 0 ? {} : { ca: own.map((path) => readFileSync(path, "utf8")) }),
    ...(own.length === 0 && !files.insecure ? {} : { checkServerIdentity: () => undefined }),
    ...(name === null ? {} : { servername: name }),
    ...(files.cert === null ? {} : { cert: readFileSync(files.cert) }),
    ...(files.key === null ? {} : { key: readFileSync(files.key) }),
  };
}

function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(pem|crt|cer)$/.test(name) || /^[0-9a-f]{8}\.\d+$/.test(name))
    .map((name) => join(folder, name));
}
