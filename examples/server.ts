/** The server that an example talks to: the one named by --port, or one of its own that ends with it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { portOf } from "../runtime/sdk/announced-port.ts";

/** Runs `work` with a server's port. Starts `bun src/main.ts` on a free port where `--port` is not given, and stops it. */
export async function withServer(work: (port: number) => Promise<void>): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: "string" } } });
  if (values.port !== undefined) return work(Number(values.port));

  const folder = mkdtempSync(join(tmpdir(), "zedis-example-"));
  const main = join(import.meta.dir, "../src/main.ts");
  const server = Bun.spawn(
    [process.execPath, main, "--port", "0", "--admin-port", "0", "--save", "", "--appendonly", "no"],
    {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  try {
    await work(await portOf(server.stdout));
  } finally {
    server.kill("SIGTERM");
    await server.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}
