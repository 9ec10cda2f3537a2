/** The TLS directives: the files they name are read here, the rest is the native side's. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemError } from "../config/files.ts";
import type { Settings } from "../config/settings.ts";
import type { Native } from "./ffi.ts";

/** Puts the TLS directives in force for connections to come. Null, or what is wrong with them. */
export function applyTls(native: Native, settings: Settings): string | null {
  // Nobody connects with TLS: the directives may be set one by one until they make sense together.
  if (settings.number("tls-port") === 0) return null;
  try {
    return native.setTls({
      certificate: readWanted("tls-cert-file", settings.get("tls-cert-file")),
      key: readWanted("tls-key-file", settings.get("tls-key-file")),
      key_password: settings.get("tls-key-file-pass"),
      authorities: [...authoritiesOf(settings)],
      auth_clients: settings.get("tls-auth-clients"),
      protocols: settings.get("tls-protocols"),
      ciphers: settings.get("tls-ciphers"),
      ciphersuites: settings.get("tls-ciphersuites"),
      prefer_server_ciphers: settings.flag("tls-prefer-server-ciphers"),
      session_caching: settings.flag("tls-session-caching"),
      session_cache_size: settings.number("tls-session-cache-size"),
      session_cache_timeout_s: settings.number("tls-session-cache-timeout"),
      user_field: settings.get("tls-auth-clients-user"),
    });
  } catch (error) {
    return error instanceof Unreadable ? error.message : systemError(error);
  }
}

class Unreadable extends Error {}

function readWanted(directive: string, path: string): string {
  if (path === "") throw new Unreadable(`No ${directive} configured!`);
  return read(directive, path);
}

function read(directive: string, path: string): string {
  try {
    // Keys and certificates in PEM are ASCII; what else a file holds is passed over.
    return readFileSync(path, "latin1");
  } catch (error) {
    throw new Unreadable(`Failed to load ${directive}: ${path}: ${systemError(error)}`);
  }
}

/** Certificates that vouch for clients: those of a file, and all of a folder that holds nothing else of interest. */
function* authoritiesOf(settings: Settings): Generator<string> {
  const [file, folder] = [settings.get("tls-ca-cert-file"), settings.get("tls-ca-cert-dir")];
  if (file !== "") yield read("tls-ca-cert-file", file);
  if (folder === "") return;
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  for (const { name } of entries) {
    const text = read("tls-ca-cert-dir", join(folder, name));
    if (text.includes("-----BEGIN CERTIFICATE-----")) yield text;
  }
}
