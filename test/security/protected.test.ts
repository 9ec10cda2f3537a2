/** What a server keeps from clients whoever they are: renamed commands, protected commands and directives, protected mode. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { anything, errorLike, like, map, ok, queued } from "../harness/expected.ts";
import { itemsOf, show, textOf } from "../harness/resp.ts";
import { runServer, type Server, startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

setDefaultTimeout(60_000);

const UNKNOWN = errorLike(/^ERR unknown command/);
const NOT_ALLOWED = errorLike(/^ERR (DEBUG|MODULE) command not allowed/);
const LONG = "a-name-that-is-longer-than-that-of-any-command-there-is";

async function on(server: Promise<Server>, rows: Parameters<typeof check>[1]): Promise<void> {
  const own = await server;
  const wire = await own.connect();
  await check(wire, rows);
  await wire.close();
  await own.stop();
}

describe("rename-command", () => {
  test("gives a command another name and takes the old one from it", async () => {
    await on(startServer({ configFile: `rename-command GET Fetch\nrename-command config ${LONG}\n` }), [
      ["SET key value", ok],
      ["GET key", UNKNOWN],
      ["fetch key", "value"],
      ["FETCH key", "value"],
      ["CONFIG GET port", UNKNOWN],
      [`${LONG.toUpperCase()} GET hz`, map("hz", "10")],
      [`${LONG} nope`, errorLike(new RegExp(`^ERR unknown subcommand 'nope'. Try ${LONG.toUpperCase()} HELP`))],
    ]);
  });

  test("keeps the command's own name in what is told of it", async () => {
    await on(startServer({ configFile: "rename-command GET fetch\n" }), [
      ["fetch", errorLike(/^ERR wrong number of arguments for 'get' command/)],
      ["COMMAND INFO fetch get", anything],
      ["COMMAND GETKEYS fetch key", ["key"]],
      ["ACL SETUSER alice +get", ok],
      ["ACL SETUSER alice +fetch", errorLike(/Unknown command or category name in ACL$/)],
      ["ACL DRYRUN alice fetch key", like(/ has no permissions to access the 'key' key/)],
    ]);
  });

  test("takes a command away where its new name is empty", async () => {
    const own = await startServer({ configFile: 'rename-command FLUSHALL ""\nrename-command CONFIG ""\n' });
    const other = await startServer();
    const [wire, plain] = [await own.connect(), await other.connect()];
    await check(wire, [
      ["FLUSHALL", UNKNOWN],
      ["CONFIG GET port", UNKNOWN],
      ["COMMAND INFO flushall", [null]],
      ["MULTI", ok],
      ["FLUSHALL", UNKNOWN],
      ["EXEC", errorLike(/^EXECABORT/)],
    ]);
    const names = itemsOf(await wire.call("COMMAND LIST")).map(textOf);
    expect(names.filter((name) => name === "flushall" || name.startsWith("config"))).toEqual([]);
    const counts = await Promise.all([wire, plain].map(async (one) => show(await one.call("COMMAND COUNT"))));
    expect(Number(counts[0])).toBe(Number(counts[1]) - 2);
    await own.stop();
    await other.stop();
  });

  test("takes effect line by line: a freed name may be given to another command", async () => {
    const own = startServer({ configFile: "rename-command SET x\nrename-command GET set\nrename-command x get\n" });
    await on(own, [
      ["GET key value", ok],
      ["SET key", "value"],
    ]);
  });

  test("stays in the file that CONFIG REWRITE writes", async () => {
    const own = await startServer({ configFile: 'rename-command GET fetch\nrename-command DEBUG ""\n' });
    const wire = await own.connect();
    await check(wire, [["CONFIG REWRITE", ok]]);
    const text = await Bun.file(`${own.folder}/test.conf`).text();
    expect(text).toContain("rename-command GET fetch");
    expect(text).toContain('rename-command DEBUG ""');
    await wire.close();
    await own.stop();
  });

  test("holds for procedures too, whichever way they call", async () => {
    if (isOracle) return;
    const own = await startServer({ configFile: 'rename-command GET fetch\nrename-command DEL ""\n' });
    const wire = await own.connect();
    const source = `#!ts name=lib
      export function old(key: string) { return Zedis.get(key); }
      export function number(key: string) { return Zedis.get_int(key); }
      export function by_name(key: string) { return Zedis.call("get", key); }
      export function fetch(key: string) { return [Zedis.fetch(key), Zedis.call("FETCH", key)]; }
      export function gone(key: string) { return Zedis.del(key); }
      export function set(key: string) { return Zedis.set(key, "v"); }`;
    const unknown = errorLike(/Unknown Redis command called from script/);
    await check(wire, [
      [["FUNCTION", "LOAD", source], "lib"],
      ["FCALL set 1 key", "OK"],
      ["FCALL old 1 key", unknown],
      ["FCALL number 1 key", unknown],
      ["FCALL by_name 1 key", unknown],
      ["FCALL fetch 1 key", ["v", "v"]],
      ["FCALL gone 1 key", unknown],
    ]);
    await wire.close();
    await own.stop();
  });

  test("stops the start where a line makes no sense", async () => {
    for (const [words, reason] of [
      [["nope", "x"], "No such command in rename-command"],
      [["get", "set"], "Target command name already exists"],
      [["get"], "Bad directive or wrong number of arguments"],
    ] as const) {
      const { exitCode, output } = await runServer(["--port", "0", "--rename-command", ...words]);
      expect(exitCode).toBe(1);
      expect(output).toContain(reason);
    }
  });
});

describe("protected commands", () => {
  test("are refused unless they are enabled, before anything else is looked at", async () => {
    const options = { "enable-debug-command": "no", requirepass: "secret" };
    await on(startServer({ options }), [
      ["DEBUG SLEEP 0", NOT_ALLOWED],
      ["MODULE UNLOAD x", NOT_ALLOWED],
      ["MODULE UNLOAD", errorLike(/^ERR wrong number of arguments for 'module\|unload' command/)],
      ["AUTH secret", ok],
      ["MODULE LIST", []],
      ["MULTI", ok],
      ["DEBUG SLEEP 0", NOT_ALLOWED],
      ["EXEC", errorLike(/^EXECABORT/)],
    ]);
  });

  test("are for this machine where they are enabled for it", async () => {
    const options = { "enable-debug-command": "local", "enable-module-command": "local" };
    await on(startServer({ options }), [
      ["DEBUG SLEEP 0", ok],
      ["MODULE UNLOAD x", errorLike(/^ERR Error unloading module/)],
    ]);
  });
});

describe("protected directives", () => {
  const DENIED = errorLike(/^ERR CONFIG SET failed .*can't set protected config/);

  test("cannot be set unless that is enabled", async () => {
    await on(startServer(), [["CONFIG SET dir /tmp", DENIED]]);
  });

  test("can be set from this machine where that is enabled for it, inside a transaction too", async () => {
    await on(startServer({ options: { "enable-protected-configs": "local" } }), [
      ["CONFIG SET dir /tmp", ok],
      ["MULTI", ok],
      ["CONFIG SET dir /", queued],
      ["EXEC", [ok]],
    ]);
  });
});

/** What a client with an address of the network is sent, though it runs here; null where this machine has none. */
async function fromOutside(port: number, request: string): Promise<string | null> {
  const addresses = Object.values(networkInterfaces()).flat();
  const outside = addresses.find((found) => found?.family === "IPv4" && !found.internal);
  if (outside === undefined) return null;
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port, localAddress: outside.address });
    socket.on("error", reject);
    socket.on("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.endsWith("\r\n")) socket.destroy();
    });
    socket.on("close", () => resolve(text));
  });
}

