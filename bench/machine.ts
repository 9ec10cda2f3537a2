/** Where and on what a run was made: a figure without these is worth nothing later. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { Settings } from "./measure-load.ts";

/** Markdown lines: machine, versions, commit, command line. */
export function machineLines(settings: Settings): string[] {
  const pins =
    settings.serverCpu === null ? "not pinned" : `server CPU ${settings.serverCpu}, client ${settings.clientCpu}`;
  const all = cpus();
  return [
    `- machine: ${all.length} × ${all[0]?.model.trim() ?? "?"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`,
    `- versions: commit ${commit()}, Bun ${Bun.version}, ${settings.b.label}${settings.peer === null ? "" : `, ${settings.peer.label}`}`,
    `- command: bun bench/run.ts ${process.argv.slice(2).join(" ")}`.trimEnd(),
    `- ${settings.rounds} rounds of ${settings.seconds} s, A B A B${settings.peer === null ? "" : " (A B C with the peer)"}, ${pins}, load average at start ${loadAverage()}`,
  ];
}

function commit(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: import.meta.dir })
      .stdout.toString()
      .trim();
  const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with local changes";
  return `${git("rev-parse", "--short", "HEAD")}${changed}`;
}

function loadAverage(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 1).join("");
}
