/** What the system sees of the process: title, score of the kernel, group of its socket, and `daemonize`: a server that goes on by itself. */
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OomScore } from "../../src/core/oom-score.ts";
import { show, textOf } from "../harness/resp.ts";
import { freePort, type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import { Wire } from "../harness/wire.ts";

const LIMIT_MS = 120_000;
const MAIN = join(import.meta.dir, "../../src/main.ts");

const titleOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "latin1").replace(/\0+$/, "");

let server: Server | undefined;
let folder: string | undefined;
afterEach(async () => {
  await server?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  [server, folder] = [undefined, undefined];
});

test("the title says where the server listens, and follows its template", async () => {
  server = await startServer({ kind: "zedis" });
  const { port, pid } = server;
  expect(titleOf(pid)).toBe(`zedis-server 127.0.0.1:${port}`);
  const wire = await server.connect();
  expect(textOf(await wire.call(["CONFIG", "SET", "proc-title-template", "{{{port}} {title}{server-mode}"]))).toBe(
    "OK",
  );
  await until("the new title", () => titleOf(pid) === `{${port}} zedis-server`);
  expect(textOf(await wire.call(["CONFIG", "SET", "proc-title-template", "{no}"]))).toContain(
    "template format is invalid",
  );
});

test("without set-proc-title the command line stays", async () => {
  server = await startServer({ kind: "zedis", options: { "set-proc-title": "no" } });
  expect(titleOf(server.pid)).toContain("main.ts");
});

test("oom-score-adj is put in force, changed and taken back", async () => {
  const own = Number(readFileSync("/proc/self/oom_score_adj", "latin1"));
  server = await startServer({
    kind: "zedis",
    options: { "oom-score-adj": "yes", "oom-score-adj-values": "10 20 30" },
  });
  const { pid } = server;
  const score = () => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "latin1"));
  expect(score()).toBe(Math.min(own + 10, 1000));
  const wire = await server.connect();
  const set = async (...words: string[]) => textOf(await wire.call(["CONFIG", "SET", ...words]));
  expect(await set("oom-score-adj-values", "15 20 30")).toBe("OK");
  expect(score()).toBe(Math.min(own + 15, 1000));
  expect(await set("oom-score-adj", "absolute", "oom-score-adj-values", "900 900 900")).toBe("OK");
  expect(score()).toBe(900);
  // More than there is.
  expect(await set("oom-score-adj-values", "2000 0 0")).toBe("OK");
  expect(score()).toBe(1000);
  expect(await set("oom-score-adj", "no")).toBe("OK");
  expect(score()).toBe(own);
});

test("a score that the kernel refuses is an error, and what was stays", () => {
  const said: string[] = [];
  const score = new OomScore((_, line) => said.push(line), "/proc/self/nothing");
  expect(score.apply("no", "1 2 3")).toBeNull();
  expect(score.apply("yes", "1 2 3")).toBe("Failed to set current oom_score_adj. Check server logs.");
  expect(said.join()).toContain("Unable to write oom_score_adj");
});

test("unixsocketgroup gives the socket's file to a group, or stops the start", async () => {
  folder = mkdtempSync(join(tmpdir(), "zedis-group-"));
  const unixsocket = join(folder, "socket");
  const own = String(process.getgid?.());
  server = await startServer({
    kind: "zedis",
    options: { port: String(freePort()), unixsocket, unixsocketgroup: own },
  });
  expect(String(statSync(unixsocket).gid)).toBe(own);
  await expect(
    startServer({
      kind: "zedis",
      options: { port: String(freePort()), unixsocket: `${unixsocket}2`, unixsocketgroup: "no-such-group" },
    }),
  ).rejects.toThrow("there is no group 'no-such-group'");
});

test.each(["a file", "its standard input"])(
  "a server told by %s to be a daemon leaves the terminal to others, and ends when it is told to",
  async (by) => {
    folder = mkdtempSync(join(tmpdir(), "zedis-daemon-"));
    const [port, log, pidFile] = [freePort(), join(folder, "log"), join(folder, "pid")];
    const text = `port ${port}\nbind 127.0.0.1\nadmin-port 0\ncores 1\ndir ${folder}\nlogfile ${log}\npidfile ${pidFile}\ndaemonize yes\n`;
    const file = join(folder, "test.conf");
    await Bun.write(file, text);
    const started = Bun.spawn({
      cmd: [process.execPath, MAIN, by === "a file" ? file : "-"],
      stdin: by === "a file" ? "ignore" : Buffer.from(text),
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, NOTIFY_SOCKET: undefined, UPSTART_JOB: undefined },
    });
    expect(await started.exited).toBe(0);
    expect(await started.stdout.text()).toBe("");
    expect(await started.stderr.text()).toBe("");
    const ready = () => existsSync(log) && readFileSync(log, "latin1").includes("Ready to accept connections");
    await until("the server", ready, { limit_ms: 60_000 });
    const wire = await Wire.connect({ hostname: "127.0.0.1", port });
    const pid = Number(/process_id:(\d+)/.exec(textOf(await wire.call("INFO server")))?.[1]);
    expect(pid).not.toBe(started.pid);
    expect(Number(readFileSync(pidFile, "latin1"))).toBe(pid);
    // The leader of a session of its own.
    expect(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[3]).toBe(String(pid));
    expect(show(await wire.call("CONFIG GET daemonize"))).toBe('["daemonize", "yes"]');
    wire.send("SHUTDOWN NOSAVE");
    await until("its end", () => !existsSync(`/proc/${pid}`) && !existsSync(pidFile), { limit_ms: 30_000 });
  },
  LIMIT_MS,
);

test("a daemon's directives are looked at before it leaves", async () => {
  const started = Bun.spawn({
    cmd: [process.execPath, MAIN, "--daemonize", "yes", "--port", "many"],
    stdout: "ignore",
    stderr: "pipe",
  });
  expect(await started.exited).toBe(1);
  expect(await started.stderr.text()).toContain("port");
});

test("a server that a service manager has started stays where it is", async () => {
  server = await startServer({
    kind: "zedis",
    options: { daemonize: "yes", supervised: "systemd" },
    env: { NOTIFY_SOCKET: "/nowhere" },
  });
  expect(textOf(await (await server.connect()).call("PING"))).toBe("PONG");
});
