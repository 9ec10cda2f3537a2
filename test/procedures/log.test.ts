/** What a procedure logs reaches the server's log, at its level, and never as two lines. */
import { expect, test } from "bun:test";
import { startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";

const SOURCE = `#!ts name=talk
export function say(line: string) {
  Zedis.log(line);
  console.warn("careful");
  return line.length;
}
`;

test("Zedis.log and console write lines with the function's name into the server's log", async () => {
  const server = await startServer({ kind: "zedis" });
  const wire = await server.connect();
  try {
    await wire.call(["FUNCTION", "LOAD", SOURCE]);
    await wire.call(["FCALL", "say", "0", "hello\r\nworld"]);
    await until("both lines", () => server.log.includes("# say: careful"));
    expect(server.log).toMatch(/\* say: hello {2}world\n/);
    await wire.call(["CONFIG", "SET", "loglevel", "warning"]);
    await wire.call(["FCALL", "say", "0", "quiet"]);
    await until("the second warning", () => server.log.split("# say: careful").length === 3);
    expect(server.log).not.toContain("quiet");
  } finally {
    await wire.close();
    await server.stop();
  }
});
