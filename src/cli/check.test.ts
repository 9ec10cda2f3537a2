import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRequests, checkSnapshot, runCheck } from "./check.ts";

const folder = mkdtempSync(join(tmpdir(), "zedis-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const request = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
const log = [
  "#TS:1700000000\r\n",
  request("SET", "a", "\r\n*"),
  request("MULTI"),
  request("INCR", "b"),
  request("EXEC"),
].join("");
const afterSet = log.indexOf("*1\r\n$5\r\nMULTI");

function run(...argv: string[]): { code: number; text: string } {
  let text = "";
  const add = (more: string | Uint8Array): void => {
    text += more.toString();
  };
  return { code: runCheck(argv, { out: add, err: add }), text };
}

test("a log is whole, or whole up to its last request or transaction, wherever it is cut", () => {
  expect(checkRequests(Buffer.from(log))).toEqual({ whole: log.length, requests: 4, wrong: null });
  for (let end = 1; end < log.length; end++) {
    const { whole, wrong } = checkRequests(Buffer.from(log.slice(0, end)));
    const wholes = [0, log.indexOf("*3"), afterSet].filter((at) => at <= end);
    expect(whole).toBe(wholes.at(-1) ?? 0);
    expect(wrong === null).toBe(wholes.includes(end));
  }
  expect(checkRequests(Buffer.from(`${request("PING")}x`)).wrong).toBe("Neither a request nor a comment at offset 14");
  expect(checkRequests(Buffer.from(request("EXEC"))).wrong).toBe("EXEC without a transaction at offset 0");
});

test("--fix cuts the last file and keeps what it cuts", () => {
  const [manifest, base, increment] = ["m.manifest", "m.1.incr.aof", "m.2.incr.aof"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(manifest, "file m.1.incr.aof seq 1 type i\nfile m.2.incr.aof seq 2 type i\n");
  writeFileSync(base, log);
  writeFileSync(increment, log.slice(0, -3));
  expect(run("aof", manifest)).toMatchObject({ code: 1 });
  expect(run("aof", manifest, "--fix").text).toContain(`cut at byte ${afterSet}`);
  expect(readFileSync(increment, "latin1")).toBe(log.slice(0, afterSet));
  expect(readFileSync(`${increment}.cut-at-${afterSet}`, "latin1")).toBe(log.slice(afterSet, -3));
  expect(run("aof", manifest).code).toBe(0);
  writeFileSync(base, log.slice(0, -3));
  expect(run("aof", manifest, "--fix").text).toContain("Nothing is changed");
  rmSync(base);
  expect(run("aof", manifest).text).toContain("it is not there");
});

test("a snapshot is held against its checksum", () => {
  const content = Buffer.from("REDIS0010\xfa\x08aof-base\xc0\x01\xff", "latin1");
  const whole = Buffer.concat([content, Buffer.from("0123456789abcdef", "hex")]);
  expect(checkSnapshot(whole)).toContain("Wrong checksum");
  const sum = BigInt(`0x${/give ([0-9a-f]+)/.exec(checkSnapshot(whole) ?? "")?.[1]}`);
  whole.writeBigUInt64LE(sum, content.length);
  expect(checkSnapshot(whole)).toBeNull();
  expect(checkSnapshot(whole.subarray(0, -1))).toContain("it was cut");
  expect(checkSnapshot(Buffer.from("hello, world"))).toContain("Wrong signature");
  // The check value of the algorithm, behind a head that is none.
  expect(checkSnapshot(Buffer.from("REDIS0004"))).toBeNull();
});

test("what is asked wrongly is told how", () => {
  for (const argv of [[], ["aof"], ["rdb", "x", "--fix"], ["other", "x"], ["aof", "a", "b"]]) {
    expect(run(...argv)).toMatchObject({ code: 1, text: expect.stringContaining("Usage: zedis-cli check") });
  }
  expect(run("aof", join(folder, "none")).text).toContain("there is no such file");
});
