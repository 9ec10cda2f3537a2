/** The forms of a line, what no text can do to them, and what becomes of a flood. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "./log.ts";
import { formatEntry, type LogFormat } from "./log-format.ts";
import { systemLogLine } from "./system-log.ts";

const at = new Date(2026, 10, 21, 8, 30, 5, 7);
const entry = { at, pid: 31, level: "notice", text: 'say "hi"', detail: "" } as const;
/** Every character of 16 bits, pairs and halves of pairs. */
const everything = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).join("");

test("each format says the same", () => {
  expect(formatEntry(entry, "legacy", "legacy", false)).toBe('31:M 21 Nov 2026 08:30:05.007 * say "hi"\n');
  expect(formatEntry(entry, "legacy", "milliseconds", false)).toBe(`31:M ${at.getTime()} * say "hi"\n`);
  expect(formatEntry(entry, "human", "legacy", false)).toBe('08:30:05.007 notice  say "hi"\n');
  expect(formatEntry({ ...entry, level: "warning" }, "human", "legacy", true)).toBe(
    '\x1b[90m08:30:05.007\x1b[0m \x1b[33;1mwarning\x1b[0m say "hi"\n',
  );
  expect(formatEntry(entry, "logfmt", "legacy", false)).toBe(
    'pid=31 role=primary timestamp="21 Nov 2026 08:30:05.007" level=notice message="say \\"hi\\""\n',
  );
  expect(JSON.parse(formatEntry(entry, "json", "milliseconds", false))).toEqual({
    timestamp: at.getTime(),
    level: "notice",
    pid: 31,
    role: "primary",
    message: 'say "hi"',
  });
});

test("ISO 8601 names the same instant", () => {
  const { timestamp } = JSON.parse(formatEntry(entry, "json", "iso8601", false));
  expect(timestamp).toMatch(/^2026-11-21T08:30:05\.007[+-]\d\d:\d\d$/);
  expect(new Date(timestamp).getTime()).toBe(at.getTime());
});

test("no text ends a line, leaves its value or moves a cursor", () => {
  const hostile = { ...entry, text: everything, detail: "" };
  for (const format of ["legacy", "human", "logfmt", "json"] satisfies LogFormat[]) {
    const line = formatEntry(hostile, format, "legacy", false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(line.slice(0, -1)).not.toMatch(/[\x00-\x08\x0a-\x1f]/);
    expect(line).toEndWith("\n");
  }
  expect(JSON.parse(formatEntry(hostile, "json", "legacy", false)).message).toBe(everything);
  const value = /message="((?:[^"\\]|\\.)*)"\n$/.exec(formatEntry(hostile, "logfmt", "legacy", false));
  expect(value?.[1]?.length).toBeGreaterThan(0x1_0000);
});

test("a detail stands below a line for people, and in a field of its own elsewhere", () => {
  const detailed = { ...entry, text: "t", detail: "> 1 | a\n    | ^" };
  expect(formatEntry(detailed, "legacy", "legacy", false)).toBe(
    "31:M 21 Nov 2026 08:30:05.007 * t\n> 1 | a\n    | ^\n",
  );
  expect(JSON.parse(formatEntry(detailed, "json", "legacy", false)).detail).toBe("> 1 | a\n    | ^");
  expect(formatEntry(detailed, "logfmt", "legacy", false)).toEndWith('detail="> 1 | a\\n    | ^"\n');
});

test("the system's log is told facility and severity", () => {
  expect(systemLogLine("redis", "local0", "notice", "text", at)).toBe(
    `<133>Nov 21 08:30:05 redis[${process.pid}]: text`,
  );
  expect(systemLogLine("x", "user", "warning", "text", new Date(2026, 0, 3))).toBe(
    `<12>Jan  3 00:00:00 x[${process.pid}]: text`,
  );
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zedis-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is in the log after `use`, line by line without time. */
function logged(use: (log: Log) => void): string[] {
  const file = join(folder, "log");
  const log = new Log({ file, isTerminal: false, colour: false });
  use(log);
  log.flush();
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => line.replace(/^\d+:M .{24} /, ""));
}

test("a line that comes again and again is counted, and told once; others are written", () => {
  const lines = logged((log) => {
    for (let nth = 0; nth < 5_000; nth++) log.write("warning", "again");
    log.write("warning", "another");
  });
  const isHeld = (line: string): boolean => /^# again \(\d+ more times within a second\)$/.test(line);
  const told = lines.filter(isHeld).map((line) => Number(/\d+/.exec(line)?.[0]));
  const written = lines.filter((line) => line === "# again").length;
  // A slow machine may take seconds for it: each begins anew.
  expect(written + told.reduce((sum, count) => sum + count, 0)).toBe(5_000);
  expect(lines.length).toBeLessThan(1_000);
  expect(lines).toContain("# another");
});

test("levels below the one that is set are silent, and `nothing` silences all", () => {
  expect(
    logged((log) => {
      log.write("verbose", "no");
      log.setLevel("debug");
      log.write("debug", "yes");
      log.setLevel("nothing");
      log.write("warning", "no");
      log.setLevel("warning");
      log.write("warning", "end");
    }),
  ).toEqual([". yes", "# end"]);
});

test("on a terminal the status stays below the lines, and goes when it is over", async () => {
  const code = `
    import { Log } from ${JSON.stringify(join(import.meta.dir, "log.ts"))};
    const log = new Log({ file: "", isTerminal: true, colour: false });
    log.setFormat("legacy");
    log.status("half");
    log.write("notice", "line");
    log.status("");
    log.write("notice", "end");
    new Log({ file: "", isTerminal: false, colour: false }).status("never");
  `;
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  const shown = (await child.stdout.text()).replace(/\d+:M .{24} /g, "");
  expect(shown).toBe("\r\x1b[Khalf\r\x1b[K* line\nhalf\r\x1b[K* end\n");
});
