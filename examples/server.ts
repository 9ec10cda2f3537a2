/** The server that an example talks to: the one named by --port, or one of its own that ends with it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** Runs `work` with a server's port. Starts `bun src/main.ts` on a free port where `--port` is not given, and stops it. */
export async function withServer(work: (port: number) => Promise<void>): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: "string" } } });
  if (values.port !== undefined) return work(Number(values.port));

  const folder = mkdtempSync(join(tmpdir(), "zedis-example-"));
  const main = join(import.meta.dir, "../src/main.ts");
  const server = Bun.spawn([process.execPath, main, "--port", "0", "--save", "", "--appendonly", "no"], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    await work(await portOf(server.stdout));
  } finally {
    server.kill("SIGTERM");
    await server.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the log up to `Ready to accept connections` and returns the port it named; goes on reading, so that no pipe fills. */
async function portOf(log: ReadableStream<Uint8Array>): Promise<number> {
  const reader = log.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server ended before it was ready; it said:\n${text}`);
    text += decoder.decode(value, { stream: true });
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port === undefined || !text.includes("Ready to accept connections")) continue;
    void drain(reader);
    return Number(port);
  }
}

async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
