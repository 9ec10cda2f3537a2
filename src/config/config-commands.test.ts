import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ErrorReply, encodeReply, type Protocol, type ReplyValue } from "../core/reply.ts";
import { type ConfigCollaborators, configCommands } from "./config-commands.ts";
import { DISK } from "./files.ts";
import { Settings } from "./settings.ts";

interface Server {
  readonly settings: Settings;
  readonly pushed: string[];
  readonly lines: string[];
  readonly call: (...argv: string[]) => Promise<ReplyValue>;
  readonly raw: (proto: Protocol, ...argv: string[]) => Promise<string>;
}

function server(parts: Partial<ConfigCollaborators> = {}, local = false): Server {
  const settings = parts.settings ?? new Settings("/");
  const pushed: string[] = [];
  const lines: string[] = [];
  const command = configCommands({
    settings,
    configFile: null,
    files: DISK,
    push: (name, value) => {
      pushed.push(`${name}=${value}`);
      return name === "maxclients" && value === "1" ? "No clients." : null;
    },
    apply: (name, value) => {
      pushed.push(`apply ${name}=${value}`);
      return null;
    },
    users: () => ["user default on nopass ~* &* +@all", "user bob off"],
    applyTogether: () => null,
    resetStat: () => {
      pushed.push("reset");
    },
    log: (_level, line) => lines.push(line),
    ...parts,
  });
  const run = async (proto: Protocol, argv: string[]) =>
    command(
      ["CONFIG", ...argv].map((word) => Buffer.from(word)),
      { proto, local },
    );
  return {
    settings,
    pushed,
    lines,
    call: (...argv) => run(3, argv),
    raw: async (proto, ...argv) => Buffer.from(encodeReply(await run(proto, argv), proto)).toString(),
  };
}

async function errorOf(reply: Promise<ReplyValue>): Promise<string> {
  const value = await reply;
  return value instanceof ErrorReply ? value.text : `no error: ${JSON.stringify(value)}`;
}

describe("CONFIG GET", () => {
  test("is a map in RESP3 and a flat array in RESP2", async () => {
    const { raw } = server();
    expect(await raw(3, "GET", "hz")).toBe("%1\r\n$2\r\nhz\r\n$2\r\n10\r\n");
    expect(await raw(2, "GET", "hz")).toBe("*2\r\n$2\r\nhz\r\n$2\r\n10\r\n");
    expect(await raw(2, "GET", "nosuch")).toBe("*0\r\n");
  });

  test("takes many patterns, shows each directive once, by the name that was sent", async () => {
    const reply = await server().call("get", "MAXMEMORY", "maxmemory", "maxm*y", "h[z]");
    expect([...(reply as Map<string, string>)]).toEqual([
      ["MAXMEMORY", "0"],
      ["maxmemory-eviction-tenacity", "10"],
      ["maxmemory-policy", "noeviction"],
      ["hz", "10"],
    ]);
  });

  test("lists older names beside the new ones and hides what is hidden from patterns", async () => {
    const all = (await server().call("get", "*")) as Map<string, string>;
    expect(all.get("hash-max-ziplist-entries")).toBe("512");
    expect(all.get("slaveof")).toBe("");
    expect(all.has("watchdog-period")).toBe(false);
    expect(await server().raw(2, "get", "watchdog-period")).toBe("*2\r\n$15\r\nwatchdog-period\r\n$1\r\n0\r\n");
  });
});

