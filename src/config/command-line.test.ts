import { expect, test } from "bun:test";
import { type CommandLineEnvironment, readCommandLine, type ServerStart } from "./command-line.ts";

const environment: CommandLineEnvironment = {
  folder: "/work",
  files: {
    read: (path) => Buffer.from(path === "/work/redis.conf" ? "port 1\nhz 50\n" : "nosuch\n"),
    glob: () => [],
    folderError: () => null,
  },
  stdin: () => Buffer.from("maxclients 7\nhz 60\n"),
};

function start(...argv: string[]): ServerStart {
  const result = readCommandLine(argv, environment);
  if ("settings" in result) return result;
  throw new Error(JSON.stringify(result));
}

function refusal(...argv: string[]): string {
  const result = readCommandLine(argv, environment);
  return "error" in result ? result.error : "accepted";
}

test("no arguments give the defaults and no file", () => {
  expect(start().configFile).toBeNull();
  expect(start().settings.get("port")).toBe("6379");
});

test("options set directives, one or many words, with or without quotes", () => {
  const { settings } = start("--port", "7000", "--save", "", "--loglevel", "verbose", "--bind", "127.0.0.1", "::1");
  expect(settings.get("port")).toBe("7000");
  expect(settings.get("save")).toBe("");
  expect(settings.get("loglevel")).toBe("verbose");
  expect(settings.get("bind")).toBe("127.0.0.1 ::1");
  expect(start("--port 7001").settings.get("port")).toBe("7001");
  expect(start("--save", "60 1 30 2").settings.get("save")).toBe("60 1 30 2");
});

test("a repeated option takes its last value", () => {
  expect(start("--port", "1", "--port", "2").settings.get("port")).toBe("2");
});

test("a bare --save means no save points, in the middle and at the end", () => {
  const middle = start("--save", "--port", "2").settings;
  expect([middle.get("save"), middle.get("port")]).toEqual(["", "2"]);
  expect(start("--save").settings.get("save")).toBe("");
});

test("a value may start with dashes", () => {
  expect(start("--requirepass", "--secret", "--port", "5").settings.get("requirepass")).toBe("--secret");
  expect(start("--procedure-time-limit", "250").settings.get("procedure-time-limit")).toBe("250");
  expect(refusal("--slowlog-log-slower-than", "-2")).toContain("between -1 and");
});

test("the file comes first, standard input second, options last", () => {
  expect(start("redis.conf").configFile).toBe("/work/redis.conf");
  expect(start("redis.conf").settings.get("hz")).toBe("50");
  expect(start("redis.conf", "-").settings.get("hz")).toBe("60");
  const { settings } = start("redis.conf", "--hz", "70", "-");
  expect([settings.get("port"), settings.get("maxclients"), settings.get("hz")]).toEqual(["1", "7", "70"]);
  expect(start("-", "--hz", "70").settings.get("maxclients")).toBe("7");
});

test("a mistake names the option as the line that it makes", () => {
  expect(refusal("--foo", "bar").split("\n")).toEqual([
    "",
    "*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***",
    "Reading the configuration file, at line 2",
    ">>> 'foo \"bar\"'",
    "Bad directive or wrong number of arguments",
  ]);
  expect(refusal("--port")).toContain(">>> 'port'\nwrong number of arguments");
  expect(refusal("--port", "1", "2")).toContain('>>> \'port "1" "2"\'\nwrong number of arguments');
  expect(refusal("--sentinel")).toContain("Zedis has no Sentinel mode");
  expect(refusal("other.conf")).toContain("at line 1\n>>> 'nosuch'");
});

test("version goes to standard output, help to standard error with code 1, as redis-server does", () => {
  expect(readCommandLine(["--version"], environment)).toMatchObject({ to: "stdout", exitCode: 0 });
  expect(readCommandLine(["-v", "x"], environment)).toMatchObject({ to: "stdout", exitCode: 0 });
  expect(readCommandLine(["-h"], environment)).toMatchObject({ to: "stderr", exitCode: 1 });
});
