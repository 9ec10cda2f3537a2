import { describe, expect, test } from "bun:test";
import { ConfigError } from "./config-error.ts";
import type { ConfigFiles } from "./files.ts";
import { matchesPattern } from "./glob.ts";
import { readConfigText } from "./parse.ts";
import { renameCommands } from "./renames.ts";
import { Settings } from "./settings.ts";
import { declareUsers, disabledUsers } from "./users.ts";
import { bytesOfText } from "./words.ts";

/** A file system of the given files; every folder but /missing can be entered. */
function holding(files: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read(path) {
      const text = files[path];
      if (text === undefined) throw new ConfigError(`Fatal error, can't open config file '${path}'`);
      return Buffer.from(text);
    },
    glob: (pattern) =>
      Object.keys(files)
        .filter((path) => matchesPattern(pattern, path))
        .sort(),
    folderError: (path) => (path.startsWith("/missing") ? "No such file or directory" : null),
  };
}

function read(text: string, files: Readonly<Record<string, string>> = {}): Settings {
  const settings = new Settings("/work");
  readConfigText(settings, bytesOfText(text), holding(files));
  return settings;
}

function failure(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  try {
    read(text, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe("a configuration", () => {
  test("sets values, knows comments, quotes and blank lines, and the last line wins", () => {
    const settings = read('# hello\n\n  port 1\r\n\tPORT 7000\nrequirepass "a b\\x21"\nmaxmemory 2gb\n');
    expect(settings.get("port")).toBe("7000");
    expect(settings.get("requirepass")).toBe("a b!");
    expect(settings.get("maxmemory")).toBe("2147483648");
  });

  test("takes text beyond ASCII", () => {
    expect(read("requirepass pässwörd").get("requirepass")).toBe("pässwörd");
    expect(read('requirepass "p\\xc3\\xa4"').get("requirepass")).toBe("pä");
  });

  test("adds up save lines, drops the defaults at the first, and forgets all at an empty one", () => {
    expect(read("").get("save")).toBe("3600 1 300 100 60 10000");
    expect(read("save 900 1\nsave 300 10 60 5").get("save")).toBe("900 1 300 10 60 5");
    expect(read('save 900 1\nsave ""').get("save")).toBe("");
    expect(read('save ""\nsave 5 5').get("save")).toBe("5 5");
    expect(read('save "900 1 300 10"').get("save")).toBe("900 1 300 10");
  });

  test("merges classes of client-output-buffer-limit", () => {
    const text = "client-output-buffer-limit replica 1mb 2kb 3\nclient-output-buffer-limit pubsub 0 0 0";
    expect(read(text).get("client-output-buffer-limit")).toBe("normal 0 0 0 slave 1048576 2048 3 pubsub 0 0 0");
  });

  test("takes older names, directives of many words and forgotten ones", () => {
    const settings = read(
      "hash-max-ziplist-entries 7\nbind 127.0.0.1 -::1\nslaveof host 1\nlist-max-ziplist-entries 5\nlua-time-limit 9",
    );
    expect(settings.get("hash-max-listpack-entries")).toBe("7");
    expect(settings.get("bind")).toBe("127.0.0.1 -::1");
    expect(settings.get("replicaof")).toBe("host 1");
    expect(settings.get("busy-reply-threshold")).toBe("9");
    expect(read("replicaof no one").get("replicaof")).toBe("");
  });

  test("keeps hz within what timers can do", () => {
    expect(read("hz 0").get("hz")).toBe("1");
    expect(read("hz 99999").get("hz")).toBe("500");
  });

  test("resolves dir against the working folder and takes it for what follows", () => {
    const settings = read("dir data\ninclude more.conf", { "/work/data/more.conf": "port 5" });
    expect(settings.get("dir")).toBe("/work/data");
    expect(settings.get("port")).toBe("5");
    expect(failure("dir /missing")).toContain("No such file or directory");
  });
});

describe("include", () => {
  test("reads files and patterns in order, and later lines win", () => {
    const files = { "/etc/a.conf": "port 1\nmaxclients 5", "/work/d/1.conf": "port 2", "/work/d/2.conf": "port 3" };
    const settings = read("port 9\ninclude /etc/a.conf\ninclude d/*.conf\nhz 20", files);
    expect(settings.get("port")).toBe("3");
    expect(settings.get("maxclients")).toBe("5");
    expect(settings.get("hz")).toBe("20");
  });

  test("passes over a pattern without files and stops at a missing file", () => {
    expect(read("include none/*.conf").get("port")).toBe("6379");
    expect(failure("include gone.conf")).toEqual(["Fatal error, can't open config file '/work/gone.conf'"]);
  });

  test("names the included file and its line when that is wrong", () => {
    expect(failure("port 1\ninclude /a.conf", { "/a.conf": "\n\nfoo" }).slice(2)).toEqual([
      "Reading the configuration file, at line 3 of /a.conf",
      ">>> 'foo'",
      "Bad directive or wrong number of arguments",
    ]);
  });

  test("ends when files include each other", () => {
    expect(failure("include /a.conf", { "/a.conf": "include /a.conf" })).toContain(
      "files include each other more than 16 deep",
    );
  });
});

describe("a bad line", () => {
  test("is reported with its number, its text and the reason", () => {
    expect(failure("port 1\n\n  maxmemory   1x ")).toEqual([
      "",
      "*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***",
      "Reading the configuration file, at line 3",
      ">>> 'maxmemory   1x'",
      "argument must be a memory value",
    ]);
  });

  test("names its reason", () => {
    const rows: [line: string, reason: string][] = [
      ["nosuch 1", "Bad directive or wrong number of arguments"],
      ["include", "Bad directive or wrong number of arguments"],
      ["port", "wrong number of arguments"],
      ["port 1 2", "wrong number of arguments"],
      ["port abc", "argument couldn't be parsed into an integer"],
      ["port 070", "argument couldn't be parsed into an integer"],
      ["port 65536", "argument must be between 0 and 65535 inclusive"],
      ["unixsocketperm 999", "argument couldn't be parsed as an octal number"],
      ["unixsocketperm 1000", "argument must be between 0 and 777 inclusive"],
      ["appendonly maybe", "argument must be 'yes' or 'no'"],
      ["maxmemory -1", "argument must be a memory value"],
      ["maxmemory 99999999999gb", "argument must be between 0 and 18446744073709551615 inclusive"],
      ["maxmemory-clients 101%", "percentage argument must be less or equal to 100"],
      ["maxmemory-clients x", "argument must be a memory or percent value"],
      ["appendfsync x", "argument(s) must be one of the following: everysec, always, no"],
      ["oom-score-adj x", "argument(s) must be one of the following: no, yes, relative, absolute"],
      ["shutdown-on-sigint save nosave", "shutdown options SAVE and NOSAVE can't be used simultaneously"],
      ["save 1", "Invalid save parameters"],
      ["save 0 1", "Invalid save parameters"],
      ["notify-keyspace-events Q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
      ["client-output-buffer-limit normal 1 2", "Wrong number of arguments in buffer limit configuration."],
      ["oom-score-adj-values 1 2", "wrong number of arguments"],
      ["replicaof a b", "Invalid master port"],
      ["shards 3", "shards must be 0 (automatic) or a power of two"],
      ['requirepass "a', "Unbalanced quotes in configuration line"],
      ['requirepass "\\xff"', "an argument is not valid UTF-8"],
      ["x.y", "Module config specified without value"],
      ["sentinel monitor a b 1 2", "sentinel directive while not in sentinel mode"],
      ["appendfilename a/b", "appendfilename can't be a path, just a filename"],
      [`bind ${"1.1.1.1 ".repeat(17)}`, "Too many bind addresses specified."],
    ];
    for (const [line, reason] of rows) expect({ line, reason: failure(line).at(-1) }).toEqual({ line, reason });
  });
});

describe("renamed commands", () => {
  test("are kept in order for the native side", () => {
    const { renames } = read("rename-command FLUSHALL ''\nrename-command get \"a b\"");
    expect(renames.map(({ from, to, line }) => [from, to, line.number])).toEqual([
      ["FLUSHALL", "", 1],
      ["get", "a b", 2],
    ]);
  });

  test("stop the start where one cannot be renamed, naming the line", () => {
    const settings = read("hz 20\nrename-command a b");
    const refused = renameCommands(settings, () => "No such command in rename-command");
    expect(refused).toContain("at line 2");
    expect(refused).toContain("No such command in rename-command");
  });
});

describe("what would weaken a server silently", () => {
  test("is refused: modules", () => {
    expect(failure("loadmodule /x.so").at(-1)).toContain("modules are not supported");
  });
});

describe("users", () => {
  test("are kept as they are declared, byte for byte, for the native side", () => {
    const { users } = read("user alice on >\"a b\" ~app:*\nhz 20\nUSER default 'on' nopass\nuser \xff on");
    expect(users.map(({ words }) => words)).toEqual([
      ["alice", "on", ">a b", "~app:*"],
      ["default", "on", "nopass"],
      ["Ã¿", "on"],
    ]);
    expect(users[1]?.line).toEqual({ number: 3, text: "USER default 'on' nopass" });
  });

  test("are declared once each", () => {
    expect(failure("user alice on\nuser bob on\nuser alice off").at(-1)).toBe(
      "Error in user declaration 'alice': Duplicate user found. A user can only be defined once in config files",
    );
    expect(failure("user").at(-1)).toBe("Bad directive or wrong number of arguments");
  });

  test("go to the native side one by one; the first that it refuses stops the start", () => {
    const settings = read("user alice on\nuser bob +nosuch\nuser carol on");
    const seen: string[] = [];
    const declare = (words: readonly Uint8Array[]) => {
      seen.push(words.map((word) => Buffer.from(word).toString()).join(" "));
      return words.length === 2 && seen.length === 2 ? "no such command" : null;
    };
    expect(declareUsers(settings, declare)?.split("\n").slice(2)).toEqual([
      "Reading the configuration file, at line 2",
      ">>> 'user bob +nosuch'",
      "no such command",
    ]);
    expect(seen).toEqual(["alice on", "bob +nosuch"]);
  });

  test("are in the configuration or in a file of their own, never in both", () => {
    const settings = read("user alice on\naclfile users.acl");
    expect(declareUsers(settings, () => null)).toContain("declare them in one place only");
    expect(declareUsers(read("aclfile users.acl"), () => null)).toBeNull();
  });

  test("without a way to log in are told", () => {
    const { users } = read("user a on\nuser b ~*\nuser c on off\nuser d off ON\nuser e on reset");
    expect(disabledUsers(users)).toEqual(["b", "c", "e"]);
  });
});

describe("a directive without effect", () => {
  test("gives one warning line, and only when it asks for something", () => {
    expect(read("").warnings()).toEqual([]);
    expect(read('save ""\nappendonly yes').warnings()).toEqual([]);
    expect(read("repl-timeout 30").warnings()).toEqual([
      "'repl-timeout' is accepted without effect: replication is not available yet",
    ]);
  });
});
