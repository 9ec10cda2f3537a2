/**
 * The function that a core calls for an FCALL: it reads the arguments from the deck, converts them, calls the library and
 * leaves the outcome. One is generated per function, so that the compiler sees the exact parameters; its text is made of
 * numbers and fixed words only, never of anything a library's author wrote.
 */

import { argumentCounts, bigintFrom, booleanFrom, choicesByText, numberFrom } from "../../convert/arguments.ts";
import { misfit } from "../../convert/shape.ts";
import type { Call } from "../../engine.ts";
import { type Bytes, CALL_STATE, DECK, I32, OUTCOME } from "../../host/deck.ts";
import type { NumberedFunction, ParameterSchema } from "../../schema.ts";
import type { Inside } from "./inside/zedis.ts";

/** Where a call's arguments lie when they do not fit into the deck. */
export interface BigArguments {
  readonly spans: Int32Array;
  readonly bytes: Bytes;
}

/** What a generated function needs besides its parameters. */
export interface ThunkSupport {
  readonly gate: number;
  readonly i32: Int32Array;
  readonly spans: Int32Array;
  readonly bytes: Bytes;
  readonly inside: Inside;
  readonly drain: () => void;
  readonly bigArguments: (argc: number) => BigArguments;
  /** Too few or too many arguments. */
  readonly wrongCount: (given: number) => number;
  /** The bytes of argument `index` do not fit its type. */
  readonly mismatch: (index: number, source: Bytes, at: number, length: number) => number;
  /** What a JSON argument holds is not what its type asks for: `wrong` says what. */
  readonly misshapen: (wrong: string) => number;
  /** A result that is neither an integer nor null. */
  readonly finish: (result: unknown) => number;
  readonly failed: (thrown: unknown) => number;
}

const LENGTH_BITS = 0x7fffffff;

export function generateThunk(
  fn: NumberedFunction,
  target: (...values: unknown[]) => unknown,
  support: ThunkSupport,
): Call {
  const { least, most } = argumentCounts(fn.parameters);
  const lines: string[] = [];
  const names: string[] = [];
  const memo: (string | undefined)[] = [];
  fn.parameters.forEach((parameter, index) => {
    const name = `a${index}`;
    if (parameter.rest) {
      lines.push(
        `const ${name} = [];`,
        `for (let i = ${index}; i < argc; i++) {`,
        `let value; ${convert(index, "i", "value", parameter)}`,
        `${name}.push(value); }`,
      );
      // The host's array ends here: its items are passed on, or an array of the library's realm made of them.
      names.push(parameter.spread ? `...${name}` : `inside.list(...${name})`);
      return;
    }
    const conversion = convert(index, `${index}`, name, parameter);
    lines.push(`let ${name};`, index < least ? conversion : `if (argc > ${index}) { ${conversion} }`);
    names.push(name);
    if (index < 2 && parameter.kind === "string") memo[index] = name;
  });

  const body = `"use strict";
const { i32, spans, bytes, inside, drain, bigArguments, wrongCount, mismatch, misshapen, finish, failed } = support;
const { frame, parseJson, copyBytes } = inside;
return function () {
  const argc = i32[${I32.ARGC}];
  if (argc < ${least} || argc > ${most === Infinity ? LENGTH_BITS : most}) return wrongCount(argc);
  let sp = spans, b = bytes, base = ${DECK.inAt};
  if (i32[${I32.IN_BIG}] !== 0) { const big = bigArguments(argc); sp = big.spans; b = big.bytes; base = 0; }
  ${lines.join("\n  ")}
  const keyCount = i32[${I32.NUMKEYS}];
  frame.k0 = ${memo[0] === undefined ? "undefined" : `keyCount > 0 ? ${memo[0]} : undefined`};
  frame.k1 = ${memo[1] === undefined ? "undefined" : `keyCount > 1 ? ${memo[1]} : undefined`};
  i32[${I32.CALL_STATE}] = ${CALL_STATE.RUNNING};
  i32[${I32.GATE}] = ${support.gate};
  let result;
  try { result = target(${names.join(", ")}); drain(); } catch (thrown) { return failed(thrown); }
  i32[${I32.GATE}] = 0;
  if (typeof result === "number" && (result | 0) === result) { i32[${I32.OUTCOME}] = ${OUTCOME.INTEGER}; return result; }
  if (result === undefined || result === null) { i32[${I32.OUTCOME}] = ${OUTCOME.NULL}; return 0; }
  return finish(result);
};`;
  const choices = fn.parameters.map((parameter) => choicesByText(parameter.choices ?? []));
  const shapes = fn.parameters.map(
    ({ name, rest, shape }, index) =>
      shape && ((value: unknown, at: number) => misfit(value, shape, rest ? `${name}[${at - index}]` : name)),
  );
  const make = new Function("target", "support", "numberFrom", "booleanFrom", "bigintFrom", "choices", "shapes", body);
  return make(target, support, numberFrom, booleanFrom, bigintFrom, choices, shapes);
}

/** Statements that set `name` to argument `at` (an expression), or return from the thunk. */
function convert(parameter: number, at: string, name: string, { kind, nullable, shape }: ParameterSchema): string {
  const span = `const w = sp[${at} * 2 + 1], n = w & ${LENGTH_BITS}, o = base + sp[${at} * 2];`;
  const refuse = `return mismatch(${parameter}, b, o, n);`;
  switch (kind) {
    case "number":
      return `{ ${span} ${name} = numberFrom(b, o, n); if (${name} !== ${name}) ${refuse} }`;
    case "boolean":
      return `{ ${span} const t = booleanFrom(b, o, n); if (t < 0) ${refuse} ${name} = t === 1; }`;
    case "bigint":
      return `{ ${span} ${name} = bigintFrom(b, o, n); if (${name} === null) ${refuse} }`;
    case "bytes":
      return `{ ${span} ${name} = copyBytes(b.buffer, b.byteOffset + o, n); }`;
    case "choice":
      return `{ ${span} ${name} = choices[${parameter}].get(b.utf8Slice(o, o + n)); if (${name} === undefined) ${refuse} }`;
    case "json":
      return (
        `{ ${span} try { ${name} = parseJson(b.utf8Slice(o, o + n)); } catch { ${refuse} }` +
        ` if (typeof ${name} !== "object"${nullable ? "" : ` || ${name} === null`}) ${refuse}` +
        (shape === undefined
          ? " }"
          : ` const m = shapes[${parameter}](${name}, ${at}); if (m !== null) return misshapen(m); }`)
      );
    default:
      return `{ ${span} ${name} = w < 0 ? b.latin1Slice(o, o + n) : b.utf8Slice(o, o + n); }`;
  }
}
