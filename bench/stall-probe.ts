/** A client that sends a PING every millisecond, in a process of its own, and tells its parent what it waited: see stalls.ts. */

export interface Waits {
  readonly count: number;
  readonly p99_ms: number;
  readonly worst_ms: number;
}

const port = Number(process.argv[2]);
let waits: number[] = [];
let sentAt = 0;

function answered(): void {
  waits.push(performance.now() - sentAt);
  setTimeout(ping, 1);
}

function ping(): void {
  sentAt = performance.now();
  socket.write("PING\r\n");
}

const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: answered } });
ping();

// "reset" begins a window; "report" ends it, with what still waits counted.
process.on("message", (word: unknown) => {
  if (word === "reset") waits = [];
  else {
    const all = [...waits, performance.now() - sentAt].sort((a, b) => a - b);
    const at = (part: number): number => all[Math.min(all.length - 1, Math.floor(all.length * part))] ?? 0;
    process.send?.({ count: waits.length, p99_ms: at(0.99), worst_ms: at(1) } satisfies Waits);
  }
});
process.send?.("ready");
