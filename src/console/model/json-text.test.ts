import { describe, expect, test } from "bun:test";
import { compactJson, prettyJson } from "./json-text.ts";

describe("JSON laid out anew", () => {
  test("keeps numbers, escapes and doubled members as they are", () => {
    const text = '{"a":12345678901234567890,"b":1.50,"a":"\\u00e9 \\" }","c":[],"d":{}}';
    const pretty = prettyJson(text) ?? "";
    expect(pretty).toContain('"a": 12345678901234567890,\n  "b": 1.50');
    expect(pretty).toContain('"c": [],\n  "d": {}\n}');
    expect(compactJson(pretty)).toBe(text);
  });

  test("is null for what is no object or array", () => {
    for (const text of ["", "7", '"a"', "{", "{a:1}", "[1,]", "text"]) expect(prettyJson(text)).toBeNull();
  });

  test("means what it meant", () => {
    const value = [{ a: [1, [2, { b: null }]], "k\n": "x:{}[],\\" }, true, -0.5e-7];
    const text = JSON.stringify(value);
    expect(JSON.parse(prettyJson(text) ?? "")).toEqual(value);
    expect(compactJson(prettyJson(text) ?? "")).toBe(text);
  });
});
