import { expect, test } from "bun:test";
import { parseHeader } from "./compile/header.ts";
import { chooseEngine, isTrusted } from "./engine-policy.ts";

const header = (line: string) => parseHeader(`#!${line}\n`);

test("users are trusted by name, in their own case, or by patterns", () => {
  const trusted = (user: string, patterns: string) => isTrusted(user, patterns);
  expect(trusted("anyone", "*")).toBe(true);
  expect(trusted("admin", "root admin")).toBe(true);
  expect(trusted("Admin", "admin")).toBe(false);
  expect(trusted("deploy-7", "admin deploy-*")).toBe(true);
  expect(trusted("predeploy-7", "deploy-*")).toBe(false);
  expect(trusted("a-x-b", "a*x*b")).toBe(true);
  expect(trusted("ab", "ab*b")).toBe(false);
  expect(trusted("admin", "")).toBe(false);
});

test("a header's engine is taken, else the default, and trusted code needs a trusted user", () => {
  const all = { engineDefault: "jsc", trustedUsers: "*" };
  const few = { engineDefault: "jsc", trustedUsers: "admin" };
  const guarded = { engineDefault: "quickjs", trustedUsers: "*" };
  expect(chooseEngine(header("ts name=a"), "bob", all)).toBe("jsc");
  expect(chooseEngine(header("ts name=a engine=quickjs"), "bob", all)).toBe("quickjs");
  expect(chooseEngine(header("ts name=a isolation=call"), "bob", all)).toBe("quickjs");
  expect(chooseEngine(header("ts name=a"), "bob", few)).toBe("quickjs");
  expect(chooseEngine(header("ts name=a engine=jsc"), "bob", few)).toBe("quickjs");
  expect(chooseEngine(header("ts name=a engine=jsc"), "admin", few)).toBe("jsc");
  expect(chooseEngine(header("js name=a"), "bob", guarded)).toBe("quickjs");
  expect(chooseEngine(header("js name=a engine=jsc"), "bob", guarded)).toBe("jsc");
  expect(chooseEngine(header("lua name=a"), "bob", few)).toBe("lua");
});
