/**
 * Arguments of a function by name: JSON as the bytes that FCALL takes, and the schema of it for the OpenAPI document.
 *
 *     (productId: string, amount: number)   {"productId": "p1", "amount": 3}   FCALL … p1 3
 */
import { countText, describeParameters } from "../../runtime/convert/arguments.ts";
import type { FunctionSchema, ParameterSchema, Shape } from "../../runtime/schema.ts";
import { textBytes } from "./json.ts";

type JsonSchema = { readonly [key: string]: unknown };

/** The arguments as byte strings, in order; or what is wrong with them. */
export function argumentsByName(
  { name, parameters }: FunctionSchema,
  given: { readonly [name: string]: unknown },
): string[] | { readonly wrong: string } {
  const unknown = Object.keys(given).find((key) => !parameters.some((parameter) => parameter.name === key));
  if (unknown !== undefined) {
    return {
      wrong: `ERR ${name} has no parameter '${unknown.slice(0, 64)}', it takes (${describeParameters(parameters)})`,
    };
  }
  const words: string[] = [];
  let left: string | null = null;
  for (const parameter of parameters) {
    const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined;
    if (value === undefined) {
      if (!parameter.optional && !parameter.rest)
        return { wrong: countText(name, parameters, Object.keys(given).length) };
      left ??= parameter.name;
      continue;
    }
    if (left !== null) return { wrong: `ERR ${name}: '${parameter.name}' cannot be given without '${left}'` };
    const values = parameter.rest ? value : [value];
    if (!Array.isArray(values)) return { wrong: mismatch(name, parameter) };
    for (const one of values) {
      const bytes = bytesOf(parameter, one);
      if (bytes === null) return { wrong: mismatch(name, parameter) };
      words.push(bytes);
    }
  }
  return words;
}

/** The schema of those arguments. */
export function argumentsSchema({ parameters }: FunctionSchema): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      parameters.map((parameter) => [
        parameter.name,
        parameter.rest ? { type: "array", items: schemaOf(parameter) } : schemaOf(parameter),
      ]),
    ),
    required: parameters.filter(({ optional, rest }) => !optional && !rest).map(({ name }) => name),
  };
}

const BYTES = {
  type: "object",
  properties: { base64: { type: "string" } },
  required: ["base64"],
  additionalProperties: false,
};

function schemaOf({ kind, choices, type, shape }: ParameterSchema): JsonSchema {
  switch (kind) {
    case "number":
      return { type: "number" };
    case "boolean":
      return { type: "boolean" };
    case "bigint":
      return { anyOf: [{ type: "integer" }, { type: "string", pattern: "^[+-]?[0-9]+$" }] };
    case "json":
      return shape === undefined ? { description: type } : { ...schemaOfShape(shape), description: type };
    case "choice":
      return { enum: [...(choices ?? [])] };
    case "bytes":
      return { anyOf: [{ type: "string" }, BYTES] };
    default:
      return { type: "string" };
  }
}

function schemaOfShape(shape: Shape): JsonSchema {
  switch (shape.is) {
    case "any":
      return {};
    case "one of":
      return { enum: [...shape.values] };
    case "array":
      return { type: "array", items: schemaOfShape(shape.of) };
    case "tuple":
      return {
        type: "array",
        prefixItems: shape.of.map(schemaOfShape),
        minItems: shape.of.length,
        maxItems: shape.of.length,
      };
    case "object": {
      const required = shape.fields.filter(({ optional }) => !optional).map(({ name }) => name);
      return {
        type: "object",
        properties: Object.fromEntries(shape.fields.map(({ name, shape }) => [name, schemaOfShape(shape)])),
        ...(required.length > 0 ? { required } : {}),
        ...(shape.values === undefined ? {} : { additionalProperties: schemaOfShape(shape.values) }),
      };
    }
    case "any of":
      return { anyOf: shape.of.map(schemaOfShape) };
    case "all of":
      return { allOf: shape.of.map(schemaOfShape) };
    default:
      return { type: shape.is };
  }
}

/** Null where the value does not fit. */
function bytesOf({ kind, choices }: ParameterSchema, value: unknown): string | null {
  switch (kind) {
    case "number":
      return typeof value === "number" ? String(value) : null;
    case "boolean":
      return typeof value === "boolean" ? String(value) : null;
    case "bigint": {
      const isInteger = typeof value === "number" ? Number.isSafeInteger(value) : /^[+-]?\d+$/.test(String(value));
      return isInteger && (typeof value === "number" || typeof value === "string") ? String(value) : null;
    }
    case "json":
      return textBytes(JSON.stringify(value));
    case "choice":
      return choices?.some((choice) => choice === value) === true ? textBytes(String(value)) : null;
    case "bytes":
      if (typeof value === "object" && value !== null && "base64" in value && typeof value.base64 === "string") {
        return Buffer.from(value.base64, "base64").toString("latin1");
      }
      return typeof value === "string" ? textBytes(value) : null;
    default:
      return typeof value === "string" ? textBytes(value) : null;
  }
}

/** The value is not told: it may be a secret. */
function mismatch(name: string, { name: parameter, type, rest }: ParameterSchema): string {
  return `ERR ${name}: parameter '${parameter}' must be ${rest ? `an array of ${type}` : type}`;
}
