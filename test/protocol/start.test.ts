/** How the process starts: options from the command line and the file, what it refuses, which network backend it takes. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textOf } from "../harness/resp.ts";
import { runServer, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";

/** Runs the server with a configuration file of these lines; it must refuse. */
async function refuse(...lines: string[]): Promise<{ exitCode: number; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "zedis-conf-"));
  try {
    const path = join(folder, "bad.conf");
    await Bun.write(path, `${lines.join("\n")}\n`);
    return await runServer([path, "--port", "0"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("a configuration that is wrong", () => {
  test("names the line of an unknown directive", async () => {
    const { exitCode, output } = await refuse("# comment", "nosuchdirective 1", "port 0");
    expect(exitCode).toBe(1);
    expect(output).toContain("line 2");
    expect(output).toContain("nosuchdirective 1");
  });

  test("names the line of a bad value and the reason", async () => {
    const { exitCode, output } = await refuse("port 0", "", "maxclients many");
    expect(exitCode).toBe(1);
    expect(output).toContain("line 3");
    expect(output).toContain("argument couldn't be parsed into an integer");
  });

  test("names a file that is not there", async () => {
    const { exitCode, output } = await runServer(["/nonexistent/zedis.conf"]);
    expect(exitCode).toBe(1);
    expect(output).toContain("/nonexistent/zedis.conf");
  });

  test("names an unknown option of the command line", async () => {
    const { exitCode, output } = await runServer(["--port", "0", "--nosuchoption", "1"]);
    expect(exitCode).toBe(1);
    expect(output).toContain("nosuchoption");
  });
});

// Of Zedis alone, as the threads and their names are.
test.skipIf(isOracle)("the main thread interrupts neither the cores nor the threads of the log", async () => {
  const server = await startServer({ options: { cores: "2" } });
  const wire = await server.connect();
  expect(textOf(await wire.call("CONFIG SET appendonly yes appendfsync everysec"))).toBe("OK");
  // Fields 2 and 41 of proc(5)'s stat: the name in brackets, and the policy, 3 for SCHED_BATCH.
  const policies = (): Map<string, Set<string>> => {
    const found = new Map<string, Set<string>>();
    for (const task of readdirSync(`/proc/${server.pid}/task`)) {
      const stat = readFileSync(`/proc/${server.pid}/task/${task}/stat`, "utf8");
      const name = task === String(server.pid) ? "main" : stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      const policy = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38] ?? "";
      found.set(name, (found.get(name) ?? new Set()).add(policy));
    }
    return found;
  };
  await until("the threads of the log", () => policies().has("zedis-fsync"));
  const found = policies();
  expect(found.get("main")).toEqual(new Set(["3"]));
  for (const name of ["Worker", "zedis-aof", "zedis-fsync"]) expect(found.get(name)).toEqual(new Set(["0"]));
  await server.stop();
});

test("the server listens where bind says, and nowhere else", async () => {
  const server = await startServer({ options: { bind: "127.0.0.1" } });
  const line = (await Bun.file("/proc/net/tcp").text())
    .split("\n")
    .filter((entry) => entry.includes(`:${server.port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`));
  expect(line.length).toBeGreaterThan(0);
  for (const entry of line) expect(entry).toContain(" 0100007F:");
  await server.stop();
});

for (const [seconds, timer] of [
  ["300", "02"],
  ["0", "00"],
] as const) {
  test(`tcp-keepalive ${seconds} ${timer === "02" ? "arms" : "leaves out"} the keepalive timer of a connection`, async () => {
    const server = await startServer({ options: { "tcp-keepalive": seconds } });
    const wire = await server.connect();
    await wire.call("PING");
    const port = `:${server.port.toString(16).toUpperCase().padStart(4, "0")}`;
    // Columns of /proc/net/tcp: sl, local address, remote address, state, queues, timer:when, …
    const rows = (await Bun.file("/proc/net/tcp").text()).split("\n").map((entry) => entry.trim().split(/\s+/));
    const accepted = rows.filter((columns) => columns[1]?.endsWith(port) && columns[3] === "01");
    expect(accepted.map((columns) => columns[5]?.slice(0, 2))).toEqual([timer]);
    await wire.close();
    await server.stop();
  });
}

describe.skipIf(isOracle)("the network backend", () => {
  for (const io of ["epoll", "uring", "auto"]) {
    test(`--io ${io} serves, is logged, and is shown in INFO`, async () => {
      const server = await startServer({ options: { io } });
      const wire = await server.connect();
      expect(
        (await wire.pipeline(Array.from({ length: 2000 }, (_, index) => `ECHO ${index}`))).map(textOf).at(-1),
      ).toBe("1999");
      const shown = /multiplexing_api:(\S+)/.exec(textOf(await wire.call("INFO server")))?.[1];
      // Where the kernel refuses io_uring, `uring` falls back with a warning.
      expect(io === "epoll" ? ["epoll"] : ["io_uring", "epoll"]).toContain(shown as string);
      expect(server.log).toMatch(shown === "io_uring" ? /io_uring/ : /epoll/);
      await wire.close();
      await server.stop();
    });
  }

  test("connections on every core see the same data", async () => {
    const server = await startServer({ options: { cores: "4" } });
    const clients = await Promise.all(Array.from({ length: 24 }, () => server.connect()));
    for (const [index, wire] of clients.entries()) await wire.call(`SET core:${index} ${index}`);
    for (const wire of clients) {
      const replies = await wire.pipeline(clients.map((_, index) => `GET core:${index}`));
      expect(replies.map(textOf)).toEqual(clients.map((_, index) => String(index)));
    }
    await Promise.all(clients.map((wire) => wire.pipeline(Array.from({ length: 500 }, () => "INCR shared"))));
    expect(textOf(await clients[0]?.call("GET shared"))).toBe("12000");
    await Promise.all(clients.map((wire) => wire.close()));
    await server.stop();
  });
});
