import type { Insert, Span } from "./source-text.ts";

/** The variable that keeps calls from being tail calls; declared by compile.ts. */
export const TAIL = "$_tail";

/**
 * Inserts that make each call in tail position an ordinary one: `return f(x)` becomes `return ($_tail=f(x))`.
 *
 * The engine drops the frame of a caller in tail position, as the language asks in strict mode. An error of
 * `return Zedis.get(key)` would then not say where in the library it comes from.
 */
export function keepFrames(root: unknown): Insert[] {
  const inserts: Insert[] = [];
  visit(root, true, inserts);
  return inserts;
}

interface Node {
  readonly type?: unknown;
  readonly span?: Span;
  readonly [field: string]: unknown;
}

function visit(value: unknown, plain: boolean, inserts: Insert[]): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, plain, inserts);
    return;
  }
  const node = value as Node;
  // Frames of async functions and generators stay in any case.
  const own = "async" in node && "params" in node ? node.async !== true && node.generator !== true : plain;
  if (own && node.type === "ReturnStatement") tail(node.argument, inserts);
  if (own && node.type === "ArrowFunctionExpression") tail(node.body, inserts);
  for (const field in node) if (field !== "span") visit(node[field], own, inserts);
}

/** Wraps the calls that are the value of `expression`. */
function tail(expression: unknown, inserts: Insert[]): void {
  if (typeof expression !== "object" || expression === null) return;
  const node = expression as Node;
  switch (node.type) {
    case "CallExpression":
    case "TaggedTemplateExpression":
    case "OptionalChainingExpression":
      if (node.span !== undefined) {
        inserts.push({ at: node.span.start, text: `(${TAIL}=` }, { at: node.span.end, text: ")" });
      }
      break;
    case "ConditionalExpression":
      tail(node.consequent, inserts);
      tail(node.alternate, inserts);
      break;
    case "BinaryExpression":
      if (node.operator === "&&" || node.operator === "||" || node.operator === "??") tail(node.right, inserts);
      break;
    case "SequenceExpression":
      if (Array.isArray(node.expressions)) tail(node.expressions.at(-1), inserts);
      break;
    case "ParenthesisExpression":
    case "TsAsExpression":
    case "TsSatisfiesExpression":
    case "TsNonNullExpression":
    case "TsConstAssertion":
    case "TsTypeAssertion":
      tail(node.expression, inserts);
      break;
  }
}
