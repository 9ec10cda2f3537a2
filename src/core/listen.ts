/** Opens the listening sockets that the settings ask for. */
import type { Settings } from "../config/settings.ts";
import type { Native } from "./ffi.ts";

export interface Listening {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens on every address of `bind` (one with a leading `-` may be missing on this machine) and on `unixsocket`.
 * `failure` is the line for the log when the server cannot start.
 */
export function listenAll(native: Native, settings: Settings): { ports: Listening[]; failure: string | null } {
  const ports: Listening[] = [];
  const wanted = settings.number("port");
  const backlog = settings.number("tcp-backlog");
  // `--port 0` asks Redis for no TCP at all. Where there is no unix socket either, it asks for any free port.
  const unixPath = settings.get("unixsocket");
  if (wanted !== 0 || unixPath === "") {
    let port = wanted;
    for (const address of settings
      .get("bind")
      .split(/\s+/)
      .filter((word) => word !== "")) {
      const optional = address.startsWith("-");
      const host = optional ? address.slice(1) : address;
      const result = native.listenTcp(host, port, backlog);
      if (typeof result === "number") {
        ports.push({ host: host === "*" ? "127.0.0.1" : host, port: result });
        port = result;
      } else if (!optional) {
        return { ports, failure: `Could not create server TCP listening socket ${host}:${port}: ${result}` };
      }
    }
    if (ports.length === 0) return { ports, failure: "Configured to not listen anywhere, exiting." };
  }
  if (unixPath !== "") {
    const mode = Number.parseInt(settings.get("unixsocketperm") || "0", 8);
    const failure = native.listenUnix(unixPath, mode);
    if (failure !== null) return { ports, failure: `Failed opening Unix socket: bind: ${failure}` };
  }
  return { ports, failure: null };
}

const RESTART = "a running Zedis keeps its sockets; put it into the configuration and restart";

/**
 * Why CONFIG SET cannot put `value` in force where it would take new listening sockets; null for other directives, and for the
 * value that is in force.
 */
export function refuseToListenAnew(name: string, value: string, settings: Settings): string | null {
  if ((name !== "port" && name !== "bind") || value === settings.get(name)) return null;
  return name === "port"
    ? `Unable to listen on this port: ${RESTART}`
    : `Failed to bind to specified addresses: ${RESTART}`;
}
