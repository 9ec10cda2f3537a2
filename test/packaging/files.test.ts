/** The Dockerfile and the unit of systemd against what they name. */
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { Datagrams } from "../harness/datagrams.ts";
import { within } from "../harness/wait.ts";

const root = resolve(import.meta.dir, "../..");
const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
/** Instructions with their arguments; lines that go on are joined. */
const instructions = dockerfile
  .replace(/\\\n/g, " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(/\s+/));
const lastStage = instructions.slice(instructions.findLastIndex(([name]) => name === "FROM"));
const lastOf = (name: string): string | undefined =>
  lastStage
    .find(([first]) => first === name)
    ?.slice(1)
    .join(" ");

test("the Dockerfile copies what is there and is let through by .dockerignore", () => {
  const allowed = readFileSync(join(root, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"));
  for (const [, ...words] of instructions.filter(([name]) => name === "COPY")) {
    if (words[0]?.startsWith("--from=")) continue;
    for (const source of words.slice(0, -1)) {
      expect(existsSync(join(root, source))).toBe(true);
      expect(allowed).toContain(`!${source}`);
    }
  }
});

test("its Bun is the one that the package is pinned to", () => {
  const images = instructions
    .filter(([name, image]) => name === "FROM" && image?.includes("bun"))
    .map(([, image]) => image);
  expect(images.length).toBeGreaterThan(0);
  for (const image of images) expect(image).toBe(`oven/bun:${manifest.packageManager.replace("bun@", "")}-slim`);
});

test("its compiler is one that there is a profile of", () => {
  const release = instructions.find(([name, image]) => name === "FROM" && image?.startsWith("rust:"))?.[1];
  const version = /^rust:([\d.]+)-/.exec(release ?? "")?.[1];
  const profiles = readdirSync(join(root, "native/profile")).filter((name) => name.endsWith(".profdata"));
  expect(profiles.map((name) => name.split("_").at(-2))).toContain(version);
});

test("it runs as nobody special, keeps its data in a volume and is asked for its health", () => {
  expect(lastOf("USER")).toBe("zedis");
  expect(lastOf("VOLUME")).toBe("/data");
  expect(lastOf("WORKDIR")).toBeDefined();
  expect(lastStage.findLastIndex(([name]) => name === "RUN")).toBeLessThan(
    lastStage.findIndex(([name]) => name === "USER"),
  );
  expect(lastOf("HEALTHCHECK")).toContain("PING");
  for (const command of [lastOf("ENTRYPOINT") ?? "", lastOf("HEALTHCHECK")?.replace(/^.*CMD /, "") ?? ""]) {
    const [program, path = ""] = JSON.parse(command);
    expect(program).toBe("bun");
    expect(existsSync(join(root, path.replace("/opt/zedis/", "")))).toBe(true);
  }
});

const unit = readFileSync(join(root, "packaging/zedis.service"), "utf8");
const settings = new Map(
  unit
    .split("\n")
    .flatMap((line) => (/^[A-Za-z]+=/.test(line) ? [line.split(/=(.*)/s).slice(0, 2) as [string, string]] : [])),
);

test("the unit's command starts, and tells systemd that it is ready and that it stops", async () => {
  expect(settings.get("Type")).toBe("notify");
  expect(Number(settings.get("WatchdogSec"))).toBeGreaterThan(0);
  const folder = mkdtempSync(join(tmpdir(), "zedis-unit-"));
  writeFileSync(join(folder, "zedis.conf"), 'port 0\nbind 127.0.0.1\nsave ""\nadmin-port 0\n');
  const manager = new Datagrams(join(folder, "notify"));
  const command = (settings.get("ExecStart") ?? "")
    .split(" ")
    .map((word) =>
      word
        .replace("/usr/local/bin/bun", process.execPath)
        .replace("/opt/zedis", root)
        .replace("/etc/zedis", folder)
        .replace("/var/lib/zedis", folder),
    );
  const child = Bun.spawn(command, {
    cwd: folder,
    env: { ...process.env, NOTIFY_SOCKET: join(folder, "notify"), WATCHDOG_USEC: "200000" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    expect(await manager.next()).toBe("STATUS=Zedis is loading...\n");
    expect(await manager.next()).toContain("READY=1\n");
    // One at once, the others because its cores turn.
    for (let fed = 0; fed < 3; fed++) expect(await manager.next()).toBe("WATCHDOG=1\n");
    child.kill("SIGTERM");
    let last = await manager.next();
    while (last === "WATCHDOG=1\n") last = await manager.next();
    expect(last).toContain("STOPPING=1\n");
    expect(await within(30_000, "the end", child.exited)).toBe(0);
  } finally {
    child.kill("SIGKILL");
    manager.close();
    rmSync(folder, { recursive: true });
  }
}, 120_000);

// Part of systemd: containers and other systems have none. What the unit says is checked above without it.
test.skipIf(Bun.which("systemd-analyze") === null)("systemd understands the unit", () => {
  const folder = mkdtempSync(join(tmpdir(), "zedis-unit-"));
  writeFileSync(
    join(folder, "zedis.service"),
    unit.replace("/usr/local/bin/bun", process.execPath).replace(/^Documentation=.*\n/m, ""),
  );
  const { stderr } = Bun.spawnSync(["systemd-analyze", "verify", join(folder, "zedis.service")]);
  rmSync(folder, { recursive: true });
  expect(
    stderr
      .toString()
      .split("\n")
      .filter((line) => line.includes("zedis.service")),
  ).toEqual([]);
});
