/** What the Tab key is told, by the program itself and through each shell that this machine has. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Server, startServer } from "../../test/harness/server.ts";
import { isWithout } from "../../test/harness/target.ts";
import { SCRIPTS } from "./completion-scripts.ts";
import { hiddenTerminal } from "./terminal.ts";
import { runCli } from "./zedis-cli.ts";

const LIMIT_MS = 60_000;
let server: Server;
let place: string[];
let path: string;

beforeAll(async () => {
  server = await startServer({ kind: "zedis" });
  place = ["-p", String(server.port)];
  const wire = await server.connect();
  await wire.call([
    "FUNCTION",
    "LOAD",
    "#!ts name=shop\nexport function shopSell() {}\nexport function shopBuy() {}\n",
  ]);
  await wire.close();
  const bin = join(server.folder, "bin");
  mkdirSync(bin);
  for (const name of ["zedis-cli", "zedis"]) {
    writeFileSync(
      join(bin, name),
      `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dir, `${name}.ts`)}" "$@"\n`,
    );
    chmodSync(join(bin, name), 0o755);
  }
  path = `${bin}:${process.env.PATH}`;
}, LIMIT_MS);
afterAll(() => server.stop());

async function cli(...argv: string[]): Promise<{ out: string; err: string; code: number }> {
  const { terminal, printed } = hiddenTerminal();
  const code = await runCli(argv, terminal);
  return { ...printed, code };
}
const words = async (...typed: string[]): Promise<string[]> =>
  (await cli("completion", "words", "zedis-cli", "--", ...place, ...typed)).out.split("\n").slice(0, -1);

test("commands are completed in the case that was begun with", async () => {
  expect(await words("getr")).toEqual(["getrange"]);
  expect(await words("GETR")).toEqual(["GETRANGE"]);
  expect(await words("")).toContain("zadd");
});

test("so are subcommands, functions, help topics, and options where they may stand", async () => {
  expect(await words("config", "")).toEqual(["get", "help", "resetstat", "rewrite", "set"]);
  expect(await words("fcall", "")).toEqual(["shopBuy", "shopSell"]);
  expect(await words("FCALL", "shopS")).toEqual(["shopSell"]);
  expect(await words("help", "@ha")).toEqual(["@hash"]);
  expect(await words("--js")).toEqual(["--json"]);
  expect(await words("get", "--js")).toEqual([]);
  expect(await words("-n")).toEqual(["-n"]);
  expect(await words("-n", "")).toEqual([]);
  expect(await words("check", "a")).toEqual(["aof"]);
});

test("without a server there are the common commands, and no message", async () => {
  const { out, err, code } = await cli("completion", "words", "zedis-cli", "--", "-p", "1", "hg");
  expect({ out, err, code }).toEqual({ out: "hgetall\n", err: "", code: 0 });
});

test("help says how; an unknown shell is an error", async () => {
  expect((await cli("completion", "--help")).out).toContain("source <(zedis-cli completion bash)");
  expect(await cli("completion", "csh")).toMatchObject({ out: "", code: 1 });
});

/** What a shell prints. */
function shell(name: string, ...args: string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync([name, ...args], {
    env: { ...process.env, PATH: path, HOME: server.folder },
  });
  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
  return stdout.toString();
}

test(
  "bash completes through what it reads",
  () => {
    const tab = (line: string[]) =>
      shell(
        "bash",
        "--norc",
        "-c",
        `source <(zedis-cli completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zedis_complete; printf '%s\\n' "\${COMPREPLY[@]}"`,
        "bash",
        ...line,
      );
    expect(tab(["zedis-cli", ...place, "fcall", "shop"])).toBe("shopBuy\nshopSell\n");
    expect(tab(["zedis-cli", ...place, "fcall", ""])).toBe("shopBuy\nshopSell\n");
    expect(tab(["zedis", "in"])).toBe("init\n");
    expect(tab(["zedis", "cli", ...place, "getra"])).toBe("getrange\n");
  },
  LIMIT_MS,
);

// Only zsh can read a script of zsh; bash, which every machine has, runs its own above.
test.skipIf(isWithout("zsh"))(
  "zsh reads its script",
  () => {
    writeFileSync(join(server.folder, "script.zsh"), SCRIPTS.zsh ?? "");
    expect(shell("zsh", "-f", "-n", join(server.folder, "script.zsh"))).toBe("");
    expect(
      shell(
        "zsh",
        "-f",
        "-c",
        "autoload -U compinit; compinit -u -D; source <(zedis-cli completion zsh); print $_comps[zedis-cli]",
      ),
    ).toBe("_zedis_complete\n");
  },
  LIMIT_MS,
);

// The same of fish.
test.skipIf(isWithout("fish"))(
  "fish completes through what it reads",
  () => {
    const tab = (line: string) =>
      shell("fish", "--no-config", "-c", `zedis-cli completion fish | source; complete -C '${line}'`);
    expect(tab(`zedis-cli ${place.join(" ")} fcall shopS`)).toContain("shopSell\n");
    expect(tab("zedis in")).toContain("init\n");
  },
  LIMIT_MS,
);
