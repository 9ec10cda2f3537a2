/** `supervised`: tells the service manager that started this process where it is. Texts are Redis's. */
import type { Level } from "./log-format.ts";

export interface SupervisionParts {
  /** `no`, `upstart`, `systemd` or `auto`. */
  readonly mode: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Sends a datagram to a socket by its path, `@` for an abstract one; false where it could not be sent. */
  readonly send: (path: string, bytes: Uint8Array) => boolean;
  /** Stops this process until somebody lets it go on: how upstart learns that it is up. */
  readonly pause: () => void;
  /** Of each core how often its loop has turned, or -1 where a procedure runs. */
  readonly turns: () => readonly number[];
  /** Runs `work` every so often until the function it gives is called. */
  readonly every: (ms: number, work: () => void) => () => void;
  readonly pid: number;
  readonly log: (level: Level, line: string) => void;
}

export interface Supervision {
  readonly ready: () => void;
  readonly stopping: () => void;
}

/** Whether a service manager that the mode is about has started this process. */
export function isSupervised(mode: string, environment: SupervisionParts["environment"]): boolean {
  const chosen = choose(mode, environment);
  return chosen !== "no" && Boolean(chosen === "upstart" ? environment.UPSTART_JOB : environment.NOTIFY_SOCKET);
}

function choose(mode: string, { UPSTART_JOB, NOTIFY_SOCKET }: SupervisionParts["environment"]): string {
  return mode === "auto" ? (UPSTART_JOB ? "upstart" : NOTIFY_SOCKET ? "systemd" : "no") : mode;
}

/** Begins what the mode asks for. Where that is not there the log says so, and nobody is told of anything. */
export function supervise(parts: SupervisionParts): Supervision {
  const { mode, environment, send, pause, log } = parts;
  const { UPSTART_JOB, NOTIFY_SOCKET } = environment;
  const chosen = choose(mode, environment);
  const silent = { ready: () => {}, stopping: () => {} };
  if (chosen === "upstart") {
    if (!UPSTART_JOB) log("warning", "upstart supervision requested, but UPSTART_JOB not found!");
    else {
      log("notice", "supervised by upstart, will stop to signal readiness.");
      pause();
    }
    return silent;
  }
  if (chosen !== "systemd") return silent;
  if (!NOTIFY_SOCKET) {
    log("warning", "systemd supervision error: NOTIFY_SOCKET not found!");
    return silent;
  }
  const tell = (text: string): boolean => {
    const sent = send(NOTIFY_SOCKET, Buffer.from(text));
    if (!sent) log("warning", `systemd supervision error: nothing takes datagrams at ${NOTIFY_SOCKET}`);
    return sent;
  };
  if (!tell("STATUS=Zedis is loading...\n")) return silent;
  log(
    "notice",
    "Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.",
  );
  let stopFeeding = (): void => {};
  return {
    ready: () => {
      tell("STATUS=Ready to accept connections\nREADY=1\n");
      stopFeeding = feedWatchdog(parts, () => void send(NOTIFY_SOCKET, Buffer.from("WATCHDOG=1\n")));
    },
    stopping: () => {
      stopFeeding();
      tell("STATUS=Stopping\nSTOPPING=1\n");
    },
  };
}

/** How often the cores are looked at in the time of the manager's watchdog: one that is late once does not end the server. */
const LOOKS = 4;

/**
 * `WatchdogSec` of systemd (sd_watchdog_enabled(3)): the main thread feeds its watchdog while every core has turned since the last look, or
 * runs a procedure. So a server of which a part hangs is started anew. Gives the way to stop.
 */
function feedWatchdog({ environment, turns, every, pid }: SupervisionParts, feed: () => void): () => void {
  const { WATCHDOG_USEC, WATCHDOG_PID } = environment;
  const usec = Number(WATCHDOG_USEC);
  if (!(usec > 0) || (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== pid)) return () => {};
  let last: readonly number[] = [];
  feed();
  return every(usec / 1000 / LOOKS, () => {
    const now = turns();
    const isAlive = now.every((count, core) => count === -1 || count !== last[core]);
    last = now;
    if (isAlive) feed();
  });
}
