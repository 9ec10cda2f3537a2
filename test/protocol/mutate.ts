/** Requests as no client would send them: valid ones with their arguments, their framing or their bytes changed. */
import type { Random } from "../harness/random.ts";
import { encodeRequest } from "../harness/resp.ts";

/** A few mutated requests as the bytes of one connection. Only the last may break the framing: nothing is read behind it. */
export function mutatedBatch(random: Random, count: number): Buffer {
  const requests: Buffer[] = [];
  while (requests.length < count) {
    // Blocks of a transaction, most of them ended.
    const block = random.chance(0.03) ? random.below(8) : -1;
    if (block >= 0) requests.push(encodeRequest(["MULTI"]));
    for (let left = Math.max(block, 1); left > 0; left--) requests.push(encodeRequest(mutatedArguments(random)));
    if (block >= 0 && random.chance(0.9)) requests.push(encodeRequest([random.chance(0.9) ? "EXEC" : "DISCARD"]));
  }
  if (random.chance(0.7)) requests.push(brokenBytes(random, encodeRequest(mutatedArguments(random))));
  return Buffer.concat(requests);
}

const keys = ["k", "n", "h", "big", "list", "", "k\r\n", "\0", "ключ"];
const numbers = [
  "0",
  "1",
  "-1",
  "5",
  "100",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "4294967296",
  "2147483648",
  "-0",
  "007",
  "1e400",
  "nan",
  "inf",
  "-inf",
  "0.1",
  "3.0e3",
  "1.7976931348623157e308",
  " 1",
  "",
];
const options = [
  "EX",
  "PX",
  "EXAT",
  "PXAT",
  "NX",
  "XX",
  "GT",
  "LT",
  "GET",
  "KEEPTTL",
  "PERSIST",
  "MATCH",
  "COUNT",
  "TYPE",
  "WITHVALUES",
  "REPLACE",
  "DB",
  "IDX",
  "LEN",
  "SAMPLES",
];

