/**
 * FUNCTION and FCALL as far as every engine shares them: what is refused before a library's code matters. The engines themselves
 * are tested in test/procedures.
 */
import { expect } from "bun:test";
import { err, errorLike, ok, queued } from "../harness/expected.ts";
import { mapOf, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

const functions = suite();

for (const name of ["FCALL", "FCALL_RO"]) {
  functions.rows(`${name} refuses a function that is not there and a wrong number of keys`, [
    [`${name} nosuch 0`, err("ERR Function not found")],
    [`${name} nosuch 1 k`, err("ERR Function not found")],
    [`${name} nosuch`, err(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)],
  ]);
}

functions.rows("FUNCTION LIST of nothing is empty", [
  ["FUNCTION FLUSH", ok],
  ["FUNCTION LIST", []],
  ["FUNCTION LIST WITHCODE", []],
  ["FUNCTION LIST LIBRARYNAME x*", []],
  ["FUNCTION LIST withcode libraryname *", []],
  ["FUNCTION LIST FOO", err("ERR Unknown argument FOO")],
  ["FUNCTION LIST LIBRARYNAME", err("ERR library name argument was not given")],
]);

functions.rows("FUNCTION LOAD refuses a file without a proper first line", [
  [["FUNCTION", "LOAD", "return 1"], err("ERR Missing library metadata")],
  [["FUNCTION", "LOAD", "#!nosuch name=a\ncode"], err("ERR Engine 'nosuch' not found")],
  [["FUNCTION", "LOAD", "FOO", "#!nosuch name=a\ncode"], err("ERR Unknown option given: FOO")],
  [["FUNCTION", "LOAD", "#!nosuch name=a"], errorLike(/^ERR /)],
  ["FUNCTION LOAD", err("ERR wrong number of arguments for 'function|load' command")],
]);

functions.rows("FUNCTION DELETE, FLUSH and KILL refuse what is not there", [
  ["FUNCTION DELETE nosuch", err("ERR Library not found")],
  ["FUNCTION FLUSH ASYNC", ok],
  ["FUNCTION FLUSH sync", ok],
  ["FUNCTION FLUSH FOO", err("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")],
  ["FUNCTION KILL", err("NOTBUSY No scripts in execution right now.")],
  ["FUNCTION NOSUCH", err("ERR unknown subcommand 'NOSUCH'. Try FUNCTION HELP.")],
]);

functions.both("FUNCTION STATS tells that nothing runs, and which engines there are", async (wire, protocol) => {
  const reply = await wire.call("FUNCTION STATS");
  expect(reply.kind).toBe(protocol === 3 ? "map" : "array");
  const stats = mapOf(reply);
  expect([...stats.keys()]).toEqual(["running_script", "engines"]);
  expect(stats.get("running_script")?.kind).toBe(protocol === 3 ? "null" : "nilBulk");
  for (const engine of mapOf(stats.get("engines")).values()) {
    expect([...mapOf(engine).keys()]).toEqual(["libraries_count", "functions_count"]);
  }
});

functions.rows("a call that is refused inside a transaction is one reply of it", [
  ["MULTI", ok],
  ["FCALL nosuch 0", queued],
  ["SET k v", queued],
  ["EXEC", [err("ERR Function not found"), ok]],
]);

functions.both("FUNCTION DUMP of nothing can be restored", async (wire) => {
  await wire.call("FUNCTION FLUSH");
  const dumped = await wire.call("FUNCTION DUMP");
  if (dumped.kind !== "bulk") throw new Error("FUNCTION DUMP did not reply with a bulk string");
  expect(textOf(await wire.call(["FUNCTION", "RESTORE", dumped.bytes]))).toBe("OK");
});

functions.rows("FUNCTION RESTORE refuses bytes that are no dump", [
  ["FUNCTION RESTORE garbage", err("ERR DUMP payload version or checksum are wrong")],
]);

/** The same library in the language that the server under test runs. */
const library = isOracle
  ? "#!lua name=probe\nredis.register_function('probe', function(keys, args) return #keys + #args end)"
  : "#!js name=probe\nfunction probe(...words) {\n  return words.length;\n}\n";

functions.rows("FCALL checks the number of keys before it calls", [
  ["FUNCTION FLUSH", ok],
  [["FUNCTION", "LOAD", library], "probe"],
  [["FUNCTION", "LOAD", library], err("ERR Library 'probe' already exists")],
  [["FUNCTION", "LOAD", "REPLACE", library], "probe"],
  ["FCALL probe 0", 0],
  ["FCALL probe 2 a b c", 3],
  ["FCALL probe x", err("ERR Bad number of keys provided")],
  ["FCALL probe -1", err("ERR Number of keys can't be negative")],
  ["FCALL probe 2 a", err("ERR Number of keys can't be greater than number of args")],
  ["FUNCTION DELETE probe", ok],
  ["FCALL probe 0", err("ERR Function not found")],
]);
