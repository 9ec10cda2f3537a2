import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRequest } from "../resp/resp.ts";
import { runCheck } from "./check.ts";
import { checkRequests } from "./check-requests.ts";

const folder = mkdtempSync(join(tmpdir(), "zedis-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const request = (...words: string[]): string => encodeRequest(words).toString();
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
  expect(checkRequests(Buffer.from(log))).toMatchObject({ whole: log.length, requests: 4, wrong: null, line: 20 });
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
  const before = run("aof", manifest);
  expect(before.code).toBe(1);
  expect(before.text).toContain("INCR AOF m.1.incr.aof is valid");
  expect(before.text).toContain(`ok_up_to=${afterSet}, ok_up_to_line=9, diff=`);
  expect(before.text).toContain("INCR AOF m.2.incr.aof is not valid. Use the --fix option");
  expect(run("aof", manifest, "--fix").text).toContain(`Successfully truncated AOF m.2.incr.aof to ${afterSet} bytes`);
  expect(readFileSync(increment, "latin1")).toBe(log.slice(0, afterSet));
  expect(readFileSync(`${increment}.cut-at-${afterSet}`, "latin1")).toBe(log.slice(afterSet, -3));
  expect(run("aof", manifest)).toMatchObject({ code: 0, text: expect.stringContaining("All AOF files and manifest") });
  writeFileSync(base, log.slice(0, -3));
  expect(run("aof", manifest, "--fix")).toMatchObject({ code: 1, text: expect.stringContaining("not the last file") });
  expect(readFileSync(base, "latin1")).toBe(log.slice(0, -3));
  rmSync(base);
  expect(run("aof", manifest).text).toContain("it is not there");
  writeFileSync(manifest, "file m.1.incr.aof seq 1 type i\n!!!\n");
  expect(run("aof", manifest).text).toContain("Invalid AOF manifest file format, in line 2");
});

test("--truncate-to-timestamp cuts what came later, whole transactions, and keeps it beside", () => {
  const path = join(folder, "stamped.aof");
  const parts = ["#TS:100\r\n", request("SET", "a", "1"), "#TS:101\r\n", request("MULTI"), "#TS:102\r\n"];
  const later = [...parts, request("SET", "b", "2"), request("EXEC"), "#TS:103\r\n", request("SET", "c", "3")].join("");
  const cutAt = (second: number): string => {
    writeFileSync(path, later);
    const { code, text } = run("aof", "--truncate-to-timestamp", String(second), path);
    expect(code, text).toBe(second < 100 ? 1 : 0);
    return readFileSync(path, "latin1");
  };
  expect(cutAt(103)).toBe(later);
  expect(cutAt(102)).toBe(later.slice(0, later.indexOf("#TS:103")));
  expect(cutAt(101)).toBe(later.slice(0, later.indexOf("*1\r\n$5\r\nMULTI")));
  expect(cutAt(100)).toBe(later.slice(0, later.indexOf("#TS:101")));
  expect(cutAt(99)).toBe(later);
});

test("a snapshot is read through and held against its checksum, a log behind one is read on", () => {
  const path = join(folder, "dump.rdb");
  // Written by Redis 7.0: SET k v.
  const head = Buffer.from("REDIS0010\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff", "latin1");
  const unsummed = Buffer.concat([head, Buffer.alloc(8)]);
  const check = (bytes: Uint8Array): { code: number; text: string } => {
    writeFileSync(path, bytes);
    return run("rdb", path);
  };
  expect(check(unsummed)).toMatchObject({ code: 0, text: expect.stringContaining("[info] 1 keys read") });
  const summed = Buffer.from(unsummed);
  summed.writeBigUInt64LE(1n, head.length);
  const found = /got \(([0-9a-f]+)\)/.exec(check(summed).text)?.[1];
  summed.writeBigUInt64LE(BigInt(`0x${found}`), head.length);
  expect(check(summed)).toMatchObject({ code: 0, text: expect.stringContaining("RDB looks OK") });
  expect(check(summed.subarray(0, -1))).toMatchObject({ code: 1, text: expect.stringContaining("RDB ERROR DETECTED") });
  expect(check(Buffer.concat([summed, head]))).toMatchObject({
    code: 1,
    text: expect.stringContaining("behind its end"),
  });
  expect(check(Buffer.from("hello, world"))).toMatchObject({
    code: 1,
    text: expect.stringContaining("Wrong signature"),
  });
  writeFileSync(path, Buffer.concat([summed, Buffer.from(log)]));
  expect(run("aof", path)).toMatchObject({ code: 0, text: expect.stringContaining("RDB preamble is OK") });
  writeFileSync(path, Buffer.concat([summed, Buffer.from(log.slice(0, -1))]));
  expect(run("aof", path).text).toContain(`ok_up_to=${summed.length + afterSet}`);
});

test("what is asked wrongly is told how", () => {
  for (const argv of [
    [],
    ["aof"],
    ["rdb", "x", "--fix"],
    ["other", "x"],
    ["aof", "a", "b"],
    ["aof", "a", "--truncate-to-timestamp", "x"],
  ]) {
    expect(run(...argv)).toMatchObject({ code: 1, text: expect.stringContaining("Usage: zedis-cli check") });
  }
  expect(run("aof", join(folder, "none")).text).toContain("there is no such file");
});
