/**
 * `bun bench/stalls.ts [--elements N] [--only type,type] [--server-prefix "nice -n -10"]
 * [--probe-prefix "chrt -f 1"]`: how long anybody waits while ONE value (or the
 * keyspace) grows to N elements, is walked, copied, cut and freed.
 *
 *   growth   pipelined additions; the slowest single command as the server's own slow log has it, and the worst wait of a client that
 *            sends a PING every millisecond (stall-probe.ts)
 *   command  one command on the value; how long it took, and the worst wait of that client meanwhile
 *
 * On a busy machine a wait is mostly the scheduler's, so the CPU time that the server used during one wait stands beside it (the
 * lazy-free thread's with it). The prefixes may give the server and the
 * probe precedence: a probe that waits for its CPU takes what the server did meanwhile for its own wait.
 */
import { join } from "node:path";
import type { Socket } from "bun";
import { findReference, Server, zedisCommand } from "./server.ts";
import type { Waits } from "./stall-probe.ts";

interface Type {
  readonly name: string;
  /** The request that adds element `index`. */
  add(index: number): string;
  /** Lines that its reply has. */
  readonly replyLines: number;
  /** Element N / 2 is `middle`. */
  commands(middle: number, elements: number): readonly string[];
}

const types: readonly Type[] = [
  {
    name: "set",
    add: (index) => `SADD v member:${index}`,
    replyLines: 1,
    commands: (middle) => [
      "SMEMBERS v",
      `SISMEMBER v member:${middle}`,
      "SADD few member:1 member:7 x",
      "SINTERSTORE d v few",
      "COPY v w",
      "SINTERSTORE d v w",
      "SDIFFSTORE d v few",
      "SUNIONSTORE d v few",
      "SORT v BY nosort LIMIT 0 10",
      "SRANDMEMBER v 1000",
      "SPOP w 100000",
      "UNLINK d",
      "DEL w",
    ],
  },
  {
    name: "zset",
    add: (index) => `ZADD v ${(index * 7919) % 1_000_003} member:${index}`,
    replyLines: 1,
    commands: (middle, elements) => [
      "ZRANGE v 0 -1",
      `ZRANK v member:${middle}`,
      "COPY v w",
      "ZCOUNT v -inf +inf",
      "ZUNIONSTORE d 2 v w",
      "ZINTERSTORE d 2 v w",
      "ZDIFFSTORE d 2 v few",
      "ZRANGESTORE d v 0 -1",
      `ZREMRANGEBYRANK w 10 ${elements - 10}`,
      "ZPOPMIN d 100000",
      "UNLINK d",
      "DEL v",
    ],
  },
  {
    name: "hash",
    add: (index) => `HSET v field:${index} value:${index}`,
    replyLines: 1,
    commands: (middle) => [
      "HGETALL v",
      `HGET v field:${middle}`,
      "HKEYS v",
      "HVALS v",
      "COPY v w",
      "HSET v more 1",
      "HRANDFIELD v 1000 WITHVALUES",
      "UNLINK w",
      "DEL v",
    ],
  },
  {
    name: "list",
    add: (index) => `RPUSH v element:${index}`,
    replyLines: 1,
    commands: (middle, elements) => [
      "LRANGE v 0 -1",
      `LINDEX v ${middle}`,
      "COPY v w",
      `LPOS v element:${elements - 1}`,
      "LPOS v none RANK -1",
      `LINSERT v BEFORE element:${middle} here`,
      "LINSERT v AFTER none here",
      `LSET v ${middle} there`,
      `LREM v 1 element:${elements - 2}`,
      "LREM v 0 none",
      "SORT v BY nosort LIMIT 0 10",
      "SORT v ALPHA LIMIT 0 10",
      "LPOP w 100000",
      `LTRIM v 10 ${elements - 20}`,
      "LTRIM v 0 9",
      "UNLINK w",
      "DEL v",
    ],
  },
  {
    name: "stream",
    add: (index) => `XADD v ${index + 1}-0 temperature ${index % 50} humidity 40`,
    replyLines: 2,
    commands: (middle, elements) => [
      "XRANGE v - +",
      `XRANGE v ${middle} ${middle}`,
      "COPY v w",
      "XGROUP CREATE v g 0",
      "XREADGROUP GROUP g c COUNT 100000 STREAMS v >",
      "XPENDING v g",
      "XAUTOCLAIM v g d 0 0 COUNT 100000",
      `XDEL v ${middle}-0`,
      `XTRIM w MAXLEN = ${elements - 1000}`,
      `XTRIM w MAXLEN = ${middle}`,
      "XTRIM w MAXLEN = 10",
      "UNLINK w",
      "DEL v",
    ],
  },
  {
    name: "keyspace",
    add: (index) => `SET key:${index} value:${index}`,
    replyLines: 1,
    commands: () => ["DBSIZE", "KEYS none*", "SCAN 0 COUNT 1000", "FLUSHDB SYNC"],
  },
];

/** A connection that counts lines and forgets what it reads. */
class Sink {
  lines = 0;
  private tail = "";
  private constructor(private readonly wake: { call: () => void }) {}
  private socket!: Socket<undefined>;

