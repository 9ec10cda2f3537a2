import { CompileError } from "./compile-error.ts";
import type { SourceText, Span } from "./source-text.ts";

/**
 * Refuses what would reach outside the library or needs a module around it: `import()`, `import.meta`, `await` at the
 * top level. The text can hold them only as syntax, as no library can compile text at run time; so this is exact.
 */
export function refuseForbidden(root: object, source: SourceText): void {
  // A parse tree is many times its text: walk it only where one of the words occurs at all.
  if (!/\b(?:import|await)\b/.test(source.text)) return;
  visit(root, source, false);
}

interface SyntaxNode {
  readonly type?: unknown;
  readonly span?: Span;
  readonly callee?: { readonly type?: unknown };
  readonly kind?: unknown;
  readonly isAwait?: unknown;
}

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ClassMethod",
  "PrivateMethod",
  "Constructor",
  "MethodProperty",
  "GetterProperty",
  "SetterProperty",
  "StaticBlock",
]);

function visit(value: object, source: SourceText, inFunction: boolean): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object" && item !== null) visit(item, source, inFunction);
    return;
  }
  const node: SyntaxNode = value;
  const fail = (message: string): never => {
    const place = node.span === undefined ? undefined : source.position(node.span.start);
    throw new CompileError(message, place?.line, place?.column);
  };
  if (node.type === "CallExpression" && node.callee?.type === "Import") {
    fail("A library cannot import(): it has the language and Zedis, nothing else");
  }
  if (node.type === "MetaProperty" && node.kind === "import.meta") fail("import.meta has no meaning in a library");
  if (!inFunction) {
    if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.isAwait)) {
      fail("await at the top level is not possible: put it into an async function");
    }
  }
  const inside = inFunction || FUNCTIONS.has(String(node.type));
  for (const [key, child] of Object.entries(value)) {
    if (key !== "span" && typeof child === "object" && child !== null) visit(child, source, inside);
  }
}
