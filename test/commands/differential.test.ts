/** A short run of the comparison with redis-server; `bun run diff` is the long one. DIFF_SEED and DIFF_SEQUENCES change it. */
import { expect, test } from "bun:test";
import { oraclePath } from "../harness/target.ts";
import { compareServers, showDifference } from "./differential.ts";

const path = oraclePath();
const title = "random sequences get the replies of redis-server, byte for byte";

test.skipIf(path === null)(
  path === null ? `${title} [no redis-server or valkey-server on this machine]` : title,
  async () => {
    const { differences, commands } = await compareServers({
      seed: Number(process.env.DIFF_SEED ?? 1),
      sequences: Number(process.env.DIFF_SEQUENCES ?? 1500),
      limit_ms: 30_000,
      differencesMax: 5,
    });
    expect(differences.map(showDifference).join("\n\n")).toBe("");
    expect(commands).toBeGreaterThan(1000);
  },
  120_000,
);
