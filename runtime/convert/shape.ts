/**
 * Whether a value that JSON.parse made has the shape that its parameter's type asks for.
 *
 * The value may be of a library's realm, whose prototypes the library can change: only own properties are read, of which JSON.parse makes
 * nothing but plain data.
 */
import type { Shape } from "../schema.ts";

const SHOWN_MAX = 64;

/** Null where it fits; else what does not, from the parameter's name on: `'item.qty' must be number, got "2"`. Cost: one walk. */
export function misfit(value: unknown, shape: Shape, path: string): string | null {
  switch (shape.is) {
    case "any":
      return null;
    case "null":
      return value === null ? null : wrong(path, shape, value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === shape.is ? null : wrong(path, shape, value);
    case "one of":
      return shape.values.includes(value as string) ? null : wrong(path, shape, value);
    case "array": {
      if (!Array.isArray(value)) return wrong(path, shape, value);
      for (let index = 0; index < value.length; index++) {
        const found = misfit(value[index], shape.of, `${path}[${index}]`);
        if (found !== null) return found;
      }
      return null;
    }
    case "tuple": {
      if (!Array.isArray(value) || value.length !== shape.of.length) return wrong(path, shape, value);
      for (const [index, part] of shape.of.entries()) {
        const found = misfit(value[index], part, `${path}[${index}]`);
        if (found !== null) return found;
      }
      return null;
    }
    case "object":
      return misfitOfObject(value, shape, path);
    case "all of":
      for (const part of shape.of) {
        const found = misfit(value, part, path);
        if (found !== null) return found;
      }
      return null;
    case "any of":
      return misfitOfUnion(value, shape, path);
  }
}

type Of<Is extends Shape["is"]> = Extract<Shape, { is: Is }>;

function misfitOfObject(value: unknown, shape: Of<"object">, path: string): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong(path, shape, value);
  for (const { name, shape: inner, optional } of shape.fields) {
    const at = placeOf(path, name);
    if (!Object.hasOwn(value, name)) {
      if (optional) continue;
      return `'${at}' must be ${describeShape(inner)}, and is missing`;
    }
    const found = misfit((value as Record<string, unknown>)[name], inner, at);
    if (found !== null) return found;
  }
  if (shape.values === undefined || shape.values.is === "any") return null;
  for (const name of Object.keys(value)) {
    if (shape.fields.some((field) => field.name === name)) continue;
    const found = misfit((value as Record<string, unknown>)[name], shape.values, placeOf(path, name));
    if (found !== null) return found;
  }
  return null;
}

/** Where one member alone is of the value's kind, what is wrong is told of that one: `{kind: "a", …} | {kind: "b", …}`. */
function misfitOfUnion(value: unknown, shape: Of<"any of">, path: string): string | null {
  let near: string | null = null;
  let count = 0;
  for (const member of shape.of) {
    const found = misfit(value, member, path);
    if (found === null) return null;
    if (found.startsWith(`'${path}' `) || !isOf(value, member)) continue;
    near = found;
    count++;
  }
  return count === 1 && near !== null ? near : wrong(path, shape, value);
}

/** The fields that tell members apart, which are those of one allowed value, are as this member has them. */
function isOf(value: unknown, member: Shape): boolean {
  if (member.is !== "object") return true;
  return member.fields.every(
    ({ name, shape }) =>
      shape.is !== "one of" ||
      (Object.hasOwn(value as object, name) && misfit((value as Record<string, unknown>)[name], shape, "") === null),
  );
}

function placeOf(path: string, name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

function wrong(path: string, shape: Shape, value: unknown): string {
  return `'${path}' must be ${describeShape(shape)}, got ${shown(value)}`;
}

/** A value in short: what it is, where that is more than a word. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" && value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value;
  return String(JSON.stringify(text));
}

/** The shape as its author would write it, no deeper than its own level. */
export function describeShape(shape: Shape): string {
  switch (shape.is) {
    case "one of":
      return shape.values.map((value) => JSON.stringify(value)).join(" or ");
    case "array":
      return "an array";
    case "tuple":
      return `an array of ${shape.of.length}`;
    case "object":
      return "an object";
    case "all of":
      return describeShape(shape.of.find(({ is }) => is !== "any") ?? { is: "any" });
    case "any of":
      return [...new Set(shape.of.map(describeShape))].join(" or ");
    case "any":
      return "JSON";
    default:
      return shape.is;
  }
}
