/**
 * `taskset -c 0 bun bench/fsync.ts [--bytes 2950] [--seconds 1] [--dir .]`: what one write and fdatasync cost on a folder's disk, in time and
 * in processor time, when a file grows, when its bytes were there before, and when there is nothing to write. A floor for `appendfsync always`.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: "2950" },
    seconds: { type: "string", default: "1" },
    dir: { type: "string", default: "." },
  },
});
const [bytes, seconds] = [Number(values.bytes), Number(values.seconds)];
const ROUNDS_MAX = 100_000;
const folder = mkdtempSync(join(values.dir, "zedis-fsync-"));
const line = Buffer.alloc(bytes, "x");
try {
  for (const way of ["the file grows", "its bytes are there", "nothing to write"] as const) {
    const fd = openSync(join(folder, "file"), "w");
    if (way === "its bytes are there") {
      const some = Buffer.alloc(1 << 20);
      for (let at = 0; at < bytes * ROUNDS_MAX && at < 1 << 28; at += some.length)
        writeSync(fd, some, 0, some.length, at);
      fdatasyncSync(fd);
    }
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    let count = 0;
    while (count < ROUNDS_MAX && performance.now() - began < seconds * 1000) {
      if (way !== "nothing to write") writeSync(fd, line, 0, bytes, (count * bytes) % (1 << 28));
      fdatasyncSync(fd);
      count++;
    }
    const took = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    closeSync(fd);
    const each = (us: number): string => (us / count).toFixed(0);
    console.log(`${way.padEnd(20)} ${each(took * 1000)} us, ${each(user + system)} of them processor time`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
