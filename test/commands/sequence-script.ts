/** Scripts in Lua over a few commands: conversions both ways, errors caught and not, and the libraries beside the language. */
import type { Random } from "../harness/random.ts";
import type { Step } from "./sequence.ts";

type Make = (random: Random) => Step;

const texts = [
  "",
  "a",
  "abc",
  "0",
  "7",
  "-1",
  "1.5",
  "3.0e3",
  " 1",
  "\0\r\n\xff",
  "9223372036854775807",
  "x".repeat(70),
];
/** What a script may return: every kind of value, whole and damaged. */
const results = [
  "1",
  "-7",
  "3.99",
  "-3.99",
  "2^53",
  "2^63",
  "1e300",
  "0/0",
  "'text'",
  "''",
  "true",
  "false",
  "nil",
  "{}",
  "{1, 'two', {3, {4}}}",
  "{1, nil, 3}",
  "{ok = 'FINE'}",
  "{err = 'MINE of my own'}",
  "{err = ''}",
  "{ok = 5}",
  "{double = 1.5}",
  "{map = {a = 1}}",
  "{set = {a = true}}",
  "{big_number = '12345678901234567890'}",
  "redis.error_reply('MINE')",
  "redis.error_reply('-MINE of it')",
  "redis.status_reply('GOOD')",
  "redis.sha1hex(ARGV[1] or 'x')",
  "{KEYS[1], ARGV[1], #KEYS, #ARGV}",
  "{unpack(KEYS)}",
  "tostring(KEYS[1])",
  "cjson.encode({ARGV[1], #ARGV, true, {a = 'b'}, 1.5, cjson.null})",
  'cjson.decode(\'[1,"a",null,true,{"x":[2.5]}]\')',
  "cmsgpack.pack(ARGV[1], 300, -5, 1.5, {1, 2}, {a = 1})",
  "cmsgpack.unpack(cmsgpack.pack({1, 'a', true, {b = 2}}))",
  "struct.pack('>I2i4bh', 1, -2, 3, 4)",
  "{struct.unpack('>I2c0', struct.pack('>I2', 3) .. 'abcd')}",
  "{bit.band(255, 15), bit.lshift(1, 31), bit.tohex(-1), bit.arshift(-8, 1)}",
  "string.format('%5.2f|%q|%x', 1.234, ARGV[1] or '', 255)",
  "tostring(tonumber(ARGV[1]))",
  "math.floor(2.7) + #('abc'):rep(3)",
  "nosuchglobal",
  "#ARGV[9]",
  "ARGV[1] + 1",
  "error('thrown')",
  "error({err = 'THROWN as a table'})",
  "select('#', pcall(error, 'caught'))",
];

const word = (text: string): string =>
  `'${[...Buffer.from(text, "latin1")].map((byte) => ((byte > 47 && byte < 58) || (byte > 96 && byte < 123) ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`)).join("")}'`;

export function scriptMakers(key: (random: Random) => string): readonly (readonly [weight: number, make: Make])[] {
  const text = (r: Random) => r.pick(texts);
  const number = (r: Random) => (r.chance(0.8) ? String(r.from(-5, 20)) : text(r));
  const name = (r: Random) => word(key(r));
  const command = (r: Random): string[] =>
    r.pick<() => string[]>([
      () => ["'SET'", name(r), word(text(r))],
      () => ["'GET'", name(r)],
      () => ["'APPEND'", name(r), word(text(r))],
      () => ["'INCRBY'", name(r), number(r) === "" ? "''" : word(number(r))],
      () => ["'INCR'", "KEYS[1]"],
      () => ["'INCRBYFLOAT'", name(r), word(r.pick(["1.5", "-0.25", "3", "abc"]))],
      () => ["'MGET'", name(r), name(r), "KEYS[1]"],
      () => ["'HSET'", name(r), "'f'", "ARGV[1]"],
      () => ["'HSET'", name(r), "'f'", String(r.from(-9, 9)), "'g'", "1.5"],
      () => ["'HMGET'", name(r), "'f'", "'none'"],
      () => ["'HINCRBY'", name(r), "'f'", word(number(r))],
      () => [r.pick(["'LPUSH'", "'RPUSH'"]), name(r), word(text(r)), "ARGV[1]"],
      () => ["'LRANGE'", name(r), "0", "-1"],
      () => ["'LPOP'", name(r)],
      () => ["'SADD'", name(r), word(text(r))],
      () => ["'SISMEMBER'", name(r), word(text(r))],
      () => ["'ZADD'", name(r), String(r.from(-9, 9)), word(r.pick(["a", "b", "c"]))],
      () => ["'ZRANGE'", name(r), "0", "-1", "'WITHSCORES'"],
      () => ["'ZSCORE'", name(r), word(r.pick(["a", "b", "none"]))],
      () => ["'GETRANGE'", name(r), String(r.from(-4, 4)), String(r.from(-4, 9))],
      () => [r.pick(["'TYPE'", "'EXISTS'", "'DEL'", "'STRLEN'", "'HLEN'", "'LLEN'", "'SCARD'"]), name(r)],
      () => ["'PING'"],
      () => ["'ECHO'", word(text(r))],
      () => ["'SELECT'", "'0'"],
      () => r.pick([["'NOSUCH'"], ["'GET'"], ["'SUBSCRIBE'", "'a'"], ["'MULTI'"], ["{}"], ["'SET'", name(r), "{}"]]),
    ])();
  const statement = (r: Random): string => {
    const called = command(r).join(", ");
    const kind = r.below(12);
    if (kind === 0) return `redis.setresp(${r.pick(["2", "3", "3", "4"])})`;
    if (kind === 1) return `r[#r + 1] = redis.call(${called})`;
    if (kind === 2) return `r[#r + 1] = select(2, pcall(redis.call, ${called}))`;
    if (kind === 3) return `local e = redis.pcall(${called}) r[#r + 1] = type(e) == 'table' and e.err or type(e)`;
    return `r[#r + 1] = redis.pcall(${called}) or 'nothing'`;
  };
  const script = (r: Random): string => {
    if (r.chance(0.3)) return `return ${r.pick(results)}`;
    const body = Array.from({ length: r.from(1, 5) }, () => statement(r));
    const result = r.chance(0.8) ? "r" : r.pick(results);
    return `${r.chance(0.05) ? "#!lua flags=no-writes\n" : ""}local r = {} ${body.join(" ")} return ${result}`;
  };
  const rest = (r: Random): string[] => {
    const named = Array.from({ length: r.below(3) }, () => key(r));
    return [String(named.length), ...named, ...Array.from({ length: r.below(3) }, () => text(r))];
  };
  return [
    [8, (r) => [r.pick(["EVAL", "EVAL", "EVAL", "EVAL_RO"]), script(r), ...rest(r)]],
    [1, (r) => ["EVALSHA", r.pick(["e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "x"]), ...rest(r)]],
    [1, (r) => ["SCRIPT", "LOAD", script(r)]],
  ];
}
