/** Keys of every type in every encoding, as the commands that make them. Both servers take all of them but the last ones. */
import type { Command } from "../harness/wire.ts";

const many = (count: number, each: (index: number) => string[]): string[] =>
  Array.from({ length: count }, (_, index) => each(index)).flat();

/** What Redis 7.0 has too. */
export const COMMON: readonly Command[] = [
  ["SET", "text", "value"],
  ["SET", "empty", ""],
  ["SET", "binary", Buffer.from([0, 255, 13, 10, 128])],
  ["SET", "number", "-12345"],
  ["SET", "big-number", "9223372036854775807"],
  ["SET", "long", "the same words, ".repeat(5000)],
  ["SETBIT", "bits", "70000", "1"],
  ["RPUSH", "list", "a", "17", "-1000000", "x".repeat(100)],
  ["RPUSH", "large-list", ...many(3000, (index) => [`element ${index}`])],
  ["RPUSH", "large-elements", "y".repeat(20_000), "z".repeat(16_383), "1"],
  ["SADD", "ints", "1", "-2", "70000", "99999999999"],
  ["SADD", "set", "a", "b", "3"],
  ["SADD", "large-set", ...many(1000, (index) => [`member ${index}`])],
  ["HSET", "hash", "f", "v", "g", "17"],
  ["HSET", "large-hash", ...many(600, (index) => [`field ${index}`, `value ${index}`])],
  ["ZADD", "zset", "1", "a", "-2.5", "b", "inf", "c", "-inf", "d", "0.1", "e", "1e300", "17"],
  ["ZADD", "large-zset", ...many(500, (index) => [`${index / 7}`, `member ${index}`])],
  ["GEOADD", "places", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"],
  ["PFADD", "sparse", "a", "b", "c"],
  ["PFADD", "dense", ...many(20_000, (index) => [`element ${index}`])],
  ["XADD", "stream", "5-1", "name", "value", "n", "-1"],
  ["XADD", "stream", "5-2", "name", "other", "n", "70000"],
  ["XADD", "stream", "1700000000000-0", "another", "field"],
  ["XDEL", "stream", "5-2"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XGROUP", "CREATE", "stream", "unread", "$"],
  ["XGROUP", "CREATECONSUMER", "stream", "group", "idle"],
  ["XREADGROUP", "GROUP", "group", "busy", "COUNT", "1", "STREAMS", "stream", ">"],
  ...Array.from({ length: 500 }, (_, index): Command => {
    return ["XADD", "large-stream", `${index + 1}-1`, "sensor", `${index % 9}`, "value", `${index / 8}`];
  }),
  ["XGROUP", "CREATE", "large-stream", "readers", "0"],
  ["XREADGROUP", "GROUP", "readers", "one", "COUNT", "150", "STREAMS", "large-stream", ">"],
  ["XREADGROUP", "GROUP", "readers", "two", "COUNT", "200", "STREAMS", "large-stream", ">"],
  ["XACK", "large-stream", "readers", "7-1", "8-1", "160-1"],
  ["XTRIM", "large-stream", "MAXLEN", "300"],
  ["XADD", "empty-stream", "1-1", "a", "b"],
  ["XDEL", "empty-stream", "1-1"],
  ["SET", "expires", "value", "PXAT", "33177117420000"],
];

/** What only newer servers and this one have. */
export const OURS: readonly Command[] = [
  ["HSET", "expiring", "f", "v", "g", "w", "h", "x"],
  ["HPEXPIREAT", "expiring", "33177117420000", "FIELDS", "2", "f", "g"],
  ["ARSET", "array", "3", "three", "17", "-2.5"],
  ["ARSET", "array", "123456789", "far"],
  ["ARINSERT", "array", "next"],
  ["VADD", "vectors", "VALUES", "3", "1", "0.5", "-2", "a", "SETATTR", '{"n":1}'],
  ["VADD", "vectors", "VALUES", "3", "-1", "0", "2", "b"],
  ["VADD", "plain-vectors", "VALUES", "2", "1", "0.5", "a", "NOQUANT"],
  ["VADD", "bit-vectors", "VALUES", "2", "1", "-0.5", "a", "BIN"],
  ["VADD", "reduced", "REDUCE", "2", "VALUES", "4", "1", "2", "3", "4", "a"],
];

/** The key a command makes. */
export function keyOf(command: Command): string {
  const words = typeof command === "string" ? command.split(" ") : command;
  const [name, first, second, third] = words.map(String);
  if (name === "XGROUP") return second ?? "";
  return (name === "XREADGROUP" ? undefined : (first ?? third)) ?? "";
}

export const keysOf = (commands: readonly Command[]): string[] => [
  ...new Set(commands.map(keyOf).filter((key) => key !== "")),
];
