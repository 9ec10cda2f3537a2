/** cjson, cmsgpack, struct and bit, as scripts have them. Expectations hold for redis-server too. */
import { describe } from "bun:test";
import { errorLike, like } from "../harness/expected.ts";
import { suite } from "../harness/suite.ts";

const scripts = suite();
const script = (text: string) => ["EVAL", text, "0"];

describe("libraries of Redis's scripts", () => {
  scripts.rows("cjson writes and reads JSON", [
    [script("return cjson.encode({1, {2, 3}, 'x', true, cjson.null, {}})"), '[1,[2,3],"x",true,null,{}]'],
    [script("return cjson.encode({a = 'q\"/\\n'})"), '{"a":"q\\"\\/\\n"}'],
    [script("return cjson.encode({[1] = 1, [3] = 2})"), "[1,null,2]"],
    [script('return cjson.decode(\'{"a":[1,2,{"b":null}],"c":"\\\\u00e9"}\').c'), "é"],
    [script("return cjson.decode(cjson.encode({1, {2, 3}}))[2][2]"), 3],
    [script("return cjson.encode(123456789012345678)"), "1.2345678901235e+17"],
    [
      script("return cjson.encode({[1] = 1, [1000] = 2})"),
      errorLike(/Cannot serialise table: excessively sparse array/),
    ],
    [script("local t = {} t[1] = t return cjson.encode(t)"), errorLike(/Cannot serialise, excessive nesting \(1001\)/)],
    [script("return cjson.encode(redis.call)"), errorLike(/Cannot serialise function: type not supported/)],
    [script("return cjson.decode('[1,2')"), errorLike(/Expected comma or array end but found T_END at character 5/)],
    [script("return cjson.decode('nope')"), errorLike(/Expected value but found invalid token at character 1/)],
  ]);

  scripts.rows("cmsgpack packs and unpacks MessagePack", [
    [script("return cmsgpack.pack(1, 'a', {1, 2}, true)"), Buffer.from([1, 0xa1, 0x61, 0x92, 1, 2, 0xc3])],
    [script("return {cmsgpack.unpack(cmsgpack.pack(1, 'a', -70000, {k = 'v'}))}"), [1, "a", -70000, []]],
    [script("return cmsgpack.unpack(cmsgpack.pack({k = 'v'})).k"), "v"],
    [script("return {cmsgpack.unpack_one('\\1\\2')}"), [1, 1]],
    [script("return cmsgpack.unpack('\\193')"), errorLike(/Bad data format in input\./)],
    [script("return cmsgpack.unpack('\\221\\255\\255\\255\\255')"), errorLike(/Missing bytes in input\./)],
  ]);

  scripts.rows("struct and bit work on bytes and bits", [
    [script("return struct.pack('>I2b', 513, 7)"), Buffer.from([2, 1, 7])],
    [script("return struct.unpack('<I4', '\\1\\2\\3\\4')"), 67305985],
    [script("return struct.size('>I2b')"), 3],
    [script("return struct.pack('>I2147483647', 1)"), errorLike(/integral size 2147483647 is larger than limit of 32/)],
    [script("return bit.tohex(bit.bxor(255, 1))"), "000000fe"],
    [script("return bit.lshift(1, 31)"), -2147483648],
  ]);

  const refused = (call: string, text: string) =>
    [script(`local ok, text = pcall(function() return ${call} end) return text`), `user_script:1: ${text}`] as const;
  scripts.rows("say what is wrong with an argument in Lua's words", [
    refused("load(5)", "bad argument #1 to 'load' (function expected, got number)"),
    refused("loadstring({})", "bad argument #1 to 'loadstring' (string expected, got table)"),
    refused("loadstring()", "bad argument #1 to 'loadstring' (string expected, got no value)"),
    refused("pairs(nil)", "bad argument #1 to 'pairs' (table expected, got nil)"),
    refused("math.random(true)", "bad argument #1 to 'random' (number expected, got boolean)"),
    refused("math.random(1, {})", "bad argument #2 to 'random' (number expected, got table)"),
    refused("math.randomseed()", "bad argument #1 to 'randomseed' (number expected, got no value)"),
    refused("setmetatable(string, 5)", "bad argument #2 to 'setmetatable' (nil or table expected)"),
    [
      // An object in Redis 7.0, a text since.
      script("local _, told = load(function() return {} end) return type(told) == 'table' and told.err or told"),
      like(/user_script:1: reader function must return a string$/),
    ],
    [script("return select(2, loadstring('\\27Lua'))"), "[string \"\x1bLua\"]:1: unexpected symbol near 'char(27)'"],
  ]);

  scripts.rows("cannot be changed by a script", [
    [script("cjson.decode = nil"), errorLike(/Attempt to modify a readonly table/)],
    [script("rawset(cmsgpack, 'x', 1)"), errorLike(/Attempt to modify a readonly table/)],
    [script("return cjson.nothing"), null],
  ]);
});
