/**
 * `bun run history --seed S --minutes M [--cores N]`: rounds of ten seconds per workload until the time is over, each with another seed
 * on a fresh server of another shape. Ends with exit code 1 at the first anomaly, and prints it with what repeats the round.
 */
import { parseArgs } from "node:util";
import { runRound } from "./rounds.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, minutes: { type: "string", default: "1" }, cores: { type: "string" } },
});
const end_ms = performance.now() + Number(values.minutes) * 60_000;
let seed = Number(values.seed ?? Date.now() % 1_000_000);
for (let round = 0; round === 0 || performance.now() < end_ms; round++, seed++) {
  // One shard: every two keys share a latch. Two: every two keys share one or are latched in order. 0: as users have it.
  const options = {
    cores: values.cores ?? ["2", "1", "2", "4"][seed % 4] ?? "2",
    shards: ["0", "1", "2", "0", "8"][seed % 5] ?? "0",
    io: ["uring", "epoll", "uring"][seed % 3] ?? "auto",
    "list-max-listpack-size": ["-2", "16"][seed % 2] ?? "-2",
  };
  const { transactions, registers, elements, outcomes, text } = await runRound({ seed, duration_ms: 10_000, options });
  const shape = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  console.log(
    `seed ${seed}, ${shape.join(", ")}: ${transactions} transactions, ${registers} registers, ${elements} elements`,
  );
  if (round === 0) console.log(outcomes);
  if (text === "") continue;
  console.log(text);
  console.log(`again: bun run history --seed ${seed} --minutes 0 --cores ${options.cores}`);
  process.exit(1);
}
console.log("no anomaly");
