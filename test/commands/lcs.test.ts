/** LCS: the longest common subsequence of two strings, its length, and where its parts lie. */
import { expect } from "bun:test";
import { err, map, ok } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { numberOf, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";

const lcs = suite();

lcs.rows("LCS returns the subsequence or its length", [
  ["MSET a ohmytext b mynewtext", ok],
  ["LCS a b", "mytext"],
  ["LCS a b LEN", 6],
  ["LCS a none", ""],
  ["LCS none none LEN", 0],
  ["LCS a a", "ohmytext"],
  ['SET empty ""', ok],
  ["LCS a empty LEN", 0],
]);

lcs.rows("LCS IDX returns the matching ranges from the end", [
  ["MSET a ohmytext b mynewtext", ok],
  [
    "LCS a b IDX",
    map(
      "matches",
      [
        [
          [4, 7],
          [5, 8],
        ],
        [
          [2, 3],
          [0, 1],
        ],
      ],
      "len",
      6,
    ),
  ],
  [
    "LCS a b IDX MINMATCHLEN 4",
    map(
      "matches",
      [
        [
          [4, 7],
          [5, 8],
        ],
      ],
      "len",
      6,
    ),
  ],
  ["LCS a b idx minmatchlen 4 withmatchlen", map("matches", [[[4, 7], [5, 8], 4]], "len", 6)],
  [
    "LCS a b IDX WITHMATCHLEN",
    map(
      "matches",
      [
        [[4, 7], [5, 8], 4],
        [[2, 3], [0, 1], 2],
      ],
      "len",
      6,
    ),
  ],
  [
    "LCS a b IDX MINMATCHLEN -5",
    map(
      "matches",
      [
        [
          [4, 7],
          [5, 8],
        ],
        [
          [2, 3],
          [0, 1],
        ],
      ],
      "len",
      6,
    ),
  ],
  ["LCS a none IDX", map("matches", [], "len", 0)],
]);

lcs.rows("LCS refuses what it does not know", [
  ["MSET a x b y", ok],
  ["HSET h f v", 1],
  ["LCS a b LEN IDX", err("ERR If you want both the length and indexes, please just use IDX.")],
  ["LCS a b FOO", err("ERR syntax error")],
  ["LCS a b IDX MINMATCHLEN", err("ERR syntax error")],
  ["LCS a b IDX MINMATCHLEN x", err("ERR value is not an integer or out of range")],
  ["LCS h a", err("ERR The specified keys must contain string values")],
  ["LCS a h", err("ERR The specified keys must contain string values")],
]);

lcs.both("LCS finds a common subsequence of the greatest length", async (wire) => {
  const random = new Random(3);
  for (let round = 0; round < 60; round++) {
    const word = () => Array.from({ length: random.below(30) }, () => random.pick(["a", "b", "c"])).join("");
    const [left, right] = [word(), word()];
    await wire.call(["MSET", "a", left, "b", right]);
    const found = textOf(await wire.call("LCS a b"));
    expect(found.length).toBe(longestCommon(left, right));
    expect(numberOf(await wire.call("LCS a b LEN"))).toBe(found.length);
    for (const whole of [left, right]) expect(isSubsequence(found, whole)).toBe(true);
  }
});

function longestCommon(left: string, right: string): number {
  let row = new Array<number>(right.length + 1).fill(0);
  for (const letter of left) {
    const next = [0];
    for (let at = 1; at <= right.length; at++) {
      next.push(right[at - 1] === letter ? (row[at - 1] ?? 0) + 1 : Math.max(row[at] ?? 0, next[at - 1] ?? 0));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const letter of whole) if (letter === part[at]) at++;
  return at === part.length;
}
