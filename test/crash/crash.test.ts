/** Twenty rounds of `bun run test:crash`. */
import { expect, test } from "bun:test";
import { isOracle, oraclePath } from "../harness/target.ts";
import { crash } from "./crash.ts";

for (const fsync of ["always", "everysec"] as const) {
  // The library of the load is TypeScript, which redis-server has not.
  test.skipIf(isOracle)(
    `a server that is killed keeps its promises (appendfsync ${fsync})`,
    async () => {
      const { steps, compared } = await crash({ rounds: 10, seed: 20_261_126, fsync });
      expect(steps).toBeGreaterThan(100);
      // The seed has some among the rounds.
      if (oraclePath() !== null) expect(compared).toBeGreaterThan(0);
    },
    180_000,
  );
}
