import { describe, expect, test } from "bun:test";
import {
  blank,
  fieldOf,
  type JsonSchema,
  partOf,
  typedNumber,
  variantLabel,
  variantOf,
  withField,
} from "./json-form.ts";

const line: JsonSchema = {
  type: "object",
  properties: {
    sku: { type: "string" },
    quantity: { type: "number" },
    note: { type: "string" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["sku", "quantity", "tags"],
};
const variant = (kind: string, field: string): JsonSchema => ({
  type: "object",
  properties: { kind: { enum: [kind] }, [field]: { type: "string" } },
  required: ["kind", field],
});
const payment = [variant("card", "last4"), variant("invoice", "days"), { type: "null" }];

describe("the form of a JSON value", () => {
  test("has a part for each kind of schema, and the text where a form would say less", () => {
    expect(partOf(line)).toMatchObject({ kind: "group", fields: [{}, {}, { name: "note", optional: true }, {}] });
    expect(partOf({ type: "array", items: line })).toMatchObject({ kind: "list" });
    expect(partOf({ anyOf: payment }).kind).toBe("variants");
    expect(partOf({ enum: ["a", "b"] })).toEqual({ kind: "choice", values: ["a", "b"] });
    for (const schema of [{}, { type: "object" }, { type: "object", additionalProperties: line }, { allOf: [line] }]) {
      expect(partOf(schema).kind).toBe("json");
    }
  });

  test("begins with what must be there and can be guessed", () => {
    expect(blank(line)).toEqual({ sku: "", tags: [] });
    expect(blank({ anyOf: payment })).toEqual({ kind: "card", last4: "" });
    expect(blank({ enum: ["a", "b"] })).toBeUndefined();
  });

  test("tells variants apart by what marks them", () => {
    expect(payment.map(variantLabel)).toEqual(["kind: card", "kind: invoice", "null"]);
    expect(variantOf(payment, { kind: "invoice" })).toBe(1);
    expect(variantOf(payment, { kind: "card", days: "9" })).toBe(0);
    expect(variantOf(payment, null)).toBe(2);
    expect(variantOf([{ type: "string" }, { type: "number" }], 7)).toBe(1);
  });

  test("keeps other fields when one changes, also those it does not know", () => {
    expect(withField({ sku: "a", other: 1 }, "sku", "b")).toEqual({ other: 1, sku: "b" });
    expect(withField({ sku: "a", note: "x" }, "note", undefined)).toEqual({ sku: "a" });
    expect(fieldOf({}, "constructor")).toBeUndefined();
  });

  test("leaves what is no number as it was typed", () => {
    expect(["7", "1e3", " ", "many"].map(typedNumber)).toEqual([7, 1000, undefined, "many"]);
  });
});
