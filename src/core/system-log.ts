/** The system's log (`syslog-enabled`), as the C library's `syslog` writes to it: `<133>Nov 21 08:30:00 redis[31]: text`. */
import type { Level } from "./log-format.ts";

const SOCKET = "/dev/log";
const FACILITIES: Readonly<Record<string, number>> = {
  user: 1,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, nth) => [`local${nth}`, 16 + nth])),
};
const SEVERITIES: Record<Level, number> = { debug: 7, verbose: 6, notice: 5, warning: 4 };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Daemons cut what is longer, or drop it. */
const TEXT_MAX = 1_024;

/** Gives what sends a line. What the system does not take is lost, as with the C library. */
export function systemLog(
  { ident, facility }: { readonly ident: string; readonly facility: string },
  send: (path: string, bytes: Uint8Array) => boolean,
): (level: Level, text: string) => void {
  return (level, text) => {
    send(SOCKET, Buffer.from(systemLogLine(ident, facility, level, text, new Date())));
  };
}

export function systemLogLine(ident: string, facility: string, level: Level, text: string, at: Date): string {
  const two = (n: number, fill = "0"): string => String(n).padStart(2, fill);
  const day = `${MONTHS[at.getMonth()]} ${two(at.getDate(), " ")}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const priority = (FACILITIES[facility] ?? 16) * 8 + SEVERITIES[level];
  return `<${priority}>${day} ${time} ${ident}[${process.pid}]: ${text.slice(0, TEXT_MAX)}`;
}
