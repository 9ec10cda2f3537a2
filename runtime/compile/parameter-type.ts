import type { TsEntityName, TsInterfaceDeclaration, TsType } from "@swc/core";
import type { Choice, ParameterKind } from "../schema.ts";

/** What a declared type means for an argument's bytes. */
export interface ArgumentType {
  readonly kind: ParameterKind;
  /** `| undefined` was part of it. */
  readonly optional: boolean;
  /** `| null` was part of it. */
  readonly nullable?: boolean;
  readonly choices?: readonly Choice[];
  /** Set for `T[]` of a plain T: such a parameter in last place takes all remaining arguments. */
  readonly element?: ArgumentType;
}

/** Types that the file declares at its top level, by name. */
export interface DeclaredTypes {
  readonly aliases: ReadonlyMap<string, TsType>;
  /** Interfaces, and classes (null): values that arrive as JSON. */
  readonly shapes: ReadonlyMap<string, TsInterfaceDeclaration | null>;
  readonly enums: ReadonlyMap<string, readonly Choice[]>;
}

/** Generic types of the language whose values arrive as JSON. */
const JSON_GENERICS = new Set(["Record", "Partial", "Required", "Readonly", "Pick", "Omit", "NonNullable", "Object"]);
/** Types within types that are looked into: an alias may name itself, type Tree = Tree[]. */
export const TYPE_DEPTH_MAX = 32;
const ARRAY_GENERICS = new Set(["Array", "ReadonlyArray"]);

const plain = (kind: ParameterKind): ArgumentType => ({ kind, optional: false });

/** The argument type of `type`; null for one that bytes cannot become (a function, a Map, a type parameter). */
export function argumentType(type: TsType, declared: DeclaredTypes, depth = 0): ArgumentType | null {
  if (depth > TYPE_DEPTH_MAX) return plain("json");
  const inner = (other: TsType) => argumentType(other, declared, depth + 1);
  switch (type.type) {
    case "TsKeywordType":
      return keyword(type.kind);
    case "TsParenthesizedType":
      return inner(type.typeAnnotation);
    case "TsTypeOperator":
      return type.op === "keyof" ? plain("string") : inner(type.typeAnnotation);
    case "TsLiteralType":
      return literal(type.literal);
    case "TsArrayType":
      return arrayOf(inner(type.elemType));
    case "TsTypeLiteral":
    case "TsTupleType":
    case "TsMappedType":
      return plain("json");
    case "TsTypeReference":
      return reference(type.typeName, type.typeParams?.params ?? [], declared, depth);
    case "TsUnionType":
      return union(type.types.map(inner));
    case "TsIntersectionType":
      return intersection(type.types.map(inner));
    default:
      return null;
  }
}

function keyword(kind: string): ArgumentType | null {
  switch (kind) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return plain(kind);
    // A type that says nothing: the argument as it came.
    case "any":
    case "unknown":
      return plain("string");
    case "object":
      return plain("json");
    // Alone they allow no argument; in a union they make one optional, or say what the library may pass itself.
    case "undefined":
    case "void":
      return { kind: "choice", optional: true, choices: [] };
    case "null":
      return { kind: "choice", optional: false, nullable: true, choices: [] };
    default:
      return null;
  }
}

function literal(node: { type: string; value?: unknown }): ArgumentType | null {
  if (node.type === "TemplateLiteral") return plain("string");
  const { value } = node;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return { kind: "choice", optional: false, choices: [value] };
  }
  return null;
}

function arrayOf(element: ArgumentType | null): ArgumentType | null {
  if (element === null) return null;
  return element.element === undefined ? { kind: "json", optional: false, element } : plain("json");
}

function reference(
  name: TsEntityName,
  parameters: readonly TsType[],
  declared: DeclaredTypes,
  depth: number,
): ArgumentType | null {
  // Color.Red: one member of an enum.
  if (name.type === "TsQualifiedName") return null;
  const word = name.value;
  const alias = declared.aliases.get(word);
  if (alias !== undefined) return argumentType(alias, declared, depth + 1);
  const choices = declared.enums.get(word);
  if (choices !== undefined) return { kind: "choice", optional: false, choices };
  if (declared.shapes.has(word)) return plain("json");
  if (word === "Uint8Array") return plain("bytes");
  const [parameter] = parameters;
  if (ARRAY_GENERICS.has(word) && parameter !== undefined) return arrayOf(argumentType(parameter, declared, depth + 1));
  return JSON_GENERICS.has(word) ? plain("json") : null;
}

/** `"a" | "b"`, `string | undefined`, `Foo | Bar`; a mix of kinds that bytes could not tell apart is null. */
function union(members: readonly (ArgumentType | null)[]): ArgumentType | null {
  if (members.includes(null)) return null;
  const known = members.filter((member) => member !== null);
  const optional = known.some((member) => member.optional);
  const nullable = known.some((member) => member.nullable);
  const choices = known.flatMap((member) => member.choices ?? []);
  const kinds = [...new Set(known.filter((member) => member.kind !== "choice").map((member) => member.kind))];
  if (kinds.length === 0) return choices.length === 0 ? null : { kind: "choice", optional, choices };
  const wide = kinds.find((kind) => kind === "string");
  // string | number, "auto" | string: every argument is a string already.
  if (wide !== undefined && !kinds.includes("json") && !kinds.includes("bytes")) return { kind: "string", optional };
  const [only] = kinds;
  if (kinds.length !== 1 || only === undefined) return null;
  if (choices.length > 0) {
    // `0 | number` is a number; `"none" | number` is two kinds.
    return choices.every((choice) => typeof choice === only) ? { kind: only, optional } : null;
  }
  const elements = known.filter((member) => member.kind === only && member.element !== undefined);
  const element = elements.length === 1 ? elements[0]?.element : undefined;
  return element === undefined ? { kind: only, optional, nullable } : { kind: only, optional, nullable, element };
}

/** `string & {readonly brand: "id"}` is a string; `A & B` of objects is JSON. */
function intersection(members: readonly (ArgumentType | null)[]): ArgumentType | null {
  if (members.includes(null)) return null;
  return members.find((member) => member !== null && member.kind !== "json") ?? plain("json");
}
