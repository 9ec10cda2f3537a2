/**
 * The form of a value that a JSON Schema describes, as /v1/call tells it of a function's parameters.
 *
 *     {type: "array", items: {type: "object", properties: {sku: {type: "string"}}, required: ["sku"]}}
 *       a list, to each of whose items a group of fields belongs; blank: []
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

export interface FormField {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly optional: boolean;
}

export type FormPart =
  | { readonly kind: "text" | "number" | "boolean" | "null" }
  /** No form says it: the text of any JSON. */
  | { readonly kind: "json" }
  | { readonly kind: "choice"; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: "list"; readonly item: JsonSchema }
  | { readonly kind: "group"; readonly fields: readonly FormField[] }
  | { readonly kind: "variants"; readonly variants: readonly JsonSchema[] };

export function partOf(schema: JsonSchema): FormPart {
  if (schema.enum !== undefined) return { kind: "choice", values: schema.enum };
  if (schema.anyOf !== undefined) return { kind: "variants", variants: schema.anyOf };
  switch (schema.type) {
    case "string":
      return { kind: "text" };
    case "number":
    case "boolean":
    case "null":
      return { kind: schema.type };
    case "array":
      return schema.items === undefined ? { kind: "json" } : { kind: "list", item: schema.items };
    case "object": {
      const { properties = {}, required = [], additionalProperties } = schema;
      // Names that are not known beforehand are typed with the values.
      if (typeof additionalProperties === "object" || Object.keys(properties).length === 0) return { kind: "json" };
      const fields = Object.entries(properties).map(([name, own]) => ({
        name,
        schema: own,
        optional: !required.includes(name),
      }));
      return { kind: "group", fields };
    }
    default:
      return { kind: "json" };
  }
}

/** What a new value begins with; undefined where nothing can be guessed, so that what is missing is told. */
export function blank(schema: JsonSchema): Json | undefined {
  const part = partOf(schema);
  switch (part.kind) {
    case "text":
      return "";
    case "null":
      return null;
    case "choice":
      return part.values.length === 1 ? part.values[0] : undefined;
    case "list":
      return [];
    case "group":
      return grouped(
        part.fields.filter(({ optional }) => !optional).map(({ name, schema: own }) => [name, blank(own)]),
      );
    case "variants":
      return part.variants[0] === undefined ? undefined : blank(part.variants[0]);
    default:
      return undefined;
  }
}

/** `value` with another field, or without it. */
export function withField(value: Json | undefined, name: string, field: Json | undefined): Json {
  const before = isGroup(value) ? Object.entries(value).filter(([own]) => own !== name) : [];
  return grouped([...before, [name, field]]);
}

export function fieldOf(value: Json | undefined, name: string): Json | undefined {
  return isGroup(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Which of the variants a value is of: the one it breaks least. */
export function variantOf(variants: readonly JsonSchema[], value: Json | undefined): number {
  const marks = variants.map((schema) => fit(schema, value));
  return Math.max(marks.indexOf(Math.max(...marks)), 0);
}

/** `kind: card`, where a field with one value tells variants apart; else what it is. */
export function variantLabel(schema: JsonSchema): string {
  const part = partOf(schema);
  if (part.kind === "group") {
    const mark = part.fields.find((field) => field.schema.enum?.length === 1);
    return mark === undefined
      ? `{ ${part.fields.map(({ name }) => name).join(", ")} }`
      : `${mark.name}: ${mark.schema.enum?.[0]}`;
  }
  return part.kind === "choice" ? part.values.join(" | ") : part.kind;
}

/** How well a value fits: 0 not at all, 1 wholly. */
function fit(schema: JsonSchema, value: Json | undefined): number {
  const part = partOf(schema);
  switch (part.kind) {
    case "text":
      return typeof value === "string" ? 1 : 0;
    case "null":
      return value === null ? 1 : 0;
    case "choice":
      return part.values.some((one) => one === value) ? 1 : 0;
    case "list":
      return Array.isArray(value) ? 1 : 0;
    case "group": {
      if (!isGroup(value)) return 0;
      const fits = part.fields.map(({ name, schema: own }) => {
        const field = fieldOf(value, name);
        // A value that marks the variant counts for more than all others.
        return (own.enum?.length === 1 ? part.fields.length + 1 : 1) * (field === undefined ? 0.1 : fit(own, field));
      });
      return 0.5 + fits.reduce((sum, one) => sum + one, 0) / 1000;
    }
    case "json":
      return 0.1;
    case "variants":
      return Math.max(0, ...part.variants.map((one) => fit(one, value)));
    default:
      return typeof value === part.kind ? 1 : 0;
  }
}

function isGroup(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function grouped(fields: readonly (readonly [string, Json | undefined])[]): Json {
  return Object.fromEntries(fields.filter((field): field is [string, Json] => field[1] !== undefined));
}

/** Null where the text is no JSON. */
export function parsed(text: string): { readonly value: Json } | null {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return null;
  }
}

/** A number as it was typed: what is none stays a text, and the check of the call says so. */
export function typedNumber(text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}
