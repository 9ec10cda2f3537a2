/** The checker of queues on histories made by hand. */
import { describe, expect, test } from "bun:test";
import { checkQueues, type Pop, type Push } from "./queues.ts";

const push = (value: string, invoked: number, completed: number, outcome: Push["outcome"] = "ok"): Push => ({
  key: "q",
  value,
  invoked,
  completed: outcome === "unknown" ? Number.POSITIVE_INFINITY : completed,
  outcome,
});
/** `?`: no reply came; null: nothing was there. */
const pop = (value: string | null, invoked: number, completed: number): Pop =>
  value === "?"
    ? { keys: ["q"], invoked, completed: Number.POSITIVE_INFINITY }
    : { keys: ["q"], invoked, completed, taken: value === null ? null : { key: "q", value } };

describe("a queue may", () => {
  test.each<[string, Push[], Pop[]]>([
    ["be used one after the other", [push("1", 0, 1), push("2", 2, 3)], [pop("1", 4, 5), pop("2", 6, 7)]],
    ["let a pop wait", [push("1", 5, 6)], [pop("1", 0, 7)]],
    ["order pushes at the same time either way", [push("1", 0, 5), push("2", 1, 5)], [pop("2", 6, 7), pop("1", 8, 9)]],
    ["order pops at the same time either way", [push("1", 0, 1), push("2", 2, 3)], [pop("2", 4, 8), pop("1", 5, 9)]],
    ["be empty before a push is over", [push("1", 0, 5)], [pop(null, 1, 4), pop("1", 6, 7)]],
    ["lose an element to a connection that ended", [push("1", 0, 1)], [pop("?", 2, 3)]],
    ["never see a push that has no reply", [push("1", 0, 0, "unknown")], [pop(null, 2, 3)]],
    ["see a push that has no reply", [push("1", 0, 0, "unknown")], [pop("1", 2, 3)]],
    [
      "be empty between two elements",
      [push("1", 0, 1), push("2", 10, 11)],
      [pop("1", 4, 5), pop(null, 2, 12), pop("2", 13, 14)],
    ],
  ])("%s", (_, pushes, pops) => {
    expect(checkQueues({ pushes, pops })).toEqual([]);
  });
});

describe("the checker finds", () => {
  test.each<[string, string, Push[], Pop[]]>([
    ["an element from nowhere", "phantom", [], [pop("1", 0, 1)]],
    ["an element of a push that failed", "phantom", [push("1", 0, 1, "failed")], [pop("1", 2, 3)]],
    ["an element out before it was put in", "phantom", [push("1", 5, 6)], [pop("1", 2, 3)]],
    ["an element twice", "repeated", [push("1", 0, 1)], [pop("1", 2, 3), pop("1", 2, 3)]],
    ["an element gone", "lost", [push("1", 0, 1), push("2", 0, 1)], [pop("2", 2, 3)]],
    ["an element that overtakes", "order", [push("1", 0, 1), push("2", 2, 3)], [pop("2", 4, 5), pop("1", 6, 7)]],
    [
      "an element that overtakes one of its own request",
      "order",
      [push("1", 0, 1), push("2", 0, 1)],
      [pop("2", 4, 5), pop("1", 6, 7)],
    ],
    ["a pop that misses what is there", "empty", [push("1", 0, 1)], [pop(null, 2, 3), pop("1", 4, 5)]],
    [
      "a pop that misses elements that follow one another",
      "empty",
      [push("1", 0, 1), push("2", 3, 4)],
      [pop("1", 5, 6), pop(null, 2, 8), pop("2", 9, 10)],
    ],
  ])("%s", (_, name, pushes, pops) => {
    expect(checkQueues({ pushes, pops }).map((anomaly) => anomaly.name)).toEqual([name]);
  });
});
