import { expect, test } from "bun:test";
import { hintFor } from "./hints.ts";

const doc = (name: string, synopsis: string) => ({ name, synopsis, summary: "", since: "", group: "" });
const docs = [
  doc("SET", "key value [NX|XX] [EX seconds|PX ms]"),
  doc("CONFIG GET", "parameter [parameter ...]"),
  doc("PING", ""),
];

test.each([
  ["set", " key value [NX|XX] [EX seconds|PX ms]"],
  ["SET k", " value [NX|XX] [EX seconds|PX ms]"],
  ["set k ", "value [NX|XX] [EX seconds|PX ms]"],
  ["set k v", " [NX|XX] [EX seconds|PX ms]"],
  ["set k v nx ", "[NX|XX] [EX seconds|PX ms]"],
  ["config get ", "parameter [parameter ...]"],
  ["config", ""],
  ["ping", ""],
  ["nosuch a", ""],
  ["", ""],
  ['set "open', ""],
])("behind %j stands %j", (line, hint) => {
  expect(hintFor(line, docs)).toBe(hint);
});
