/** JSON that native code makes of replies is what json.ts makes of them, and what it leaves is whatever json.ts alone can tell. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonOfReply, toJson } from "../../src/admin/json.ts";
import { libraryPath } from "../../src/core/build.ts";
import { loadNative } from "../../src/core/ffi.ts";
import { ReplyReader } from "../../src/resp/resp.ts";

const seed = Number(process.env.FUZZ_SEED ?? 1);
const numRuns = Number(process.env.FUZZ_ROUNDS ?? 2_000);
const native = loadNative(libraryPath());
const read = (bytes: Uint8Array) => {
  const reader = new ReplyReader();
  reader.push(bytes);
  return reader.next();
};
const bulk = (body: string): string => `$${Buffer.byteLength(body)}\r\n${body}\r\n`;

const word = fc.stringMatching(/^[ -~]{0,12}$/);
const text = fc.oneof(word, fc.string({ unit: "binary", maxLength: 12 }));
const { reply } = fc.letrec<{ reply: string }>((tie) => ({
  reply: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text.map(bulk),
    word.map((line) => `+${line}\r\n`),
    text.map((body) => `=${Buffer.byteLength(body) + 4}\r\ntxt:${body}\r\n`),
    fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((number) => `:${number}\r\n`),
    fc.bigInt().map((number) => `(${number}\r\n`),
    fc
      .oneof(fc.double(), fc.constantFrom("inf", "-inf", "nan"))
      .map((number) => `,${String(number).replace("Infinity", "inf").replace("NaN", "nan")}\r\n`),
    fc.constantFrom("_\r\n", "#t\r\n", "#f\r\n", "$-1\r\n", "*-1\r\n"),
    fc.array(tie("reply"), { maxLength: 4 }).map((items) => `*${items.length}\r\n${items.join("")}`),
    fc.array(tie("reply"), { maxLength: 4 }).map((items) => `~${items.length}\r\n${items.join("")}`),
    fc
      .array(fc.tuple(fc.oneof(word.map(bulk), tie("reply")), tie("reply")), { maxLength: 4 })
      .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
  ),
}));

test("every reply is the same JSON by either way", () => {
  let made = 0;
  fc.assert(
    fc.property(reply, (given) => {
      const bytes = Buffer.from(given);
      const parsed = read(bytes);
      const json = native.replyJson(bytes, "reply");
      if (json === null || parsed === undefined) return;
      made++;
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(toJson(parsed))));
    }),
    { seed, numRuns },
  );
  // Only maps with keys of both kinds are left.
  expect(made).toBeGreaterThan(numRuns / 2);
});

test("texts by sections and by lines are the same, too", () => {
  const line = fc.oneof(
    word,
    fc.tuple(word, word).map(([name, value]) => `${name}:${value}`),
    word.map((name) => `# ${name}`),
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 8 }),
      fc.array(fc.array(word, { maxLength: 5 }), { maxLength: 4 }),
      (info, lines) => {
        for (const [form, body] of [
          ["info", info.join("\r\n")],
          ["lines", lines.map((words) => words.join(" ")).join("\n")],
        ] as const) {
          const bytes = Buffer.from(bulk(body));
          const parsed = read(bytes);
          if (parsed === undefined) throw new Error("a bulk string is a reply");
          expect(JSON.parse(native.replyJson(bytes, form) ?? "")).toEqual(JSON.parse(jsonOfReply(parsed, form)));
        }
      },
    ),
    { seed, numRuns },
  );
});

test("no bytes at all end anything, and what is not a whole reply is left", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        reply.map((given) => Buffer.from(given)),
      ),
      fc.nat(60),
      (given, cut) => {
        const whole = native.replyJson(given, "reply");
        if (whole !== null) JSON.parse(whole);
        // A reply without its end is none.
        if (whole !== null)
          expect(native.replyJson(given.subarray(0, Math.max(0, given.length - 1 - cut)), "reply")).toBeNull();
        for (const form of ["info", "lines"] as const) JSON.parse(native.replyJson(given, form) ?? "null");
      },
    ),
    { seed, numRuns },
  );
  for (const left of [
    "-ERR no\r\n",
    "*1\r\n-ERR no\r\n",
    "$1\r\n\xff\r\n",
    "%2\r\n+a\r\n:1\r\n:2\r\n:3\r\n",
    ":1\r\n:2\r\n",
    "*2\r\n:1\r\n",
  ])
    expect([left, native.replyJson(Buffer.from(left, "latin1"), "reply")]).toEqual([left, null]);
});

test("what has no room at once comes whole", () => {
  const body = "x".repeat(1_000_000);
  expect(JSON.parse(native.replyJson(Buffer.from(bulk(body)), "reply") ?? "")).toBe(body);
});
