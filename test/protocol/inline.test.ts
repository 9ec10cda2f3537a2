/** Requests written as plain lines. */
import { expect, test } from "bun:test";
import { suite } from "../harness/suite.ts";
import { afterFin, untilClosed } from "./exchange.ts";

const inline = suite();
const unbalanced = "-ERR Protocol error: unbalanced quotes in request";

for (const [name, request, replies] of [
  ["a line ends in CRLF or LF", "PING\r\nPING\nECHO a\r\n", ["+PONG", "+PONG", '"a"']],
  ["empty lines and blanks between words are skipped", "\r\n\n  \r\n  ECHO   a  \r\n\tPING\t\r\n", ['"a"', "+PONG"]],
  [
    "double quotes hold blanks and escapes",
    'SET k "a b\\r\\n\\x00\\xff\\"\\\\\\t\\q"\r\nGET k\r\n',
    ["+OK", '"a b\\r\\n\\u0000ÿ\\"\\\\\\tq"'],
  ],
  ["single quotes escape only themselves", "ECHO 'a \\'b\\' \\n'\r\n", ["\"a 'b' \\\\n\""]],
  ["an empty word in quotes is an argument", "ECHO \"\"\r\nECHO ''\r\n", ['""', '""']],
  ["quotes may stand inside a word before its end", 'ECHO a"b c"\r\n', ['"ab c"']],
  ["an incomplete hexadecimal escape is plain text", 'ECHO "\\xg1\\x1"\r\n', ['"xg1x1"']],
  [
    "errors in inline commands keep the connection",
    "NOSUCH\r\nGET\r\nPING\r\n",
    [
      "-ERR unknown command 'NOSUCH', with args beginning with: ",
      "-ERR wrong number of arguments for 'get' command",
      "+PONG",
    ],
  ],
  [
    "inline and RESP requests mix",
    "ECHO a\r\n*2\r\n$4\r\nECHO\r\n$1\r\nb\r\nECHO c\r\n*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n",
    ['"a"', '"b"', '"c"', "+PONG"],
  ],
  [
    "HELLO changes the protocol inline too",
    "HELLO 3\r\nGET none\r\n",
    [expect.stringMatching(/^\{"server": "redis"/), "null(_)"],
  ],
] as const) {
  test(name, async () => {
    expect(await afterFin(inline.server.address, Buffer.from(request, "latin1"))).toEqual([...replies] as string[]);
  });
}

for (const request of ['ECHO "a\r\n', "ECHO 'a\r\n", 'ECHO "a"b\r\n', "ECHO 'a'b\r\n", 'ECHO "a\\"\r\n']) {
  test(`${JSON.stringify(request)} has unbalanced quotes and ends the connection`, async () => {
    expect(await untilClosed(inline.server.address, `PING\r\n${request}PING\r\n`)).toEqual(["+PONG", unbalanced]);
  });
}

test("a line of more than 64 KiB without its end is refused", async () => {
  expect(await untilClosed(inline.server.address, "x".repeat(70_000))).toEqual([
    "-ERR Protocol error: too big inline request",
  ]);
});

test("a line just under the limit is taken", async () => {
  const word = "y".repeat(60_000);
  expect(await afterFin(inline.server.address, `ECHO ${word}\r\n`)).toEqual([`"${word}"`]);
});

for (const request of ["POST / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]) {
  test(`a web browser's ${request.slice(0, 4).trim()} is cut off`, async () => {
    const replies = await untilClosed(inline.server.address, `${request}SET hacked 1\r\n`);
    expect(replies.length).toBeLessThanOrEqual(1);
    expect(await afterFin(inline.server.address, "EXISTS hacked\r\n")).toEqual([":0"]);
  });
}
