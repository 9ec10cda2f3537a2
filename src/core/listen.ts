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

export interface SocketsParts {
  readonly native: Pick<Native, "listenTcp" | "listenUnix" | "unlistenTcp">;
  readonly settings: Pick<Settings, "get" | "number">;
  readonly log: (level: "notice" | "warning", line: string) => void;
}

/** The listening sockets of the server: opened at the start, and anew where CONFIG SET names other addresses or ports. */
export class Sockets {
  #ports: Listening[] = [];
  /** What `bind`, `port` and `tls-port` were when the sockets were opened. */
  #asked = { bind: "", ports: [0, 0] };
  constructor(readonly parts: SocketsParts) {}

  get ports(): readonly Listening[] {
    return this.#ports;
  }

  /** Where clients are told to connect: the first socket's port, 0 where there is none. */
  get port(): number {
    return this.#ports[0]?.port ?? 0;
  }

  /** `tls-port` as of the sockets that are open. */
  get tlsPort(): number {
    return this.#asked.ports[1] ?? 0;
  }

  /** What INFO shows of them. */
  facts(): { port: number; listeners: string[] } {
    return { port: this.port, listeners: describeListeners(this.#ports, this.parts.settings.get("unixsocket")) };
  }

  /**
   * Listens on every address of `bind` (one with a leading `-` may be missing on this machine) at `port` and `tls-port`, and on
   * `unixsocket`. Null, or the line for the log when the server cannot start.
   */
  open(): string | null {
    const { native, settings } = this.parts;
    const unixPath = settings.get("unixsocket");
    this.#note();
    const [plainPort = 0, tlsPort = 0] = this.#asked.ports;
    // `--port 0` asks Redis for no TCP at all. Where there is nothing else either, it asks for any free port.
    const plain = plainPort !== 0 || (unixPath === "" && tlsPort === 0);
    for (const tls of [false, true]) {
      if (!(tls ? tlsPort !== 0 : plain)) continue;
      const before = this.#ports.length;
      const failure = this.#listen(addressesOf(this.#asked.bind), tls ? tlsPort : plainPort, tls);
      if (failure !== null) return failure;
      if (this.#ports.length === before) return "Configured to not listen anywhere, exiting.";
    }
    if (unixPath !== "") {
      const mode = Number.parseInt(settings.get("unixsocketperm") || "0", 8);
      const failure = native.listenUnix(unixPath, mode);
      if (failure !== null) return `Failed opening Unix socket: bind: ${failure}`;
      const unowned = giveToGroup(unixPath, settings.get("unixsocketgroup"));
      if (unowned !== null) return `Failed opening Unix socket: ${unowned}`;
    }
    return null;
  }

  /**
   * Puts in force what the settings say by now. Sockets that they do not change stay; the others end before new ones are opened,
   * which may have a port of theirs. False: a new one cannot be opened, which the log tells, and those from before are there again.
   */
  renew(): boolean {
    const before = this.#asked;
    this.#note();
    const now = this.#asked;
    const ended: Listening[] = [];
    for (const tls of [false, true]) {
      const [was, wanted] = [before.ports[+tls] ?? 0, now.ports[+tls] ?? 0];
      if (was === wanted && before.bind === now.bind) continue;
      const old = this.#end(tls);
      ended.push(...old);
      // A port that the kernel chose at the start stays while nobody names another.
      const port = wanted === was ? wanted || (old[0]?.port ?? 0) : wanted;
      if (port === 0) continue;
      const failure = this.#listen(addressesOf(now.bind), port, tls);
      if (failure === null) continue;
      this.parts.log("warning", failure);
      for (const kind of new Set(ended.map((socket) => socket.tls)).add(tls)) this.#end(kind);
      this.#asked = before;
      for (const { address, port, tls } of ended) {
        const lost = this.#listen([address], port, tls);
        if (lost !== null) this.parts.log("warning", lost);
      }
      return false;
    }
    return true;
  }

  #note(): void {
    const { settings } = this.parts;
    this.#asked = { bind: settings.get("bind"), ports: [settings.number("port"), settings.number("tls-port")] };
  }

  /** Ends the sockets of one kind, and gives what they were. */
  #end(tls: boolean): Listening[] {
    const ended = this.#ports.filter((socket) => socket.tls === tls);
    this.#ports = this.#ports.filter((socket) => socket.tls !== tls);
    this.parts.native.unlistenTcp(tls);
    return ended;
  }

  /** Listens on every address; null, or why not. Port 0 is the same free one on all of them. */
  #listen(addresses: readonly string[], wanted: number, tls: boolean): string | null {
    let port = wanted;
    const { native, settings } = this.parts;
    for (const address of addresses) {
      const optional = address.startsWith("-");
      const host = optional ? address.slice(1) : address;
      const result = native.listenTcp(host, port, tls, settings.number("tcp-backlog"));
      if (typeof result === "number") {
        this.#ports.push({ address, port: result, tls });
        // Without TLS first, as after a start.
        this.#ports.sort((one, other) => +one.tls - +other.tls);
        port = result;
      } else if (!optional) {
        return `Could not create server ${tls ? "TLS" : "TCP"} listening socket ${host}:${port}: ${result}`;
      }
    }
    return null;
  }
}

function addressesOf(bind: string): string[] {
  return bind.split(/\s+/).filter((address) => address !== "");
}

/** Why CONFIG SET of this directive failed, where new sockets could not be opened. */
export function socketsRefusal(name: string): string {
  return name === "bind"
    ? "Failed to bind to specified addresses."
    : "Unable to listen on this port. Check server logs.";
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
