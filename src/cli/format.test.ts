import { expect, test } from "bun:test";
import { ReplyReader } from "../resp/resp.ts";
import { formatReply, type OutputMode } from "./format.ts";

function format(resp: string, mode: OutputMode, verbatim = false): string {
  const reader = new ReplyReader();
  reader.push(Buffer.from(resp.replaceAll("\n", "\r\n"), "latin1"));
  const reply = reader.next();
  if (reply === undefined) throw new Error(`incomplete: ${resp}`);
  return formatReply(reply, mode, { item: "\n", reply: "\n" }, verbatim);
}

test("scalars look as redis-cli shows them in each mode", () => {
  const rows: [resp: string, tty: string, raw: string, csv: string, json: string][] = [
    ["+OK\n", "OK\n", "OK\n", '"OK"\n', '"OK"\n'],
    ["-ERR x\n", "(error) ERR x\n", "ERR x\n\n", 'ERROR,"ERR x"\n', 'error:"ERR x"\n'],
    [":5\n", "(integer) 5\n", "5\n", "5\n", "5\n"],
    [",2.5\n", "(double) 2.5\n", "2.5\n", "2.5\n", "2.5\n"],
    ['$3\na"b\n', '"a\\"b"\n', 'a"b\n', '"a\\"b"\n', '"a\\"b"\n'],
    ["$2\n\xc3\xa4\n", '"\\xc3\\xa4"\n', "\xc3\xa4\n", '"\\xc3\\xa4"\n', '"\xc3\xa4"\n'],
    ["$1\n\x01\n", '"\\x01"\n', "\x01\n", '"\\x01"\n', '"\\u0001"\n'],
    ["_\n", "(nil)\n", "\n", "NULL\n", "null\n"],
    ["#t\n", "(true)\n", "(true)\n", "true\n", "true\n"],
    ["=6\ntxt:hi\n", "hi\n", "hi\n", '"hi"\n', '"hi"\n'],
    ["*0\n", "(empty array)\n", "\n", "\n", "[]\n"],
    ["%0\n", "(empty hash)\n", "\n", "\n", "{}\n"],
    ["~0\n", "(empty set)\n", "\n", "\n", "[]\n"],
  ];
  for (const [resp, tty, raw, csv, json] of rows) {
    const shown = [format(resp, "tty"), format(resp, "raw"), format(resp, "csv"), format(resp, "json")];
    expect([resp, ...shown]).toEqual([resp, tty, raw, csv, json]);
  }
});

test("nested replies are indented under their numbers, and numbers are aligned", () => {
  const ten = `*10\n${"*2\n:1\n*1\n_\n".repeat(10)}`;
  const lines = format(ten, "tty").split("\n");
  expect(lines.slice(0, 2)).toEqual([" 1) 1) (integer) 1", "    2) 1) (nil)"]);
  expect(lines[18]).toBe("10) 1) (integer) 1");
});

test("maps show key and value on one line, or the value below when it has many lines", () => {
  expect(format("%2\n$1\na\n:1\n$1\nb\n*2\n:1\n:2\n", "tty")).toBe(
    '1# "a" => (integer) 1\n2# "b" => \n   1) (integer) 1\n   2) (integer) 2\n',
  );
  expect(format("%1\n$1\na\n*1\n:1\n", "tty")).toBe('1# "a" => 1) (integer) 1\n');
  expect(format("%2\n$1\na\n:1\n$1\nb\n_\n", "raw")).toBe("a 1\nb \n");
  expect(format("%2\n$1\na\n:1\n:2\n~1\n#f\n", "json")).toBe('{"a":1,"2":[false]}\n');
  expect(format("~2\n:1\n:2\n", "tty")).toBe("1~ (integer) 1\n2~ (integer) 2\n");
});

test("a long text is printed as it is", () => {
  expect(format("$4\na\nb\n", "tty", true)).toBe("a\r\nb");
});

test("JSON in ASCII doubles the backslashes of its quoting", () => {
  expect(format("$2\n\xc3\xa4\n", "quoted-json")).toBe('"\\\\xc3\\\\xa4"\n');
});
