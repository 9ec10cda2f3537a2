/** A configuration that cannot be used. The message is complete: print it on standard error and leave with code 1. */

import { REDIS_VERSION } from "./version.ts";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface LineAddress {
  /** Counted from 1. */
  readonly number: number;
  /** As it stands in the file, without the spaces around it. */
  readonly text: string;
  /** Path of an included file; the main file, standard input and options count as one and have none. */
  readonly file?: string;
}

/** The report of a bad line, in the form that redis-server prints (an included file is named in addition). */
export function lineError(line: LineAddress, reason: string): ConfigError {
  return new ConfigError(
    [
      "",
      `*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***`,
      `Reading the configuration file, at line ${line.number}${line.file === undefined ? "" : ` of ${line.file}`}`,
      `>>> '${line.text}'`,
      reason,
    ].join("\n"),
  );
}
