/**
 * What is known about a library once it is compiled: plain data that travels from the main thread to the cores.
 *
 *     {name: "zedis_script", engine: "jsc", language: "ts", code: "(function () {…})", functions: [
 *       {id: 7, name: "updateInventory", flags: [], description: "", result: "", async: false, parameters: [
 *         {name: "productId", kind: "string", type: "string", optional: false, …},
 *         {name: "amount", kind: "number", type: "number", optional: false, …}]}]}
 */

/** How the bytes of an argument become a value. */
export type ParameterKind = "string" | "number" | "boolean" | "bigint" | "bytes" | "json" | "choice";

export type Choice = string | number | boolean;

/** What a declared type asks of a value that arrives as JSON, as far as plain data can say it; `any`: nothing. */
export type Shape =
  | { readonly is: "any" | "string" | "number" | "boolean" | "null" }
  | { readonly is: "one of"; readonly values: readonly Choice[] }
  | { readonly is: "array"; readonly of: Shape }
  | { readonly is: "tuple"; readonly of: readonly Shape[] }
  /** `values`: of the fields that have no name of their own. */
  | { readonly is: "object"; readonly fields: readonly ShapeField[]; readonly values?: Shape }
  | { readonly is: "any of"; readonly of: readonly Shape[] }
  | { readonly is: "all of"; readonly of: readonly Shape[] };

export interface ShapeField {
  readonly name: string;
  readonly shape: Shape;
  readonly optional: boolean;
}

export const ANY: Shape = { is: "any" };

export interface ParameterSchema {
  readonly name: string;
  readonly kind: ParameterKind;
  /** The type as the author wrote it, of one element where `rest`. */
  readonly type: string;
  readonly optional: boolean;
  /** `| null` is part of the type: JSON may be null. */
  readonly nullable: boolean;
  /** Takes all remaining arguments: as `...name` when `spread`, else as one array. */
  readonly rest: boolean;
  readonly spread: boolean;
  /** The allowed values of kind `choice`. */
  readonly choices?: readonly Choice[];
  /** What kind `json` has to look like; of one element where `rest`. */
  readonly shape?: Shape;
}

/** Flags of FCALL's world, by their Redis names. */
export const FUNCTION_FLAGS = [
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys",
  "background",
] as const;
export type FunctionFlag = (typeof FUNCTION_FLAGS)[number];

export interface FunctionSchema {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly FunctionFlag[];
  readonly async: boolean;
  readonly parameters: readonly ParameterSchema[];
  /** The declared type of the result, "" where there is none. */
  readonly result: string;
}

/** A function as the cores know it: ids are never reused while the server runs. */
export interface NumberedFunction extends FunctionSchema {
  readonly id: number;
}

/** What a compiler makes of a source file. */
export interface CompiledLibrary {
  readonly name: string;
  readonly engine: string;
  readonly language: string;
  /** A function expression in JavaScript: a call runs the library's top level and returns the functions, in order. */
  readonly code: string;
  /** Mappings of a source map, version 3, from `code` to the source. */
  readonly mappings: string;
  /** Text that was put in before SWC saw it: [line, column, length]. */
  readonly shifts: readonly (readonly [number, number, number])[];
  /** The engine's snapshot of `code`, base64; "" where it has none. */
  readonly bytecode: string;
  /** "call": what one call leaves in the library's variables is gone before the next. */
  readonly isolation?: "call";
  readonly functions: readonly FunctionSchema[];
}

/** What a core gets to make a library live. */
export interface LibraryImage extends Omit<CompiledLibrary, "functions"> {
  readonly functions: readonly NumberedFunction[];
}
