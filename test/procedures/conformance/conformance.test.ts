/**
 * One table of cases, every engine, over the wire in both protocols. What an engine does not have to do stands in engines.ts,
 * with the reason.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ok } from "../../harness/expected.ts";
import { type Row, suite } from "../../harness/suite.ts";
import { CASES, type Case } from "./cases.ts";
import { ENGINES, type Engine } from "./engines.ts";

setDefaultTimeout(60_000);

const server = suite({
  kind: "zedis",
  options: {
    // A function that a busy machine makes slow must not go to a background thread, whose variables are others.
    "procedure-background-threshold": "0",
    "procedure-time-limit": "1500",
    "procedure-keys-limit": "1000",
    "procedure-result-limit": "50000",
    "procedure-quickjs-memory-limit": "8mb",
  },
});

for (const engine of ENGINES) {
  describe(engine.name, () => {
    for (const one of CASES) {
      const rows = rowsFor(one, engine);
      if (rows !== undefined && engine.skips[one.name] === undefined) server.rows(one.name, rows);
    }
  });
}

test("a skip names a case that there is", () => {
  const names = new Set(CASES.map((one) => one.name));
  expect(ENGINES.flatMap((engine) => Object.keys(engine.skips)).filter((name) => !names.has(name))).toEqual([]);
});

/** The case's rows behind the loading of its library; undefined where it is not about the engine's language. */
function rowsFor(one: Case, engine: Engine): readonly Row[] | undefined {
  const isLua = engine.language === "lua";
  const source = isLua ? one.lua : one.ts;
  if (source === undefined) return undefined;
  const header = engine.header("LIBRARY") + (one.header === undefined ? "" : ` ${one.header}`);
  const load: Row = [["FUNCTION", "LOAD", `${header}\n${source}\n`], "LIBRARY"];
  return [["FUNCTION FLUSH", ok], load, ...((isLua ? one.luaRows : undefined) ?? one.rows)];
}