/** Commands with the kinds of their arguments. Left out: what ends, stops or silences the server or the connection. */
const commands: readonly (readonly string[])[] = [
  "GET key",
  "SET key value",
  "SET key value option number",
  "SETNX key value",
  "SETEX key number value",
  "GETEX key option number",
  "GETSET key value",
  "GETDEL key",
  "MGET key key key",
  "MSET key value key value",
  "MSETNX key value",
  "APPEND key value",
  "STRLEN key",
  "GETRANGE key number number",
  "SETRANGE key number value",
  "INCR key",
  "DECR key",
  "INCRBY key number",
  "INCRBYFLOAT key number",
  "LCS key key option",
  "HSET key value value",
  "HMSET key value value",
  "HGET key value",
  "HMGET key value value",
  "HDEL key value",
  "HGETALL key",
  "HKEYS key",
  "HVALS key",
  "HLEN key",
  "HEXISTS key value",
  "HINCRBY key value number",
  "HINCRBYFLOAT key value number",
  "HRANDFIELD key number option",
  "HSCAN key number option value",
  "DEL key key",
  "UNLINK key",
  "EXISTS key",
  "TYPE key",
  "TOUCH key",
  "KEYS value",
  "SCAN number option number",
  "RANDOMKEY",
  "RENAME key key",
  "RENAMENX key key",
  "COPY key key option number",
  "MOVE key number",
  "EXPIRE key number option",
  "PEXPIREAT key number",
  "TTL key",
  "PERSIST key",
  "EXPIRETIME key",
  "OBJECT ENCODING key",
  "OBJECT value key",
  "MEMORY USAGE key",
  "DUMP key",
  "RESTORE key number value",
  "RESTORE key 0 payload REPLACE",
  "SETBIT key number number",
  "GETBIT key number",
  "BITCOUNT key number number",
  "BITPOS key number number number",
  "BITOP value key key key",
  "BITOP NOT key key",
  "BITFIELD key field number number field number number",
  "BITFIELD_RO key GET value number",
  "SUBSTR key number number",
  "HSETNX key value value",
  "HSTRLEN key value",
  "EXPIREAT key number option",
  "PEXPIRE key number option",
  "PTTL key",
  "LPUSH key value value",
  "RPUSH key value value",
  "LPUSHX key value",
  "RPUSHX key value",
  "LPOP key number",
  "RPOP key number",
  "LLEN key",
  "LINDEX key number",
  "LRANGE key number number",
  "LSET key number value",
  "LINSERT key side value value",
  "LREM key number value",
  "LTRIM key number number",
  "LPOS key value RANK number COUNT number MAXLEN number",
  "LMOVE key key side side",
  "LMOVEM key key side side COUNT number BULK",
  "RPOPLPUSH key key",
  "LMPOP number key key side COUNT number",
  "BLPOP key key 0.01",
  "BRPOP key 0.01",
  "BLMOVE key key side side 0.01",
  "BLMPOP 0.01 1 key side COUNT number",
  "SADD key value member member",
  "SREM key member member",
  "SISMEMBER key member",
  "SMISMEMBER key member value",
  "SMEMBERS key",
  "SCARD key",
  "SMOVE key key member",
  "SPOP key smallcount",
  "SRANDMEMBER key smallcount",
  "SINTER key key",
  "SUNION key key",
  "SDIFF key key",
  "SINTERCARD 2 key key LIMIT number",
  "SINTERSTORE key key key",
  "SUNIONSTORE key key key",
  "SDIFFSTORE key key key",
  "SSCAN key number option value",
  "ZADD key zoption score member score member",
  "ZADD key score member",
  "ZADD key zoption zoption INCR score member",
  "ZINCRBY key score member",
  "ZREM key member",
  "ZSCORE key member",
  "ZMSCORE key member member",
  "ZCARD key",
  "ZCOUNT key score score",
  "ZLEXCOUNT key lex lex",
  "ZRANK key member WITHSCORE",
  "ZREVRANK key member",
  "ZRANGE key number number zoption",
  "ZRANGE key score score BYSCORE REV LIMIT number number",
  "ZRANGE key lex lex BYLEX LIMIT number number",
  "ZRANGESTORE key key number number",
  "ZREVRANGE key number number WITHSCORES",
  "ZRANGEBYSCORE key score score LIMIT number number",
  "ZREVRANGEBYSCORE key score score",
  "ZRANGEBYLEX key lex lex",
  "ZREVRANGEBYLEX key lex lex",
  "ZREMRANGEBYRANK key number number",
  "ZREMRANGEBYSCORE key score score",
  "ZREMRANGEBYLEX key lex lex",
  "ZPOPMIN key number",
  "ZPOPMAX key",
  "ZMPOP 2 key key minmax COUNT number",
  "BZPOPMIN key 0.01",
  "BZMPOP 0.01 1 key minmax",
  "ZRANDMEMBER key smallcount WITHSCORES",
  "ZUNION 2 key key WEIGHTS score score AGGREGATE aggregate WITHSCORES",
  "ZINTER 2 key key WITHSCORES",
  "ZDIFF 2 key key",
  "ZINTERCARD 2 key key LIMIT number",
  "ZUNIONSTORE key 2 key key WEIGHTS score score AGGREGATE aggregate",
  "ZINTERSTORE key 2 key key",
  "ZDIFFSTORE key 2 key key",
  "ZSCAN key number option value",
  "XADD key id value value",
  "XADD key * value value value value",
  "XADD key xtrim = number id value value",
  "XADD key NOMKSTREAM xtrim ~ number LIMIT number * value value",
  "XLEN key",
  "XRANGE key id id COUNT number",
  "XREVRANGE key id id",
  "XDEL key id id",
  "XDELEX key KEEPREF IDS 2 id id",
  "XACKDEL key group ACKED IDS 1 id",
  "XTRIM key xtrim = number",
  "XTRIM key xtrim ~ number LIMIT number",
  "XSETID key id ENTRIESADDED number MAXDELETEDID id",
  "XREAD COUNT number STREAMS key key id id",
  "XREAD BLOCK 10 STREAMS key id",
  "XGROUP CREATE key group id MKSTREAM ENTRIESREAD number",
  "XGROUP SETID key group id",
  "XGROUP DESTROY key group",
  "XGROUP CREATECONSUMER key group group",
  "XGROUP DELCONSUMER key group group",
  "XREADGROUP GROUP group group COUNT number STREAMS key >",
  "XREADGROUP GROUP group group COUNT number NOACK STREAMS key key id >",
  "XREADGROUP GROUP group group BLOCK 10 CLAIM number STREAMS key >",
  "XACK key group id id",
  "XPENDING key group IDLE number id id number group",
  "XCLAIM key group group number id id IDLE number RETRYCOUNT number FORCE JUSTID LASTID id",
  "XAUTOCLAIM key group group number id COUNT number",
  "XINFO STREAM key FULL COUNT number",
  "XINFO GROUPS key",
  "XINFO CONSUMERS key group",
  "PFADD key value value",
  "PFCOUNT key key",
  "PFMERGE key key key",
  "PFDEBUG GETREG key",
  "GEOADD key geooption degrees degrees member degrees degrees member",
  "GEODIST key member member unit",
  "GEOHASH key member",
  "GEOPOS key member member",
  "GEOSEARCH key FROMLONLAT degrees degrees BYRADIUS score unit ASC COUNT number ANY WITHCOORD WITHDIST WITHHASH",
  "GEOSEARCH key FROMMEMBER member BYBOX score score unit DESC",
  "GEOSEARCH key FROMLONLAT degrees degrees BYPOLYGON 3 degrees degrees degrees degrees degrees degrees",
  "GEOSEARCHSTORE key key FROMMEMBER member BYRADIUS score unit STOREDIST",
  "GEORADIUS key degrees degrees score unit COUNT number STORE key",
  "GEORADIUSBYMEMBER key member score unit",
  "SORT key BY pattern LIMIT number number GET pattern GET # ALPHA DESC STORE key",
  "SORT key ALPHA",
  "SORT_RO key BY pattern GET pattern",
  "VADD key VALUES 3 score score score member SETATTR json",
  "VADD key REDUCE number VALUES 3 score score score member quant M number",
  "VADD key FP32 value member",
  "VSIM key VALUES 3 score score score COUNT number FILTER filter WITHSCORES WITHATTRIBS EF number",
  "VSIM key ELE member TRUTH FILTER filter FILTER-EF number",
  "VREM key member",
  "VCARD key",
  "VDIM key",
  "VEMB key member RAW",
  "VGETATTR key member",
  "VSETATTR key member json",
  "VINFO key",
  "VLINKS key member WITHSCORES",
  "VRANDMEMBER key smallcount",
  "VRANGE key lex lex number",
  "VISMEMBER key member",
  "OBJECT ENCODING key",
  "OBJECT FREQ key",
  "SET key value IFEQ value GET",
  "DELEX key IFNE value",
  "DIGEST key",
  "MSETEX 2 key value key value option number",
  "INCREX key BYINT number UBOUND number",
  "PUBLISH value value",
  "SPUBLISH value value",
  "PUBSUB CHANNELS value",
  "UNSUBSCRIBE value",
  "CLIENT TRACKING ON BCAST PREFIX value",
  "CLIENT TRACKING OFF",
  "CLIENT NO-EVICT ON",
  "CLIENT UNBLOCK number ERROR",
  "ACL SETUSER value rule rule rule",
  "ACL DRYRUN value GET key",
  "ACL GETUSER value",
  "ACL DELUSER value",
  "ACL CAT value",
  "ACL LIST",
  "ACL GENPASS number",
  "ACL WHOAMI",
  "CONFIG SET directive number",
  "CONFIG GET directive",
  "SLOWLOG GET number",
  "LATENCY HISTOGRAM value",
  "LATENCY DOCTOR",
  "MEMORY DOCTOR",
  "MEMORY STATS",
  "WAIT 0 10",
  "ROLE",
  "SELECT number",
  "SWAPDB number number",
  "DBSIZE",
  "MULTI",
  "EXEC",
  "DISCARD",
  "WATCH key",
  "UNWATCH",
  "PING value",
  "ECHO value",
  "HELLO number",
  "CLIENT INFO",
  "CLIENT LIST option number",
  "CLIENT SETNAME value",
  "CLIENT value number",
  "COMMAND INFO value",
  "COMMAND GETKEYS value key value",
  "COMMAND DOCS value",
  "COMMAND LIST FILTERBY option value",
  "INFO value",
  "TIME",
  "LOLWUT",
  "CONFIG GET value",
  "FCALL value number key",
  "FCALL_RO value number",
  "FCALL function 1 key number value",
  "FCALL function 2 key key number",
  "FCALL_RO function 1 key",
  "FUNCTION STATS",
  "FUNCTION DELETE value",
  "FUNCTION LIST option value",
  "FUNCTION value value",
  "RESET",
  "value value value",
].map((line) => line.split(" "));

