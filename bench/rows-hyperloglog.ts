/** HyperLogLogs under load: a large one that many add to, small ones, counts of one and of several. */

import type { LoadRow } from "./load-rows.ts";

/** `name` with the elements `from` up to `to`, a thousand a command. */
function filled(name: string, from: number, to: number): string[][] {
  const commands: string[][] = [];
  for (let at = from; at < to; at += 1000)
    commands.push(["PFADD", name, ...Array.from({ length: Math.min(1000, to - at) }, (_, index) => `e${at + index}`)]);
  return commands;
}

/** `big1` to `big3` are dense, with 100,000 elements each; `few1` to `few3` sparse, with 500. */
const VALUES: readonly string[][] = [
  ...[1, 2, 3].flatMap((number) => filled(`big${number}`, number * 70_000, number * 70_000 + 100_000)),
  ...[1, 2, 3].flatMap((number) => filled(`few${number}`, number * 300, number * 300 + 500)),
];

export const HYPERLOGLOG_ROWS: readonly LoadRow[] = [
  row("pfadd-dense", "PFADD of one of a million elements, dense", "PFADD visits __key__", 1.3, "integer", 1_000_000),
  row("pfadd-sparse", "PFADD of one of 700 elements, sparse", "PFADD small __key__", 1.3, "integer", 700),
  row(
    "pfadd-keys",
    "PFADD of one element to one of a million keys",
    "PFADD hll:__key__ __val__",
    1.3,
    "integer",
    1_000_000,
  ),
  row("pfcount-known", "PFCOUNT of a key that has not changed", "PFCOUNT big1", 1.3),
  row("pfcount-3", "PFCOUNT of three dense keys", "PFCOUNT big1 big2 big3", 3),
  row("pfcount-2-sparse", "PFCOUNT of two sparse keys", "PFCOUNT few1 few2", 3),
  row("pfmerge-3", "PFMERGE of three dense keys", "PFMERGE all big1 big2 big3", 3, "simple"),
  // Two milliseconds each in Redis 7.0: of fewer connections, so that a round sees replies.
  row("pfmerge-3-sparse", "PFMERGE of three sparse keys", "PFMERGE some few1 few2 few3", 3, "simple", undefined, 2),
];

function row(
  name: string,
  title: string,
  template: string,
  atLeast: number,
  expect = "integer",
  keys?: number,
  connections?: number,
): LoadRow {
  return {
    name,
    title: `${title}, pipeline 16`,
    load: {
      template,
      pipeline: 16,
      expect,
      ...(keys === undefined ? {} : { keys }),
      ...(connections === undefined ? {} : { connections }),
    },
    setup: VALUES,
    preload: null,
    usesFunctions: false,
    target: { metric: "rps", atLeast },
  };
}
