/** All directives, one row each: those of Redis and Valkey, and Zedis's own. */

import type { Option } from "./option.ts";
import { DATA_OPTIONS } from "./options-data.ts";
import { DURABILITY_OPTIONS } from "./options-durability.ts";
import { SERVER_OPTIONS } from "./options-server.ts";
import { VALKEY_OPTIONS } from "./options-valkey.ts";
import { ZEDIS_OPTIONS } from "./options-zedis.ts";

/** In the order in which CONFIG GET lists them and CONFIG REWRITE appends them. */
const ROWS = [...SERVER_OPTIONS, ...DATA_OPTIONS, ...DURABILITY_OPTIONS, ...VALKEY_OPTIONS, ...ZEDIS_OPTIONS] as const;

export type OptionName = (typeof ROWS)[number]["name"];

export const OPTIONS: readonly Option[] = ROWS;

let index: Map<string, Option> | undefined;

/** The row of a directive by its name or its older name, in any case; undefined when there is none. */
export function findOption(name: string): Option | undefined {
  if (index === undefined) {
    index = new Map();
    for (const option of OPTIONS) {
      index.set(option.name, option);
      if (option.alias !== undefined) index.set(option.alias, option);
    }
  }
  return index.get(name.toLowerCase());
}

/** Every name under which CONFIG GET lists a directive: its own, then its older one, unless that only spells it differently. */
export function namesOf(option: Option): string[] {
  const isSpelling = option.alias === undefined || option.alias.replaceAll("-", "_") === option.name;
  return isSpelling ? [option.name] : [option.name, option.alias as string];
}
