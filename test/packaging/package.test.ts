/** The package as a user gets it: packed by npm, installed from the file, started through its bins. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { libraryPath } from "../../src/core/build.ts";
import { PLATFORM } from "../../src/core/prebuilt.ts";
import { until } from "../harness/wait.ts";

const LIMIT_MS = 300_000;
const root = resolve(import.meta.dir, "../..");
const home = mkdtempSync(join(tmpdir(), "zedis-package-"));
const unpacked = join(home, "package");
const project = join(home, "project");
const bins = join(project, "node_modules", ".bin");
/** No library but the package's own, no Rust; this Bun. */
const env: Record<string, string> = { PATH: "", HOME: home, NO_COLOR: "1" };

function run(cwd: string, command: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd, env: { ...env, ...more } });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}:\n${stdout}${stderr}`);
  return stdout.toString();
}

const npm = Bun.which("npm");

describe.skipIf(npm === null)("the package", () => {
  beforeAll(() => {
    const bin = join(home, "bin");
    mkdirSync(bin);
    mkdirSync(project);
    for (const name of ["npm", "npx", "node", "sh", "env", "tar", "gzip"]) {
      const path = Bun.which(name);
      if (path !== null) symlinkSync(path, join(bin, name));
    }
    symlinkSync(process.execPath, join(bin, "bun"));
    env.PATH = bin;
    const [packed] = JSON.parse(run(root, ["npm", "pack", "--ignore-scripts", "--json", "--pack-destination", home]));
    run(home, ["tar", "-xf", packed.filename]);
  }, LIMIT_MS);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("holds what it needs, and neither tests nor what was built", () => {
    const files = [...new Bun.Glob("**/*").scanSync({ cwd: unpacked, dot: true })];
    expect(
      files.filter((path) => /\.test\.ts$|(^|\/)target\/|^(test|bench|examples)\/|zedis\.log|\.rdb$/.test(path)),
    ).toEqual([]);
    for (const path of ["native/Cargo.lock", "native/.cargo/config.toml", "packaging/zedis.service", "LICENSE"]) {
      expect(files).toContain(path);
    }
    const missing: string[] = [];
    for (const path of files.filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith(".d.ts"))) {
      const text = readFileSync(join(unpacked, path), "utf8").replace(/^\s*\*.*$/gm, "");
      for (const [, target = ""] of text.matchAll(/(?:from|import\(|new URL\() ?"(\.{1,2}\/[^"]+)"/g)) {
        if (!existsSync(join(unpacked, dirname(path), target))) missing.push(`${path}: ${target}`);
      }
    }
    expect(missing.filter((line) => !line.startsWith("src/cli/init-files.ts"))).toEqual([]);
  });

  test("says what to do where it has no library for a machine and there is no Rust", () => {
    mkdirSync(join(unpacked, "prebuilds", "other-arch"), { recursive: true });
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, join(unpacked, "bin/zedis.js"), "server"], {
      cwd: home,
      env,
    });
    expect(exitCode).toBe(1);
    expect(stderr.toString()).toContain(`has to be built (it comes built for other-arch; this is ${PLATFORM})`);
    expect(stderr.toString()).toContain("there is no Rust toolchain (cargo) on this machine");
    rmSync(join(unpacked, "prebuilds"), { recursive: true });
  });

  test(
    "installed with its library it serves, answers and stops, by its bins",
    async () => {
      run(unpacked, ["bun", "src/core/prebuilt.ts"], { ZEDIS_LIB: libraryPath() });
      expect(readdirSync(join(unpacked, "prebuilds"))).toEqual([PLATFORM]);
      // No network: the dependencies are lent from here.
      const manifest = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));
      writeFileSync(
        join(unpacked, "package.json"),
        JSON.stringify({ ...manifest, dependencies: {}, devDependencies: {} }),
      );
      run(home, ["tar", "-czf", "zedis.tgz", "package"], { GZIP: "-1" });
      writeFileSync(join(project, "package.json"), '{"private":true}');
      run(project, ["npm", "install", "--offline", "--no-audit", "--no-fund", join(home, "zedis.tgz")]);
      for (const name of readdirSync(join(root, "node_modules"))) {
        const place = join(project, "node_modules", name);
        if (!name.startsWith(".") && !existsSync(place)) symlinkSync(join(root, "node_modules", name), place);
      }

      expect(run(project, ["npx", "--no-install", "zedis", "version"])).toBe(`zedis ${manifest.version}\n`);
      const server = Bun.spawn(
        [join(bins, "zedis"), "server", "--port", "0", "--bind", "127.0.0.1", "--save", "", "--admin-port", "0"],
        {
          cwd: project,
          env,
          stdout: Bun.file(join(home, "log")),
          stderr: "inherit",
        },
      );
      const log = (): string => (existsSync(join(home, "log")) ? readFileSync(join(home, "log"), "utf8") : "");
      try {
        await until("the server's start", () => log().includes("Ready to accept connections"), { limit_ms: 60_000 });
        const port = /listening on [\d.]+:(\d+)/.exec(log())?.[1] ?? "";
        const cli = (...words: string[]): string => run(project, [join(bins, "zedis-cli"), "-p", port, ...words]);
        expect(cli("PING")).toBe("PONG\n");
        const source = "#!ts name=x\nexport function twice(n: number) { return n * 2; }\n";
        expect(cli("FUNCTION", "LOAD", source)).toBe("x\n");
        expect(cli("FCALL", "twice", "0", "21")).toBe("42\n");
      } finally {
        server.kill("SIGTERM");
      }
      expect(await server.exited).toBe(0);
      expect(log()).toContain("bye bye");
    },
    LIMIT_MS,
  );

  test("the library is taken away again where it was only there to be packed", () => {
    run(unpacked, ["bun", "src/core/prebuilt.ts", "--remove"]);
    expect(existsSync(join(unpacked, "prebuilds"))).toBe(false);
  });
});
