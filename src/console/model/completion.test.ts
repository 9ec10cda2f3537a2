import { describe, expect, test } from "bun:test";
import { type CommandDoc, candidates, hint, isSecret, syntaxParts } from "./completion.ts";

const SET: CommandDoc = {
  arguments: [
    { name: "key", type: "key", display_text: "key" },
    { name: "value", type: "string" },
    {
      name: "condition",
      type: "oneof",
      flags: ["optional"],
      arguments: [
        { name: "nx", type: "pure-token", token: "NX" },
        { name: "xx", type: "pure-token", token: "XX" },
      ],
    },
    { name: "seconds", type: "integer", token: "EX", flags: ["optional"] },
  ],
};
const DEL: CommandDoc = { arguments: [{ name: "key", type: "key", flags: ["multiple"] }] };
const CONFIG: CommandDoc = {
  subcommands: {
    "config|get": { arguments: [{ name: "parameter", type: "string", flags: ["multiple"] }] },
    "config|set": {},
  },
};

describe("completion", () => {
  test("shows arguments as redis-cli does", () => {
    expect(syntaxParts(SET.arguments).join(" ")).toBe("key value [NX|XX] [EX seconds]");
    expect(syntaxParts(DEL.arguments).join(" ")).toBe("key [key ...]");
  });

  test("hints at what is still missing", () => {
    expect(hint("set ", SET)).toBe("key value [NX|XX] [EX seconds]");
    expect(hint("set k ", SET)).toBe("value [NX|XX] [EX seconds]");
    expect(hint("set k v NX ", SET)).toBe("[EX seconds]");
    expect(hint("del a b", DEL)).toBe("[key ...]");
    expect(hint("config get ", CONFIG)).toBe("parameter [parameter ...]");
    expect(hint("unknown ", undefined)).toBe("");
  });

  test("offers commands, subcommands and tokens that are not there yet", () => {
    expect(candidates("se", ["set", "setex", "get"], undefined)).toEqual(["SET", "SETEX"]);
    expect(candidates("config ", ["config"], CONFIG)).toEqual(["GET", "SET"]);
    expect(candidates("config g", ["config"], CONFIG)).toEqual(["GET"]);
    expect(candidates("set k v x", ["set"], SET)).toEqual(["XX"]);
    expect(candidates("set k v XX x", ["set"], SET)).toEqual([]);
    expect(candidates("", ["set"], undefined)).toEqual([]);
  });

  test("keeps lines with passwords out of the history", () => {
    for (const line of ["auth x", "HELLO 3 AUTH a b", "acl setuser a >p", "config set requirepass x"]) {
      expect(isSecret(line.split(" "))).toBe(true);
    }
    for (const line of ["set auth x", "config get requirepass", "config set maxmemory 1"]) {
      expect(isSecret(line.split(" "))).toBe(false);
    }
  });
});
