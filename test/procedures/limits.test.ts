/** Limits of a call other than its time: what runs over them is an error that names the limit, and nothing stays. */
import { errorLike, ok } from "../harness/expected.ts";
import { suite } from "../harness/suite.ts";

const SOURCE = `#!ts name=limits
export function touch(times: number) {
  for (let i = 0; i < times; i++) Zedis.set("k" + i, i);
  return times;
}
export function long(bytes: number) {
  Zedis.set("written", 1);
  return "x".repeat(bytes);
}
`;

const limits = suite({
  kind: "zedis",
  options: { "procedure-keys-limit": "1000", "procedure-result-limit": "4096" },
});

limits.rows("a call that accesses keys too often is rolled back", [
  [["FUNCTION", "LOAD", "REPLACE", SOURCE], "limits"],
  ["FCALL touch 0 1000", 1000],
  ["FLUSHALL", ok],
  [
    "FCALL touch 0 1001",
    errorLike(/^ERR function 'touch' accessed keys more than 1000 times \(procedure-keys-limit\)/),
  ],
  ["DBSIZE", 0],
]);

limits.rows("a result over its limit is an error, and the call is rolled back", [
  [["FUNCTION", "LOAD", "REPLACE", SOURCE], "limits"],
  ["DEL written", 0],
  ["FCALL long 0 5000", errorLike(/^ERR .*procedure-result-limit/)],
  ["EXISTS written", 0],
  ["FCALL long 0 3", "xxx"],
  ["EXISTS written", 1],
  ["DEL written", 1],
]);