/** What the server under fuzz starts with, and what the mutations call, change and load again. */
export const fuzzLibrary = `#!ts name=fuzz
function move(from: string, to: string, amount: number) {
  Zedis.call("INCRBY", from, -amount);
  Zedis.incrby(to, amount);
  return { from: Zedis.get(from), to: Zedis.get(to) };
}
function wander(key: string, steps?: number, tail?: string) {
  for (let step = 0; step < Math.min(steps ?? 3, 20); step++) Zedis.append(key + (step % 5), tail ?? "x");
  return Zedis.strlen(key + "0");
}
function half(key: string, count: number): string[] {
  Zedis.set(key, "half");
  Zedis.hset(key + "h", "f", String(count));
  throw new Error(\`half \${count}\`);
}
/** @no-writes */
function look(key: string) {
  return [Zedis.get(key), Zedis.exists(key), null, 1.5, new Uint8Array([1, 2])];
}
function deep(key: string, depth: number): number {
  return depth > 0 ? 1 + deep(key, depth - 1) : Number(Zedis.exists(key));
}
`;

/** Words for the kinds of arguments that have a grammar of their own. */
const grammar: Readonly<Record<string, readonly string[]>> = {
  side: ["LEFT", "RIGHT", "BEFORE", "AFTER", "left"],
  member: ["m", "m1", "m2", "7", "-3", "x", "", "100000"],
  group: ["g", "g2", "c", ""],
  smallcount: ["0", "1", "-1", "5", "-5", "100", "-100", "9223372036854775807", "-9223372036854775808"],
  score: ["1", "-1.5", "(2", "inf", "-inf", "+inf", "(inf", "nan", "1e400", "0", "100", "x", "-0"],
  lex: ["-", "+", "[a", "(m1", "[", "(", "m"],
  zoption: ["NX", "XX", "GT", "LT", "CH", "WITHSCORES", "REV", "BYSCORE", "BYLEX"],
  minmax: ["MIN", "MAX", "min", "MID"],
  aggregate: ["SUM", "MIN", "MAX", "COUNT", "avg"],
  id: [
    "0",
    "0-0",
    "0-1",
    "1-1",
    "5-*",
    "*",
    "$",
    ">",
    "+",
    "-",
    "(1-1",
    "7-7",
    "18446744073709551615-18446744073709551615",
    "1-",
  ],
  xtrim: ["MAXLEN", "MINID", "ACKED", "DELREF"],
  degrees: ["13.361389", "38.115556", "0", "-180", "180", "85.05", "-85.06", "1e-9", "x"],
  unit: ["m", "km", "ft", "mi", "M", "cm"],
  geooption: ["NX", "XX", "CH"],
  pattern: ["w_*", "nosort", "#", "*->f", "h*->", "->f", "*"],
  json: ['{"a":1}', '{"a":"x","b":[1,2]}', "", "{", "[1]"],
  quant: ["Q8", "BIN", "NOQUANT", "CAS"],
  filter: [".a > 1", ".a == 'x' and .b", "not (.a in [1,2])", "((((", ".a ** .b", "1 <", '"'],
  rule: [
    "on",
    "off",
    "+@all",
    "-@write",
    "~k*",
    "%R~h",
    "&ch",
    "resetkeys",
    "(+get ~x)",
    "(",
    ">p",
    "#x",
    "+config|get",
    "-@",
    "nopass",
  ],
  directive: [
    "hash-max-listpack-entries",
    "set-max-intset-entries",
    "zset-max-listpack-value",
    "list-max-listpack-size",
    "maxmemory-samples",
    "*len*",
    "slowlog-max-len",
  ],
};

