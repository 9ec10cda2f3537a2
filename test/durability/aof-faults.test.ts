/** The append only file where something is wrong: files that were cut or damaged, a process that is killed, a disk that is full. */
import { afterAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRequest, show, textOf } from "../harness/resp.ts";
import { runServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import { folder, LOG, removeFolders, run, start } from "./aof-files.ts";

afterAll(removeFolders);

describe.skipIf(isOracle)("a log that", () => {
  const commands: readonly (readonly string[])[] = [
    ["SELECT", "0"],
    ["SET", "n", "1"],
    ["MULTI"],
    ["INCR", "n"],
    ["INCR", "n"],
    ["EXEC"],
    ["INCR", "n"],
  ];
  const whole = Buffer.concat(commands.map((command) => encodeRequest(command)));

  function write(dir: string, content: Uint8Array): void {
    mkdirSync(join(dir, "appendonlydir"));
    writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
    writeFileSync(join(dir, LOG), content);
  }

  test("was cut short loads up to its last whole transaction, wherever the cut is, and goes on from there", async () => {
    const multi = whole.indexOf("*1\r\n$5\r\nMULTI");
    const exec = whole.indexOf("*1\r\n$4\r\nEXEC") + "*1\r\n$4\r\nEXEC\r\n".length;
    for (const [end, value, kept] of [
      [whole.length - 1, '"3"', exec],
      [exec - 3, '"1"', multi],
      [multi + 20, '"1"', multi],
      [multi - 1, "nil($-1)", encodeRequest(["SELECT", "0"]).length],
      [5, "nil($-1)", 0],
    ] as const) {
      const dir = folder();
      write(dir, whole.subarray(0, end));
      let server = await start(dir);
      expect(server.log).toContain(`its last ${end - kept} bytes are no whole request`);
      expect(server.log).toContain(`Truncating the AOF appendonly.aof.1.incr.aof at offset ${kept}`);
      let wire = await server.connect();
      expect(show(await wire.call("GET n"))).toBe(value);
      await run(wire, [["SET", "after", "yes"]]);
      await server.stop();
      server = await start(dir, { "aof-load-truncated": "no" });
      wire = await server.connect();
      expect(show(await wire.call("MGET n after"))).toBe(`[${value}, "yes"]`);
      await server.stop();
    }
  }, 60_000);

  test("is from before Redis 7 moves in, also where another server began to move it and did not come to the end", async () => {
    for (const manifest of [null, "file appendonly.aof seq 1 type b\n"]) {
      const dir = folder();
      writeFileSync(join(dir, "appendonly.aof"), whole);
      if (manifest !== null) {
        mkdirSync(join(dir, "appendonlydir"));
        writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), manifest);
      }
      const server = await start(dir);
      expect(show(await (await server.connect()).call("GET n"))).toBe('"4"');
      expect(existsSync(join(dir, "appendonly.aof"))).toBe(false);
      expect(existsSync(join(dir, "appendonlydir/appendonly.aof"))).toBe(true);
      await server.stop();
    }
  }, 30_000);

  test("was cut short stops the start where that is not allowed", async () => {
    const dir = folder();
    write(dir, whole.subarray(0, whole.length - 1));
    const { exitCode, output } = await runServer([
      ...["--port", "0", "--dir", dir, "--appendonly", "yes", "--aof-load-truncated", "no"],
    ]);
    expect(exitCode).toBe(1);
    expect(output).toContain("Unexpected end of file reading the append only file appendonly.aof.1.incr.aof");
  }, 30_000);

  test("is damaged in the middle, or names files that are not there, stops the start with where and why", async () => {
    const flipped = Buffer.from(whole);
    const at = whole.indexOf("*2\r\n$4\r\nINCR");
    flipped[at] = 0x58;
    const asks = (content: Uint8Array, manifest?: string) => {
      const dir = folder();
      write(dir, content);
      if (manifest !== undefined) writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), manifest);
      return runServer(["--port", "0", "--dir", dir, "--appendonly", "yes"]);
    };
    for (const [content, manifest, text] of [
      [flipped, undefined, `Bad file format reading the append only file at offset ${at}`],
      [encodeRequest(["NOSUCH", "a"]), undefined, "Unknown command 'NOSUCH' reading the append only file (offset 0)"],
      [encodeRequest(["SELECT", "99"]), undefined, "SELECT 99 at offset 0"],
      [whole, "file missing seq 1 type i\n", "The AOF file missing doesn't exist"],
      [whole, "nonsense\n", "Invalid AOF manifest file format, in line 1"],
    ] as const) {
      const { exitCode, output } = await asks(content, manifest);
      expect(output).toContain(text);
      expect(exitCode).toBe(1);
    }
  }, 60_000);
});

for (const appendfsync of ["always", "everysec", "no"]) {
  // Written for this server's own files of the log; what Redis loses is Redis's own business.
  test.skipIf(isOracle)(
    `what was acknowledged survives SIGKILL, of many clients at once (appendfsync ${appendfsync})`,
    async () => {
      const dir = folder();
      let server = await start(dir, { appendfsync });
      const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
      const acknowledged = clients.map(() => 0);
      let going = true;
      const writing = clients.map(async (wire, index) => {
        try {
          for (let number = 1; going; number++) {
            await wire.call(["SET", `client ${index}`, String(number)]);
            acknowledged[index] = number;
          }
        } catch {
          // The server has gone.
        }
      });
      await until("some writes", () => Math.min(...acknowledged) > 20);
      server.signal("SIGKILL");
      going = false;
      await Promise.all([server.exited, ...writing]);
      server = await start(dir);
      const wire = await server.connect();
      for (const [index, least] of acknowledged.entries()) {
        expect(Number(textOf(await wire.call(["GET", `client ${index}`])))).toBeGreaterThanOrEqual(least);
      }
      await server.stop();
    },
    60_000,
  );
}

