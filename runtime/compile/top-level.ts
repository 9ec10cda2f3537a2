import type { Expression, ModuleItem, Pattern, Statement } from "@swc/core";
import { CompileError } from "./compile-error.ts";
import type { SourceText, Span } from "./source-text.ts";

/** A function at the top level of a file. */
export interface TopLevelFunction {
  readonly name: string;
  readonly patterns: readonly Pattern[];
  readonly async: boolean;
  readonly generator: boolean;
  readonly resultType: Span | undefined;
  readonly span: Span;
  /** Bytes between the item before and this one: where its documentation comment stands. */
  readonly gap: Span;
}

export interface TopLevel {
  /** All functions by the name of their binding, in order. */
  readonly functions: ReadonlyMap<string, TopLevelFunction>;
  /** Exported names → names of their bindings, in order. Empty where nothing is exported. */
  readonly exports: ReadonlyMap<string, string>;
  /** The words of `export` to blank, so that the rest is a script. */
  readonly blanks: readonly Span[];
}

/** What the top level of a module offers. Throws CompileError for imports and for exports that name nothing callable here. */
export function readTopLevel(items: readonly ModuleItem[], source: SourceText, from: number): TopLevel {
  const functions = new Map<string, TopLevelFunction>();
  const exports = new Map<string, string>();
  const blanks: Span[] = [];
  const fail = (span: Span, message: string): never => {
    const { line, column } = source.position(span.start);
    throw new CompileError(message, line, column);
  };
  let previousEnd = from;

  for (const item of items) {
    const gap = { start: previousEnd, end: item.span.start };
    previousEnd = item.span.end;
    const add = (found: TopLevelFunction[]) => {
      for (const one of found) functions.set(one.name, one);
      return found;
    };
    switch (item.type) {
      case "ImportDeclaration":
        if (item.typeOnly) blanks.push(item.span);
        else
          fail(
            item.span,
            `A library cannot import ('${item.source.value}'): it has the language and Zedis, nothing else`,
          );
        break;
      case "TsImportEqualsDeclaration":
      case "ExportAllDeclaration":
      case "TsExportAssignment":
      case "TsNamespaceExportDeclaration":
        fail(item.span, "A library cannot import: it has the language and Zedis, nothing else");
        break;
      case "ExportDeclaration":
        blanks.push(words(item.span, source, /^export/));
        for (const { name } of add(functionsOf(item.declaration, item.span, gap))) exports.set(name, name);
        break;
      case "ExportNamedDeclaration":
        if (item.source) fail(item.span, "A library cannot import: it has the language and Zedis, nothing else");
        blanks.push(item.span);
        for (const specifier of item.specifiers) {
          if (specifier.type !== "ExportSpecifier" || specifier.isTypeOnly) continue;
          exports.set((specifier.exported ?? specifier.orig).value, specifier.orig.value);
        }
        break;
      case "ExportDefaultDeclaration": {
        const declaration = item.decl;
        blanks.push(words(item.span, source, /^export\s+default\b/));
        if (declaration.type !== "FunctionExpression") break;
        const name = declaration.identifier?.value;
        if (!name) return fail(item.span, "An exported default function needs a name: FCALL calls functions by name");
        add([functionFrom(name, declaration, item.span, gap)]);
        exports.set(name, name);
        break;
      }
      case "ExportDefaultExpression":
        if (item.expression.type !== "Identifier") fail(item.span, "export default needs a named function");
        else {
          exports.set(item.expression.value, item.expression.value);
          blanks.push(item.span);
        }
        break;
      default:
        add(functionsOf(item, item.span, gap));
    }
  }
  return { functions, exports, blanks };
}

/** The span of what `pattern` matches at the start of an item. */
function words(span: Span, source: SourceText, pattern: RegExp): Span {
  const matched = pattern.exec(source.slice(span))?.[0] ?? "";
  return { start: span.start, end: span.start + Buffer.byteLength(matched) };
}

function functionsOf(item: Statement, span: Span, gap: Span): TopLevelFunction[] {
  if (item.type === "FunctionDeclaration") {
    // Overload signatures and `declare function` have no body.
    if (item.declare || !item.body) return [];
    return [functionFrom(item.identifier.value, item, span, gap)];
  }
  if (item.type !== "VariableDeclaration" || item.declare) return [];
  return item.declarations.flatMap((declarator) => {
    const value = declarator.init ? bare(declarator.init) : undefined;
    if (declarator.id.type !== "Identifier" || !("value" in declarator.id) || value === undefined) return [];
    const name = String(declarator.id.value);
    if (value.type === "FunctionExpression") return [functionFrom(name, value, span, gap)];
    if (value.type !== "ArrowFunctionExpression") return [];
    return [
      {
        name,
        patterns: value.params,
        async: value.async,
        generator: false,
        resultType: value.returnType?.typeAnnotation.span,
        span,
        gap,
      },
    ];
  });
}

interface FunctionNode {
  readonly params: readonly { readonly pat: Pattern }[];
  readonly async: boolean;
  readonly generator: boolean;
  readonly returnType?: { readonly typeAnnotation: { readonly span: Span } };
}

function functionFrom(name: string, node: FunctionNode, span: Span, gap: Span): TopLevelFunction {
  return {
    name,
    patterns: node.params.map((parameter) => parameter.pat),
    async: node.async,
    generator: node.generator,
    resultType: node.returnType?.typeAnnotation.span,
    span,
    gap,
  };
}

/** `((x) => x) as Handler` without what stands around the function. */
function bare(expression: Expression): Expression {
  switch (expression.type) {
    case "ParenthesisExpression":
    case "TsAsExpression":
    case "TsSatisfiesExpression":
    case "TsConstAssertion":
    case "TsNonNullExpression":
    case "TsTypeAssertion":
      return bare(expression.expression);
    default:
      return expression;
  }
}