const functions = ["move", "wander", "half", "look", "deep", "MOVE", "nosuch"];
const fields = ["GET", "SET", "INCRBY", "OVERFLOW", "u8", "i64", "u63", "u64", "#1", "sat", "i0"];

/** DUMP payloads of redis-server 7.0: a string, an integer, a hash; and one that says more than it has. */
const payloads = [
  "000568656c6c6f0a00",
  "00c0640a00",
  "101111000000040081610201018162020201ff0a00",
  "04020161c0010162c0020a00",
  "00c304ff00610a00",
  "0481ffffffffffffffff0a00",
];

/** A payload with some bytes changed and, mostly, a sum that is right again, so that its content is looked at. */
function payload(random: Random): Uint8Array {
  const body = Buffer.from(random.pick(payloads), "hex");
  while (random.chance(0.6)) body[random.below(body.length)] = random.below(256);
  if (random.chance(0.8)) body.set([10, 0], body.length - 2);
  const sum = Buffer.alloc(8);
  sum.writeBigUInt64LE(random.chance(0.9) ? crc64(body) : 1n);
  return Buffer.concat([body, sum]);
}

/** The CRC-64 that DUMP's payloads end with. Bit by bit: payloads are short. */
function crc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

/** The library's source with a piece lost, doubled or damaged. Rare: each costs the server a compilation. */
function library(random: Random): string {
  if (random.chance(0.3)) return fuzzLibrary;
  const at = random.below(fuzzLibrary.length);
  const end = at + random.below(30);
  const piece = random.pick([
    "",
    fuzzLibrary.slice(at, end).repeat(2),
    "}",
    "\0",
    "`",
    "((((((((",
    "\u{1f600}",
    "async ",
  ]);
  return fuzzLibrary.slice(0, at) + piece + fuzzLibrary.slice(end);
}

