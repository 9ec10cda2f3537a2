/** Scripts in Lua, the same on both servers. */
import { createHash } from "node:crypto";
import type { LoadRow } from "./load-rows.ts";

const CAS = `local stock = tonumber(redis.call('GET', KEYS[1]) or '0')
local amount = tonumber(ARGV[1])
if stock >= amount then
  redis.call('SET', KEYS[1], stock - amount)
  return 1
end
return 0`;

export const LUA_ROWS: readonly LoadRow[] = [
  scriptRow("eval-cas-p16", "EVALSHA get, compare, set", CAS, "1 inv:__key__ 1", 2),
  scriptRow("eval-one-p16", "EVALSHA return 1", "return 1", "0", 1.5),
];

function scriptRow(name: string, title: string, script: string, words: string, atLeast: number): LoadRow {
  const sha = createHash("sha1").update(script).digest("hex");
  return {
    name,
    title: `${title}, pipeline 16`,
    load: { template: `EVALSHA ${sha} ${words}`, pipeline: 16, keys: 100_000, expect: "integer" },
    preload: "SET inv:__key__ 1000000000",
    setup: [["SCRIPT", "LOAD", script]],
    usesFunctions: false,
    target: { metric: "rps", atLeast },
  };
}
