/**
 * Programs in other languages, made ready to run: their folder is copied into a temporary one, and what they need is installed or
 * built there. Nothing is left on the machine but the tools' own caches.
 *
 *     python/  a virtual environment with requirements.txt     go/  a binary     java/  classes beside the libraries of pom.xml
 *     asynq/   a binary     commander/  redis-commander, of npm
 *
 * Where a tool is missing, or its registry cannot be reached, a test says so in its title and is skipped. With
 * `ZEDIS_CLIENTS=required` (which `.ci/run` sets where the tools are there) it fails instead.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export interface Program {
  /** Runs with the words behind it. */
  readonly command: readonly string[];
  /** To be removed by whoever asked for the program. */
  readonly folder: string;
}

interface Toolchain {
  readonly tools: readonly string[];
  /** Gets what the registry has: may fail for want of a network. */
  readonly fetch: (folder: string) => readonly (readonly string[])[];
  /** Needs no network: a failure is one of the program. */
  readonly build: (folder: string) => readonly (readonly string[])[];
  readonly command: (folder: string) => readonly string[];
}

const TOOLCHAINS = {
  python: {
    tools: ["python3"],
    fetch: (folder) => [
      ["python3", "-m", "venv", join(folder, "venv")],
      [join(folder, "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"],
    ],
    build: () => [],
    command: (folder) => [join(folder, "venv/bin/python"), join(folder, "shop.py")],
  },
  go: {
    tools: ["go"],
    fetch: () => [["go", "mod", "download"]],
    build: (folder) => [["go", "build", "-mod=readonly", "-o", join(folder, "shop"), "."]],
    command: (folder) => [join(folder, "shop")],
  },
  asynq: {
    tools: ["go"],
    fetch: () => [["go", "mod", "download"]],
    build: (folder) => [["go", "build", "-mod=readonly", "-o", join(folder, "jobs"), "."]],
    command: (folder) => [join(folder, "jobs")],
  },
  java: {
    tools: ["java", "javac", "mvn"],
    fetch: (folder) => [
      ["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", `-DoutputDirectory=${join(folder, "lib")}`],
    ],
    build: (folder) => [["javac", "-cp", join(folder, "lib/*"), "-d", join(folder, "classes"), "Shop.java"]],
    command: (folder) => ["java", "-cp", `${join(folder, "classes")}:${join(folder, "lib/*")}`, "Shop"],
  },
  commander: {
    tools: ["node", "npm"],
    fetch: () => [["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--silent"]],
    build: () => [],
    command: (folder) => ["node", join(folder, "node_modules/redis-commander/bin/redis-commander.js")],
  },
} as const satisfies Record<string, Toolchain>;

const isRequired = process.env.ZEDIS_CLIENTS === "required";

/** The program of `test/clients/<language>`, or why it cannot run. Throws when it does not build, or is required and cannot run. */
export async function prepare(language: keyof typeof TOOLCHAINS): Promise<Program | { readonly missing: string }> {
  const { tools, fetch, build, command }: Toolchain = TOOLCHAINS[language];
  const absent = tools.filter((tool) => Bun.which(tool) === null);
  if (absent.length > 0) return refuse(`no ${absent.join(", no ")} on this machine`);
  const folder = mkdtempSync(join(tmpdir(), `zedis-client-${language}-`));
  cpSync(join(import.meta.dir, language), folder, { recursive: true });
  for (const step of fetch(folder)) {
    const { exitCode, output } = await run(step, folder);
    if (exitCode === 0) continue;
    console.error(output.slice(-2000));
    rmSync(folder, { recursive: true, force: true });
    return refuse(`${basename(step[0] ?? "")} could not get what it needs: no network, or a tool that is too old`);
  }
  for (const step of build(folder)) {
    const { exitCode, output } = await run(step, folder);
    if (exitCode !== 0) throw new Error(`${step.join(" ")} failed:\n${output}`);
  }
  return { command: command(folder), folder };
}

/** What a program printed, what it complained about before it, and how it ended. */
export async function run(command: readonly string[], folder: string): Promise<{ exitCode: number; output: string }> {
  const child = Bun.spawn({ cmd: [...command], cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: err + out };
}

function refuse(missing: string): { readonly missing: string } {
  if (isRequired) throw new Error(`ZEDIS_CLIENTS=required, and ${missing}`);
  return { missing };
}
