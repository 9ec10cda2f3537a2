/** The harness decides whether everything else passes, so what it tells apart is tested without a server. */
import { describe, expect, test } from "bun:test";
import { words } from "./arguments.ts";
import { double, map, matches, nilArray, ok, set, simple, unordered, verbatim } from "./expected.ts";
import { Random } from "./random.ts";
import { MalformedReply, type Reply, ReplyReader, readReplies, show } from "./resp.ts";

const one = (text: string): Reply => {
  const [reply, ...rest] = readReplies(Buffer.from(text, "latin1"));
  if (reply === undefined || rest.length > 0) throw new Error("not exactly one reply");
  return reply;
};

describe("replies", () => {
  test("every kind is shown differently", () => {
    const texts = [
      "+1",
      "-1",
      ":1",
      "$1\r\n1",
      "$-1",
      "*-1",
      "_",
      "#t",
      ",1",
      "(1",
      "=5\r\ntxt:1",
      "*1\r\n:1",
      "~1\r\n:1",
      "%1\r\n:1\r\n:1",
      ">1\r\n:1",
    ];
    const shown = texts.map((text) => show(one(`${text}\r\n`)));
    expect(new Set(shown).size).toBe(texts.length);
  });

  test("a reply is read from any cut of its bytes, and never too early", () => {
    const whole = Buffer.from("*3\r\n$5\r\na\r\nbc\r\n%1\r\n+k\r\n:-7\r\n~2\r\n_\r\n,1.5\r\n");
    for (let cut = 0; cut < whole.length; cut++) {
      const reader = new ReplyReader();
      expect(reader.read(whole, 0, cut)).toBeNull();
      expect(reader.needed).toBeGreaterThan(cut);
      expect(reader.needed).toBeLessThanOrEqual(whole.length);
    }
    expect(show(one(whole.toString("latin1")))).toBe('["a\\r\\nbc", {+k: :-7}, ~[null(_), ,1.5]]');
  });

  test("bytes that are not RESP are refused", () => {
    for (const text of [
      "+OK\n",
      ":+1\r\n",
      ":01\r\n",
      "$1\r\nab\r\n",
      "$-2\r\n",
      "_x\r\n",
      "#1\r\n",
      "OK\r\n",
      "=2\r\nab\r\n",
    ]) {
      expect(() => one(text)).toThrow(MalformedReply);
    }
  });
});

describe("expectations", () => {
  test("one expectation stands for the shapes of both protocols", () => {
    expect(matches(null, one("$-1\r\n"), 2)).toBe(true);
    expect(matches(null, one("_\r\n"), 3)).toBe(true);
    expect(matches(null, one("_\r\n"), 2)).toBe(false);
    expect(matches(null, one("*-1\r\n"), 2)).toBe(false);
    expect(matches(nilArray, one("*-1\r\n"), 2)).toBe(true);
    expect(matches(map("f", 1), one("*2\r\n$1\r\nf\r\n:1\r\n"), 2)).toBe(true);
    expect(matches(map("f", 1), one("%1\r\n$1\r\nf\r\n:1\r\n"), 3)).toBe(true);
    expect(matches(map("f", 1), one("*2\r\n$1\r\nf\r\n:1\r\n"), 3)).toBe(false);
    expect(matches(set("a"), one("~1\r\n$1\r\na\r\n"), 3)).toBe(true);
    expect(matches(double("1.5"), one("$3\r\n1.5\r\n"), 2)).toBe(true);
    expect(matches(double("1.5"), one("$3\r\n1.5\r\n"), 3)).toBe(false);
    expect(matches(verbatim("txt", "a"), one("=5\r\ntxt:a\r\n"), 3)).toBe(true);
  });

  test("kinds are not mixed up", () => {
    expect(matches(ok, one("$2\r\nOK\r\n"), 2)).toBe(false);
    expect(matches("OK", one("+OK\r\n"), 2)).toBe(false);
    expect(matches(1, one("$1\r\n1\r\n"), 2)).toBe(false);
    expect(matches(simple("1"), one(":1\r\n"), 2)).toBe(false);
    expect(matches([1, "a"], one("*2\r\n:1\r\n+a\r\n"), 2)).toBe(false);
    expect(matches(unordered("a", "a"), one("*2\r\n$1\r\na\r\n$1\r\nb\r\n"), 2)).toBe(false);
  });
});

test("a command line is split into words", () => {
  expect(words(`SET  k "a \\"b\\"\\r\\n" 'c\\'d' ""`)).toEqual(["SET", "k", 'a "b"\r\n', "c'd", ""]);
  expect(words('"\\xff\\x00"')).toEqual([Buffer.from([255, 0])]);
  expect(() => words('SET "k')).toThrow("open quote");
});

test("the same seed gives the same numbers", () => {
  const first = new Random(7);
  const again = new Random(7);
  const drawn = Array.from({ length: 100 }, () => first.below(1000));
  expect(Array.from({ length: 100 }, () => again.below(1000))).toEqual(drawn);
  expect(new Set(drawn).size).toBeGreaterThan(50);
});
