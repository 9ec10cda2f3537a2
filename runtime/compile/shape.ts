/**
 * The shape that a declared type asks of a JSON argument. What a shape cannot say (a class, a conditional type, a type parameter) is
 * `any`: such a part is taken as it comes.
 */
import type { TsType, TsTypeElement } from "@swc/core";
import { ANY, type Shape } from "../schema.ts";
import { type DeclaredTypes, TYPE_DEPTH_MAX } from "./parameter-type.ts";

/** Parts of a shape. */
const PARTS_MAX = 1000;

/** The shape of `type`. A type that names itself is looked into once more at each of its own places, no further. */
export function shapeOf(type: TsType, declared: DeclaredTypes): Shape {
  return new Shapes(declared).of(type, []);
}

class Shapes {
  #parts = 0;

  constructor(private readonly declared: DeclaredTypes) {}

  /** `within`: the names that are being looked into. */
  of(type: TsType, within: readonly string[], depth = 0): Shape {
    if (depth > TYPE_DEPTH_MAX || ++this.#parts > PARTS_MAX) return ANY;
    const inner = (other: TsType) => this.of(other, within, depth + 1);
    switch (type.type) {
      case "TsKeywordType":
        return keyword(type.kind);
      case "TsParenthesizedType":
        return inner(type.typeAnnotation);
      case "TsTypeOperator":
        return type.op === "readonly" ? inner(type.typeAnnotation) : type.op === "keyof" ? { is: "string" } : ANY;
      case "TsLiteralType": {
        const { literal } = type;
        if (literal.type === "TemplateLiteral") return { is: "string" };
        return literal.type === "BigIntLiteral" ? ANY : { is: "one of", values: [literal.value] };
      }
      case "TsArrayType":
        return { is: "array", of: inner(type.elemType) };
      case "TsTupleType": {
        const parts = type.elemTypes.map(({ ty }) => ty);
        if (parts.some((part) => part.type === "TsRestType" || part.type === "TsOptionalType")) {
          return { is: "array", of: ANY };
        }
        return { is: "tuple", of: parts.map(inner) };
      }
      case "TsTypeLiteral":
        return this.#object(type.members, inner);
      case "TsTypeReference":
        return type.typeName.type === "Identifier"
          ? this.#named(type.typeName.value, type.typeParams?.params ?? [], within, depth)
          : ANY;
      case "TsUnionType":
        // What arrives as JSON is never undefined.
        return anyOf(type.types.filter((member) => !isUndefined(member)).map(inner));
      case "TsIntersectionType":
        return { is: "all of", of: type.types.map(inner) };
      default:
        return ANY;
    }
  }

  #named(name: string, parameters: readonly TsType[], within: readonly string[], depth: number): Shape {
    const { aliases, shapes, enums } = this.declared;
    const inner = (other: TsType, more: readonly string[] = within) => this.of(other, more, depth + 1);
    const choices = enums.get(name);
    if (choices !== undefined) return { is: "one of", values: choices };
    const seen = within.filter((other) => other === name).length;
    if (seen > 1) return ANY;
    const alias = aliases.get(name);
    if (alias !== undefined) return parameters.length > 0 ? ANY : inner(alias, [...within, name]);
    const shape = shapes.get(name);
    if (shape !== undefined) {
      if (shape === null || parameters.length > 0) return OBJECT;
      const own = this.#object(shape.body.body, (other) => inner(other, [...within, name]));
      const bases = shape.extends.map(({ expression, typeArguments }) =>
        expression.type === "Identifier" && (typeArguments ?? null) === null
          ? this.#named(expression.value, [], [...within, name], depth + 1)
          : ANY,
      );
      return bases.length === 0 ? own : { is: "all of", of: [...bases, own] };
    }
    const [first, second] = parameters;
    if (first === undefined) return name === "Object" ? OBJECT : ANY;
    switch (name) {
      case "Array":
      case "ReadonlyArray":
        return { is: "array", of: inner(first) };
      case "Readonly":
        return inner(first);
      case "Partial":
      case "Required": {
        const whole = inner(first);
        if (whole.is !== "object") return OBJECT;
        return { ...whole, fields: whole.fields.map((field) => ({ ...field, optional: name === "Partial" })) };
      }
      case "Record": {
        const [keys, value] = [inner(first), second === undefined ? ANY : inner(second)];
        if (keys.is !== "one of") return { is: "object", fields: [], values: value };
        return {
          is: "object",
          fields: keys.values.map((key) => ({ name: String(key), shape: value, optional: false })),
        };
      }
      case "Pick":
      case "Omit": {
        const [whole, keys] = [inner(first), second === undefined ? ANY : inner(second)];
        if (whole.is !== "object" || keys.is !== "one of") return OBJECT;
        const named = new Set(keys.values.map(String));
        return { is: "object", fields: whole.fields.filter((field) => named.has(field.name) === (name === "Pick")) };
      }
      case "NonNullable": {
        const whole = inner(first);
        return whole.is === "any of" ? anyOf(whole.of.filter(({ is }) => is !== "null")) : whole;
      }
      default:
        return ANY;
    }
  }

  #object(members: readonly TsTypeElement[], inner: (type: TsType) => Shape): Shape {
    const fields: { name: string; shape: Shape; optional: boolean }[] = [];
    let values: Shape | undefined;
    for (const member of members) {
      const type = "typeAnnotation" in member ? member.typeAnnotation?.typeAnnotation : undefined;
      if (member.type === "TsIndexSignature") values = type === undefined ? ANY : inner(type);
      if (member.type !== "TsPropertySignature" || member.computed) continue;
      const { key } = member;
      if (key.type !== "Identifier" && key.type !== "StringLiteral" && key.type !== "NumericLiteral") continue;
      const optional =
        member.optional || (type?.type === "TsUnionType" && type.types.some(isUndefined)) || cannotArrive(type);
      fields.push({ name: String(key.value), shape: type === undefined ? ANY : inner(type), optional });
    }
    return values === undefined ? { is: "object", fields } : { is: "object", fields, values };
  }
}

const OBJECT: Shape = { is: "object", fields: [] };

function keyword(kind: string): Shape {
  switch (kind) {
    case "string":
    case "number":
    case "boolean":
    case "null":
      return { is: kind };
    case "object":
      return OBJECT;
    case "never":
      return { is: "any of", of: [] };
    default:
      return ANY;
  }
}

function anyOf(members: readonly Shape[]): Shape {
  const [only] = members;
  const literals = members.flatMap((member) => (member.is === "one of" ? [member.values] : []));
  if (literals.length === members.length) return { is: "one of", values: literals.flat() };
  return members.length === 1 && only !== undefined ? only : { is: "any of", of: members };
}

function isUndefined(type: TsType): boolean {
  return type.type === "TsKeywordType" && (type.kind === "undefined" || type.kind === "void");
}

/** A field that JSON has no value for: a function, undefined. */
function cannotArrive(type: TsType | undefined): boolean {
  return type !== undefined && (type.type === "TsFunctionType" || isUndefined(type));
}
