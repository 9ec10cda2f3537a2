import { expect, test } from "bun:test";
import { encodeRequest, ProtocolError, type Reply, ReplyReader } from "./resp.ts";

const STREAM =
  "+OK\r\n-ERR no\r\n:-12\r\n$5\r\na\r\nb\xff\r\n$0\r\n\r\n$-1\r\n*-1\r\n_\r\n#t\r\n#f\r\n,1.5\r\n,inf\r\n(123456789012345678901\r\n" +
  "=8\r\ntxt:a\r\nb\r\n*0\r\n*2\r\n*1\r\n:1\r\n*0\r\n%1\r\n+k\r\n~1\r\n$1\r\nv\r\n>2\r\n+message\r\n_\r\n|1\r\n+ttl\r\n:1\r\n+after\r\n";

const REPLIES: Reply[] = [
  { kind: "status", bytes: "OK" },
  { kind: "error", bytes: "ERR no" },
  { kind: "integer", bytes: "-12" },
  { kind: "bulk", bytes: "a\r\nb\xff" },
  { kind: "bulk", bytes: "" },
  { kind: "nil" },
  { kind: "nil" },
  { kind: "nil" },
  { kind: "bool", value: true },
  { kind: "bool", value: false },
  { kind: "double", bytes: "1.5" },
  { kind: "double", bytes: "inf" },
  { kind: "bignum", bytes: "123456789012345678901" },
  { kind: "verbatim", bytes: "a\r\nb" },
  { kind: "array", items: [] },
  {
    kind: "array",
    items: [
      { kind: "array", items: [{ kind: "integer", bytes: "1" }] },
      { kind: "array", items: [] },
    ],
  },
  {
    kind: "map",
    items: [
      { kind: "status", bytes: "k" },
      { kind: "set", items: [{ kind: "bulk", bytes: "v" }] },
    ],
  },
  { kind: "push", items: [{ kind: "status", bytes: "message" }, { kind: "nil" }] },
  { kind: "status", bytes: "after" },
];

function readAll(chunks: readonly Uint8Array[]): Reply[] {
  const reader = new ReplyReader();
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) replies.push(reply);
  }
  return replies;
}

test("every kind of reply is read, however the bytes are split", () => {
  const bytes = Buffer.from(STREAM, "latin1");
  expect(readAll([bytes])).toEqual(REPLIES);
  for (let at = 0; at <= bytes.length; at++) {
    expect(readAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(REPLIES);
  }
  expect(readAll([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(REPLIES);
});

test("a reply larger than the buffer is whole", () => {
  const body = "x".repeat(300_000);
  const bytes = Buffer.from(`*2\r\n$${body.length}\r\n${body}\r\n:1\r\n`);
  const chunks = Array.from({ length: 31 }, (_, at) => bytes.subarray(at * 10_000, (at + 1) * 10_000));
  expect(readAll(chunks)).toEqual([
    {
      kind: "array",
      items: [
        { kind: "bulk", bytes: body },
        { kind: "integer", bytes: "1" },
      ],
    },
  ]);
});

test("bytes that are no reply are refused", () => {
  for (const text of ["hello\r\n", "$x\r\n", "*1x\r\n", "\r\n", "*1\r\n".repeat(100)]) {
    expect(() => readAll([Buffer.from(text)])).toThrow(ProtocolError);
  }
});

test("a request is an array of bulk strings, byte for byte", () => {
  expect(encodeRequest(["SET", "k\r\n", "\xff"]).toString("latin1")).toBe(
    "*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$1\r\n\xff\r\n",
  );
});
