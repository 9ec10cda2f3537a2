/** `rename-command` lines of a configuration: kept until the native side, which has the commands, renames them. */
import { type LineAddress, lineError } from "./config-error.ts";
import type { Settings } from "./settings.ts";

export interface RenameLine {
  readonly from: string;
  /** Empty: the command is taken away. */
  readonly to: string;
  readonly line: LineAddress;
}

/** Renames the commands. Null, or why the server cannot start. */
export function renameCommands(settings: Settings, rename: (from: string, to: string) => string | null): string | null {
  for (const { from, to, line } of settings.renames) {
    const error = rename(from, to);
    if (error !== null) return lineError(line, error).message;
  }
  return null;
}