function mutatedArguments(random: Random): (string | Uint8Array)[] {
  if (random.chance(0.0005)) return ["FUNCTION", "LOAD", random.chance(0.8) ? "REPLACE" : "replac", library(random)];
  const args: (string | Uint8Array)[] = random.pick(commands).map((kind) => {
    if (kind === "key") return random.pick(keys);
    if (kind === "function") return random.pick(functions);
    if (kind === "field") return random.pick(fields);
    if (kind === "payload") return payload(random);
    if (kind === "number") return random.chance(0.3) ? String(random.from(-20, 20)) : random.pick(numbers);
    if (kind === "option") return random.pick(options);
    if (kind === "value") return value(random);
    const words = grammar[kind];
    if (words !== undefined) return random.pick(words);
    return random.chance(0.02) ? kind.toLowerCase() : kind;
  });
  // Too few, too many, swapped, repeated, damaged.
  if (random.chance(0.1)) args.splice(random.below(args.length), 1);
  if (random.chance(0.1)) args.push(random.chance(0.5) ? random.pick(options) : value(random));
  if (random.chance(0.03)) args.push(...Array.from({ length: random.below(300) }, () => random.pick(keys)));
  if (random.chance(0.05) && args.length > 1) args.splice(1, 0, random.pick(numbers));
  if (random.chance(0.05) && args.length > 0) {
    const index = random.below(args.length);
    const bytes = Buffer.from(args[index] as string);
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
    args[index] = bytes;
  }
  const name = String(args[0] ?? "").toUpperCase();
  // By chance a damaged name may still be one that stops the server; an empty request would be skipped.
  if (
    args.length === 0 ||
    /^(SHUTDOWN|DEBUG|MONITOR|SUBSCRIBE|PSUBSCRIBE|SSUBSCRIBE|SYNC|PSYNC|REPLICAOF|SLAVEOF)$/.test(name)
  )
    return ["PING"];
  // Nobody may be locked out, and the user of this connection least of all.
  if (name === "ACL" && /^(SETUSER|DELUSER)$/i.test(String(args[1] ?? ""))) args[2] = `user${random.below(5)}`;
  if (name === "ACL" && /^(LOAD|SAVE)$/i.test(String(args[1] ?? ""))) return ["PING"];
  if (name === "CLIENT" && /^(REPLY|PAUSE|KILL)$/i.test(String(args[1] ?? ""))) return ["PING"];
  return args;
}

function value(random: Random): string | Uint8Array {
  const kind = random.below(6);
  if (kind === 0) return random.pick(numbers);
  if (kind === 1) return random.pick(keys);
  if (kind === 2) return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  if (kind === 3) return "x".repeat(random.below(3000));
  if (kind === 4)
    return random.pick([
      "*",
      "h?[a-c]*",
      "[",
      "\\",
      "[^",
      "*?*?*?*",
      "*1\r\n$4\r\nPING\r\n",
      "%s%n%x",
      "$(x)",
      "../../etc",
      "<script>",
    ]);
  return random.pick(options);
}

function brokenBytes(random: Random, request: Buffer): Buffer {
  const bytes = Buffer.from(request);
  const kind = random.below(8);
  if (kind === 0) return bytes.subarray(0, random.below(bytes.length));
  if (kind === 1) {
    for (let flips = random.from(1, 5); flips > 0; flips--) bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  }
  if (kind === 2)
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), Buffer.from([random.below(256)]), bytes]);
  const text = bytes.toString("latin1");
  const length = random.pick([
    "-1",
    "0",
    "2",
    "1000000000",
    "536870913",
    "2147483648",
    "99999999999999999999",
    "1 ",
    "+3",
    "x",
    "",
  ]);
  if (kind === 3) return Buffer.from(text.replace(/\*\d+/, `*${length}`), "latin1");
  if (kind === 4) return Buffer.from(text.replace(/\$\d+/, `$${length}`), "latin1");
  if (kind === 5) return Buffer.from(text.replaceAll("\r\n", random.pick(["\n", "\r", "\n\r", ""])), "latin1");
  if (kind === 6)
    return Buffer.from(
      `${random.pick(['"', "'", "\\", "\0", 'SET k "', "*", "$", ">1\r\n", "_\r\n"])}${text}`,
      "latin1",
    );
  return Buffer.from(Array.from({ length: random.from(1, 200) }, () => random.below(256)));
}
