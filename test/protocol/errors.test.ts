/** Bytes that are not a request: the error's text, and that the connection ends there. */
import { expect, test } from "bun:test";
import { suite } from "../harness/suite.ts";
import { afterFin, untilClosed } from "./exchange.ts";

const errors = suite();
const multibulk = "-ERR Protocol error: invalid multibulk length";
const bulk = "-ERR Protocol error: invalid bulk length";

for (const [request, reply] of [
  ["*x\r\n", multibulk],
  ["*\r\n", multibulk],
  ["*1x\r\n", multibulk],
  ["* 1\r\n", multibulk],
  ["*+1\r\n", multibulk],
  ["*1.0\r\n", multibulk],
  ["*2147483648\r\n", multibulk],
  ["*99999999999999999999\r\n", multibulk],
  ["*1\r\nPING\r\n", "-ERR Protocol error: expected '$', got 'P'"],
  ["*1\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'"],
  ["*2\r\n$4\r\nECHO\r\n*1\r\n", "-ERR Protocol error: expected '$', got '*'"],
  // A CR inside an error would end the reply early, so a blank stands in its place.
  ["*1\r\n\r\n", "-ERR Protocol error: expected '$', got ' '"],
  ["*1\r\n$x\r\n", bulk],
  ["*1\r\n$\r\n", bulk],
  ["*1\r\n$-1\r\n", bulk],
  ["*1\r\n$4x\r\nPING\r\n", bulk],
  ["*1\r\n$536870913\r\n", bulk],
  ["*1\r\n$99999999999999999999\r\n", bulk],
  [`*${"1".repeat(70_000)}`, "-ERR Protocol error: too big mbulk count string"],
  [`*1\r\n$${"1".repeat(70_000)}`, "-ERR Protocol error: too big bulk count string"],
] as const) {
  const shown = JSON.stringify(request.length > 40 ? `${request.slice(0, 12)}…` : request);
  test(`${shown} is refused and ends the connection`, async () => {
    const behind = request.endsWith("\r\n") ? "*1\r\n$4\r\nPING\r\n" : "";
    expect(await untilClosed(errors.server.address, `*1\r\n$4\r\nPING\r\n${request}${behind}`)).toEqual([
      "+PONG",
      reply,
    ]);
  });
}

test("requests with no arguments are skipped", async () => {
  expect(await afterFin(errors.server.address, "*0\r\n*-1\r\n*-5\r\n*0\r\n*1\r\n$4\r\nPING\r\n")).toEqual(["+PONG"]);
});

test("an empty command name is an unknown command", async () => {
  expect(await afterFin(errors.server.address, "*1\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n")).toEqual([
    "-ERR unknown command '', with args beginning with: ",
    "+PONG",
  ]);
});

test("a request that never becomes whole holds nobody up", async () => {
  const wire = await errors.server.connect();
  wire.bytes.write("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\nabc");
  const other = await errors.server.connect();
  expect(await afterFin(errors.server.address, "PING\r\n")).toEqual(["+PONG"]);
  wire.bytes.write("defghij\r\n");
  expect((await wire.reply()).kind).toBe("simple");
  await Promise.all([wire.close(), other.close()]);
});

test("a request cut off by the client's end is not executed", async () => {
  expect(await afterFin(errors.server.address, "*3\r\n$3\r\nSET\r\n$3\r\ncut\r\n$3\r\nab")).toEqual([]);
  expect(await afterFin(errors.server.address, "EXISTS cut\r\n")).toEqual([":0"]);
});
