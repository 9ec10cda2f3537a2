/** Which engine a library gets, by its header, the server's settings and the user who loads it. */
import { expect } from "bun:test";
import { itemsOf, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

const policy = suite({ kind: "zedis" });

const SOURCE = "export function engineOf() { return 1; }\n";
const load = (words: string) => ["FUNCTION", "LOAD", "REPLACE", `#!ts name=mine ${words}\n${SOURCE}`];

async function engineShown(wire: Wire): Promise<string> {
  const [library] = itemsOf(await wire.call("FUNCTION LIST"));
  return textOf(itemsOf(library)[3]);
}

policy.both("a library of a user who is not trusted runs in quickjs, whatever it asks for", async (wire) => {
  await wire.call(["ACL", "SETUSER", "guest", "on", "nopass", "~*", "&*", "+@all"]);
  await wire.call(["CONFIG", "SET", "procedure-trusted-users", "default deploy-*"]);
  try {
    await wire.call(load(""));
    expect(await engineShown(wire)).toBe("TS");
    await wire.call(["AUTH", "guest", "any"]);
    for (const words of ["", "engine=jsc", "engine=quickjs"]) {
      expect(textOf(await wire.call(load(words)))).toBe("mine");
      expect(await engineShown(wire)).toBe("TS (quickjs)");
    }
    // What a trusted user loaded is dumped and restored by another one.
    const dumped = await wire.call("FUNCTION DUMP");
    if (dumped.kind !== "bulk") throw new Error("FUNCTION DUMP gave no text");
    await wire.call(["FUNCTION", "RESTORE", dumped.bytes, "FLUSH"]);
    expect(await engineShown(wire)).toBe("TS (quickjs)");
    expect(await wire.call("FCALL engineOf 0")).toEqual({ kind: "integer", value: 1 });
  } finally {
    await wire.call(["AUTH", "default", ""]);
    await wire.call(["CONFIG", "SET", "procedure-trusted-users", "*"]);
    await wire.call(["ACL", "DELUSER", "guest"]);
  }
});

policy.both("the default engine serves libraries that name none", async (wire) => {
  await wire.call("CONFIG SET procedure-engine-default quickjs");
  try {
    await wire.call(load(""));
    expect(await engineShown(wire)).toBe("TS (quickjs)");
    await wire.call(load("engine=jsc"));
    expect(await engineShown(wire)).toBe("TS");
  } finally {
    await wire.call("CONFIG SET procedure-engine-default jsc");
  }
});
