import { describe, expect, test } from "bun:test";
import { argumentsOf, inputOf, type Parameter, usualKeys } from "./call-form.ts";

const parameter = (name: string, type: string, more: Partial<Parameter> = {}): Parameter => ({
  name,
  type,
  optional: false,
  rest: false,
  ...more,
});

describe("the form of a call", () => {
  test("has an input that fits each type", () => {
    const kinds = ["string", "number", "bigint", "boolean", "Uint8Array", "Order", "{x: number}", "string | null"].map(
      (type) => inputOf(parameter("a", type)).kind,
    );
    expect(kinds).toEqual(["text", "number", "number", "boolean", "bytes", "json", "json", "text"]);
    expect(inputOf(parameter("a", "\"fast\" | 'slow|er' | 7"))).toMatchObject({
      kind: "choice",
      choices: ["fast", "slow|er", "7"],
    });
    expect(inputOf(parameter("a", "string[]", { rest: true })).kind).toBe("lines");
  });

  test("gives the arguments in order, and leaves out optional ones at the end", () => {
    const inputs = [
      parameter("sku", "string"),
      parameter("amount", "number", { optional: true }),
      parameter("how", '"a" | "b"', { optional: true }),
    ].map(inputOf);
    expect(argumentsOf(inputs, new Map([["sku", "s"]])).words).toEqual(["s"]);
    const gap = argumentsOf(
      inputs,
      new Map([
        ["sku", "s"],
        ["how", "a"],
      ]),
    );
    expect([...gap.errors.keys()]).toEqual(["amount"]);
    const wrong = argumentsOf(
      inputs,
      new Map([
        ["sku", "s"],
        ["amount", "ten"],
      ]),
    );
    expect(wrong.errors.get("amount")).toBe("amount is a number.");
  });

  test("takes the rest a line each", () => {
    const inputs = [inputOf(parameter("rest", "string[]", { rest: true, optional: true }))];
    expect(argumentsOf(inputs, new Map([["rest", "a b\nc"]])).words).toEqual(["a b", "c"]);
    expect(argumentsOf(inputs, new Map()).words).toEqual([]);
  });

  test("declares the first argument as a key where it is a string", () => {
    expect(usualKeys([parameter("a", "string")])).toBe(1);
    expect(usualKeys([parameter("a", "number")])).toBe(0);
    expect(usualKeys([])).toBe(0);
  });
});

test("bytes are what their format says, and what is wrong with them is told at their input", () => {
  const inputs = [inputOf(parameter("blob", "Uint8Array"))];
  const hex = new Map([["blob", "hex"]] as const);
  expect(argumentsOf(inputs, new Map([["blob", "61 62"]]), hex).words).toEqual(["ab"]);
  expect([...argumentsOf(inputs, new Map([["blob", "zz"]]), hex).errors.keys()]).toEqual(["blob"]);
});