describe("protected mode", () => {
  test("turns away who comes from another address, until there is a password or it is off", async () => {
    const own = await startServer();
    const wire = await own.connect();
    const ping = () => fromOutside(own.port, "PING\r\n");
    if ((await ping()) === null) return;
    expect(await ping()).toStartWith("-DENIED ");
    expect(String(textOf(await wire.call("INFO stats")))).toMatch(/rejected_connections:[1-9]/);
    await check(wire, [["CONFIG SET protected-mode no", ok]]);
    expect(await ping()).toBe("+PONG\r\n");
    await check(wire, [
      ["CONFIG SET protected-mode yes", ok],
      ["CONFIG SET requirepass secret", ok],
    ]);
    expect(await ping()).toStartWith("-NOAUTH ");
    await check(wire, [
      ["AUTH secret", ok],
      ["CONFIG SET requirepass ''", ok],
    ]);
    expect(await ping()).toStartWith("-DENIED ");
    await wire.close();
    await own.stop();
  });

  test("nobody from another address counts as local", async () => {
    const options = {
      "protected-mode": "no",
      "enable-debug-command": "local",
      "enable-protected-configs": "local",
    };
    const own = await startServer({ options });
    const reply = await fromOutside(own.port, "DEBUG SLEEP 0\r\n");
    if (reply !== null) {
      expect(reply).toStartWith("-ERR DEBUG command not allowed");
      expect(await fromOutside(own.port, "CONFIG SET dir /tmp\r\n")).toContain("can't set protected config");
    }
    await own.stop();
  });
});
