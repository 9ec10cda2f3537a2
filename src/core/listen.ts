/** Opens the listening sockets that the settings ask for. */
import { chownSync, readFileSync, statSync } from "node:fs";
import type { Settings } from "../config/settings.ts";
import type { Native } from "./ffi.ts";

export interface Listening {
  /** The word of `bind`: an address, `*` or `::*` for all of them, with a `-` before one that may be missing. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
}

/**
 * Listens on every address of `bind` (one with a leading `-` may be missing on this machine) at `port` and `tls-port`, and on
 * `unixsocket`. `failure` is the line for the log when the server cannot start.
 */
export function listenAll(native: Native, settings: Settings): { ports: Listening[]; failure: string | null } {
  const ports: Listening[] = [];
  const unixPath = settings.get("unixsocket");
  const [plainPort, tlsPort] = [settings.number("port"), settings.number("tls-port")];
  // `--port 0` asks Redis for no TCP at all. Where there is nothing else either, it asks for any free port.
  const plain = plainPort !== 0 || (unixPath === "" && tlsPort === 0);
  for (const tls of [false, true]) {
    if (!(tls ? tlsPort !== 0 : plain)) continue;
    const failure = listenAt(native, settings, tls ? tlsPort : plainPort, tls, ports);
    if (failure !== null) return { ports, failure };
  }
  if (unixPath !== "") {
    const mode = Number.parseInt(settings.get("unixsocketperm") || "0", 8);
    const failure = native.listenUnix(unixPath, mode);
    if (failure !== null) return { ports, failure: `Failed opening Unix socket: bind: ${failure}` };
    const unowned = giveToGroup(unixPath, settings.get("unixsocketgroup"));
    if (unowned !== null) return { ports, failure: `Failed opening Unix socket: ${unowned}` };
  }
  return { ports, failure: null };
}

/** Gives the file of a socket to a group, by its name or number; null, or why not. */
function giveToGroup(path: string, group: string): string | null {
  if (group === "") return null;
  try {
    const line = readFileSync("/etc/group", "utf8")
      .split("\n")
      .find((line) => line.startsWith(`${group}:`));
    const number = /^\d+$/.test(group) ? group : line?.split(":")[2];
    if (number === undefined) return `there is no group '${group}'`;
    chownSync(path, statSync(path).uid, Number(number));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Listens on every address; null, or why not. Port 0 is the same free one on all of them. */
function listenAt(native: Native, settings: Settings, wanted: number, tls: boolean, ports: Listening[]): string | null {
  let port = wanted;
  const before = ports.length;
  for (const address of settings.get("bind").split(/\s+/)) {
    if (address === "") continue;
    const optional = address.startsWith("-");
    const host = optional ? address.slice(1) : address;
    const result = native.listenTcp(host, port, tls, settings.number("tcp-backlog"));
    if (typeof result === "number") {
      ports.push({ address, port: result, tls });
      port = result;
    } else if (!optional) {
      return `Could not create server ${tls ? "TLS" : "TCP"} listening socket ${host}:${port}: ${result}`;
    }
  }
  return ports.length > before ? null : "Configured to not listen anywhere, exiting.";
}

/** For the log, as one writes it into a client: `0.0.0.0:6379`, `[::]:6379`. */
export function shownAddress({ address, port }: Listening): string {
  const host = address.replace(/^-/, "");
  if (host === "*") return `0.0.0.0:${port}`;
  if (host === "::*") return `[::]:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What INFO shows of the sockets: a line for each kind, with the addresses as `bind` has them. */
export function describeListeners(ports: readonly Listening[], unixPath: string): string[] {
  const lines: string[] = [];
  for (const tls of [false, true]) {
    const own = ports.filter((port) => port.tls === tls);
    const [first] = own;
    if (first === undefined) continue;
    const addresses = own.map(({ address }) => `bind=${address}`).join(",");
    lines.push(`name=${tls ? "tls" : "tcp"},${addresses},port=${first.port}`);
  }
  if (unixPath !== "") lines.push(`name=unix,bind=${unixPath}`);
  return lines;
}

const RESTART = "a running Zedis keeps its sockets; put it into the configuration and restart";

/**
 * Why CONFIG SET cannot put `value` in force where it would take new listening sockets; null for other directives, and for the
 * value that is in force.
 */
export function refuseToListenAnew(name: string, value: string, settings: Settings): string | null {
  if ((name !== "port" && name !== "tls-port" && name !== "bind") || value === settings.get(name)) return null;
  return name !== "bind"
    ? `Unable to listen on this port: ${RESTART}`
    : `Failed to bind to specified addresses: ${RESTART}`;
}
