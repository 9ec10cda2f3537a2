/** The search for an order of one register's operations, on histories made by hand and against all permutations of small ones. */
import { describe, expect, test } from "bun:test";
import { Random } from "../harness/random.ts";
import { findContradiction, type Operation, type Request } from "./linearize.ts";

/** `set 1`, `ifeq 2 1` (2 where it is 1), `get`; a reply of null: none came. */
type Row = readonly [from: number, to: number, text: string, reply: string | null];

function operations(rows: readonly Row[]): Operation[] {
  return rows.map(([invoked, to, text, reply], client) => {
    const [kind = "", value = "", expected = ""] = text.split(" ");
    const request = (
      kind === "ifeq" ? { kind, value, expected } : value === "" ? { kind } : { kind, value }
    ) as Request;
    if (reply === null) return { client, request, invoked, completed: Number.POSITIVE_INFINITY };
    return { client, request, invoked, completed: to, reply };
  });
}

describe("linearisable:", () => {
  test.each<[string, Row[]]>([
    ["nothing", []],
    [
      "one after the other",
      [
        [0, 1, "set 1", "OK"],
        [2, 3, "incr", "2"],
        [4, 5, "getset 7", "2"],
        [6, 7, "get", "7"],
      ],
    ],
    [
      "a read beside a write sees the old value",
      [
        [0, 9, "set 1", "OK"],
        [1, 2, "get", "nil"],
        [3, 4, "get", "1"],
      ],
    ],
    [
      "two increments in the other order",
      [
        [0, 9, "incr", "2"],
        [0, 9, "incr", "1"],
      ],
    ],
    [
      "a comparison that fails before a write, one that succeeds behind it",
      [
        [0, 9, "set 1", "OK"],
        [1, 2, "ifeq 5 1", "nil"],
        [3, 8, "ifeq 6 1", "OK"],
        [10, 11, "get", "6"],
      ],
    ],
    [
      "a write without reply takes effect late",
      [
        [0, 0, "set 1", null],
        [1, 2, "get", "nil"],
        [3, 4, "get", "1"],
      ],
    ],
    [
      "a write without reply never happened",
      [
        [0, 0, "set 1", null],
        [1, 2, "get", "nil"],
        [3, 4, "get", "nil"],
      ],
    ],
    [
      "an increment of what is no number, and of what was deleted",
      [
        [0, 1, "set x", "OK"],
        [2, 3, "incr", "error"],
        [4, 5, "del", "1"],
        [6, 7, "incr", "1"],
        [8, 9, "del", "1"],
        [10, 11, "del", "0"],
      ],
    ],
  ])("%s", (_, rows) => {
    expect(findContradiction(operations(rows))).toBeNull();
  });
});

describe("not linearisable:", () => {
  test.each<[string, Row[]]>([
    [
      "a stale read",
      [
        [0, 1, "set 1", "OK"],
        [2, 3, "get", "nil"],
      ],
    ],
    [
      "a read of the future",
      [
        [0, 1, "get", "1"],
        [2, 3, "set 1", "OK"],
      ],
    ],
    [
      "a value that goes back",
      [
        [0, 20, "set 1", "OK"],
        [1, 2, "get", "1"],
        [3, 4, "get", "nil"],
      ],
    ],
    [
      "a lost increment",
      [
        [0, 9, "incr", "1"],
        [0, 9, "incr", "1"],
      ],
    ],
    [
      "two comparisons that both win",
      [
        [0, 1, "set 0", "OK"],
        [2, 9, "ifeq 1 0", "OK"],
        [2, 9, "ifeq 2 0", "OK"],
      ],
    ],
    [
      "a comparison that wins against another value",
      [
        [0, 1, "set 5", "OK"],
        [2, 3, "ifeq 1 0", "OK"],
      ],
    ],
    [
      "a write without reply that comes and goes",
      [
        [0, 0, "set 1", null],
        [1, 2, "get", "1"],
        [3, 4, "get", "nil"],
      ],
    ],
    [
      "a deletion that nobody made",
      [
        [0, 1, "set 1", "OK"],
        [2, 3, "del", "0"],
      ],
    ],
  ])("%s", (_, rows) => {
    expect(findContradiction(operations(rows))).toStartWith("no order explains all replies");
  });
});

test("the search agrees with trying every permutation", () => {
  const random = new Random(11);
  let [good, bad] = [0, 0];
  for (let round = 0; round < 400; round++) {
    const rows = Array.from({ length: 5 }, (): Row => {
      const from = random.below(10);
      const text = random.pick(["set 1", "set 2", "get", "incr", "getset 3", "ifeq 4 1", "del"]);
      const replies = {
        s: ["OK"],
        g: ["1", "2", "3", "nil"],
        i: text === "incr" ? ["1", "2", "3"] : ["OK", "nil"],
        d: ["0", "1"],
      };
      const reply = random.chance(0.1) ? null : random.pick(replies[text[0] as "s"]);
      return [from, from + 1 + random.below(12), text, reply];
    });
    const isGood = findContradiction(operations(rows)) === null;
    expect(`${isGood} ${JSON.stringify(rows)}`).toBe(
      `${somePermutationFits(operations(rows))} ${JSON.stringify(rows)}`,
    );
    if (isGood) good++;
    else bad++;
  }
  expect(Math.min(good, bad)).toBeGreaterThan(20);
});

/** The definition, word for word: an order of the operations that is legal alone and keeps who was over before whom. */
function somePermutationFits(all: readonly Operation[]): boolean {
  const go = (state: string | null, rest: readonly Operation[]): boolean => {
    if (rest.every(({ reply }) => reply === undefined)) return true;
    return rest.some((next) => {
      if (rest.some((other) => other !== next && other.completed < next.invoked)) return false;
      const [reply, after] = apply(state, next.request);
      if (next.reply !== undefined && next.reply !== reply) return false;
      return go(
        after,
        rest.filter((other) => other !== next),
      );
    });
  };
  return go(null, all);
}

function apply(state: string | null, request: Request): [string, string | null] {
  switch (request.kind) {
    case "get":
      return [state ?? "nil", state];
    case "set":
      return ["OK", request.value];
    case "getset":
      return [state ?? "nil", request.value];
    case "del":
      return [state === null ? "0" : "1", null];
    case "ifeq":
      return state === request.expected ? ["OK", request.value] : ["nil", state];
    case "incr":
      return [String(Number(state ?? 0) + 1), String(Number(state ?? 0) + 1)];
  }
}
