// Generated from the command table by `bun runtime/sdk/generate.ts`. Do not edit.

type ZedisKey = string | number | bigint | Uint8Array;
type ZedisValue = string | number | bigint | Uint8Array;
type ZedisInteger = number | bigint;
/** Several of one kind may come one by one or as an array. */
type ZedisSome<T> = T | readonly T[];

/** What a command's error is: `code` is the first word of `message`, WRONGTYPE or ERR for instance. */
interface ZedisReplyError extends Error {
  readonly name: "ReplyError";
  readonly code: string;
}

/** Commands whose replies are bytes: `Zedis.bytes.hget(key, field)`. */
interface ZedisBytes {
  /** As `Zedis.fcall`, with the bytes of the result. */
  fcall(name: string, keys?: readonly ZedisSome<ZedisKey>[], args?: readonly ZedisSome<ZedisValue>[]): unknown;
  arget(key: ZedisKey, index: ZedisInteger): Uint8Array | null;
  argetrange(key: ZedisKey, start: ZedisValue, end: ZedisValue): (Uint8Array | null)[];
  argrep(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("EXACT" | ZedisSome<ZedisValue> | "MATCH" | "GLOB" | "RE" | "AND" | "OR" | "LIMIT" | ZedisInteger | "WITHVALUES" | "NOCASE")[]): number[] | [number, Uint8Array][];
  arlastitems(key: ZedisKey, count: ZedisInteger, ...options: readonly ("REV")[]): (Uint8Array | null)[];
  armget(key: ZedisKey, index: ZedisSome<ZedisInteger>, ...more: readonly ZedisSome<ZedisInteger>[]): (Uint8Array | null)[];
  arop(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("SUM" | "MIN" | "MAX" | "AND" | "OR" | "XOR" | "MATCH" | ZedisSome<ZedisValue> | "USED")[]): Uint8Array | number | null;
  arscan(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("LIMIT" | ZedisInteger)[]): [number, Uint8Array][];
  dump(key: ZedisKey): Uint8Array | null;
  keys(pattern: ZedisValue): Uint8Array[];
  object_encoding(key: ZedisKey): Uint8Array | null;
  object_help(): Uint8Array[];
  randomkey(): Uint8Array | null;
  scan(cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger | "TYPE")[]): [Uint8Array, Uint8Array[]];
  sort(key: ZedisKey, ...options: readonly ("BY" | ZedisSome<ZedisValue> | "LIMIT" | ZedisInteger | "GET" | "ASC" | "DESC" | "ALPHA" | "STORE" | ZedisSome<ZedisKey>)[]): (Uint8Array | null)[] | number;
  sort_ro(key: ZedisKey, ...options: readonly ("BY" | ZedisSome<ZedisValue> | "LIMIT" | ZedisInteger | "GET" | "ASC" | "DESC" | "ALPHA")[]): (Uint8Array | null)[];
  geodist(key: ZedisKey, member1: ZedisValue, member2: ZedisValue, ...options: readonly ("M" | "KM" | "FT" | "MI")[]): Uint8Array | null;
  geohash(key: ZedisKey, ...options: readonly (ZedisSome<ZedisValue>)[]): (Uint8Array | null)[];
  hget(key: ZedisKey, field: ZedisValue): Uint8Array | null;
  hgetall(key: ZedisKey): Record<string, Uint8Array>;
  hgetdel(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (Uint8Array | null)[];
  hgetex(key: ZedisKey, ...options: readonly ("EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "PERSIST" | "FIELDS" | ZedisSome<ZedisValue>)[]): (Uint8Array | null)[];
  hincrbyfloat(key: ZedisKey, field: ZedisValue, increment: ZedisInteger): Uint8Array;
  hkeys(key: ZedisKey): Uint8Array[];
  hmget(key: ZedisKey, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (Uint8Array | null)[];
  hrandfield(key: ZedisKey, ...options: readonly (ZedisInteger | "WITHVALUES")[]): Uint8Array | null | Uint8Array[] | [Uint8Array, Uint8Array][];
  hscan(key: ZedisKey, cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger | "NOVALUES")[]): [Uint8Array, Uint8Array[]];
  hvals(key: ZedisKey): Uint8Array[];
  lindex(key: ZedisKey, index: ZedisInteger): Uint8Array | null;
  lmove(source: ZedisKey, destination: ZedisKey, choice: "LEFT" | "RIGHT", choice2: "LEFT" | "RIGHT"): Uint8Array | null;
  lmovem(source: ZedisKey, destination: ZedisKey, choice: "LEFT" | "RIGHT", choice2: "LEFT" | "RIGHT", ...options: readonly ("COUNT" | ZedisInteger | "EXACTLY" | ZedisSome<ZedisValue> | "OBO" | "BULK")[]): Uint8Array[] | null;
  lmpop(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "LEFT" | "RIGHT" | "COUNT" | ZedisInteger)[]): [Uint8Array, Uint8Array[]] | null;
  lpop(key: ZedisKey, count?: ZedisInteger): Uint8Array | null | Uint8Array[];
  lrange(key: ZedisKey, start: ZedisValue, stop: ZedisValue): Uint8Array[];
  rpop(key: ZedisKey, count?: ZedisInteger): Uint8Array | null | Uint8Array[];
  rpoplpush(source: ZedisKey, destination: ZedisKey): Uint8Array | null;
  lolwut(...options: readonly ("VERSION" | ZedisSome<ZedisValue>)[]): Uint8Array;
  time(): [Uint8Array, Uint8Array];
  sdiff(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): Uint8Array[];
  sinter(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): Uint8Array[];
  smembers(key: ZedisKey): Uint8Array[];
  spop(key: ZedisKey, count?: ZedisInteger): Uint8Array | null | Uint8Array[];
  srandmember(key: ZedisKey, count?: ZedisInteger): Uint8Array | null | Uint8Array[];
  sscan(key: ZedisKey, cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger)[]): [Uint8Array, Uint8Array[]];
  sunion(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): Uint8Array[];
  zdiff(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WITHSCORES")[]): Uint8Array[] | [Uint8Array, number][];
  zinter(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WEIGHTS" | ZedisSome<ZedisValue> | "AGGREGATE" | "SUM" | "MIN" | "MAX" | "COUNT" | "WITHSCORES")[]): Uint8Array[] | [Uint8Array, number][];
  zmpop(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "MIN" | "MAX" | "COUNT" | ZedisInteger)[]): [Uint8Array, [Uint8Array, number][]] | null;
  zpopmax(key: ZedisKey, count?: ZedisInteger): [Uint8Array, number] | [Uint8Array, number][] | [];
  zpopmin(key: ZedisKey, count?: ZedisInteger): [Uint8Array, number] | [Uint8Array, number][] | [];
  zrandmember(key: ZedisKey, ...options: readonly (ZedisInteger | "WITHSCORES")[]): Uint8Array | null | Uint8Array[] | [Uint8Array, number][];
  zrange(key: ZedisKey, start: ZedisValue, stop: ZedisValue, ...options: readonly ("BYSCORE" | "BYLEX" | "REV" | "LIMIT" | ZedisInteger | "WITHSCORES")[]): Uint8Array[] | [Uint8Array, number][];
  zrangebylex(key: ZedisKey, min: ZedisValue, max: ZedisValue, ...options: readonly ("LIMIT" | ZedisInteger)[]): Uint8Array[];
  zrangebyscore(key: ZedisKey, min: ZedisValue, max: ZedisValue, ...options: readonly ("WITHSCORES" | "LIMIT" | ZedisInteger)[]): Uint8Array[] | [Uint8Array, number][];
  zrevrange(key: ZedisKey, start: ZedisValue, stop: ZedisValue, ...options: readonly ("WITHSCORES")[]): Uint8Array[] | [Uint8Array, number][];
  zrevrangebylex(key: ZedisKey, max: ZedisValue, min: ZedisValue, ...options: readonly ("LIMIT" | ZedisInteger)[]): Uint8Array[];
  zrevrangebyscore(key: ZedisKey, max: ZedisValue, min: ZedisValue, ...options: readonly ("WITHSCORES" | "LIMIT" | ZedisInteger)[]): Uint8Array[] | [Uint8Array, number][];
  zscan(key: ZedisKey, cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger | "NOSCORES")[]): [Uint8Array, Uint8Array[]];
  zunion(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WEIGHTS" | ZedisSome<ZedisValue> | "AGGREGATE" | "SUM" | "MIN" | "MAX" | "COUNT" | "WITHSCORES")[]): Uint8Array[] | [Uint8Array, number][];
  xadd(key: ZedisKey, ...options: readonly ("NOMKSTREAM" | "KEEPREF" | "DELREF" | "ACKED" | "IDMPAUTO" | ZedisSome<ZedisValue> | "IDMP" | "MAXLEN" | "MINID" | "=" | "~" | "LIMIT" | ZedisInteger | "*")[]): Uint8Array | null;
  xautoclaim(key: ZedisKey, group: ZedisValue, consumer: ZedisValue, minIdleTime: ZedisValue, start: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger | "JUSTID")[]): [Uint8Array, unknown[], Uint8Array[]];
  xgroup_help(): Uint8Array[];
  xinfo_help(): Uint8Array[];
  xrange(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger)[]): [Uint8Array, Uint8Array[]][] | null;
  xread(...options: readonly ("COUNT" | ZedisInteger | "MAXCOUNT" | ZedisSome<ZedisValue> | "MAXSIZE" | "BLOCK" | "STREAMS" | ZedisSome<ZedisKey>)[]): Record<string, [Uint8Array, Uint8Array[]][]> | null;
  xreadgroup(group: "GROUP", group2: ZedisValue, consumer: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger | "MAXCOUNT" | ZedisSome<ZedisValue> | "MAXSIZE" | "BLOCK" | "CLAIM" | "NOACK" | "STREAMS" | ZedisSome<ZedisKey>)[]): Record<string, [Uint8Array, Uint8Array[]][]> | null;
  xrevrange(key: ZedisKey, end: ZedisValue, start: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger)[]): [Uint8Array, Uint8Array[]][] | null;
  digest(key: ZedisKey): Uint8Array | null;
  get(key: ZedisKey): Uint8Array | null;
  getdel(key: ZedisKey): Uint8Array | null;
  getex(key: ZedisKey, ...options: readonly ("EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "PERSIST")[]): Uint8Array | null;
  getrange(key: ZedisKey, start: ZedisValue, end: ZedisValue): Uint8Array;
  getset(key: ZedisKey, value: ZedisValue): Uint8Array | null;
  incrbyfloat(key: ZedisKey, increment: ZedisInteger): Uint8Array;
  increx(key: ZedisKey, ...options: readonly ("NX" | "XX" | "BYFLOAT" | ZedisInteger | "BYINT" | ZedisSome<ZedisValue> | "SATURATE" | "LBOUND" | "UBOUND" | "EX" | "PX" | "EXAT" | "PXAT" | "PERSIST" | "ENX")[]): [number, number] | [Uint8Array, Uint8Array];
  lcs(key1: ZedisKey, key2: ZedisKey, ...options: readonly ("LEN" | "IDX" | "MINMATCHLEN" | ZedisInteger | "WITHMATCHLEN")[]): Uint8Array | number | Record<string, unknown>;
  mget(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): (Uint8Array | null)[];
  set(key: ZedisKey, value: ZedisValue, ...options: readonly ("NX" | "XX" | "IFEQ" | ZedisSome<ZedisValue> | "IFNE" | "IFDEQ" | "IFDNE" | "GET" | "EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "KEEPTTL")[]): "OK" | Uint8Array | null;
  substr(key: ZedisKey, start: ZedisValue, end: ZedisValue): Uint8Array;
  vemb(key: ZedisKey, element: ZedisValue, ...options: readonly ("RAW")[]): number[] | [Uint8Array, Uint8Array, number, number?] | null;
  vgetattr(key: ZedisKey, element: ZedisValue): Uint8Array | null;
  vinfo(key: ZedisKey): Record<string, Uint8Array | number> | null;
  vlinks(key: ZedisKey, element: ZedisValue, ...options: readonly ("WITHSCORES")[]): Uint8Array[][] | Record<string, number>[] | null;
  vrandmember(key: ZedisKey, count?: ZedisInteger): Uint8Array | null | Uint8Array[];
  vrange(key: ZedisKey, start: ZedisValue, end: ZedisValue, count?: ZedisInteger): Uint8Array[];
  vsim(key: ZedisKey, choice: "ELE" | "FP32" | "VALUES", vectorOrElement: ZedisValue, ...options: readonly ("WITHSCORES" | "WITHATTRIBS" | "COUNT" | ZedisInteger | "EPSILON" | ZedisSome<ZedisValue> | "EF" | "FILTER" | "FILTER-EF" | "TRUTH" | "NOTHREAD")[]): Uint8Array[] | Record<string, unknown>;
}

/** Every data command of the server, and typed values. */
interface ZedisApi {
  /** The integer at `key`, or `fallback` (0) where there is none. An error where the value is no integer. */
  get_int(key: ZedisKey): number;
  get_int<T>(key: ZedisKey, fallback: T): number | T;
  /** The number at `key`, or `fallback` (0) where there is none. */
  get_number(key: ZedisKey): number;
  get_number<T>(key: ZedisKey, fallback: T): number | T;
  /** The integer at `key`, exact at any size, or `fallback` (0n) where there is none. */
  get_bigint(key: ZedisKey): bigint;
  get_bigint<T>(key: ZedisKey, fallback: T): bigint | T;
  /** The bytes at `key`. */
  get_bytes(key: ZedisKey): Uint8Array | null;
  /** The value whose JSON is at `key`. */
  get_json<T = unknown>(key: ZedisKey): T | null;
  /** Stores a value as JSON, with the options of `set`. */
  set_json(key: ZedisKey, value: unknown, ...options: Parameters<ZedisApi["set"]> extends [unknown, unknown, ...infer R] ? R : never): ReturnType<ZedisApi["set"]>;
  /** Any data command by its name: `Zedis.call("HSET", key, "field", 1)`. */
  call(name: string, ...values: readonly unknown[]): unknown;
  /**
   * Calls another function, in this call's transaction: its result as a value, what it throws as an error. What it wrote is then
   * undone, and the caller may go on. Bytes come as text here, as bytes from `Zedis.bytes.fcall`.
   */
  fcall(name: string, keys?: readonly ZedisSome<ZedisKey>[], args?: readonly ZedisSome<ZedisValue>[]): unknown;
  /** A line in the server's log. */
  log(...values: readonly unknown[]): void;
  /** Milliseconds since 1970; one value throughout a call. */
  now(): number;
  /** The same commands with bytes in their replies. */
  readonly bytes: ZedisBytes;
  /** Returns how many elements an array has. O(1). `ARCOUNT key` */
  arcount(key: ZedisKey): number;
  /** Deletes elements of an array, and the key with the last of them. O(N) in the number of indexes given. `ARDEL key index [index ...]` */
  ardel(key: ZedisKey, index: ZedisSome<ZedisInteger>, ...more: readonly ZedisSome<ZedisInteger>[]): number;
  /** Deletes all elements of an array within ranges of indexes, and the key with the last of them. O(R) in the number of ranges given. `ARDELRANGE key start end [start end ...]` */
  ardelrange(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...more: readonly (ZedisValue)[]): number;
  ardelrange(key: ZedisKey, starts: Readonly<Record<string, ZedisValue>>): number;
  /** Returns the element of an array at an index. O(1). `ARGET key index` */
  arget(key: ZedisKey, index: ZedisInteger): string | null;
  /** Returns what an array has at every index of a range, downwards if it begins with the greater. O(N) in the length of the range. `ARGETRANGE key start end` */
  argetrange(key: ZedisKey, start: ZedisValue, end: ZedisValue): (string | null)[];
  /** Returns the indexes of the elements of an array within a range that are, contain or match a text. O(N*C) in the number of elements in the range and the cost of the predicates for one. `ARGREP key start end <EXACT string | MATCH string | GLOB pattern | RE pattern> [<EXACT string | MATCH string | GLOB pattern | RE pattern> ...] [AND | OR] [LIMIT limit] [WITHVALUES] [NOCASE]` */
  argrep(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("EXACT" | ZedisSome<ZedisValue> | "MATCH" | "GLOB" | "RE" | "AND" | "OR" | "LIMIT" | ZedisInteger | "WITHVALUES" | "NOCASE")[]): number[] | [number, string][];
  /** Returns figures of an array, with FULL those of its slices too. O(1). `ARINFO key [FULL]` */
  arinfo(key: ZedisKey, ...options: readonly ("FULL")[]): Record<string, number>;
  /** Sets elements of an array behind the one that was inserted last and returns the index of the last of them. O(N) in the number of values given. `ARINSERT key value [value ...]` */
  arinsert(key: ZedisKey, value: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Returns the last places of an array before the next insertion, the oldest first, or the newest first with REV. O(N) in the number of places returned. `ARLASTITEMS key count [REV]` */
  arlastitems(key: ZedisKey, count: ZedisInteger, ...options: readonly ("REV")[]): (string | null)[];
  /** Returns the greatest index of an array plus one. O(1). `ARLEN key` */
  arlen(key: ZedisKey): number;
  /** Returns the elements of an array at indexes. O(N) in the number of indexes given. `ARMGET key index [index ...]` */
  armget(key: ZedisKey, index: ZedisSome<ZedisInteger>, ...more: readonly ZedisSome<ZedisInteger>[]): (string | null)[];
  /** Sets elements of an array at the indexes given and returns how many of the places were empty. O(N) in the number of values given. `ARMSET key index value [index value ...]` */
  armset(key: ZedisKey, index: ZedisInteger, value: ZedisValue, ...more: readonly (ZedisInteger | ZedisValue)[]): number;
  armset(key: ZedisKey, indexs: Readonly<Record<string, ZedisValue>>): number;
  /** Returns the index that the next insertion into an array goes to. O(1). `ARNEXT key` */
  arnext(key: ZedisKey): number | null;
  /** Returns a figure of the elements of an array within a range: of the numbers their sum, least, greatest or bits; or how many elements there are, or are equal to a value. O(N) in the number of elements in the range; O(log(N)) for USED. `AROP key start end <SUM | MIN | MAX | AND | OR | XOR | MATCH value | USED>` */
  arop(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("SUM" | "MIN" | "MAX" | "AND" | "OR" | "XOR" | "MATCH" | ZedisSome<ZedisValue> | "USED")[]): string | number | null;
  /** Inserts elements into an array as into a ring of a number of places and returns the index of the last of them. O(M) in the number of values given; O(N+M) where the ring gets another size, N being what it keeps. `ARRING key size value [value ...]` */
  arring(key: ZedisKey, size: ZedisInteger, value: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Returns the elements of an array within a range with their indexes, downwards if it begins with the greater. O(N) in the number of elements returned. `ARSCAN key start end [LIMIT count]` */
  arscan(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("LIMIT" | ZedisInteger)[]): [number, string][];
  /** Sets the index that the next insertion into an array goes to. O(1). `ARSEEK key index` */
  arseek(key: ZedisKey, index: ZedisInteger): number;
  /** Sets elements of an array from an index on and returns how many of the places were empty; a missing key counts as an empty array. O(N) in the number of values given. `ARSET key index value [value ...]` */
  arset(key: ZedisKey, index: ZedisInteger, value: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Counts the bits that are set in a string value or a range of it. O(N) where N is the number of bytes looked at. `BITCOUNT key [start end [BYTE|BIT]]` */
  bitcount(key: ZedisKey, ...options: readonly (ZedisSome<ZedisValue> | "BYTE" | "BIT")[]): number;
  /** Reads, sets and counts with integers of any width inside a string value. O(1) for each operation. `BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]` */
  bitfield(key: ZedisKey, ...options: readonly ("GET" | ZedisSome<ZedisValue> | ZedisInteger | "OVERFLOW" | "WRAP" | "SAT" | "FAIL" | "SET" | "INCRBY")[]): (number | null)[];
  /** Reads integers of any width inside a string value. O(1) for each operation. `BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]` */
  bitfield_ro(key: ZedisKey, ...options: readonly ("GET" | ZedisSome<ZedisValue> | ZedisInteger)[]): (number | null)[];
  /** Combines string values bit by bit and stores the result. O(N) where N is the number of bytes of all sources. `BITOP <AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]` */
  bitop(choice: "AND" | "OR" | "XOR" | "NOT" | "DIFF" | "DIFF1" | "ANDOR" | "ONE", destkey: ZedisValue, key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Finds the first bit that is set, or clear, in a string value or a range of it. O(N) where N is the number of bytes looked at. `BITPOS key bit [start [end [BYTE|BIT]]]` */
  bitpos(key: ZedisKey, bit: ZedisInteger, ...options: readonly (ZedisSome<ZedisValue> | "BYTE" | "BIT")[]): number;
  /** Returns a bit of a string value. O(1). `GETBIT key offset` */
  getbit(key: ZedisKey, offset: ZedisInteger): number;
  /** Sets or clears a bit of a string value, which grows as needed, and returns the bit before. O(1). `SETBIT key offset value` */
  setbit(key: ZedisKey, offset: ZedisInteger, value: ZedisValue): number;
  /** Copies the value of a key to a new key. O(N) where N is the size of the value; O(1) for strings. `COPY source destination [DB destination-db] [REPLACE]` */
  copy(source: ZedisKey, destination: ZedisKey, ...options: readonly ("DB" | ZedisSome<ZedisValue> | "REPLACE")[]): number;
  /** Deletes one or more keys. O(N) where N is the number of keys. Large values are freed by another thread. `DEL key [key ...]` */
  del(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Writes the value of a key as bytes that RESTORE takes, here or in Redis. O(N) where N is the size of the value. `DUMP key` */
  dump(key: ZedisKey): string | null;
  /** Counts how many of the keys exist; one given twice counts twice. O(N) where N is the number of keys. `EXISTS key [key ...]` */
  exists(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Lets a key live for so many seconds. O(1). `EXPIRE key seconds [NX | XX | GT | LT]` */
  expire(key: ZedisKey, seconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT")[]): number;
  /** Lets a key live until a time in seconds since the epoch. O(1). `EXPIREAT key unix-time-seconds [NX | XX | GT | LT]` */
  expireat(key: ZedisKey, unixTimeSeconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT")[]): number;
  /** Tells when a key expires, in seconds since the epoch; -1: never, -2: there is no such key. O(1). `EXPIRETIME key` */
  expiretime(key: ZedisKey): number;
  /** Lists all keys that match a pattern. O(N) where N is the number of keys of the database, in slices that let others pass. `KEYS pattern` */
  keys(pattern: ZedisValue): string[];
  /** Moves keys to another server, which has them before they go here. This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed. `MIGRATE host port <key | ""> destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key [key ...]]` */
  migrate(host: ZedisValue, port: ZedisValue, choice: ZedisSome<ZedisKey> | "", destinationDb: ZedisValue, timeout: ZedisValue, ...options: readonly ("COPY" | "REPLACE" | "AUTH" | ZedisSome<ZedisValue> | "AUTH2" | "KEYS" | ZedisSome<ZedisKey>)[]): "OK" | "NOKEY";
  /** Moves a key to another database. O(1). `MOVE key db` */
  move(key: ZedisKey, db: ZedisInteger): number;
  /** Names the encoding of the value under a key. O(1). `OBJECT ENCODING key` */
  object_encoding(key: ZedisKey): string | null;
  /** Tells how often a key is used, on a logarithmic scale (LFU policies). O(1). `OBJECT FREQ key` */
  object_freq(key: ZedisKey): number | null;
  /** Lists the subcommands. O(1). `OBJECT HELP` */
  object_help(): string[];
  /** Tells how many seconds ago a key was last used. O(1). `OBJECT IDLETIME key` */
  object_idletime(key: ZedisKey): number | null;
  /** Tells how many references to the value there are. O(1). `OBJECT REFCOUNT key` */
  object_refcount(key: ZedisKey): number | null;
  /** Lets a key live for ever again. O(1). `PERSIST key` */
  persist(key: ZedisKey): number;
  /** Lets a key live for so many milliseconds. O(1). `PEXPIRE key milliseconds [NX | XX | GT | LT]` */
  pexpire(key: ZedisKey, milliseconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT")[]): number;
  /** Lets a key live until a time in milliseconds since the epoch. O(1). `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]` */
  pexpireat(key: ZedisKey, unixTimeMilliseconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT")[]): number;
  /** Tells when a key expires, in milliseconds since the epoch; -1: never, -2: there is no such key. O(1). `PEXPIRETIME key` */
  pexpiretime(key: ZedisKey): number;
  /** Tells how many milliseconds a key has left; -1: for ever, -2: there is no such key. O(1). `PTTL key` */
  pttl(key: ZedisKey): number;
  /** Picks a key of the database at random. O(1). `RANDOMKEY` */
  randomkey(): string | null;
  /** Gives a key another name and overwrites what is there. O(1). `RENAME key newkey` */
  rename(key: ZedisKey, newkey: ZedisKey): "OK";
  /** Gives a key another name if that one is free. O(1). `RENAMENX key newkey` */
  renamenx(key: ZedisKey, newkey: ZedisKey): number;
  /** Creates a key from the bytes that DUMP wrote. O(N) where N is the size of the value. `RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]` */
  restore(key: ZedisKey, ttl: ZedisValue, serializedValue: ZedisValue, ...options: readonly ("REPLACE" | "ABSTTL" | "IDLETIME" | ZedisInteger | "FREQ" | ZedisSome<ZedisValue>)[]): "OK";
  /** Lists keys of the database in steps, from a cursor on. O(COUNT) for every step, O(N) for a whole iteration over N keys. `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]` */
  scan(cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger | "TYPE")[]): [string, string[]];
  /** Sorts a list, a set or a sorted set, by its elements or by keys that they name, and returns or stores the result. O(N+M*log(M)) with N elements, M of them returned; O(N) where nothing is sorted. `SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]` */
  sort(key: ZedisKey, ...options: readonly ("BY" | ZedisSome<ZedisValue> | "LIMIT" | ZedisInteger | "GET" | "ASC" | "DESC" | "ALPHA" | "STORE" | ZedisSome<ZedisKey>)[]): (string | null)[] | number;
  /** Sorts a list, a set or a sorted set, as SORT does, and returns the result. O(N+M*log(M)) with N elements, M of them returned; O(N) where nothing is sorted. `SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]` */
  sort_ro(key: ZedisKey, ...options: readonly ("BY" | ZedisSome<ZedisValue> | "LIMIT" | ZedisInteger | "GET" | "ASC" | "DESC" | "ALPHA")[]): (string | null)[];
  /** Marks keys as used just now and counts those that exist. O(N) where N is the number of keys. `TOUCH key [key ...]` */
  touch(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Tells how many seconds a key has left; -1: for ever, -2: there is no such key. O(1). `TTL key` */
  ttl(key: ZedisKey): number;
  /** Names the type of the value under a key. O(1). `TYPE key` */
  type(key: ZedisKey): "none" | "string" | "list" | "set" | "zset" | "hash" | "stream";
  /** Deletes one or more keys and frees their values in the background. O(N) where N is the number of keys. Large values are freed by another thread. `UNLINK key [key ...]` */
  unlink(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Adds members with their positions, and moves those that are there. O(log(N)) for each member given, with N members. `GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]` */
  geoadd(key: ZedisKey, ...options: readonly ("NX" | "XX" | "CH" | ZedisSome<ZedisValue>)[]): number;
  /** Returns the distance between two members. O(1). `GEODIST key member1 member2 [M|KM|FT|MI]` */
  geodist(key: ZedisKey, member1: ZedisValue, member2: ZedisValue, ...options: readonly ("M" | "KM" | "FT" | "MI")[]): string | null;
  /** Returns the positions of members as geohash strings. O(N) in the number of members asked for. `GEOHASH key [member [member ...]]` */
  geohash(key: ZedisKey, ...options: readonly (ZedisSome<ZedisValue>)[]): (string | null)[];
  /** Returns the longitudes and latitudes of members. O(N) in the number of members asked for. `GEOPOS key [member [member ...]]` */
  geopos(key: ZedisKey, ...options: readonly (ZedisSome<ZedisValue>)[]): ([number, number] | null)[];
  /** Returns or stores the members within a distance of a position. O(N+log(M)) with N members in the cells that cover the shape, of M. `GEORADIUS key longitude latitude radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC] [STORE key|STOREDIST key]` */
  georadius(key: ZedisKey, longitude: ZedisValue, latitude: ZedisValue, radius: ZedisValue, choice: "M" | "KM" | "FT" | "MI", ...options: readonly ("WITHCOORD" | "WITHDIST" | "WITHHASH" | "COUNT" | ZedisInteger | "ANY" | "ASC" | "DESC" | "STORE" | ZedisSome<ZedisKey> | "STOREDIST")[]): unknown[] | number;
  /** Returns the members within a distance of a position. O(N+log(M)) with N members in the cells that cover the shape, of M. `GEORADIUS_RO key longitude latitude radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]` */
  georadius_ro(key: ZedisKey, longitude: ZedisValue, latitude: ZedisValue, radius: ZedisValue, choice: "M" | "KM" | "FT" | "MI", ...options: readonly ("WITHCOORD" | "WITHDIST" | "WITHHASH" | "COUNT" | ZedisInteger | "ANY" | "ASC" | "DESC")[]): unknown[];
  /** Returns or stores the members within a distance of another. O(N+log(M)) with N members in the cells that cover the shape, of M. `GEORADIUSBYMEMBER key member radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC] [STORE key|STOREDIST key]` */
  georadiusbymember(key: ZedisKey, member: ZedisValue, radius: ZedisValue, choice: "M" | "KM" | "FT" | "MI", ...options: readonly ("WITHCOORD" | "WITHDIST" | "WITHHASH" | "COUNT" | ZedisInteger | "ANY" | "ASC" | "DESC" | "STORE" | ZedisSome<ZedisKey> | "STOREDIST")[]): unknown[] | number;
  /** Returns the members within a distance of another. O(N+log(M)) with N members in the cells that cover the shape, of M. `GEORADIUSBYMEMBER_RO key member radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC|DESC]` */
  georadiusbymember_ro(key: ZedisKey, member: ZedisValue, radius: ZedisValue, choice: "M" | "KM" | "FT" | "MI", ...options: readonly ("WITHCOORD" | "WITHDIST" | "WITHHASH" | "COUNT" | ZedisInteger | "ANY" | "ASC" | "DESC")[]): unknown[];
  /** Returns the members within a circle, a box or a polygon. O(N+log(M)) with N members in the cells that cover the shape, of M. `GEOSEARCH key [FROMMEMBER member|FROMLONLAT longitude latitude] <BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>|BYPOLYGON num-vertices longitude latitude [longitude latitude ...]> [ASC|DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]` */
  geosearch(key: ZedisKey, ...options: readonly ("FROMMEMBER" | ZedisSome<ZedisValue> | "FROMLONLAT" | "BYRADIUS" | "M" | "KM" | "FT" | "MI" | "BYBOX" | "BYPOLYGON" | "ASC" | "DESC" | "COUNT" | ZedisInteger | "ANY" | "WITHCOORD" | "WITHDIST" | "WITHHASH")[]): unknown[];
  /** Stores the members within a circle, a box or a polygon under another key. O(N+log(M)) with N members in the cells that cover the shape, of M. `GEOSEARCHSTORE destination source [FROMMEMBER member|FROMLONLAT longitude latitude] <BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>|BYPOLYGON num-vertices longitude latitude [longitude latitude ...]> [ASC|DESC] [COUNT count [ANY]] [STOREDIST]` */
  geosearchstore(destination: ZedisKey, source: ZedisKey, ...options: readonly ("FROMMEMBER" | ZedisSome<ZedisValue> | "FROMLONLAT" | "BYRADIUS" | "M" | "KM" | "FT" | "MI" | "BYBOX" | "BYPOLYGON" | "ASC" | "DESC" | "COUNT" | ZedisInteger | "ANY" | "STOREDIST")[]): number;
  /** Deletes fields of a hash, and the key with the last of them. O(N) in the number of fields given. `HDEL key field [field ...]` */
  hdel(key: ZedisKey, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Tells whether a hash has a field. O(1). `HEXISTS key field` */
  hexists(key: ZedisKey, field: ZedisValue): number;
  /** Has fields of a hash expire after so many seconds. O(N) in the number of fields given. `HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]` */
  hexpire(key: ZedisKey, seconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT" | "FIELDS" | ZedisInteger | ZedisSome<ZedisValue>)[]): number[];
  /** Has fields of a hash expire at a time, in seconds since the epoch. O(N) in the number of fields given. `HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]` */
  hexpireat(key: ZedisKey, unixTimeSeconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT" | "FIELDS" | ZedisInteger | ZedisSome<ZedisValue>)[]): number[];
  /** Tells when fields of a hash expire, in seconds since the epoch; -1: never, -2: there is no such field. O(N) in the number of fields given. `HEXPIRETIME key FIELDS numfields field [field ...]` */
  hexpiretime(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number[];
  /** Returns the value of one field of a hash. O(1). `HGET key field` */
  hget(key: ZedisKey, field: ZedisValue): string | null;
  /** Returns all fields of a hash with their values. O(N) in the number of fields. `HGETALL key` */
  hgetall(key: ZedisKey): Record<string, string>;
  /** Returns the values of fields of a hash and deletes them, and the key with the last of them. O(N) in the number of fields given. `HGETDEL key FIELDS numfields field [field ...]` */
  hgetdel(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (string | null)[];
  /** Returns the values of fields of a hash, and sets when they expire or that they stay. O(N) in the number of fields given. `HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]` */
  hgetex(key: ZedisKey, ...options: readonly ("EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "PERSIST" | "FIELDS" | ZedisSome<ZedisValue>)[]): (string | null)[];
  /** Adds a number to the integer in a field of a hash; a missing field counts as 0. O(1). `HINCRBY key field increment` */
  hincrby(key: ZedisKey, field: ZedisValue, increment: ZedisInteger): number;
  /** Adds a number with a fraction to the value of a field of a hash; a missing field counts as 0. O(1). `HINCRBYFLOAT key field increment` */
  hincrbyfloat(key: ZedisKey, field: ZedisValue, increment: ZedisInteger): string;
  /** Returns the names of all fields of a hash. O(N) in the number of fields. `HKEYS key` */
  hkeys(key: ZedisKey): string[];
  /** Returns how many fields a hash has. O(1). `HLEN key` */
  hlen(key: ZedisKey): number;
  /** Returns the values of several fields of a hash, in the order asked for. O(N) in the number of fields asked for. `HMGET key field [field ...]` */
  hmget(key: ZedisKey, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (string | null)[];
  /** Sets fields of a hash, as HSET does, and returns OK. O(N) in the number of fields given. `HMSET key field value [field value ...]` */
  hmset(key: ZedisKey, field: ZedisValue, value: ZedisValue, ...more: readonly (ZedisValue)[]): "OK";
  hmset(key: ZedisKey, fields: Readonly<Record<string, ZedisValue>>): "OK";
  /** Lets fields of a hash stay for good. O(N) in the number of fields given. `HPERSIST key FIELDS numfields field [field ...]` */
  hpersist(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number[];
  /** Has fields of a hash expire after so many milliseconds. O(N) in the number of fields given. `HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]` */
  hpexpire(key: ZedisKey, milliseconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT" | "FIELDS" | ZedisInteger | ZedisSome<ZedisValue>)[]): number[];
  /** Has fields of a hash expire at a time, in milliseconds since the epoch. O(N) in the number of fields given. `HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]` */
  hpexpireat(key: ZedisKey, unixTimeMilliseconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT" | "FIELDS" | ZedisInteger | ZedisSome<ZedisValue>)[]): number[];
  /** Tells when fields of a hash expire, in milliseconds since the epoch; -1: never, -2: no such field. O(N) in the number of fields given. `HPEXPIRETIME key FIELDS numfields field [field ...]` */
  hpexpiretime(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number[];
  /** Tells in how many milliseconds fields of a hash expire; -1: never, -2: there is no such field. O(N) in the number of fields given. `HPTTL key FIELDS numfields field [field ...]` */
  hpttl(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number[];
  /** Returns random fields of a hash: different ones, or with a negative count any. O(N) in the number of fields returned. `HRANDFIELD key [count [WITHVALUES]]` */
  hrandfield(key: ZedisKey, ...options: readonly (ZedisInteger | "WITHVALUES")[]): string | null | string[] | [string, string][];
  /** Iterates over the fields and values of a hash, some at a call. O(1) for a call, O(N) for a whole iteration over N fields. `HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]` */
  hscan(key: ZedisKey, cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger | "NOVALUES")[]): [string, string[]];
  /** Sets fields of a hash and returns how many of them are new; a missing key counts as an empty hash. O(N) in the number of fields given. `HSET key field value [field value ...]` */
  hset(key: ZedisKey, field: ZedisValue, value: ZedisValue, ...more: readonly (ZedisValue)[]): number;
  hset(key: ZedisKey, fields: Readonly<Record<string, ZedisValue>>): number;
  /** Sets fields of a hash and when they expire, if all of them or none were there where that is asked. O(N) in the number of fields given. `HSETEX key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]` */
  hsetex(key: ZedisKey, ...options: readonly ("NX" | "XX" | "FNX" | "FXX" | "EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "KEEPTTL" | "FIELDS" | ZedisSome<ZedisValue>)[]): number;
  /** Sets a field of a hash only if it is not there yet. O(1). `HSETNX key field value` */
  hsetnx(key: ZedisKey, field: ZedisValue, value: ZedisValue): number;
  /** Returns the length in bytes of the value of one field of a hash. O(1). `HSTRLEN key field` */
  hstrlen(key: ZedisKey, field: ZedisValue): number;
  /** Tells in how many seconds fields of a hash expire; -1: never, -2: there is no such field. O(N) in the number of fields given. `HTTL key FIELDS numfields field [field ...]` */
  httl(key: ZedisKey, fields: "FIELDS", numfields: ZedisInteger, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number[];
  /** Returns the values of all fields of a hash. O(N) in the number of fields. `HVALS key` */
  hvals(key: ZedisKey): string[];
  /** Adds elements to a HyperLogLog, which is made where there is none. O(1) for each element. `PFADD key [element [element ...]]` */
  pfadd(key: ZedisKey, ...options: readonly (ZedisSome<ZedisValue>)[]): number;
  /** Estimates how many different elements were added to a HyperLogLog, or to several together. O(1) for one key, O(N) for the union of N keys. `PFCOUNT key [key ...]` */
  pfcount(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Adds all that was added to some HyperLogLogs to another one. O(N) for N keys. `PFMERGE destkey [sourcekey [sourcekey ...]]` */
  pfmerge(destkey: ZedisValue, ...options: readonly (ZedisSome<ZedisValue>)[]): "OK";
  /** Returns the element at an index of a list; negative indexes count from the right. O(log(N)) where N is the number of elements of the list. `LINDEX key index` */
  lindex(key: ZedisKey, index: ZedisInteger): string | null;
  /** Adds an element beside the first one that equals the pivot and returns the list's length; -1 without a pivot. O(N) where N is the number of elements to the left of the pivot, in slices that let others pass. `LINSERT key <BEFORE | AFTER> pivot element` */
  linsert(key: ZedisKey, choice: "BEFORE" | "AFTER", pivot: ZedisValue, element: ZedisValue): number;
  /** Returns how many elements a list has. O(1). `LLEN key` */
  llen(key: ZedisKey): number;
  /** Moves an element from one end of a list to one end of another, or of the same, and returns it. O(1). `LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>` */
  lmove(source: ZedisKey, destination: ZedisKey, choice: "LEFT" | "RIGHT", choice2: "LEFT" | "RIGHT"): string | null;
  /** Moves up to (COUNT) or exactly so many elements from one end of a list to one end of another: one by one (OBO), or as they stand (BULK). O(N) where N is the number of elements moved. `LMOVEM source destination <LEFT | RIGHT> <LEFT | RIGHT> [<COUNT count | EXACTLY exactly> <OBO | BULK>]` */
  lmovem(source: ZedisKey, destination: ZedisKey, choice: "LEFT" | "RIGHT", choice2: "LEFT" | "RIGHT", ...options: readonly ("COUNT" | ZedisInteger | "EXACTLY" | ZedisSome<ZedisValue> | "OBO" | "BULK")[]): string[] | null;
  /** Removes and returns elements of the first of several lists that is there. O(N+M) where N is the number of keys and M the number of elements returned. `LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]` */
  lmpop(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "LEFT" | "RIGHT" | "COUNT" | ZedisInteger)[]): [string, string[]] | null;
  /** Removes and returns the leftmost element of a list, or as many as asked for. O(1) for each element. `LPOP key [count]` */
  lpop(key: ZedisKey, count?: ZedisInteger): string | null | string[];
  /** Returns the index of an element in a list, or the indexes of those that equal it. O(N) where N is the number of elements of the list, in slices that let others pass. `LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]` */
  lpos(key: ZedisKey, element: ZedisValue, ...options: readonly ("RANK" | ZedisInteger | "COUNT" | "MAXLEN")[]): number | null | number[];
  /** Adds elements to the left of a list, one after the other, and returns its length; a missing key counts as an empty list. O(1) for each element. `LPUSH key element [element ...]` */
  lpush(key: ZedisKey, element: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Adds elements to the left of a list, as LPUSH does, only if the key is there. O(1) for each element. `LPUSHX key element [element ...]` */
  lpushx(key: ZedisKey, element: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Returns the elements of a list from one index to another. O(log(N)+M) where N is the number of elements of the list and M the number of those returned. `LRANGE key start stop` */
  lrange(key: ZedisKey, start: ZedisValue, stop: ZedisValue): string[];
  /** Removes elements that equal the one given: all of them, or so many from the left, or from the right (negative count). O(N) where N is the number of elements of the list, in slices that let others pass. `LREM key count element` */
  lrem(key: ZedisKey, count: ZedisInteger, element: ZedisValue): number;
  /** Replaces the element at an index of a list. O(log(N)) where N is the number of elements of the list. `LSET key index element` */
  lset(key: ZedisKey, index: ZedisInteger, element: ZedisValue): "OK";
  /** Keeps only the elements of a list from one index to another. O(log(N)) where N is the number of elements of the list; what goes is freed by another thread. `LTRIM key start stop` */
  ltrim(key: ZedisKey, start: ZedisValue, stop: ZedisValue): "OK";
  /** Removes and returns the rightmost element of a list, or as many as asked for, the last one first. O(1) for each element. `RPOP key [count]` */
  rpop(key: ZedisKey, count?: ZedisInteger): string | null | string[];
  /** Moves the rightmost element of a list to the left of another, and returns it. O(1). `RPOPLPUSH source destination` */
  rpoplpush(source: ZedisKey, destination: ZedisKey): string | null;
  /** Adds elements to the right of a list and returns its length; a missing key counts as an empty list. O(1) for each element. `RPUSH key element [element ...]` */
  rpush(key: ZedisKey, element: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Adds elements to the right of a list, as RPUSH does, only if the key is there. O(1) for each element. `RPUSHX key element [element ...]` */
  rpushx(key: ZedisKey, element: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Sends a message to who listens to a channel, and returns how many do. O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client). `PUBLISH channel message` */
  publish(channel: ZedisValue, message: ZedisValue): number;
  /** Sends a message to who listens to a shard channel, and returns how many do. O(N) where N is the number of clients subscribed to the receiving shard channel. `SPUBLISH shardchannel message` */
  spublish(shardchannel: ZedisValue, message: ZedisValue): number;
  /** Returns how many keys the database has. O(1). `DBSIZE` */
  dbsize(): number;
  /** Removes all keys of all databases. O(N) where N is the total number of keys in all databases. `FLUSHALL [ASYNC | SYNC]` */
  flushall(...options: readonly ("ASYNC" | "SYNC")[]): "OK";
  /** Removes all keys of the database. O(N) where N is the number of keys in the selected database. `FLUSHDB [ASYNC | SYNC]` */
  flushdb(...options: readonly ("ASYNC" | "SYNC")[]): "OK";
  /** Draws something, and tells the version. O(1). `LOLWUT [VERSION version]` */
  lolwut(...options: readonly ("VERSION" | ZedisSome<ZedisValue>)[]): string;
  /** Tells how many bytes a key takes, with its value and its place in the table. O(1). `MEMORY USAGE key [SAMPLES count]` */
  memory_usage(key: ZedisKey, ...options: readonly ("SAMPLES" | ZedisInteger)[]): number | null;
  /** Does what RESTORE does, for keys that move between the nodes of a cluster. O(N) where N is the size of the value. `RESTORE-ASKING key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]` */
  restore_asking(key: ZedisKey, ttl: ZedisValue, serializedValue: ZedisValue, ...options: readonly ("REPLACE" | "ABSTTL" | "IDLETIME" | ZedisInteger | "FREQ" | ZedisSome<ZedisValue>)[]): "OK";
  /** Exchanges two databases: every client sees the other one's keys at once. O(N) where N is the count of clients watching or blocking on keys from both databases. `SWAPDB index1 index2` */
  swapdb(index1: ZedisValue, index2: ZedisValue): "OK";
  /** Returns the server's time: seconds since 1970, and the microseconds of this second. O(1). `TIME` */
  time(): [string, string];
  /** Adds members to a set and returns how many are new; a missing key counts as an empty set. O(N) in the number of members given. `SADD key member [member ...]` */
  sadd(key: ZedisKey, member: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Returns how many members a set has. O(1). `SCARD key` */
  scard(key: ZedisKey): number;
  /** Returns the members of the first set that none of the other sets has. O(N) in the number of members of all sets together. `SDIFF key [key ...]` */
  sdiff(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): string[];
  /** Counts the members of the first set that none of the other sets has, up to a limit if one is given. O(N) in the number of members of all sets together. `SDIFFCARD numkeys key [key ...] [LIMIT limit]` */
  sdiffcard(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "LIMIT" | ZedisInteger)[]): number;
  /** Stores the members of a set that none of other sets has under a key, and returns how many they are. O(N) in the number of members of all sets together. `SDIFFSTORE destination key [key ...]` */
  sdiffstore(destination: ZedisKey, key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Returns the members that all of several sets have. O(N*M) at worst, with N members in the smallest set and M sets. `SINTER key [key ...]` */
  sinter(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): string[];
  /** Counts the members that all of several sets have, up to a limit if one is given. O(N*M) at worst, with N members in the smallest set and M sets. `SINTERCARD numkeys key [key ...] [LIMIT limit]` */
  sintercard(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "LIMIT" | ZedisInteger)[]): number;
  /** Stores the members that all of several sets have under a key, and returns how many they are. O(N*M) at worst, with N members in the smallest set and M sets. `SINTERSTORE destination key [key ...]` */
  sinterstore(destination: ZedisKey, key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Tells whether a set has a member. O(1). `SISMEMBER key member` */
  sismember(key: ZedisKey, member: ZedisValue): number;
  /** Returns all members of a set. O(N) in the number of members. `SMEMBERS key` */
  smembers(key: ZedisKey): string[];
  /** Tells for each of several members whether a set has it. O(N) in the number of members asked for. `SMISMEMBER key member [member ...]` */
  smismember(key: ZedisKey, member: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number[];
  /** Moves a member from one set to another; returns 0 where the first does not have it. O(1). `SMOVE source destination member` */
  smove(source: ZedisKey, destination: ZedisKey, member: ZedisValue): number;
  /** Removes random members from a set, and the key with the last of them, and returns them. O(N) in the number of members returned. `SPOP key [count]` */
  spop(key: ZedisKey, count?: ZedisInteger): string | null | string[];
  /** Returns random members of a set: different ones, or with a negative count any. O(N) in the number of members returned. `SRANDMEMBER key [count]` */
  srandmember(key: ZedisKey, count?: ZedisInteger): string | null | string[];
  /** Removes members from a set, and the key with the last of them; returns how many were there. O(N) in the number of members given. `SREM key member [member ...]` */
  srem(key: ZedisKey, member: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Iterates over the members of a set, some at a call. O(1) for a call, O(N) for a whole iteration over N members. `SSCAN key cursor [MATCH pattern] [COUNT count]` */
  sscan(key: ZedisKey, cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger)[]): [string, string[]];
  /** Returns the members that any of several sets has, each once. O(N) in the number of members of all sets together. `SUNION key [key ...]` */
  sunion(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): string[];
  /** Counts the members that any of several sets has, exactly or (APPROX) to about 1 %, up to a limit if one is given. O(N) in the number of members of all sets together. `SUNIONCARD numkeys key [key ...] [APPROX] [LIMIT limit]` */
  sunioncard(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "APPROX" | "LIMIT" | ZedisInteger)[]): number;
  /** Stores the members that any of several sets has under a key, and returns how many they are. O(N) in the number of members of all sets together. `SUNIONSTORE destination key [key ...]` */
  sunionstore(destination: ZedisKey, key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Adds members to a sorted set and gives those that are there their scores. O(log(N)) for each member given, with N members. `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]` */
  zadd(key: ZedisKey, ...options: readonly ("NX" | "XX" | "GT" | "LT" | "CH" | "INCR" | ZedisSome<ZedisValue>)[]): number | null;
  /** Returns how many members a sorted set has. O(1). `ZCARD key` */
  zcard(key: ZedisKey): number;
  /** Counts the members of a sorted set with scores in a range. O(log(N)) where N is the number of members. `ZCOUNT key min max` */
  zcount(key: ZedisKey, min: ZedisValue, max: ZedisValue): number;
  /** Returns the members of the first sorted set that none of the others has. O(N*K)+O(M*log(M)) at worst, with N members in the first input, K inputs and M members in the result. `ZDIFF numkeys key [key ...] [WITHSCORES]` */
  zdiff(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WITHSCORES")[]): string[] | [string, number][];
  /** Stores the members of the first sorted set that none of the others has under a key. O(N*K)+O(M*log(M)) at worst, with N members in the first input, K inputs and M members in the result. `ZDIFFSTORE destination numkeys key [key ...]` */
  zdiffstore(destination: ZedisKey, numkeys: ZedisInteger, key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** Adds a number to the score of a member of a sorted set; a missing member counts as 0. O(log(N)) with N members. `ZINCRBY key increment member` */
  zincrby(key: ZedisKey, increment: ZedisInteger, member: ZedisValue): number;
  /** Returns the members that all of several sorted sets have. O(N*K)+O(M*log(M)) at worst, with N members in the smallest input, K inputs and M members in the result. `ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>] [WITHSCORES]` */
  zinter(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WEIGHTS" | ZedisSome<ZedisValue> | "AGGREGATE" | "SUM" | "MIN" | "MAX" | "COUNT" | "WITHSCORES")[]): string[] | [string, number][];
  /** Counts the members that all of several sorted sets have, up to a limit if one is given. O(N*K) at worst, with N members in the smallest input and K inputs. `ZINTERCARD numkeys key [key ...] [LIMIT limit]` */
  zintercard(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "LIMIT" | ZedisInteger)[]): number;
  /** Stores the members that all of several sorted sets have under a key. O(N*K)+O(M*log(M)) at worst, with N members in the smallest input, K inputs and M members in the result. `ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>]` */
  zinterstore(destination: ZedisKey, numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WEIGHTS" | ZedisSome<ZedisValue> | "AGGREGATE" | "SUM" | "MIN" | "MAX" | "COUNT")[]): number;
  /** Counts the members of a sorted set in a lexicographical range. O(log(N)) where N is the number of members. `ZLEXCOUNT key min max` */
  zlexcount(key: ZedisKey, min: ZedisValue, max: ZedisValue): number;
  /** Takes members out of the first sorted set that has some and returns them. O(K) + O(M*log(N)) with K keys given, N members in the sorted set and M of them taken. `ZMPOP numkeys key [key ...] <MIN|MAX> [COUNT count]` */
  zmpop(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "MIN" | "MAX" | "COUNT" | ZedisInteger)[]): [string, [string, number][]] | null;
  /** Returns the scores of several members of a sorted set, in the order asked for. O(N) in the number of members asked for. `ZMSCORE key member [member ...]` */
  zmscore(key: ZedisKey, member: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (number | null)[];
  /** Takes the members with the highest scores out of a sorted set and returns them. O(log(N)*M) with N members, of which M are taken. `ZPOPMAX key [count]` */
  zpopmax(key: ZedisKey, count?: ZedisInteger): [string, number] | [string, number][] | [];
  /** Takes the members with the lowest scores out of a sorted set and returns them. O(log(N)*M) with N members, of which M are taken. `ZPOPMIN key [count]` */
  zpopmin(key: ZedisKey, count?: ZedisInteger): [string, number] | [string, number][] | [];
  /** Returns random members of a sorted set: different ones, or with a negative count any. O(N*log(M)) with N members returned of M. `ZRANDMEMBER key [count [WITHSCORES]]` */
  zrandmember(key: ZedisKey, ...options: readonly (ZedisInteger | "WITHSCORES")[]): string | null | string[] | [string, number][];
  /** Returns the members of a sorted set in a range of ranks, scores or bytes. O(log(N)+M) with N members, of which M are returned. `ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]` */
  zrange(key: ZedisKey, start: ZedisValue, stop: ZedisValue, ...options: readonly ("BYSCORE" | "BYLEX" | "REV" | "LIMIT" | ZedisInteger | "WITHSCORES")[]): string[] | [string, number][];
  /** Returns the members of a sorted set in a lexicographical range, in ascending order. O(log(N)+M) with N members, of which M are returned. `ZRANGEBYLEX key min max [LIMIT offset count]` */
  zrangebylex(key: ZedisKey, min: ZedisValue, max: ZedisValue, ...options: readonly ("LIMIT" | ZedisInteger)[]): string[];
  /** Returns the members of a sorted set with scores in a range, in ascending order. O(log(N)+M) with N members, of which M are returned. `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]` */
  zrangebyscore(key: ZedisKey, min: ZedisValue, max: ZedisValue, ...options: readonly ("WITHSCORES" | "LIMIT" | ZedisInteger)[]): string[] | [string, number][];
  /** Stores the members of a sorted set in a range under another key. O(log(N)+M) with N members, of which M are stored. `ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]` */
  zrangestore(dst: ZedisValue, src: ZedisValue, min: ZedisValue, max: ZedisValue, ...options: readonly ("BYSCORE" | "BYLEX" | "REV" | "LIMIT" | ZedisInteger)[]): number;
  /** Returns how many members of a sorted set stand before this one. O(log(N)) where N is the number of members. `ZRANK key member [WITHSCORE]` */
  zrank(key: ZedisKey, member: ZedisValue, ...options: readonly ("WITHSCORE")[]): number | null | [number, number];
  /** Removes members of a sorted set, and the key with the last of them. O(M*log(N)) with N members, of which M are removed. `ZREM key member [member ...]` */
  zrem(key: ZedisKey, member: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Removes the members of a sorted set in a lexicographical range. O(log(N)+M) with N members, of which M are removed. `ZREMRANGEBYLEX key min max` */
  zremrangebylex(key: ZedisKey, min: ZedisValue, max: ZedisValue): number;
  /** Removes the members of a sorted set with ranks in a range. O(log(N)+M) with N members, of which M are removed. `ZREMRANGEBYRANK key start stop` */
  zremrangebyrank(key: ZedisKey, start: ZedisValue, stop: ZedisValue): number;
  /** Removes the members of a sorted set with scores in a range. O(log(N)+M) with N members, of which M are removed. `ZREMRANGEBYSCORE key min max` */
  zremrangebyscore(key: ZedisKey, min: ZedisValue, max: ZedisValue): number;
  /** Returns the members of a sorted set in a range of ranks, counted from the highest score. O(log(N)+M) with N members, of which M are returned. `ZREVRANGE key start stop [WITHSCORES]` */
  zrevrange(key: ZedisKey, start: ZedisValue, stop: ZedisValue, ...options: readonly ("WITHSCORES")[]): string[] | [string, number][];
  /** Returns the members of a sorted set in a lexicographical range, in descending order. O(log(N)+M) with N members, of which M are returned. `ZREVRANGEBYLEX key max min [LIMIT offset count]` */
  zrevrangebylex(key: ZedisKey, max: ZedisValue, min: ZedisValue, ...options: readonly ("LIMIT" | ZedisInteger)[]): string[];
  /** Returns the members of a sorted set with scores in a range, in descending order. O(log(N)+M) with N members, of which M are returned. `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]` */
  zrevrangebyscore(key: ZedisKey, max: ZedisValue, min: ZedisValue, ...options: readonly ("WITHSCORES" | "LIMIT" | ZedisInteger)[]): string[] | [string, number][];
  /** Returns how many members of a sorted set stand after this one. O(log(N)) where N is the number of members. `ZREVRANK key member [WITHSCORE]` */
  zrevrank(key: ZedisKey, member: ZedisValue, ...options: readonly ("WITHSCORE")[]): number | null | [number, number];
  /** Iterates over the members and scores of a sorted set, some at a call. O(1) for a call, O(N) for a whole iteration over N members. `ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]` */
  zscan(key: ZedisKey, cursor: ZedisValue, ...options: readonly ("MATCH" | ZedisSome<ZedisValue> | "COUNT" | ZedisInteger | "NOSCORES")[]): [string, string[]];
  /** Returns the score of a member of a sorted set. O(1). `ZSCORE key member` */
  zscore(key: ZedisKey, member: ZedisValue): number | null;
  /** Returns the members that any of several sorted sets has. O(N)+O(M*log(M)) with N members in all inputs together and M in the result. `ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>] [WITHSCORES]` */
  zunion(numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WEIGHTS" | ZedisSome<ZedisValue> | "AGGREGATE" | "SUM" | "MIN" | "MAX" | "COUNT" | "WITHSCORES")[]): string[] | [string, number][];
  /** Stores the members that any of several sorted sets has under a key. O(N)+O(M*log(M)) with N members in all inputs together and M in the result. `ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX|COUNT>]` */
  zunionstore(destination: ZedisKey, numkeys: ZedisInteger, key: ZedisKey, ...options: readonly (ZedisSome<ZedisKey> | "WEIGHTS" | ZedisSome<ZedisValue> | "AGGREGATE" | "SUM" | "MIN" | "MAX" | "COUNT")[]): number;
  /** Acknowledges entries that a consumer of a group has dealt with. O(log(N)) for each id. `XACK key group id [id ...]` */
  xack(key: ZedisKey, group: ZedisValue, id: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Acknowledges entries for a group, and deletes them from the stream. O(log(N)) for each id and each group. `XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]` */
  xackdel(key: ZedisKey, group: ZedisValue, ...options: readonly ("KEEPREF" | "DELREF" | "ACKED" | "IDS" | ZedisSome<ZedisValue>)[]): number[];
  /** Appends an entry to a stream, under a given id or one made from the clock, and may trim the stream. O(1); O(N) in the entries trimmed, where MAXLEN or MINID trims. `XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO pid | IDMP pid iid] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]` */
  xadd(key: ZedisKey, ...options: readonly ("NOMKSTREAM" | "KEEPREF" | "DELREF" | "ACKED" | "IDMPAUTO" | ZedisSome<ZedisValue> | "IDMP" | "MAXLEN" | "MINID" | "=" | "~" | "LIMIT" | ZedisInteger | "*")[]): string | null;
  /** Makes a consumer the owner of pending entries that have waited for long, and returns them. O(log(N)+M) with M entries looked at, ten times COUNT at most. `XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]` */
  xautoclaim(key: ZedisKey, group: ZedisValue, consumer: ZedisValue, minIdleTime: ZedisValue, start: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger | "JUSTID")[]): [string, unknown[], string[]];
  /** Sets for how long a stream remembers the messages of idempotent producers, and how many of each. O(1). `XCFGSET key [IDMP-DURATION duration] [IDMP-MAXSIZE maxsize]` */
  xcfgset(key: ZedisKey, ...options: readonly ("IDMP-DURATION" | ZedisSome<ZedisValue> | "IDMP-MAXSIZE")[]): "OK";
  /** Makes a consumer the owner of pending entries that another did not acknowledge, and returns them. O(log(N)) for each id. `XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]` */
  xclaim(key: ZedisKey, group: ZedisValue, consumer: ZedisValue, minIdleTime: ZedisValue, id: ZedisValue, ...options: readonly (ZedisSome<ZedisValue> | "IDLE" | "TIME" | ZedisInteger | "RETRYCOUNT" | "FORCE" | "JUSTID" | "LASTID")[]): unknown[];
  /** Deletes entries of a stream by their ids. O(log(N)) for each entry deleted. `XDEL key id [id ...]` */
  xdel(key: ZedisKey, id: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** Deletes entries of a stream, and says what becomes of the references that groups have to them. O(log(N)) for each entry deleted and each group. `XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]` */
  xdelex(key: ZedisKey, ...options: readonly ("KEEPREF" | "DELREF" | "ACKED" | "IDS" | ZedisSome<ZedisValue>)[]): number[];
  /** Makes a group of consumers. O(1). `XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]` */
  xgroup_create(key: ZedisKey, group: ZedisValue, choice: ZedisSome<ZedisValue> | "$", ...options: readonly ("MKSTREAM" | "ENTRIESREAD" | ZedisSome<ZedisValue>)[]): "OK";
  /** Makes a consumer of a group. O(1). `XGROUP CREATECONSUMER key group consumer` */
  xgroup_createconsumer(key: ZedisKey, group: ZedisValue, consumer: ZedisValue): number;
  /** Deletes a consumer, and returns how many entries were pending for it. O(N) in the pending entries of the group. `XGROUP DELCONSUMER key group consumer` */
  xgroup_delconsumer(key: ZedisKey, group: ZedisValue, consumer: ZedisValue): number;
  /** Destroys a group of consumers. O(1). `XGROUP DESTROY key group` */
  xgroup_destroy(key: ZedisKey, group: ZedisValue): number;
  /** Lists the subcommands. O(1). `XGROUP HELP` */
  xgroup_help(): string[];
  /** Sets the id that a group has read last. O(1). `XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]` */
  xgroup_setid(key: ZedisKey, group: ZedisValue, choice: ZedisSome<ZedisValue> | "$", ...options: readonly ("ENTRIESREAD" | ZedisSome<ZedisValue>)[]): "OK";
  /** Notes which message of an idempotent producer an entry was; the log and replicas need it. O(1). `XIDMPRECORD key pid iid stream-id` */
  xidmprecord(key: ZedisKey, pid: ZedisValue, iid: ZedisValue, streamId: ZedisValue): "OK";
  /** Lists the consumers of a group. O(N) in the consumers. `XINFO CONSUMERS key group` */
  xinfo_consumers(key: ZedisKey, group: ZedisValue): Record<string, unknown>[];
  /** Lists the groups of a stream. O(N) in the groups. `XINFO GROUPS key` */
  xinfo_groups(key: ZedisKey): Record<string, unknown>[];
  /** Lists the subcommands. O(1). `XINFO HELP` */
  xinfo_help(): string[];
  /** Tells what is known of a stream, with FULL also of its entries, groups, consumers and pending entries. O(1); O(N) in what is listed with FULL. `XINFO STREAM key [FULL [COUNT count]]` */
  xinfo_stream(key: ZedisKey, ...options: readonly ("FULL" | "COUNT" | ZedisInteger)[]): Record<string, unknown>;
  /** Returns how many entries a stream has. O(1). `XLEN key` */
  xlen(key: ZedisKey): number;
  /** Gives pending entries back to their group, for other consumers to claim. O(log(N)) for each id. `XNACK key group <SILENT | FAIL | FATAL> IDS numids id [id ...] [RETRYCOUNT count] [FORCE]` */
  xnack(key: ZedisKey, group: ZedisValue, choice: "SILENT" | "FAIL" | "FATAL", ids: "IDS", numids: ZedisValue, id: ZedisValue, ...options: readonly (ZedisSome<ZedisValue> | "RETRYCOUNT" | ZedisInteger | "FORCE")[]): number;
  /** Returns the entries that were delivered to consumers of a group and not acknowledged, or a summary of them. O(N) in the entries returned, or looked at where IDLE leaves some out; O(N) in the consumers for the summary. `XPENDING key group [[IDLE min-idle-time] start end count [consumer]]` */
  xpending(key: ZedisKey, group: ZedisValue, ...options: readonly ("IDLE" | ZedisSome<ZedisValue> | ZedisInteger)[]): unknown[];
  /** Returns the entries of a stream between two ids, in their order. O(log(N)+M) with M entries returned, in slices that let others pass. `XRANGE key start end [COUNT count]` */
  xrange(key: ZedisKey, start: ZedisValue, end: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger)[]): [string, string[]][] | null;
  /** Returns the entries of streams that come after given ids, and may wait for some to come. O(log(N)+M) for each stream, with M entries returned, in slices that let others pass. `XREAD [COUNT count] [MAXCOUNT maxcount] [MAXSIZE maxsize] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]` */
  xread(...options: readonly ("COUNT" | ZedisInteger | "MAXCOUNT" | ZedisSome<ZedisValue> | "MAXSIZE" | "BLOCK" | "STREAMS" | ZedisSome<ZedisKey>)[]): Record<string, [string, string[]][]> | null;
  /** Returns entries of streams to a consumer of a group, new ones or those pending for it, and may wait for some. O(log(N)+M) for each stream, with M entries returned, in slices that let others pass. `XREADGROUP GROUP group consumer [COUNT count] [MAXCOUNT maxcount] [MAXSIZE maxsize] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key [key ...] id [id ...]` */
  xreadgroup(group: "GROUP", group2: ZedisValue, consumer: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger | "MAXCOUNT" | ZedisSome<ZedisValue> | "MAXSIZE" | "BLOCK" | "CLAIM" | "NOACK" | "STREAMS" | ZedisSome<ZedisKey>)[]): Record<string, [string, string[]][]> | null;
  /** Returns the entries of a stream between two ids, the newest first. O(log(N)+M) with M entries returned, in slices that let others pass. `XREVRANGE key end start [COUNT count]` */
  xrevrange(key: ZedisKey, end: ZedisValue, start: ZedisValue, ...options: readonly ("COUNT" | ZedisInteger)[]): [string, string[]][] | null;
  /** Sets the id that a stream has given last. O(1). `XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]` */
  xsetid(key: ZedisKey, lastId: ZedisValue, ...options: readonly ("ENTRIESADDED" | ZedisSome<ZedisValue> | "MAXDELETEDID")[]): "OK";
  /** Takes the oldest entries of a stream away, down to a length or up to an id. O(N) in the entries trimmed; whole blocks of them go at once. `XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]` */
  xtrim(key: ZedisKey, choice: "MAXLEN" | "MINID", ...options: readonly ("=" | "~" | ZedisSome<ZedisValue> | "LIMIT" | ZedisInteger | "KEEPREF" | "DELREF" | "ACKED")[]): number;
  /** Adds a tail to the string value of a key; a missing key counts as empty. O(1) amortised, for a short tail: the room a value has doubles as it grows. `APPEND key value` */
  append(key: ZedisKey, value: ZedisValue): number;
  /** Takes one from the integer value of a key; a missing key counts as 0. O(1). `DECR key` */
  decr(key: ZedisKey): number;
  /** Takes a number from the integer value of a key; a missing key counts as 0. O(1). `DECRBY key decrement` */
  decrby(key: ZedisKey, decrement: ZedisInteger): number;
  /** Deletes a key if its string value, or the digest of that, is or is not the one given. O(1); O(N) for IFDEQ and IFDNE, where N is the length of the value. `DELEX key [IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest]` */
  delex(key: ZedisKey, ...options: readonly ("IFEQ" | ZedisSome<ZedisValue> | "IFNE" | "IFDEQ" | "IFDNE")[]): number;
  /** Deletes a key if its string value is the one given. O(1). `DELIFEQ key value` */
  delifeq(key: ZedisKey, value: ZedisValue): number;
  /** Returns the XXH3 hash of a string value, as 16 hexadecimal digits. O(N) where N is the length of the value. `DIGEST key` */
  digest(key: ZedisKey): string | null;
  /** Returns the string value of a key. O(1). `GET key` */
  get(key: ZedisKey): string | null;
  /** Returns the string value of a key and removes the key. O(1). `GETDEL key` */
  getdel(key: ZedisKey): string | null;
  /** Returns the string value of a key, and sets or removes its expiry if told to. O(1). `GETEX key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]` */
  getex(key: ZedisKey, ...options: readonly ("EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "PERSIST")[]): string | null;
  /** Returns part of a string value, by its first and last byte. O(N) where N is the length of the part that is returned. `GETRANGE key start end` */
  getrange(key: ZedisKey, start: ZedisValue, end: ZedisValue): string;
  /** Sets a key to a new string value and returns the one before. O(1). `GETSET key value` */
  getset(key: ZedisKey, value: ZedisValue): string | null;
  /** Adds one to the integer value of a key; a missing key counts as 0. O(1). `INCR key` */
  incr(key: ZedisKey): number;
  /** Adds a number to the integer value of a key; a missing key counts as 0. O(1). `INCRBY key increment` */
  incrby(key: ZedisKey, increment: ZedisInteger): number;
  /** Adds a number with a fraction to the value of a key; a missing key counts as 0. O(1). `INCRBYFLOAT key increment` */
  incrbyfloat(key: ZedisKey, increment: ZedisInteger): string;
  /** Adds to the number under a key, within bounds and with an expiry if told to; returns the new value and what was added. O(1). `INCREX key [NX|XX] [BYFLOAT float|BYINT integer] [SATURATE] [LBOUND lowerbound] [UBOUND upperbound] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST] [ENX]` */
  increx(key: ZedisKey, ...options: readonly ("NX" | "XX" | "BYFLOAT" | ZedisInteger | "BYINT" | ZedisSome<ZedisValue> | "SATURATE" | "LBOUND" | "UBOUND" | "EX" | "PX" | "EXAT" | "PXAT" | "PERSIST" | "ENX")[]): [number, number] | [string, string];
  /** Finds the longest common subsequence of two string values. O(N*M) where N and M are the lengths of the two strings; 64 pairs of bytes are one step. `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]` */
  lcs(key1: ZedisKey, key2: ZedisKey, ...options: readonly ("LEN" | "IDX" | "MINMATCHLEN" | ZedisInteger | "WITHMATCHLEN")[]): string | number | Record<string, unknown>;
  /** Returns the string values of several keys, null for each that is missing or no string. O(N) where N is the number of keys. `MGET key [key ...]` */
  mget(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): (string | null)[];
  /** Sets several keys to string values, in one step. O(N) where N is the number of keys. `MSET key value [key value ...]` */
  mset(key: ZedisKey, value: ZedisValue, ...more: readonly (ZedisKey | ZedisValue)[]): "OK";
  mset(keys: Readonly<Record<string, ZedisValue>>): "OK";
  /** Sets several keys to string values with one expiry, in one step, on conditions if told to. O(N) where N is the number of keys. `MSETEX numkeys key value [key value ...] [NX|XX] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]` */
  msetex(numkeys: ZedisInteger, key: ZedisKey, value: ZedisValue, ...options: readonly (ZedisSome<ZedisKey> | ZedisSome<ZedisValue> | "NX" | "XX" | "EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "KEEPTTL")[]): number;
  /** Sets several keys to string values, only if every one of them is missing. O(N) where N is the number of keys. `MSETNX key value [key value ...]` */
  msetnx(key: ZedisKey, value: ZedisValue, ...more: readonly (ZedisKey | ZedisValue)[]): number;
  msetnx(keys: Readonly<Record<string, ZedisValue>>): number;
  /** Sets a key to a string value that expires after so many milliseconds. O(1). `PSETEX key milliseconds value` */
  psetex(key: ZedisKey, milliseconds: ZedisInteger, value: ZedisValue): "OK";
  /** Sets a key to a string value, whatever its type was, on conditions and with an expiry if told to. O(1); O(N) for IFDEQ and IFDNE, where N is the length of the value that is there. `SET key value [NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]` */
  set(key: ZedisKey, value: ZedisValue, ...options: readonly ("NX" | "XX" | "IFEQ" | ZedisSome<ZedisValue> | "IFNE" | "IFDEQ" | "IFDNE" | "GET" | "EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "KEEPTTL")[]): "OK" | string | null;
  /** Sets a key to a string value that expires after so many seconds. O(1). `SETEX key seconds value` */
  setex(key: ZedisKey, seconds: ZedisInteger, value: ZedisValue): "OK";
  /** Sets a key to a string value only if the key is missing. O(1). `SETNX key value` */
  setnx(key: ZedisKey, value: ZedisValue): number;
  /** Overwrites part of a string value from an offset on; zero bytes fill a gap before it. O(M) where M is the length of the value argument, and of the zero bytes where it starts beyond the end. `SETRANGE key offset value` */
  setrange(key: ZedisKey, offset: ZedisInteger, value: ZedisValue): number;
  /** Returns the length of a string value, in bytes. O(1). `STRLEN key` */
  strlen(key: ZedisKey): number;
  /** Returns part of a string value, by its first and last byte. O(N) where N is the length of the part that is returned. `SUBSTR key start end` */
  substr(key: ZedisKey, start: ZedisValue, end: ZedisValue): string;
  /** Adds a member with its vector to a vector set, or gives a member another vector. O(log(N)) where N is the number of members. `VADD key [REDUCE dim] <FP32 | VALUES> vector element [CAS] [NOQUANT | Q8 | BIN] [EF build-exploration-factor] [SETATTR attributes] [M numlinks]` */
  vadd(key: ZedisKey, ...options: readonly ("REDUCE" | ZedisSome<ZedisValue> | "FP32" | "VALUES" | "CAS" | "NOQUANT" | "Q8" | "BIN" | "EF" | "SETATTR" | "M")[]): boolean | number;
  /** Returns how many members a vector set has. O(1). `VCARD key` */
  vcard(key: ZedisKey): number;
  /** Returns how many dimensions the vectors of a set have. O(1). `VDIM key` */
  vdim(key: ZedisKey): number;
  /** Returns the vector of a member, or with RAW the bytes that are stored for it. O(1). `VEMB key element [RAW]` */
  vemb(key: ZedisKey, element: ZedisValue, ...options: readonly ("RAW")[]): number[] | [string, string, number, number?] | null;
  /** Returns the attributes of a member. O(1). `VGETATTR key element` */
  vgetattr(key: ZedisKey, element: ZedisValue): string | null;
  /** Describes a vector set: how vectors are stored, how many there are, what the graph looks like. O(1). `VINFO key` */
  vinfo(key: ZedisKey): Record<string, string | number> | null;
  /** Tells whether a vector set has a member. O(1). `VISMEMBER key element` */
  vismember(key: ZedisKey, element: ZedisValue): boolean | number;
  /** Returns the neighbours of a member in the graph, level by level from the highest. O(1). `VLINKS key element [WITHSCORES]` */
  vlinks(key: ZedisKey, element: ZedisValue, ...options: readonly ("WITHSCORES")[]): string[][] | Record<string, number>[] | null;
  /** Returns random members of a vector set: different ones, or with a negative count any. O(N) in the number of members returned; O(members of the set) for more than 1,000 different ones. `VRANDMEMBER key [count]` */
  vrandmember(key: ZedisKey, count?: ZedisInteger): string | null | string[];
  /** Returns the members of a vector set between two names, in the order of names. O(log(N)+M) where N is the number of members and M the number returned, in slices that let others pass. `VRANGE key start end [count]` */
  vrange(key: ZedisKey, start: ZedisValue, end: ZedisValue, count?: ZedisInteger): string[];
  /** Removes a member from a vector set, and the key with the last of them. O(log(N)) where N is the number of members. `VREM key element` */
  vrem(key: ZedisKey, element: ZedisValue): boolean | number;
  /** Sets the attributes of a member, which are JSON text for filters; an empty text removes them. O(1). `VSETATTR key element json` */
  vsetattr(key: ZedisKey, element: ZedisValue, json: ZedisValue): boolean | number;
  /** Returns the members whose vectors are nearest to a vector, or to that of a member. O(log(N)) where N is the number of members; O(N) with TRUTH, in slices that let others pass. `VSIM key <ELE | FP32 | VALUES> vector-or-element [WITHSCORES] [WITHATTRIBS] [COUNT count] [EPSILON max-distance] [EF search-exploration-factor] [FILTER expression] [FILTER-EF max-filtering-effort] [TRUTH] [NOTHREAD]` */
  vsim(key: ZedisKey, choice: "ELE" | "FP32" | "VALUES", vectorOrElement: ZedisValue, ...options: readonly ("WITHSCORES" | "WITHATTRIBS" | "COUNT" | ZedisInteger | "EPSILON" | ZedisSome<ZedisValue> | "EF" | "FILTER" | "FILTER-EF" | "TRUTH" | "NOTHREAD")[]): string[] | Record<string, unknown>;
}

/** The store, inside a procedure: all calls of one FCALL happen at once or not at all. */
declare const Zedis: ZedisApi;
