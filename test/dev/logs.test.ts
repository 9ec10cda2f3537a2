/** The log of a live server in each form, and what a service manager is told. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Datagrams } from "../harness/datagrams.ts";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const LIMIT_MS = 120_000;
const MAIN = join(import.meta.dir, "../../src/main.ts");

let server: Server | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

test(
  "log-format changes while the server runs, and each line of JSON is valid whatever a procedure logs",
  async () => {
    server = await startServer();
    const wire = await server.connect();
    const source =
      '#!ts name=noise\nexport function noise(from: number) {\n  let text = "noise ";\n  for (let code = from; code < from + 512; code++) text += String.fromCharCode(code);\n  Zedis.log(text);\n}\n';
    await wire.call(["FUNCTION", "LOAD", source]);
    expect(await wire.call(["CONFIG", "GET", "log-format"])).toMatchObject({
      items: [{}, { bytes: Buffer.from("auto") }],
    });
    expect(await wire.call(["CONFIG", "SET", "log-format", "json", "log-timestamp-format", "milliseconds"])).toEqual({
      kind: "simple",
      text: "OK",
    });
    for (const from of [0, 512, 0x2000, 0xd700, 0xdf00, 0xfe00]) {
      await wire.call(["FCALL", "noise", "0", String(from)]);
    }
    const lines = await until("six lines of JSON", () => {
      const json = server?.log.split("\n").filter((line) => line.startsWith("{")) ?? [];
      return json.length >= 6 && server?.log.endsWith("\n") && json;
    });
    for (const line of lines) {
      const { timestamp, level, pid, message } = JSON.parse(line);
      expect({ timestamp: typeof timestamp, level, pid }).toEqual({
        timestamp: "number",
        level: "notice",
        pid: server.pid,
      });
      expect(message).toContain("noise ");
    }
    await wire.call(["CONFIG", "SET", "log-format", "logfmt"]);
    await wire.call(["FCALL", "noise", "0", "65"]);
    await until("a line of logfmt", () =>
      /^pid=\d+ role=primary timestamp="\d+" level=notice message="/m.test(server?.log ?? ""),
    );
    expect(await wire.call(["CONFIG", "SET", "log-format", "xml"])).toMatchObject({ kind: "error" });
    await wire.close();
  },
  LIMIT_MS,
);

/** What a server prints on a terminal until it is ready. */
async function onTerminal(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "zedis-terminal-"));
  let screen = "";
  const child = Bun.spawn(
    [process.execPath, MAIN, "--admin-port", "0", "--port", "0", "--bind", "127.0.0.1", "--save", "", ...args],
    {
      cwd: folder,
      env: { ...process.env, TERM: "xterm", ...env },
      terminal: {
        cols: 200,
        rows: 50,
        data: (_terminal, bytes) => {
          screen += Buffer.from(bytes).toString();
        },
      },
    },
  );
  try {
    await until("the server's start", () => screen.includes("Ready to accept connections"), { limit_ms: 30_000 });
    return screen;
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true });
  }
}

test(
  "on a terminal people are meant, in colour unless they say no; elsewhere lines are Redis's",
  async () => {
    const coloured = await onTerminal({ NO_COLOR: "" });
    expect(coloured).toContain("\x1b[0m \x1b[32mnotice \x1b[0m Ready to accept connections");
    expect(coloured).toContain("\x1b[90m");
    const plain = await onTerminal({ NO_COLOR: "1" });
    expect(plain).toMatch(/^\d\d:\d\d:\d\d\.\d{3} notice {2}Ready to accept/m);
    expect(plain).not.toContain("\x1b");
    expect(await onTerminal({}, "--log-format", "legacy")).toMatch(
      /^\d+:M \d\d \w{3} \d{4} [\d:.]{12} \* Ready to accept/m,
    );
    server = await startServer();
    expect(server.log).toMatch(/^\d+:M \d\d \w{3} \d{4} [\d:.]{12} \* Ready to accept/m);
  },
  LIMIT_MS,
);

