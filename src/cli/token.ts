/** `zedis-cli token`: asks the HTTP API for a bearer token, and prints it. */
import type { Terminal } from "./terminal.ts";

const USAGE =
  "Usage: zedis-cli token [--user NAME] [--pass PASSWORD] [--ttl SECONDS] [--url http://127.0.0.1:6380]\n" +
  "The variable REDISCLI_AUTH is safer than --pass, and is used when this is not given.\n";

/** The exit code. `password`: of the environment. */
export async function runToken(argv: readonly string[], terminal: Terminal, password?: string): Promise<number> {
  const options = new Map([
    ["--user", "default"],
    ["--pass", password ?? ""],
    ["--ttl", "86400"],
    ["--url", "http://127.0.0.1:6380"],
  ]);
  for (let at = 0; at < argv.length; at += 2) {
    const [name = "", value] = [argv[at], argv[at + 1]];
    if (!options.has(name) || value === undefined) {
      terminal.err(USAGE);
      return 1;
    }
    options.set(name, value);
  }
  const ttl = Number(options.get("--ttl"));
  const url = options.get("--url") ?? "";
  if (!Number.isSafeInteger(ttl) || ttl < 1 || !URL.canParse("/v1/tokens", url)) {
    terminal.err(USAGE);
    return 1;
  }
  const secret = options.get("--pass") ?? "";
  const pair = Buffer.from(`${options.get("--user")}:${secret}`).toString("base64");
  try {
    const response = await fetch(new URL("/v1/tokens", url), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Basic ${pair}` },
      body: JSON.stringify({ ttl_s: ttl }),
    });
    const body = (await response.json()) as { token?: string; error?: { message: string } };
    if (response.ok && body.token !== undefined) {
      terminal.out(`${body.token}\n`);
      return 0;
    }
    terminal.err(`${body.error?.message ?? `HTTP status ${response.status}`}\n`);
  } catch (error) {
    terminal.err(`Could not reach the HTTP API at ${url}: ${error instanceof Error ? error.message : error}\n`);
  }
  return 1;
}
