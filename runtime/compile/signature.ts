import type { Expression, ModuleItem, Pattern, TsInterfaceDeclaration, TsType } from "@swc/core";
import { LIMITS } from "../limits.ts";
import { ANY, type Choice, type ParameterKind, type ParameterSchema, type Shape } from "../schema.ts";
import { CompileError } from "./compile-error.ts";
import { type ArgumentType, argumentType, type DeclaredTypes } from "./parameter-type.ts";
import { shapeOf } from "./shape.ts";
import type { SourceText } from "./source-text.ts";

/** The types that the top level of a file declares; exported ones too. Cost: one pass over its items. */
export function declaredTypes(items: readonly ModuleItem[]): DeclaredTypes {
  const aliases = new Map<string, TsType>();
  const shapes = new Map<string, TsInterfaceDeclaration | null>();
  const enums = new Map<string, readonly Choice[]>();
  for (const item of items) {
    const declaration = item.type === "ExportDeclaration" ? item.declaration : item;
    if (declaration.type === "TsTypeAliasDeclaration") aliases.set(declaration.id.value, declaration.typeAnnotation);
    else if (declaration.type === "TsInterfaceDeclaration") shapes.set(declaration.id.value, declaration);
    else if (declaration.type === "ClassDeclaration") shapes.set(declaration.identifier.value, null);
    else if (declaration.type === "TsEnumDeclaration") {
      let next = 0;
      const values = declaration.members.map((member): Choice => {
        const init = member.init;
        if (init?.type === "StringLiteral") return init.value;
        if (init?.type === "NumericLiteral") next = init.value;
        return next++;
      });
      enums.set(declaration.id.value, values);
    }
  }
  return { aliases, shapes, enums };
}

/** The parameters of a function, as its author declared them. Throws CompileError for one that bytes cannot become. */
export function parametersOf(
  functionName: string,
  patterns: readonly Pattern[],
  declared: DeclaredTypes,
  source: SourceText,
): ParameterSchema[] {
  // `this: Type` is TypeScript's, not a parameter.
  const real = patterns.filter(
    (pattern) => !(pattern.type === "Identifier" && "value" in pattern && pattern.value === "this"),
  );
  if (real.length > LIMITS.parametersMax) {
    throw new CompileError(
      `Function ${functionName} has ${real.length} parameters; at most ${LIMITS.parametersMax} are allowed`,
    );
  }
  return real.map((pattern, index) =>
    parameter(functionName, pattern, index, index === real.length - 1, declared, source),
  );
}

function parameter(
  functionName: string,
  pattern: Pattern,
  index: number,
  last: boolean,
  declared: DeclaredTypes,
  source: SourceText,
): ParameterSchema {
  const spread = pattern.type === "RestElement";
  const defaulted = pattern.type === "AssignmentPattern";
  const target = pattern.type === "RestElement" ? pattern.argument : defaulted ? pattern.left : pattern;
  const name = target.type === "Identifier" && "value" in target ? String(target.value) : `argument ${index + 1}`;
  const question = target.type === "Identifier" && "optional" in target && target.optional === true;
  const annotation =
    pattern.type === "RestElement"
      ? pattern.typeAnnotation
      : "typeAnnotation" in target && typeof target.typeAnnotation === "object"
        ? target.typeAnnotation
        : undefined;
  const node =
    annotation !== undefined && annotation !== null && "typeAnnotation" in annotation
      ? (annotation.typeAnnotation as TsType)
      : undefined;

  let type: ArgumentType;
  let text: string;
  if (node !== undefined) {
    text = source.slice(node.span).replace(/\s+/g, " ");
    const found = argumentType(node, declared);
    if (found === null || (spread && found.element === undefined)) {
      const { line, column } = source.position(node.span.start);
      throw new CompileError(
        `Function ${functionName}: parameter '${name}' has type ${text}, which an argument cannot be converted to; ` +
          "use string, number, boolean, bigint, Uint8Array, a union of literals, an object type (JSON), or T[] in last place",
        line,
        column,
      );
    }
    type = found;
  } else {
    // Without a type the default tells it; without a default an argument is a string. `{a, b}` takes an object.
    const destructured = target.type === "ObjectPattern" || target.type === "ArrayPattern";
    const kind = destructured ? "json" : defaulted ? kindOfDefault(pattern.right) : "string";
    type = { kind, optional: false };
    text = kind === "json" ? "object" : kind;
  }
  const element = type.element;
  const rest = spread || (last && element !== undefined);
  const effective = rest && element !== undefined ? element : type;
  const schema = {
    name,
    kind: effective.kind,
    type: rest && element !== undefined ? elementText(text) : text,
    optional: rest || question || defaulted || type.optional,
    nullable: effective.nullable === true,
    rest,
    spread,
  };
  if (effective.choices !== undefined) return { ...schema, choices: effective.choices };
  if (effective.kind !== "json" || node === undefined) return schema;
  const shape = shapeOf(node, declared);
  const own = rest && element !== undefined ? elementShape(shape) : shape;
  return own.is === "any" ? schema : { ...schema, shape: own };
}

/** Of the array that takes what is left, or undefined for a parameter that may be left out. */
function elementShape(shape: Shape): Shape {
  return shape.is === "array" ? shape.of : ANY;
}

function elementText(text: string): string {
  const generic = /^(?:Readonly)?Array<(.*)>$/.exec(text);
  const inner = generic?.[1] ?? text.replace(/^readonly /, "").replace(/\[\]$/, "");
  return inner.replace(/^\((.*)\)$/, "$1");
}

function kindOfDefault(value: Expression): ParameterKind {
  switch (value.type) {
    case "NumericLiteral":
      return "number";
    case "UnaryExpression":
      return value.operator === "-" || value.operator === "+"
        ? kindOfDefault(value.argument)
        : value.operator === "!"
          ? "boolean"
          : "string";
    case "BooleanLiteral":
      return "boolean";
    case "BigIntLiteral":
      return "bigint";
    case "ObjectExpression":
    case "ArrayExpression":
      return "json";
    default:
      return "string";
  }
}