for (const [mode, kind] of [
  ["systemd", "path"],
  ["auto", "abstract"],
] as const) {
  test(
    `supervised ${mode} tells systemd when it is ready and when it stops (${kind})`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "zedis-notify-"));
      const name = kind === "path" ? join(folder, "notify") : `@zedis-test-${process.pid}`;
      const manager = new Datagrams(name);
      try {
        server = await startServer({ options: { supervised: mode }, env: { NOTIFY_SOCKET: name, UPSTART_JOB: "" } });
        expect(server.log).toContain("Supervised by systemd.");
        expect(await manager.next()).toBe("STATUS=Zedis is loading...\n");
        expect(await manager.next()).toBe("STATUS=Ready to accept connections\nREADY=1\n");
        server.signal("SIGTERM");
        expect(await manager.next()).toBe("STATUS=Stopping\nSTOPPING=1\n");
        expect(await server.exited).toBe(0);
      } finally {
        manager.close();
        rmSync(folder, { recursive: true });
      }
    },
    LIMIT_MS,
  );
}

test(
  "the service manager's watchdog is not fed while a core does not answer, and is again when it does",
  async () => {
    const name = `@zedis-watchdog-${process.pid}`;
    const manager = new Datagrams(name);
    try {
      server = await startServer({
        options: { supervised: "systemd", cores: "2" },
        env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: "400000" },
      });
      const wire = await server.connect();
      for (let text = ""; text !== "WATCHDOG=1\n"; ) text = await manager.next();
      manager.waiting();
      // A comparison that keeps its core for some seconds. Of the many looks meanwhile those before and after may find that it has turned.
      await wire.call(["DEBUG", "STRINGMATCH-LEN", `*${"a".repeat(10_000)}b`, "a".repeat(200_000)]);
      expect(manager.waiting().length).toBeLessThan(5);
      expect(await manager.next()).toBe("WATCHDOG=1\n");
      await wire.close();
    } finally {
      manager.close();
    }
  },
  LIMIT_MS,
);

test(
  "where nobody supervises the log says so, and the server serves",
  async () => {
    server = await startServer({ options: { supervised: "systemd" }, env: { NOTIFY_SOCKET: "" } });
    expect(server.log).toContain("# systemd supervision error: NOTIFY_SOCKET not found!");
    await server.stop();
    server = await startServer({ options: { supervised: "systemd" }, env: { NOTIFY_SOCKET: "/nobody/is/here" } });
    expect(server.log).toContain("systemd supervision error: nothing takes datagrams at /nobody/is/here");
    await server.stop();
    server = await startServer({ options: { supervised: "upstart" }, env: { UPSTART_JOB: "" } });
    expect(server.log).toContain("upstart supervision requested, but UPSTART_JOB not found!");
  },
  LIMIT_MS,
);

test(
  "upstart learns that the server is up when it stops itself, and lets it go on",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "zedis-upstart-"));
    const log = join(folder, "log");
    const args = [
      "--admin-port",
      "0",
      "--port",
      "0",
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--supervised",
      "upstart",
      "--logfile",
      log,
    ];
    const child = Bun.spawn([process.execPath, MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, UPSTART_JOB: "zedis" },
      stdio: ["ignore", "ignore", "ignore"],
    });
    try {
      const isStopped = async (): Promise<boolean> =>
        (await Bun.file(`/proc/${child.pid}/stat`).text()).replace(/^.*\)/, "").startsWith(" T");
      await until("the stop", isStopped, { limit_ms: 30_000 });
      expect(readFileSync(log, "utf8")).toContain("supervised by upstart, will stop to signal readiness.");
      child.kill("SIGCONT");
      await until("the start", () => readFileSync(log, "utf8").includes("Ready to accept"), { limit_ms: 30_000 });
    } finally {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true });
    }
  },
  LIMIT_MS,
);