describe("CONFIG SET", () => {
  test("changes values, tells the native side of each change, and of nothing else", async () => {
    const { call, pushed, settings } = server();
    expect(await call("set", "maxmemory", "100mb", "hz", "10", "loglevel", "debug", "appendfsync", "no")).toEqual({
      text: "OK",
    } as ReplyValue);
    expect(pushed).toEqual(["maxmemory=104857600", "apply loglevel=debug", "appendfsync=no"]);
    expect(settings.get("maxmemory")).toBe("104857600");
    expect(settings.get("appendfsync")).toBe("no");
  });

  test("warns about a directive without effect", async () => {
    const { call, lines } = server();
    await call("set", "repl-timeout", "30");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith("'repl-timeout' is accepted without effect");
  });

  test("changes nothing when one value is wrong", async () => {
    const { call, pushed, settings } = server();
    expect(await errorOf(call("set", "maxmemory", "1", "hz", "abc"))).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer",
    );
    expect(pushed).toEqual([]);
    expect(settings.get("maxmemory")).toBe("0");
  });

  test("puts everything back when the native side refuses a value", async () => {
    const { call, pushed, settings } = server();
    expect(await errorOf(call("set", "timeout", "5", "maxclients", "1", "maxmemory", "9"))).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'maxclients') - No clients.",
    );
    expect(pushed).toEqual(["timeout=5", "maxclients=1", "maxclients=10000", "timeout=0"]);
    expect([settings.get("timeout"), settings.get("maxclients")]).toEqual(["0", "10000"]);
  });

  test("puts back what was in force together before the sockets were refused", async () => {
    const applied: string[] = [];
    const settings = new Settings("/");
    const { call } = server({
      settings,
      applyTogether: (kind, name) => {
        applied.push(`${kind} ${name} ${settings.get("tls-ciphers")} ${settings.get("port")}`);
        return kind === "sockets" ? "no such port" : null;
      },
    });
    expect(await errorOf(call("set", "port", "1", "tls-ciphers", "NEW", "bind", "::1"))).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - no such port",
    );
    expect(applied).toEqual(["tls tls-ciphers NEW 1", "sockets port NEW 1", "tls tls-ciphers  6379"]);
    expect([settings.get("port"), settings.get("bind")]).toEqual(["6379", "* -::*"]);
  });

  test("takes a directive under both of its names, the later one wins", async () => {
    const { call, pushed } = server();
    await call("set", "list-max-ziplist-size", "-1", "list-max-listpack-size", "-3");
    expect(pushed).toEqual(["list-max-listpack-size=-3"]);
  });

  test("takes the value in force of a directive that only Zedis has, though it is immutable", async () => {
    const { call, settings, pushed } = server();
    for (const name of ["cores", "shards", "io"] as const) {
      expect(await call("set", name, settings.get(name))).toEqual({ text: "OK" } as ReplyValue);
    }
    expect(pushed).toEqual([]);
  });

  test("answers Redis's errors", async () => {
    const failed = (name: string, reason: string) =>
      `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
    const rows: [argv: string[], error: string][] = [
      [["set"], "ERR wrong number of arguments for 'config|set' command"],
      [["set", "hz"], "ERR wrong number of arguments for 'config|set' command"],
      [["set", "hz", "1", "port"], "ERR syntax error"],
      [["set", "nosuch", "1"], "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"],
      [["set", "Databases", "4"], failed("Databases", "can't set immutable config")],
      [["set", "dir", "/"], failed("dir", "can't set protected config")],
      [["set", "hz", "1", "HZ", "2"], failed("HZ", "duplicate parameter")],
      [["set", "HZ", "x"], failed("hz", "argument couldn't be parsed into an integer")],
      [["set", "cores", "7"], failed("cores", "can't set immutable config")],
      [["set", "databases", "4", "nosuch", "1"], failed("databases", "can't set immutable config")],
      [["get"], "ERR wrong number of arguments for 'config|get' command"],
      [["rewrite", "x"], "ERR wrong number of arguments for 'config|rewrite' command"],
      [["foo"], "ERR unknown subcommand 'foo'. Try CONFIG HELP."],
    ];
    for (const [argv, error] of rows) expect([argv, await errorOf(server().call(...argv))]).toEqual([argv, error]);
    expect(await errorOf(server().call())).toBe("ERR wrong number of arguments for 'config' command");
  });

  test("guards protected directives unless the configuration opens them", async () => {
    const open = (value: string) => {
      const settings = new Settings("/");
      settings.replace("enable-protected-configs", value);
      return { settings };
    };
    const reason = "can't set protected config";
    expect(await errorOf(server(open("local")).call("set", "dbfilename", "x"))).toContain(reason);
    expect(await errorOf(server(open("local"), true).call("set", "dbfilename", "x"))).toContain("no error");
    const yes = server(open("yes"));
    expect(await errorOf(yes.call("set", "dir", "/nosuch-folder"))).toContain("No such file or directory");
    await yes.call("set", "dir", tmpdir());
    expect(yes.pushed).toEqual([`apply dir=${tmpdir()}`]);
  });

  test("refuses a value that is not text", async () => {
    const command = configCommands({
      settings: new Settings("/"),
      configFile: null,
      files: DISK,
      push: () => null,
      apply: () => null,
      applyTogether: () => null,
      resetStat: () => {},
      users: () => [],
      log: () => {},
    });
    const argv = ["config", "set", "requirepass"].map((word) => Buffer.from(word));
    const reply = await command([...argv, Buffer.from([0xff])], { proto: 2 });
    expect(reply).toBeInstanceOf(ErrorReply);
  });
});

test("CONFIG REWRITE writes the file that the server was started with, or says that there is none", async () => {
  expect(await errorOf(server().call("rewrite"))).toBe("ERR The server is running without a config file");
  const folder = mkdtempSync(join(tmpdir(), "zedis-config-"));
  try {
    const configFile = join(folder, "redis.conf");
    writeFileSync(configFile, "hz 10\n");
    const { call } = server({ configFile });
    await call("set", "hz", "40");
    expect(await call("rewrite")).toEqual({ text: "OK" } as ReplyValue);
    expect(readFileSync(configFile, "utf8")).toStartWith("hz 40\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("CONFIG RESETSTAT resets and HELP helps", async () => {
  const { call, pushed } = server();
  await call("resetstat");
  expect(pushed).toEqual(["reset"]);
  expect(await call("help")).toHaveLength(11);
});
