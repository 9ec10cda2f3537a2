/**
 * A client that sends a PING every millisecond, in a process of its own, and tells its parent what it waited: see stalls.ts.
 *
 * On a busy machine most of a wait is the scheduler's. So it also looks at how much CPU time the server's process used between each PING
 * and its answer: what a command held the core for cannot be more than that, whoever else runs on the machine.
 */
import { dlopen } from "bun:ffi";

export interface Waits {
  readonly count: number;
  readonly p99_ms: number;
  readonly worst_ms: number;
  /** CPU time of the server during one wait, at most. */
  readonly served_ms: number;
}

const [port, pid] = [Number(process.argv[2]), Number(process.argv[3])];
const libc = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
/** The clock of the CPU time of another process, as clock_getcpuclockid makes it. */
const serverClock = (~pid << 3) | 2;
const timespec = new BigInt64Array(2);
let waits: number[] = [];
let served_ms = 0;
let [sentAt, cpuAt] = [0, 0];

function serverCpu_ms(): number {
  libc.symbols.clock_gettime(serverClock, timespec);
  return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6;
}

function answered(): void {
  const wait = performance.now() - sentAt;
  waits.push(wait);
  served_ms = Math.max(served_ms, Math.min(wait, serverCpu_ms() - cpuAt));
  setTimeout(ping, 1);
}

function ping(): void {
  cpuAt = serverCpu_ms();
  sentAt = performance.now();
  socket.write("PING\r\n");
}

const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: answered } });
ping();

// "reset" begins a window; "report" ends it, with what still waits counted.
process.on("message", (word: unknown) => {
  if (word === "reset") {
    waits = [];
    served_ms = 0;
  } else {
    const all = [...waits, performance.now() - sentAt].sort((a, b) => a - b);
    const at = (part: number): number => all[Math.min(all.length - 1, Math.floor(all.length * part))] ?? 0;
    process.send?.({ count: waits.length, p99_ms: at(0.99), worst_ms: at(1), served_ms } satisfies Waits);
  }
});
process.send?.("ready");
