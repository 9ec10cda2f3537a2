/** Commands about HyperLogLogs, for random sequences. Other commands find and damage the same keys: they are strings. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Maker = readonly [weight: number, make: (random: Random) => Step];

const elements = (random: Random) =>
  Array.from({ length: random.pick([0, 1, 1, 2, 5, 60]) }, () =>
    random.pick(["", "a", "b", String(random.below(500))]),
  );
const debug = ["GETREG", "DECODE", "ENCODING", "TODENSE", "FOO"];

/**
 * `any` draws the name of a key of any type. Mostly keys of their own are used: what Redis does with a value that other commands
 * have cut in the middle of a run is not to be copied.
 */
export const hyperloglogMakers = (any: (random: Random) => string): readonly Maker[] => {
  const key = (r: Random) => (r.chance(0.1) ? any(r) : r.pick(["pf1", "pf2", "pf3"]));
  return [
    [5, (r) => ["PFADD", key(r), ...elements(r)]],
    [3, (r) => ["PFCOUNT", key(r), ...(r.chance(0.4) ? [key(r), key(r)] : [])]],
    [3, (r) => ["PFMERGE", key(r), ...Array.from({ length: r.below(3) }, () => key(r))]],
    [1, (r) => ["PFDEBUG", r.pick(debug), key(r)]],
    [1, (r) => ["GET", key(r)]],
  ];
};
