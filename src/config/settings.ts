/** The values in force, one canonical text per directive (see option.ts). */

import type { Option } from "./option.ts";
import { OPTIONS, type OptionName } from "./options.ts";
import type { RenameLine } from "./renames.ts";
import type { UserLine } from "./users.ts";
import { nativeText } from "./value.ts";

export class Settings {
  readonly #values = new Map<string, string>();
  /** How often a value was replaced: what was made of the values is as good as new while this is the same. */
  changes = 0;
  /** The `rename-command` lines, in order. */
  readonly renames: RenameLine[] = [];
  /** The `user` lines, in order. */
  readonly users: UserLine[] = [];

  /** All defaults. `folder` is the working folder at start, an absolute path: the value of `dir`. */
  constructor(readonly folder: string) {
    for (const option of OPTIONS) this.#values.set(option.name, this.initial(option));
  }

  /** The value of a server started without configuration. */
  initial(option: Option): string {
    return option.name === "dir" ? this.folder : option.default;
  }

  /** Canonical text: what CONFIG GET shows. */
  get(name: OptionName): string {
    return this.read(name);
  }

  /** Value of a directive of numbers or sizes. Exact up to 2^53. */
  number(name: OptionName): number {
    const value = Number(this.read(name));
    if (Number.isNaN(value)) throw new TypeError(`directive '${name}' does not hold a number`);
    return value;
  }

  /** Value of a yes/no directive. */
  flag(name: OptionName): boolean {
    return this.read(name) === "yes";
  }

  /** Like `get`, for a name that comes from a row. */
  read(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new RangeError(`no directive '${name}'`);
    return value;
  }

  /** Takes a canonical value; validation has happened in `parseValue`. */
  replace(name: string, value: string): void {
    if (!this.#values.has(name)) throw new RangeError(`no directive '${name}'`);
    this.#values.set(name, value);
    this.changes++;
  }

  /** What the native side has to be told before it starts: pairs for `push`, in row order. */
  nativeEntries(): [name: string, text: string][] {
    return OPTIONS.filter((option) => option.native === true).map((option) => [
      option.name,
      nativeText(option, this.read(option.name)),
    ]);
  }

  /** One line for each directive that was given a value which has no effect. */
  warnings(): string[] {
    return OPTIONS.flatMap((option) => {
      const warning = inertWarning(option, this.read(option.name));
      return warning === null ? [] : [warning];
    });
  }
}

/** The line that says that `value` has no effect, or null when it has, is the default, or asks for nothing more. */
export function inertWarning(option: Option, value: string): string | null {
  const { inert } = option;
  if (inert === undefined || value === option.default || inert.quiet?.includes(value) === true) return null;
  return `'${option.name}' is accepted without effect: ${inert.why}`;
}
