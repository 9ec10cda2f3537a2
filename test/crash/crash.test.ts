/** Twenty rounds of `bun run test:crash`. */
import { expect, test } from "bun:test";
import { isOracle } from "../harness/target.ts";
import { crash } from "./crash.ts";

for (const fsync of ["always", "everysec"] as const) {
  test.skipIf(isOracle)(
    `a server that is killed keeps its promises (appendfsync ${fsync})`,
    async () => {
      const { steps } = await crash({ rounds: 10, seed: 20_261_126, fsync });
      expect(steps).toBeGreaterThan(100);
    },
    180_000,
  );
}
