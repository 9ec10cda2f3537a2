/**
 * The row of one configuration directive.
 *
 * A value travels as canonical text everywhere: exactly what CONFIG GET shows. Numbers are decimal, memory sizes are
 * bytes, booleans are yes|no, enums their name, directives of many words are joined by one space.
 */

import type { Special } from "./special.ts";

/** Accepted, with no effect in Zedis. `why` completes the warning line; `quiet` lists values that need no warning. */
export interface Inert {
  readonly why: string;
  readonly quiet?: readonly string[];
}

interface Common {
  readonly name: string;
  /** Value of a server started without configuration, as CONFIG GET shows it. */
  readonly default: string;
  /** What it is, where Redis's manual does not say: for a directive that only Zedis has. */
  readonly help?: string;
  /** Older name, accepted everywhere and listed by CONFIG GET. */
  readonly alias?: string;
  /** Only at start: CONFIG SET refuses it. `same`: it takes the value that is in force, and does nothing. */
  readonly fixed?: true | "same";
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: true;
  /** Shown by CONFIG GET only when asked for by its whole name. */
  readonly hidden?: true;
  /** Never to be written to a log. */
  readonly secret?: true;
  /** The native side must know it: it goes through `push` before start and after CONFIG SET. */
  readonly native?: true;
  /** Takes effect only with all others of its kind, once a CONFIG SET has changed what it changes: a certificate and its key. */
  readonly together?: "tls" | "sockets";
  readonly inert?: Inert;
  /** Further rule on a parsed value: null, or the error text. */
  readonly check?: (value: string) => string | null;
}

type Kind =
  | { readonly type: "bool" }
  | { readonly type: "int"; readonly min: bigint; readonly max: bigint; readonly clamp?: readonly [bigint, bigint] }
  | { readonly type: "octal"; readonly min: bigint; readonly max: bigint }
  /** Bytes, written with units (`64mb`); with `percent`, `1%`…`100%` as well. */
  | { readonly type: "memory"; readonly min: bigint; readonly max: bigint; readonly percent?: true }
  /** `same` maps accepted spellings to the name that is shown. */
  | { readonly type: "enum"; readonly values: readonly string[]; readonly same?: Readonly<Record<string, string>> }
  /** Any combination of names; the first name stands for none of them. */
  | { readonly type: "flags"; readonly values: readonly string[] }
  /** `unset`: the empty string means "not set" and is never written to a file. */
  | { readonly type: "string"; readonly unset?: true }
  | { readonly type: "special"; readonly special: Special };

export type Option = Common & Kind;

/** True when the directive takes all words of its line (CONFIG SET: of its one argument). */
export function takesManyWords(option: Option): boolean {
  return option.type === "flags" || (option.type === "special" && option.special.manyWords);
}

/** Bounds of the C types that Redis keeps values in; its error texts show them. */
export const INT_MIN = -2147483648n;
export const INT_MAX = 2147483647n;
export const UINT_MAX = 4294967295n;
export const LONG_MAX = 9223372036854775807n;
export const ULONG_MAX = 18446744073709551615n;
