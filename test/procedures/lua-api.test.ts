/** What Redis 8 added to the interface of scripts in Lua, and what functions have beside them. */
import { errorLike, ok } from "../harness/expected.ts";
import { suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

const scripts = suite();
const EMPTY = "return cjson.encode(cjson.decode('[]'))";
const library = `#!lua name=arrays
redis.register_function('mark', function() cjson.decode_array_with_array_mt(true) ${EMPTY} end)
redis.register_function('unmark', function() cjson.decode_array_with_array_mt(false) end)
redis.register_function('plain', function() ${EMPTY} end)`;

if (!isOracle) {
  scripts.rows(
    "arrays that cjson has read stay arrays where a script asks for that, and functions have settings of their own",
    [
      [["EVAL", EMPTY, "0"], "{}"],
      [["FUNCTION", "LOAD", "REPLACE", library], "arrays"],
      ["FCALL unmark 0", null],
      ["FCALL plain 0", "{}"],
      ["FCALL mark 0", "[]"],
      [["EVAL", EMPTY, "0"], "{}"],
      [["EVAL", `cjson.decode_array_with_array_mt(true) ${EMPTY}`, "0"], "[]"],
      [["EVAL", `cjson.decode_array_with_array_mt(false) ${EMPTY}`, "0"], "{}"],
      ["FCALL plain 0", "[]"],
      [["EVAL", "cjson.decode_max_depth = nil", "0"], errorLike(/Attempt to modify a readonly table/)],
      [
        ["FUNCTION", "LOAD", "REPLACE", library.replace("arrays", "others").replaceAll("_function('", "_function('o")],
        "others",
      ],
      ["FUNCTION DELETE others", ok],
    ],
  );

  scripts.rows("redis.acl_check_cmd tells a wrong number of arguments from a command that there is not", [
    [["EVAL", "return redis.acl_check_cmd('GET', 'k') and 1 or 0", "0"], 1],
    [["EVAL", "return redis.acl_check_cmd('GET')", "0"], errorLike(/Wrong number of args for redis.acl_check_cmd\(\)/)],
    [
      ["EVAL", "return redis.acl_check_cmd('NOSUCH')", "0"],
      errorLike(/Invalid command passed to redis.acl_check_cmd\(\)/),
    ],
  ]);
}
