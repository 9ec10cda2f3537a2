/** `bun run soak --minutes M [--seed S] [--cores N] [--clients N]`: exit code 1 where something did not hold, or memory grew. */
import { parseArgs } from "node:util";
import { soak } from "./soak.ts";

/** What memory may grow by after the first fifth: garbage collectors hold that much at a time. */
const GROWTH_MAX_BYTES = 96 * 2 ** 20;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "60" },
    cores: { type: "string", default: "2" },
    clients: { type: "string", default: "16" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
console.log(`seed ${seed}, ${values.minutes} minutes, ${values.cores} cores, ${values.clients} clients`);
const verdict = await soak({
  seed,
  duration_ms: Number(values.minutes) * 60_000,
  clients: Number(values.clients),
  options: { cores: values.cores },
  report: console.log,
});
const { outcomes, audits, kills, loads, residentEarly, residentLate, wrong } = verdict;
console.log(outcomes);
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
console.log(
  `${audits} audits, ${kills} kills, ${loads} loads; resident ${mib(residentEarly)}, at the end ${mib(residentLate)}`,
);
for (const line of wrong) console.log(line);
const grew = residentLate - residentEarly > GROWTH_MAX_BYTES;
if (grew) console.log("memory grew");
process.exit(wrong.length > 0 || grew ? 1 : 0);
