import { expect, test } from "bun:test";
import { type CliOptions, parseCliOptions } from "./cli-options.ts";

function options(...argv: string[]): CliOptions {
  const outcome = parseCliOptions(argv, { tty: false, password: undefined });
  if ("options" in outcome) return outcome.options;
  throw new Error(JSON.stringify(outcome));
}

function refusal(...argv: string[]): string {
  const outcome = parseCliOptions(argv, { tty: false, password: undefined });
  return "error" in outcome ? outcome.error : "accepted";
}

test("options end where the command starts", () => {
  const parsed = options("-p", "7000", "-n", "3", "-3", "-r", "5", "-i", "0.5", "set", "-p", "--raw");
  expect(parsed).toMatchObject({ port: 7000, database: 3, protocol: 3, repeat: 5, intervalMs: 500, output: "raw" });
  expect(parsed.command).toEqual(["set", "-p", "--raw"]);
});

test("output goes raw into a pipe and formatted to a terminal, unless told otherwise", () => {
  expect(options().output).toBe("raw");
  expect(options("--no-raw").output).toBe("tty");
  expect(options("--csv").output).toBe("csv");
  const typed = parseCliOptions([], { tty: true, password: undefined });
  expect(typed).toMatchObject({ options: { output: "tty", showPushes: true } });
});

test("JSON asks for RESP3 unless RESP2 was asked for", () => {
  expect(options("--json").protocol).toBe("try 3");
  expect(options("--json", "-2").protocol).toBe(2);
  expect(options("-2", "--json").protocol).toBe(2);
});

test("a server address in one word gives all its parts", () => {
  expect(options("-u", "redis://me:p%40ss@example.org:7001/4")).toMatchObject({
    user: "me",
    password: "p@ss",
    host: "example.org",
    port: 7001,
    database: 4,
  });
  expect(options("-u", "redis://:secret@[::1]:7002")).toMatchObject({ password: "secret", host: "::1", port: 7002 });
  expect(options("-u", "redis://host")).toMatchObject({ host: "host", port: 6379, user: null, password: null });
  expect(options("-u", "redis:///2")).toMatchObject({ host: "127.0.0.1", database: 2 });
});

test("the environment gives a password that arguments override, with a warning for the latter", () => {
  const fromEnv = parseCliOptions([], { tty: false, password: "env" });
  expect(fromEnv).toMatchObject({ options: { password: "env", warnings: [] } });
  const given = parseCliOptions(["-a", "arg"], { tty: false, password: "env" });
  expect(given).toMatchObject({ options: { password: "arg" } });
  expect(options("-a", "x").warnings).toHaveLength(1);
  expect(options("-a", "x", "--no-auth-warning").warnings).toEqual([]);
});

test("mistakes are refused in redis-cli's words", () => {
  expect(refusal("-p")).toBe("Unrecognized option or bad number of args for: '-p'");
  expect(refusal("--nope", "x")).toBe("Unrecognized option or bad number of args for: '--nope'");
  expect(refusal("-p", "70000")).toBe("Invalid server port.");
  expect(refusal("-2", "-3")).toBe("Options -2 and -3 are mutually exclusive.");
  expect(refusal("-x", "-X", "tag", "set")).toBe("Options -x and -X are mutually exclusive.");
  expect(refusal("-u", "http://x")).toBe("Invalid URI scheme");
});

test("what is not offered says so, and why", () => {
  for (const [name, why] of [
    ["--cluster", "no cluster yet"],
    ["--rdb", "PSYNC"],
    ["--functions-rdb", "PSYNC"],
    ["--replica", "does not replicate yet"],
    ["--lru-test", "redis-cli has it"],
  ] as const) {
    expect(refusal(name, "x")).toContain(`Option '${name}' is not offered by zedis-cli: `);
    expect(refusal(name, "x")).toContain(why);
  }
});

test("--askpass wins over every other password, and --intrinsic-latency wants its seconds", () => {
  const outcome = parseCliOptions(["-a", "one", "--askpass", "PING"], { tty: false, password: "two" });
  if (!("options" in outcome)) throw new Error(JSON.stringify(outcome));
  expect(outcome.options).toMatchObject({ asksPassword: true, password: null, warnings: [], command: ["PING"] });
  for (const seconds of ["0", "-1", "soon"])
    expect(refusal("--intrinsic-latency", seconds)).toContain("seconds above 0");
});
