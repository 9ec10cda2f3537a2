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
  object_encoding(key: ZedisKey): Uint8Array | null;
  type(key: ZedisKey): Uint8Array;
  hget(key: ZedisKey, field: ZedisValue): Uint8Array | null;
  hgetall(key: ZedisKey): Record<string, Uint8Array>;
  hincrbyfloat(key: ZedisKey, field: ZedisValue, increment: ZedisInteger): Uint8Array;
  hkeys(key: ZedisKey): Uint8Array[];
  hmget(key: ZedisKey, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (Uint8Array | null)[];
  hvals(key: ZedisKey): Uint8Array[];
  flushall(...options: readonly ("ASYNC" | "SYNC")[]): Uint8Array;
  get(key: ZedisKey): Uint8Array | null;
  getdel(key: ZedisKey): Uint8Array | null;
  getex(key: ZedisKey, ...options: readonly ("EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "PERSIST")[]): Uint8Array | null;
  getrange(key: ZedisKey, start: ZedisInteger, end: ZedisInteger): Uint8Array;
  getset(key: ZedisKey, value: ZedisValue): Uint8Array | null;
  incrbyfloat(key: ZedisKey, increment: ZedisInteger): Uint8Array;
  mget(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): (Uint8Array | null)[];
  mset(key: ZedisKey, value: ZedisValue, ...more: readonly (ZedisKey | ZedisValue)[]): Uint8Array;
  mset(keys: Readonly<Record<string, ZedisValue>>): Uint8Array;
  set(key: ZedisKey, value: ZedisValue, ...options: readonly ("NX" | "XX" | "GET" | "EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "KEEPTTL")[]): "OK" | Uint8Array | null;
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
  /** A line in the server's log. */
  log(...values: readonly unknown[]): void;
  /** Milliseconds since 1970; one value throughout a call. */
  now(): number;
  /** The same commands with bytes in their replies. */
  readonly bytes: ZedisBytes;
  /** The del command. O(1). `DEL key [key ...]` */
  del(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** The exists command. O(1). `EXISTS key [key ...]` */
  exists(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): number;
  /** The expire command. O(1). `EXPIRE key seconds [NX | XX | GT | LT]` */
  expire(key: ZedisKey, seconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT")[]): number;
  /** The object|encoding command. O(1). `OBJECT ENCODING key` */
  object_encoding(key: ZedisKey): string | null;
  /** PERSIST. O(1). `PERSIST key` */
  persist(key: ZedisKey): number;
  /** PEXPIRE. O(1). `PEXPIRE key milliseconds [NX | XX | GT | LT]` */
  pexpire(key: ZedisKey, milliseconds: ZedisInteger, ...options: readonly ("NX" | "XX" | "GT" | "LT")[]): number;
  /** PTTL. O(1). `PTTL key` */
  pttl(key: ZedisKey): number;
  /** RENAME. O(1). `RENAME key newkey` */
  rename(key: ZedisKey, newkey: ZedisKey): "OK";
  /** The ttl command. O(1). `TTL key` */
  ttl(key: ZedisKey): number;
  /** The type command. O(1). `TYPE key` */
  type(key: ZedisKey): string;
  /** The hdel command. O(1). `HDEL key field [field ...]` */
  hdel(key: ZedisKey, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): number;
  /** HEXISTS. O(1). `HEXISTS key field` */
  hexists(key: ZedisKey, field: ZedisValue): number;
  /** The hget command. O(1). `HGET key field` */
  hget(key: ZedisKey, field: ZedisValue): string | null;
  /** The hgetall command. O(1). `HGETALL key` */
  hgetall(key: ZedisKey): Record<string, string>;
  /** The hincrby command. O(1). `HINCRBY key field increment` */
  hincrby(key: ZedisKey, field: ZedisValue, increment: ZedisInteger): number;
  /** The hincrbyfloat command. O(1). `HINCRBYFLOAT key field increment` */
  hincrbyfloat(key: ZedisKey, field: ZedisValue, increment: ZedisInteger): string;
  /** HKEYS. O(1). `HKEYS key` */
  hkeys(key: ZedisKey): string[];
  /** HLEN. O(1). `HLEN key` */
  hlen(key: ZedisKey): number;
  /** HMGET. O(1). `HMGET key field [field ...]` */
  hmget(key: ZedisKey, field: ZedisSome<ZedisValue>, ...more: readonly ZedisSome<ZedisValue>[]): (string | null)[];
  /** The hset command. O(1). `HSET key field value [field value ...]` */
  hset(key: ZedisKey, field: ZedisValue, value: ZedisValue, ...more: readonly (ZedisValue)[]): number;
  hset(key: ZedisKey, fields: Readonly<Record<string, ZedisValue>>): number;
  /** HSETNX. O(1). `HSETNX key field value` */
  hsetnx(key: ZedisKey, field: ZedisValue, value: ZedisValue): number;
  /** HVALS. O(1). `HVALS key` */
  hvals(key: ZedisKey): string[];
  /** The dbsize command. O(1). `DBSIZE` */
  dbsize(): number;
  /** The flushall command. O(1). `FLUSHALL [ASYNC | SYNC]` */
  flushall(...options: readonly ("ASYNC" | "SYNC")[]): string;
  /** The append command. O(1). `APPEND key value` */
  append(key: ZedisKey, value: ZedisValue): number;
  /** The decr command. O(1). `DECR key` */
  decr(key: ZedisKey): number;
  /** The decrby command. O(1). `DECRBY key decrement` */
  decrby(key: ZedisKey, decrement: ZedisInteger): number;
  /** Returns the string value of a key. O(1). `GET key` */
  get(key: ZedisKey): string | null;
  /** GETDEL. O(1). `GETDEL key` */
  getdel(key: ZedisKey): string | null;
  /** GETEX. O(1). `GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]` */
  getex(key: ZedisKey, ...options: readonly ("EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "PERSIST")[]): string | null;
  /** The getrange command. O(1). `GETRANGE key start end` */
  getrange(key: ZedisKey, start: ZedisInteger, end: ZedisInteger): string;
  /** GETSET. O(1). `GETSET key value` */
  getset(key: ZedisKey, value: ZedisValue): string | null;
  /** Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist. O(1). `INCR key` */
  incr(key: ZedisKey): number;
  /** The incrby command. O(1). `INCRBY key increment` */
  incrby(key: ZedisKey, increment: ZedisInteger): number;
  /** INCRBYFLOAT. O(1). `INCRBYFLOAT key increment` */
  incrbyfloat(key: ZedisKey, increment: ZedisInteger): string;
  /** The mget command. O(1). `MGET key [key ...]` */
  mget(key: ZedisSome<ZedisKey>, ...more: readonly ZedisSome<ZedisKey>[]): (string | null)[];
  /** The mset command. O(1). `MSET key value [key value ...]` */
  mset(key: ZedisKey, value: ZedisValue, ...more: readonly (ZedisKey | ZedisValue)[]): string;
  mset(keys: Readonly<Record<string, ZedisValue>>): string;
  /** PSETEX. O(1). `PSETEX key milliseconds value` */
  psetex(key: ZedisKey, milliseconds: ZedisInteger, value: ZedisValue): "OK";
  /** Sets the string value of a key, ignoring its type. The key is created if it doesn't exist. O(1). `SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]` */
  set(key: ZedisKey, value: ZedisValue, ...options: readonly ("NX" | "XX" | "GET" | "EX" | ZedisInteger | "PX" | "EXAT" | "PXAT" | "KEEPTTL")[]): "OK" | string | null;
  /** SETEX. O(1). `SETEX key seconds value` */
  setex(key: ZedisKey, seconds: ZedisInteger, value: ZedisValue): "OK";
  /** SETNX. O(1). `SETNX key value` */
  setnx(key: ZedisKey, value: ZedisValue): number;
  /** The strlen command. O(1). `STRLEN key` */
  strlen(key: ZedisKey): number;
}

/** The store, inside a procedure: all calls of one FCALL happen at once or not at all. */
declare const Zedis: ZedisApi;
