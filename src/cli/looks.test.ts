/** zedis-cli's ways to look at a server or at the machine that print what they find: --hotkeys, --latency-dist, --intrinsic-latency; and --askpass. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type Server, startServer } from "../../test/harness/server.ts";
import { until } from "../../test/harness/wait.ts";
import { intrinsicLatency } from "./intrinsic-latency.ts";
import { SPANS, spanOf, spectrum } from "./latency-spectrum.ts";
import { hiddenTerminal } from "./terminal.ts";
import { runCli } from "./zedis-cli.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer({ kind: "zedis" });
}, 60_000);
afterAll(() => server.stop());

async function run(argv: readonly string[], typed = ""): Promise<{ out: string; err: string; code: number }> {
  // In pieces, as a pipe may give it.
  const { terminal, printed } = hiddenTerminal([...Buffer.from(typed)].map((byte) => Uint8Array.of(byte)));
  const code = await runCli(
    ["-p", String(server.port), ...argv],
    terminal,
    argv.includes("--askpass") ? "of-the-environment" : undefined,
  );
  return { ...printed, code };
}

test("--hotkeys tells the keys of an LFU's highest counters, and that there are none without one", async () => {
  await run(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
  expect(await run(["--hotkeys"])).toEqual({ out: "There are no keys.\n", err: "", code: 0 });
  await run(["MSET", "cold", "1", "warm key", "2", "hot", "3"]);
  expect(await run(["--hotkeys"])).toMatchObject({
    err: expect.stringContaining("An LFU maxmemory policy is not selected"),
    code: 1,
  });
  await run(["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "lfu-log-factor", "0"]);
  await run(["-r", "100", "GET", "hot"]);
  await run(["-r", "30", "GET", "warm key"]);
  const { out } = await run(["--hotkeys"]);
  const [head, ...lines] = out.trimEnd().split("\n");
  expect(head).toBe("counter  key, the hottest of 3");
  expect(lines.map((line) => line.replace(/^ *\d+ {2}/, ""))).toEqual(['"hot"', '"warm key"', '"cold"']);
  const found = JSON.parse((await run(["--hotkeys", "--json", "--pattern", "*o*"])).out);
  expect(found.map(({ key }: { key: string }) => key)).toEqual(["hot", "cold"]);
  expect(found[0].counter).toBeGreaterThan(found[1].counter);
  await run(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
});

test("--latency-dist shows each span of time by how many PINGs took so long", async () => {
  const { out, code } = await run(["--latency-dist", "-i", "0.05"]);
  const lines = out.trimEnd().split("\n");
  expect([lines.length, code]).toEqual([3, 0]);
  expect(lines[2]).toMatch(/^\|[ .:=+*%#@-]+\|$/);
  expect(lines[2]?.length).toBe(SPANS.length + 2);
  expect(lines[2]).toMatch(/[.:=+*%#@-]/);
  expect([0.001, 0.01, 0.2, 1, 1.5, 10, 70_000].map(spanOf)).toEqual([0, 0, 2, 4, 5, 13, SPANS.length - 1]);
  expect(spectrum([0, 1, 8, 1], false)).toBe("| .#.|");
  expect(spectrum([0, 3], true)).toBe("|\x1b[48;5;0m \x1b[48;5;196m@\x1b[0m|");
});

test("--intrinsic-latency tells the longest wait of a thread that computes", async () => {
  const { out, code } = await run(["--intrinsic-latency", "0.05"]);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^(Max latency so far: \d+ microseconds\.\n)+\n\d+ total runs \(avg latency: [\d.]+ microseconds/,
  );
  expect(out).toMatch(/Worst run took \d+x longer than the average latency\.\n$/);
  // By a clock of its own: the first 200 ms are not counted, then every look is 1 ms after the last, but for one.
  let now = 0;
  const clock = (): number => {
    now += now === 250e6 ? 40e6 : 1e6;
    return now;
  };
  const worse: number[] = [];
  const found = intrinsicLatency(100, (us) => worse.push(us), clock);
  expect(found.worstNs).toBe(40e6);
  expect(worse).toEqual([1000, 40_000]);
});

test("--askpass takes the first line of what is piped in, and the rest are commands", async () => {
  await run(["ACL", "SETUSER", "ann", "on", ">p\u00e4ss word", "~*", "+@all"]);
  const asked = ["--user", "ann", "-a", "wrong", "--askpass"];
  expect(await run([...asked, "ACL", "WHOAMI"], "p\u00e4ss word\n")).toEqual({ out: "ann\n", err: "", code: 0 });
  expect((await run(asked, "p\u00e4ss word\r\nACL WHOAMI\nECHO two\n")).out).toBe("ann\ntwo\n");
  expect((await run([...asked, "-x", "ECHO"], "p\u00e4ss word\nall\nof it")).out).toBe("all\nof it\n");
  expect((await run([...asked, "ACL", "WHOAMI"], "other\n")).err).toContain("WRONGPASS");
  expect(await run([...asked, "ACL", "WHOAMI"], "")).toEqual({ out: "", err: "No password was given.\n", code: 1 });
});

test("--askpass shows a person stars alone", async () => {
  await run(["ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all"]);
  let screen = "";
  const decoder = new TextDecoder();
  const argv = ["-p", String(server.port), "--user", "bob", "--askpass", "ACL", "WHOAMI"];
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "zedis-cli.ts"), ...argv], {
    terminal: {
      cols: 100,
      rows: 20,
      data: (_terminal, bytes) => {
        screen += decoder.decode(bytes, { stream: true });
      },
    },
  });
  await until("the question", () => screen.includes("Please input password: "));
  child.terminal?.write("wrong\x15secrex\x7ft\r");
  expect(await child.exited).toBe(0);
  await until("the reply", () => screen.includes('"bob"'));
  expect(screen).toContain("******");
  expect(screen).not.toMatch(/secre|wrong/);
});
