/** Seeded mutations through the fuzz target; ZEDIS_FUZZ_SEED and ZEDIS_FUZZ_ROUNDS repeat and lengthen a run. */

import { expect, test } from "bun:test";
import { Random } from "../../test/harness/random.ts";
import { OPTIONS } from "./options.ts";
import { fuzz } from "./parse.fuzz.ts";

const SEED = Number(process.env.ZEDIS_FUZZ_SEED ?? Date.now() % 1_000_000_007);
const ROUNDS = Number(process.env.ZEDIS_FUZZ_ROUNDS ?? 4000);

const PARTS = [
  ...OPTIONS.map((option) => `${option.name} ${option.default}`),
  ..."include |user default on nopass ~* &* +@all|rename-command a b|loadmodule x|# note|--save|--port 1|-".split("|"),
  ...'\n|\n|\n| |\t|\r\n|\0|"|\'|\\|\\x41|\\xff|%|gb|mb|-1|0|18446744073709551616|yes|no|""|é'.split("|"),
];

test(
  `no bytes break the configuration readers (seed ${SEED})`,
  () => {
    const random = new Random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      let text = "";
      // Half of the rounds are nearly valid, so that rewriting and reading again are reached too.
      const lines = random.chance(0.5);
      for (let parts = random.below(12); parts >= 0; parts--) {
        text += PARTS[random.below(lines ? OPTIONS.length : PARTS.length)] ?? "";
        if (lines || random.chance(0.5)) text += "\n";
      }
      const bytes = Buffer.from(text);
      for (let changes = random.below(lines ? 2 : 4); changes > 0 && bytes.length > 0; changes--)
        bytes[random.below(bytes.length)] = random.below(256);
      try {
        fuzz(bytes);
      } catch (error) {
        throw new Error(`seed ${SEED}, round ${round}, input ${JSON.stringify(bytes.toString("latin1"))}`, {
          cause: error,
        });
      }
    }
    expect(ROUNDS).toBeGreaterThan(0);
  },
  10_000 + ROUNDS,
);