  static async open(port: number): Promise<Sink> {
    const wake = { call: () => {} };
    const sink = new Sink(wake);
    sink.socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) sink.lines++;
          const end = (sink.tail + chunk.subarray(-200).toString("latin1")).slice(-200);
          sink.tail = end;
          if (sink.lines === 1 || end.includes("\r\n-") || end.startsWith("-")) sink.first ||= end;
          wake.call();
        },
        drain: () => sink.flush(),
      },
    });
    return sink;
  }

  /** What an error reply said. */
  first = "";
  private unsent = Buffer.alloc(0);

  private flush(): void {
    const sent = this.socket.write(this.unsent);
    this.unsent = this.unsent.subarray(Math.max(0, sent));
  }

  write(text: string): void {
    this.unsent = Buffer.concat([this.unsent, Buffer.from(text, "latin1")]);
    this.flush();
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.wake.call = resolve));
  }

  /** Sends one command; ms until its reply was there, whole. */
  async time(command: string): Promise<number> {
    this.first = "";
    this.tail = "";
    this.lines = 0;
    const began = performance.now();
    this.write(`${inline(command)}*1\r\n$4\r\nPING\r\n`);
    await this.until(() => this.tail.endsWith("+PONG\r\n"));
    return performance.now() - began;
  }

  close(): void {
    this.socket.end();
  }
}

function inline(command: string): string {
  const words = command.split(" ");
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

class Probe {
  private waiting: (message: unknown) => void = () => {};
  private constructor(private child: Bun.Subprocess) {}

  static async start({ port, pid }: Server, prefix: readonly string[]): Promise<Probe> {
    const ready = Promise.withResolvers<void>();
    const script = join(import.meta.dir, "stall-probe.ts");
    const probe: Probe = new Probe(
      Bun.spawn([...prefix, process.execPath, script, String(port), String(pid)], {
        ipc: (message) => (message === "ready" ? ready.resolve() : probe.waiting(message)),
        stdio: ["ignore", "inherit", "inherit"],
      }),
    );
    await ready.promise;
    return probe;
  }

  reset(): void {
    this.child.send("reset");
  }

  report(): Promise<Waits> {
    const { promise, resolve } = Promise.withResolvers<Waits>();
    this.waiting = (message) => resolve(message as Waits);
    this.child.send("report");
    return promise;
  }

  async stop(): Promise<void> {
    this.child.kill();
    await this.child.exited;
  }
}

/** µs of the slowest command since the log was reset, and what it was. */
async function slowest(server: Server): Promise<string> {
  const reply = await server.command("SLOWLOG", "GET", "-1");
  if (reply.kind !== "array") throw new Error("SLOWLOG GET replies an array");
  let worst = { time_us: 0, name: "none" };
  let above = 0;
  for (const entry of reply.items) {
    if (entry.kind !== "array") continue;
    const [, , time, words] = entry.items;
    if (time?.kind !== "integer" || words?.kind !== "array") continue;
    const name = words.items[0]?.kind === "bulk" ? words.items[0].bytes.toString() : "?";
    if (Number(time.value) > 2000) above++;
    if (Number(time.value) > worst.time_us) worst = { time_us: Number(time.value), name };
  }
  return worst.time_us === 0 ? "< 500 µs" : `${(worst.time_us / 1000).toFixed(2)} ms (${worst.name}; ${above} > 2 ms)`;
}

async function measure(type: Type, elements: number, prefix: readonly string[], reference: boolean): Promise<void> {
  const zedis = zedisCommand(1);
  const what = reference ? findReference() : zedis;
  if (what === null) throw new Error("no redis-server here");
  const server = await Server.start({ ...what, command: `${prefix.join(" ")} ${what.command}` }, null);
  const probe = await Probe.start(server, option("probe-prefix")?.split(" ") ?? []);
  try {
    await server.command("CONFIG", "SET", "slowlog-log-slower-than", "500", "slowlog-max-len", "100000");
    await server.command("SLOWLOG", "RESET");
    const sink = await Sink.open(server.port);
    probe.reset();
    const began = performance.now();
    const batch = 512;
    for (let index = 0; index < elements; index += batch) {
      let text = "";
      const end = Math.min(elements, index + batch);
      for (let next = index; next < end; next++) text += inline(type.add(next));
      sink.write(text);
      // Two batches under way.
      await sink.until(() => sink.lines >= (end - batch * 2) * type.replyLines);
    }
    await sink.until(() => sink.lines >= elements * type.replyLines);
    const seconds = (performance.now() - began) / 1000;
    const waits = await probe.report();
    const slow = await slowest(server);
    const gib = (server.residentBytes() / 2 ** 30).toFixed(1);
    console.log(
      `| ${type.name} | grows to ${elements}: ${Math.round(elements / seconds / 1000)} k/s, ${gib} GiB | slowest ${slow} | ${waits.served_ms.toFixed(1)} | ${waits.worst_ms.toFixed(1)} |`,
    );
    for (const command of type.commands(Math.floor(elements / 2), elements)) {
      await Bun.sleep(50);
      probe.reset();
      await Bun.sleep(20);
      const time_ms = await sink.time(command);
      await Bun.sleep(20);
      const { worst_ms, served_ms } = await probe.report();
      const error = sink.first.startsWith("-") ? ` ${sink.first.split("\r")[0]}` : "";
      const flag = served_ms > 2 ? " !" : "";
      console.log(
        `| ${type.name} | ${command} | ${time_ms.toFixed(1)}${error} | ${served_ms.toFixed(1)}${flag} | ${worst_ms.toFixed(1)} |`,
      );
    }
    sink.close();
  } finally {
    await probe.stop();
    await server.stop();
  }
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

if (import.meta.main) {
  const elements = Number(option("elements") ?? 10_000_000);
  const only = option("only")?.split(",");
  const prefix = option("server-prefix")?.split(" ") ?? [];
  console.log("| value | command | took, ms | most CPU time of the server in one wait, ms | worst wait, ms |");
  console.log("|---|---|--:|--:|--:|");
  for (const type of types) {
    if (only && !only.includes(type.name)) continue;
    await measure(type, elements, prefix, process.argv.includes("--reference"));
  }
}
