/**
 * The form of a procedure's call, from its parameters' types, and the arguments from what was typed into it.
 *
 *     {name: "mode", type: '"fast" | "slow"'}   a choice of fast and slow        {name: "order", type: "Order"}   text, as it is or JSON
 */

import { type ByteFormat, type Bytes, fromField } from "./bytes.ts";

export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly rest: boolean;
}

export type InputKind = "text" | "number" | "boolean" | "bytes" | "choice" | "json" | "lines";

export interface Input {
  readonly parameter: Parameter;
  readonly kind: InputKind;
  readonly choices: readonly string[];
}

export function inputOf(parameter: Parameter): Input {
  if (parameter.rest) return { parameter, kind: "lines", choices: [] };
  const parts = unionParts(parameter.type).filter((part) => part !== "null" && part !== "undefined");
  const literals = parts.map(literalOf);
  if (parts.length > 0 && literals.every((literal) => literal !== null)) {
    return { parameter, kind: "choice", choices: literals.filter((literal) => literal !== null) };
  }
  const [only = ""] = parts;
  if (parts.length !== 1) return { parameter, kind: "json", choices: [] };
  if (only === "number" || only === "bigint") return { parameter, kind: "number", choices: [] };
  if (only === "boolean") return { parameter, kind: "boolean", choices: ["true", "false"] };
  if (only === "string") return { parameter, kind: "text", choices: [] };
  if (only === "Uint8Array") return { parameter, kind: "bytes", choices: [] };
  return { parameter, kind: "json", choices: [] };
}

/** A type's parts at its outermost `|`. */
function unionParts(type: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let part = "";
  for (const character of type) {
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ("([{<".includes(character)) depth++;
    else if (")]}>".includes(character)) depth--;
    if (character === "|" && depth === 0 && quote === "") {
      parts.push(part.trim());
      part = "";
    } else part += character;
  }
  parts.push(part.trim());
  return parts.filter((text) => text !== "");
}

function literalOf(part: string): string | null {
  const quoted = /^"([^"\\]*)"$|^'([^'\\]*)'$/.exec(part);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? "";
  return /^-?\d+(?:\.\d+)?$/.test(part) ? part : null;
}

export interface CallArguments {
  readonly words: readonly Bytes[];
  /** What is wrong with an input, by the parameter's name. */
  readonly errors: ReadonlyMap<string, string>;
}

/**
 * `texts`: what each input holds; optional ones at the end that are empty are left out. `formats`: how those for bytes are written,
 * where it is not as text.
 */
export function argumentsOf(
  inputs: readonly Input[],
  texts: ReadonlyMap<string, string>,
  formats: ReadonlyMap<string, ByteFormat> = new Map(),
): CallArguments {
  const words: Bytes[] = [];
  const errors = new Map<string, string>();
  let left: string | null = null;
  for (const { parameter, kind } of inputs) {
    const { name, optional } = parameter;
    const text = texts.get(name) ?? "";
    if (kind === "lines") {
      words.push(...(text === "" ? [] : text.split("\n")));
      continue;
    }
    if (text === "" && optional) {
      left ??= name;
      continue;
    }
    if (left !== null) errors.set(left, `${left} cannot be left out while ${name} is given.`);
    const error = errorOf(kind, name, text);
    if (error !== null) errors.set(name, error);
    if (kind !== "bytes") {
      words.push(text);
      continue;
    }
    try {
      words.push(fromField(text, formats.get(name) ?? "text"));
    } catch (thrown) {
      errors.set(name, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  return { words, errors };
}

function errorOf(kind: InputKind, name: string, text: string): string | null {
  if (kind === "number" && (text.trim() === "" || Number.isNaN(Number(text)))) return `${name} is a number.`;
  if (kind === "choice" && text === "") return `Choose a value for ${name}.`;
  if (kind === "boolean" && text === "") return `Choose a value for ${name}.`;
  if (kind === "json" && text.trim() === "") return `${name} needs a value.`;
  return null;
}

/** How many of the arguments are declared as keys at first: the first one where it is a string, as the procedures of the examples have it. */
export function usualKeys(parameters: readonly Parameter[]): number {
  return parameters[0]?.type === "string" && !parameters[0].rest ? 1 : 0;
}