describe.skipIf(isOracle)("with appendfsync always", () => {
  test("pipelines, subscribers, blocked clients and transactions get all their replies in order", async () => {
    const server = await start(folder(), { appendfsync: "always" });
    const [wire, other] = [await server.connect(), await server.connect()];
    const blocked = other.call("BLPOP queue 10");
    const replies = await Promise.all(
      Array.from({ length: 300 }, (_, index) => wire.call(index % 3 === 0 ? ["GET", "n"] : ["INCR", "n"])),
    );
    expect(show(replies.at(-1) as never)).toBe(":200");
    await run(wire, [["RPUSH", "queue", "x"]]);
    expect(show(await blocked)).toBe('["queue", "x"]');
    await run(wire, [
      ["CONFIG", "SET", "appendfsync", "everysec"],
      ["SET", "a", "1"],
      ["CONFIG", "SET", "appendfsync", "always"],
    ]);
    await run(wire, [["MULTI"], ["INCR", "a"], ["EXEC"], ["EVAL", "return redis.call('INCR', 'a')", "0"]]);
    expect(show(await wire.call("GET a"))).toBe('"3"');
    await server.stop();
  }, 60_000);
});

// A pipe takes bytes, but no fsync: what is told apart here would be lost by a server that never calls it.
describe.skipIf(isOracle)("a file that takes no fsync", () => {
  async function withPipe(dir: string, fsync: string) {
    mkdirSync(join(dir, "appendonlydir"));
    writeFileSync(join(dir, "appendonlydir/appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
    execFileSync("mkfifo", [join(dir, LOG)]);
    // Open both ways: neither end waits for the other.
    const pipe = openSync(join(dir, LOG), "r+");
    const server = await start(dir, { appendfsync: fsync });
    const end = async (): Promise<void> => {
      server.signal("SIGKILL");
      await server.exited;
      closeSync(pipe);
    };
    return { server, end };
  }
  const MISCONF = "-MISCONF Errors writing to the AOF file: Invalid argument";

  test("acknowledges nothing with appendfsync always", async () => {
    const { server, end } = await withPipe(folder(), "always");
    const [writer, other] = [await server.connect(), await server.connect()];
    let acknowledged = false;
    void writer.call("SET k v").then(
      () => (acknowledged = true),
      () => undefined,
    );
    await until("the error", async () => show(await other.call("PING")) === MISCONF);
    expect(show(await other.call("SET k w"))).toBe(MISCONF);
    expect(acknowledged).toBe(false);
    await end();
  }, 30_000);

  test("is an error with everysec until an fsync goes well, not until a write does", async () => {
    const { server, end } = await withPipe(folder(), "everysec");
    const wire = await server.connect();
    expect(show(await wire.call("SET k v"))).toBe("+OK");
    await until("the error", async () => show(await wire.call("PING")) === MISCONF);
    for (let look = 0; look < 50; look++) {
      expect(show(await wire.call("SET k w"))).toBe(MISCONF);
      await Bun.sleep(10);
    }
    expect(server.log).not.toContain("looks solved");
    expect(show(await wire.call("CONFIG SET appendfsync no"))).toBe("+OK");
    await until("writes again", async () => show(await wire.call("SET k w")) === "+OK");
    await end();
  }, 30_000);
});

// Limits the size of files by prlimit, of util-linux.
describe.skipIf(isOracle || Bun.which("prlimit") === null)("a disk that takes no more", () => {
  for (const appendfsync of ["always", "everysec"]) {
    test(`refuses writes with MISCONF, serves reads, and goes on by itself (${appendfsync})`, async () => {
      const dir = folder();
      let server = await start(dir, { appendfsync });
      const [wire, other] = [await server.connect(), await server.connect()];
      await run(wire, [["SET", "before", "1"]]);
      const limit = (bytes: string) => Bun.spawnSync(["prlimit", `--pid=${server.pid}`, `--fsize=${bytes}:unlimited`]);
      expect(limit("4096").exitCode).toBe(0);
      // With always this reply comes only when it is on disk.
      const late = wire.call(["SET", "large", "x".repeat(10_000)]);
      const error = "MISCONF Errors writing to the AOF file: File too large";
      await until("the refusal", async () => show(await other.call("PING")) === `-${error}`);
      expect(show(await other.call("SET refused 1"))).toBe(`-${error}`);
      expect(show(await other.call("GET before"))).toBe('"1"');
      expect(show(await other.call(["EVAL", "return redis.call('SET', 'a', 1)", "0"]))).toBe(`-${error}`);
      expect(textOf(await other.call("INFO persistence"))).toContain("aof_last_write_status:err\r\n");
      expect(limit("unlimited").exitCode).toBe(0);
      expect(show(await late)).toBe("+OK");
      await until("the recovery", async () => show(await other.call("SET after 1")) === "+OK");
      expect(textOf(await other.call("INFO persistence"))).toContain("aof_last_write_status:ok\r\n");
      expect(show(await other.call("PING"))).toBe("+PONG");
      await server.stop();
      server = await start(dir);
      const second = await server.connect();
      expect(show(await second.call("EXISTS before large after refused"))).toBe(":3");
      await server.stop();
    }, 60_000);
  }
});
