/** What a library threw, as the text of an error reply. */

import { WRAP_LINES } from "../compile/compile.ts";
import { decodeMappings, originalPosition, type Segments } from "../compile/source-map.ts";
import { type Position, type Shift, unshift } from "../compile/source-text.ts";
import { LIMITS } from "../limits.ts";
import { ResultError } from "./resp-out.ts";

/** Codes that an error may bring along: its reply starts with them instead of ERR. */
const CODE = /^[A-Z][A-Z0-9_]{0,31}$/;
const STACK_MAX = 16 << 10;

/** Where things are in the library's source; decodes the map when the first error is thrown. */
export class SourcePositions {
  #segments: Segments | undefined;
  readonly #frame: RegExp;

  constructor(
    readonly file: string,
    private readonly mappings: string,
    private readonly shifts: readonly Shift[],
  ) {
    this.#frame = new RegExp(`\\b${file.replace(/[.]/g, "\\.")}:(\\d+):(\\d+)`);
  }

  /** The innermost place of a stack trace, in the `.ts` file; undefined where it names none. */
  find(stack: string): Position | undefined {
    const frame = this.#frame.exec(stack.slice(0, STACK_MAX));
    if (frame === null) return undefined;
    this.#segments ??= decodeMappings(this.mappings);
    const generated = { line: Number(frame[1]) - WRAP_LINES, column: Number(frame[2]) };
    const edited = originalPosition(this.#segments, generated);
    return edited === undefined ? undefined : unshift(this.shifts, edited);
  }
}

/**
 * `ERR Out of stock (updateInventory at shop.ts:6:13)`. The thrown value is the library's: its properties may be getters
 * that throw, so each is read once, on its own. The text has no line break and at most LIMITS.errorTextMax characters.
 */
export function failureText(thrown: unknown, functionName: string, positions: SourcePositions): string {
  const isObject = (typeof thrown === "object" && thrown !== null) || typeof thrown === "function";
  const property = (name: string): string => {
    if (!isObject) return "";
    try {
      const value = Reflect.get(thrown as object, name);
      return typeof value === "string" ? value : "";
    } catch {
      return "";
    }
  };
  const message = thrown instanceof ResultError ? thrown.message : isObject ? property("message") : primitive(thrown);
  const name = property("name");
  const code = property("code");
  const place = positions.find(property("stack"));
  const where =
    place === undefined ? functionName : `${functionName} at ${positions.file}:${place.line}:${place.column}`;

  let text = message === "" ? (name === "" ? "an error without a message" : name) : message;
  // TypeError and its kin say more than their message; Error and command errors do not.
  if (message !== "" && /^(?:Type|Range|Reference|Syntax)Error$/.test(name)) text = `${name}: ${message}`;
  if (CODE.test(code)) text = text.startsWith(`${code} `) ? text : `${code} ${text}`;
  else text = `ERR ${text}`;
  return `${oneLine(text).slice(0, LIMITS.errorTextMax)} (${where})`;
}

function primitive(thrown: unknown): string {
  return typeof thrown === "symbol" ? "a symbol was thrown" : `${thrown}`;
}

export function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
