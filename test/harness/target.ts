/**
 * Which server the suites run against. `ZEDIS_TEST_TARGET=redis` runs them against the redis-server on the machine, to check
 * the expectations themselves; the default is Zedis. `ZEDIS_TEST_ARGS="--io epoll"` adds options to every Zedis under test.
 */
export const isOracle: boolean = process.env.ZEDIS_TEST_TARGET === "redis";

/** Options that `ZEDIS_TEST_ARGS` adds. */
export const extraOptions: readonly string[] = (process.env.ZEDIS_TEST_ARGS ?? "")
  .split(" ")
  .filter((word) => word !== "");

/** The redis-server or valkey-server found on the machine, or null. Starts nothing. */
export function oraclePath(): string | null {
  return Bun.which("redis-server") ?? Bun.which("valkey-server");
}

/**
 * Whether a test that needs this program has to be left out, as it is not on the machine. With `ZEDIS_PROGRAMS=required`, which `.ci/run`
 * sets once it has installed them, it runs, and fails.
 */
export function isWithout(program: string): boolean {
  return Bun.which(program) === null && process.env.ZEDIS_PROGRAMS !== "required";
}

/**
 * Whether a behaviour that appeared in Redis version `since` can be expected of the target. Zedis is held to all of them; the
 * redis-server of the machine to those it knows.
 */
export function targetHas(since: string | undefined): boolean {
  return since === undefined || !isOracle || oracleHas(since);
}

/** Whether the redis-server of the machine is of version `since` or later. */
export function oracleHas(since: string): boolean {
  return compareVersions(oracleVersion(), since) >= 0;
}

/** `7.0.15` of the machine's redis-server, asked once. */
export function oracleVersion(): string {
  if (knownVersion === undefined) {
    const path = oraclePath();
    const output = path === null ? "" : Bun.spawnSync([path, "--version"]).stdout.toString();
    knownVersion = /v=([0-9.]+)/.exec(output)?.[1] ?? "0";
  }
  return knownVersion;
}

let knownVersion: string | undefined;

function compareVersions(left: string, right: string): number {
  const rights = right.split(".").map(Number);
  for (const [index, part] of left.split(".").map(Number).entries()) {
    const difference = part - (rights[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
