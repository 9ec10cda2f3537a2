/**
 * Attempts to get out of the sandbox, on the fake native side. Goal: none gets hold of the host, harms another library,
 * another call or the protocol, and the core serves on after each. Method: see README.md.
 */
import { describe, expect, test } from "bun:test";
import { FakeServer } from "../procedures/fake-server.ts";
import type { Attempt, Target } from "./attempt.ts";
import { ESCAPES } from "./escapes.ts";
import { LANGUAGE } from "./escapes-language.ts";
import { HARM } from "./escapes-more.ts";
import { runAttempt } from "./run-attempt.ts";

function fakeTarget(): Target {
  const server = new FakeServer();
  return {
    allow: async (limit_ms) => {
      server.timeLimitMs = limit_ms;
    },
    load: async (source) => {
      await server.load(source);
    },
    call: async (name, keys, args) => server.reply(name, keys, args),
  };
}

const run = (attempts: readonly Attempt[]) => {
  for (const attempt of attempts.filter(({ wireOnly }) => !wireOnly)) {
    test(attempt.name, async () => {
      await runAttempt(attempt, fakeTarget());
    });
  }
};

describe("a library that looks for the host", () => run(ESCAPES));
describe("a library that does harm", () => run(HARM));
describe("a library that knows all of the language", () => run(LANGUAGE));

test("there are at least thirty attempts", () => {
  expect(ESCAPES.length + HARM.length).toBeGreaterThanOrEqual(30);
});

test("the probe finds a host object that is handed to it", async () => {
  const { PROBE } = await import("./probe.ts");
  const vm = await import("node:vm");
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY as unknown as object);
  const probe = vm.runInContext(`${PROBE}; probe`, context) as (value: unknown) => string;
  expect(probe({})).toContain("ESCAPED");
  expect(probe(() => 1)).toContain("ESCAPED");
  expect(probe(new Error("host"))).toContain("ESCAPED");
  expect(probe(vm.runInContext("({ a: [new Error('own')] })", context))).toBe("nothing");
});
