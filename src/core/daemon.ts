/**
 * `daemonize yes`: the server goes on in a process of its own session, which no terminal can end. This process looks at the command
 * line, starts that one and is done, as redis-server's does when it has forked.
 */
import { spawn } from "node:child_process";
import type { Settings } from "../config/settings.ts";
import { isSupervised } from "./supervision.ts";

/** In the environment of the process that goes on. */
const MARK = "ZEDIS_DETACHED";

/** Whether this is the process that goes on. */
export function isDetached(): boolean {
  return process.env[MARK] !== undefined;
}

/** A service manager watches the process it has started, so there the directive is nothing to go by. */
export function wantsToDetach(settings: Settings, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (isDetached() || settings.get("daemonize") === "no") return false;
  return !isSupervised(settings.get("supervised"), environment);
}

/** Starts this very program again; `input`: what it read from its standard input. Gives the exit code once it runs. */
export async function detach(input: Uint8Array | null): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: [input === null ? "ignore" : "pipe", "ignore", "ignore"],
    env: { ...process.env, [MARK]: "1" },
  });
  const started = new Promise<number>((resolve) => {
    child.once("error", (error) => {
      process.stderr.write(`Cannot start in the background: ${error.message}\n`);
      resolve(1);
    });
    child.once("spawn", () => resolve(0));
  });
  child.unref();
  const { stdin } = child;
  if (input !== null && stdin !== null) await new Promise<void>((resolve) => stdin.end(input, () => resolve()));
  return started;
}
