/**
 * Bytes of an argument as a value of its parameter's type. Everything here yields primitives of the host or, through
 * `inside`, objects of the library's realm; NaN, -1, null or undefined says that the bytes do not fit.
 */
import type { Bytes } from "../host/deck.ts";
import type { Choice, ParameterSchema } from "../schema.ts";

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
/** Digits that a double holds exactly, whatever they are. */
const EXACT_DIGITS = 15;
const SHOWN_MAX = 64;

/** A number; NaN where the text is none. Cost: about a nanosecond a digit for integers. */
export function numberFrom(source: Bytes, at: number, length: number): number {
  if (length > 0 && length <= EXACT_DIGITS) {
    let value = 0;
    let index = at;
    const end = at + length;
    const negative = source[at] === 45 && length > 1;
    if (negative) index++;
    for (; index < end; index++) {
      const digit = (source[index] as number) - 48;
      if (digit < 0 || digit > 9) return numberFromText(source.latin1Slice(at, end));
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }
  return numberFromText(source.latin1Slice(at, at + length));
}

function numberFromText(text: string): number {
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}

/** 1 for `true` and `1`, 0 for `false` and `0`, else -1. */
export function booleanFrom(source: Bytes, at: number, length: number): number {
  if (length === 1) return source[at] === 49 ? 1 : source[at] === 48 ? 0 : -1;
  if (length > 5) return -1;
  const text = source.latin1Slice(at, at + length).toLowerCase();
  return text === "true" ? 1 : text === "false" ? 0 : -1;
}

/** A bigint; null where the text is no integer. */
export function bigintFrom(source: Bytes, at: number, length: number): bigint | null {
  const text = source.latin1Slice(at, at + length);
  return INTEGER.test(text) ? BigInt(text) : null;
}

/** The choices of a parameter by their texts. */
export function choicesByText(choices: readonly Choice[]): ReadonlyMap<string, Choice> {
  return new Map(choices.map((choice) => [String(choice), choice]));
}

/** `updateInventory: parameter 'amount' must be number, got "ten"` */
export function mismatchText(functionName: string, parameter: ParameterSchema, value: string): string {
  const shown = value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value;
  return `ERR ${functionName}: parameter '${parameter.name}' must be ${expectation(parameter)}, got ${JSON.stringify(shown)}`;
}

/** `reserve: parameter 'item.qty' must be number, got "2"`; `wrong`: as `misfit` of shape.ts says it. */
export function misshapenText(functionName: string, wrong: string): string {
  return `ERR ${functionName}: parameter ${wrong}`;
}

/** `updateInventory takes 2 arguments (productId: string, amount: number), got 1` */
export function countText(functionName: string, parameters: readonly ParameterSchema[], given: number): string {
  const { least, most } = argumentCounts(parameters);
  const range = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  const word = least === 1 && most === 1 ? "argument" : "arguments";
  return `ERR ${functionName} takes ${range} ${word} (${describeParameters(parameters)}), got ${given}`;
}

export function argumentCounts(parameters: readonly ParameterSchema[]): { least: number; most: number } {
  const least = parameters.findLastIndex((parameter) => !parameter.optional) + 1;
  return { least, most: parameters.at(-1)?.rest ? Infinity : parameters.length };
}

export function describeParameters(parameters: readonly ParameterSchema[]): string {
  return parameters
    .map(({ name, type, optional, rest }) =>
      rest ? `...${name}: ${elementOf(type)}[]` : `${name}${optional ? "?" : ""}: ${type}`,
    )
    .join(", ");
}

function elementOf(type: string): string {
  return /[|&\s]/.test(type) ? `(${type})` : type;
}

function expectation(parameter: ParameterSchema): string {
  switch (parameter.kind) {
    case "json":
      return `${parameter.type} as JSON`;
    case "choice":
      return `one of ${(parameter.choices ?? []).map((choice) => JSON.stringify(choice)).join(", ")}`;
    case "boolean":
      return "boolean (true or false)";
    case "bigint":
      return "bigint (an integer)";
    default:
      return parameter.type.startsWith(parameter.kind) ? parameter.kind : `${parameter.type} (${parameter.kind})`;
  }
}
