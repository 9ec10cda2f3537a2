/** Every command that a procedure can call is the command that it is: the same reply, or the same error, as from a client. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { isCallable, memberName, type TableRow } from "../../runtime/host/commands.ts";
import { libraryPath } from "../../src/core/build.ts";
import { loadNative } from "../../src/core/ffi.ts";
import { type Reply, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const library = libraryPath();
const rows: readonly TableRow[] = existsSync(library) ? loadNative(library).table().filter(isCallable) : [];

/** Replies that are another every time, or bytes that are no text. */
const OWN_WAY = new Set(["lolwut", "time", "randomkey", "memory|stats", "memory|doctor", "dump"]);
const FILL: readonly string[] = [
  "SET text 5",
  "RPUSH list 1",
  "SADD set a",
  "ZADD zset 1 a",
  "HSET hash f 1",
  "XADD stream 1-1 f v",
  "GEOADD geo 13.3 38.1 a",
  "VADD vector VALUES 2 1 0.5 a",
  "ARSET array 0 x",
];
const KEY_OF: Readonly<Record<string, string>> = {
  string: "text",
  bitmap: "text",
  hyperloglog: "text",
  list: "list",
  set: "set",
  "sorted-set": "zset",
  hash: "hash",
  stream: "stream",
  geo: "geo",
  vector: "vector",
  vector_set: "vector",
  array: "array",
};

/** As many arguments as the command takes at least: a key of its type, then numbers. */
function argumentsFor(row: TableRow): string[] {
  const count = Math.abs(row.arity) - row.name.split("|").length;
  return Array.from({ length: count }, (_, index) => (index === 0 ? (KEY_OF[row.group] ?? "text") : String(index)));
}

/** A reply, whichever way it is told: texts and numbers of all kinds alike, maps and sets as lists, an error without its place in the source. */
function plain(reply: Reply): unknown {
  if ("items" in reply) return reply.items.map(plain);
  switch (reply.kind) {
    case "error":
      return `-${reply.text.replace(/ \(run at every\.ts:\d+:\d+\)$/, "")}`;
    case "null":
    case "nilArray":
    case "nilBulk":
      return null;
    case "integer":
    case "boolean":
      return String(reply.value);
    default:
      return "text" in reply ? reply.text : textOf(reply);
  }
}

async function refill(wire: Wire): Promise<void> {
  for (const command of ["FLUSHALL", ...FILL]) {
    const reply = await wire.call(command);
    if (reply.kind === "error") throw new Error(`${command}: ${textOf(reply)}`);
  }
}

const procedures = suite({ kind: "zedis" });

// Without a built library there is no table of commands; `bun run test` builds it first.
describe.skipIf(rows.length === 0)("a command called from", () => {
  for (const engine of ["jsc", "quickjs"]) {
    test(`${engine} replies as to a client`, async () => {
      const wire = await procedures.server.connect(3);
      const source = `#!ts name=every engine=${engine}
export function run(name: string, ...values: string[]): unknown { return (Zedis as any)[name](...values); }`;
      await wire.call(["FUNCTION", "LOAD", "REPLACE", source]);
      const different: string[] = [];
      for (const row of rows.filter(({ name }) => !OWN_WAY.has(name))) {
        const values = argumentsFor(row);
        await refill(wire);
        const direct = await wire.call([...row.name.split("|"), ...values]);
        await refill(wire);
        const called = await wire.call(["FCALL", "run", "0", memberName(row), ...values]);
        if (JSON.stringify(plain(direct)) !== JSON.stringify(plain(called)))
          different.push(`${row.name} ${values.join(" ")}: ${show(called)}, not ${show(direct)}`);
      }
      await wire.close();
      expect(different).toEqual([]);
    });
  }
});

/** Calls whose replies have many forms, on what `MORE` puts there. */
const MORE: readonly string[] = [
  "RPUSH list 2 3 1 2",
  "SADD set b c",
  "ZADD zset 2 b 3.5 c",
  "HSET hash g 2 h 3",
  "HEXPIRE hash 100 FIELDS 1 g",
  "XADD stream 2-1 f v g w",
  "XGROUP CREATE stream g 0",
  "XREADGROUP GROUP g c COUNT 1 STREAMS stream >",
  "GEOADD geo 15.1 37.5 b",
  "VADD vector VALUES 2 0.5 1 b SETATTR {}",
  "ARSET array 1 5 7",
  "SET other ohmytext",
  "PFADD hll a b",
];
const CALLS: readonly string[] = `
  get text; get none; set new v; set new v GET; set text v NX; set text v GET EX 10; getex text; getdel none
  mget text none; mset a 1 b 2; msetnx a 1; incrbyfloat text 0.5; getrange text 0 1; lcs text other; lcs text other LEN
  lcs text other IDX; append text x; strlen none; digest text; digest none; setrange text 3 x; increx text
  increx text BYFLOAT 0.5; delex text IFEQ 5; msetex 1 a 1 EX 10; substr text 0 1; getset none v; expire text 10; ttl text
  pttl none; expiretime text; persist text; type text; type none; type stream; copy text t2; object_encoding text
  object_encoding none; object_freq none; object_idletime text; object_refcount text; object_help; rename text t2; scan 0
  scan 0 COUNT 100 TYPE hash; keys *; randomkey; sort list; sort list GET none; sort list STORE d; sort_ro list LIMIT 0 2
  touch text none; exists text text; del text none; unlink none; dump text; dump none; dbsize; lpush list x; lpushx none x
  lpop list; lpop none; lpop list 2; lpop none 2; rpop list 0; lrange list 0 -1; lindex list 9; linsert list BEFORE 1 0
  llen none; lpos list 2; lpos list 9; lpos list 2 COUNT 0; lrem list 0 2; lset list 0 x; ltrim list 0 1
  lmove list d LEFT RIGHT; lmove none d LEFT RIGHT; lmpop 1 list LEFT; lmpop 1 none LEFT; rpoplpush list d; sadd set z
  smembers set; smembers none; sismember set a; smismember set a z; spop set; spop none; spop set 2; srem set a
  srandmember set; srandmember set 2; srandmember none; srandmember none 2; smove set d a; sinter set set
  sintercard 1 set; sunion set none; sdiff set none; sunionstore d set; sscan set 0; scard set; zadd zset 9 z
  zadd zset INCR 1 a; zadd zset NX INCR 1 a; zincrby zset 1 a; zscore zset a; zscore zset none; zmscore zset a none
  zrange zset 0 -1; zrange zset 0 -1 WITHSCORES; zrange zset (1 +inf BYSCORE LIMIT 0 1; zrevrange zset 0 -1 WITHSCORES
  zrangebyscore zset -inf +inf; zrangebyscore zset -inf +inf WITHSCORES; zrevrangebyscore zset +inf -inf WITHSCORES
  zrangebylex zset - +; zrank zset a; zrank zset none; zrank zset a WITHSCORE; zrank zset none WITHSCORE
  zrevrank zset a WITHSCORE; zcount zset 0 9; zlexcount zset - +; zpopmin zset; zpopmin zset 2; zpopmin none
  zpopmax none 2; zmpop 1 zset MIN; zmpop 1 none MIN COUNT 2; zrandmember zset; zrandmember none; zrandmember zset 2
  zrandmember zset 2 WITHSCORES; zunion 1 zset; zunion 1 zset WITHSCORES; zinter 1 zset WITHSCORES; zdiff 1 zset
  zdiff 1 zset WITHSCORES; zintercard 1 zset; zunionstore d 1 zset; zrangestore d zset 0 1; zscan zset 0; zrem zset a
  zremrangebyrank zset 0 0; zremrangebyscore zset 0 1; zremrangebylex zset - +; zcard zset; hget hash f; hget hash none
  hgetall hash; hgetall none; hset hash f 1 i 2; hmset hash f 1; hsetnx hash f 1; hincrby hash f 1
  hincrbyfloat hash f 0.5; hkeys hash; hvals hash; hlen hash; hmget hash f none; hexists hash f; hstrlen hash f
  hdel hash f; hrandfield hash; hrandfield none; hrandfield hash 2; hrandfield hash 2 WITHVALUES; hscan hash 0
  hscan hash 0 NOVALUES; hexpire hash 10 FIELDS 1 f; hpexpire none 10 FIELDS 1 f; httl hash FIELDS 2 f g
  hpttl none FIELDS 1 f; hpersist hash FIELDS 1 g; hexpiretime hash FIELDS 1 g; hgetdel hash FIELDS 2 f none
  hgetex hash EX 10 FIELDS 1 f; hgetex none FIELDS 1 f; hsetex hash EX 9 FIELDS 1 z 1; xadd stream * f v
  xadd none NOMKSTREAM * f v; xlen stream; xrange stream - +; xrange none - +; xrevrange stream + - COUNT 1
  xread STREAMS stream 0; xread STREAMS stream $; xread STREAMS none 0; xreadgroup GROUP g c STREAMS stream >
  xreadgroup GROUP g c STREAMS stream 0; xack stream g 1-1; xpending stream g; xpending stream g - + 9
  xclaim stream g d 0 1-1; xclaim stream g d 0 1-1 JUSTID; xautoclaim stream g d 0 0; xautoclaim stream g d 0 0 JUSTID
  xinfo_stream stream; xinfo_stream stream FULL; xinfo_groups stream; xinfo_consumers stream g; xgroup_create stream h $
  xgroup_createconsumer stream g e; xgroup_delconsumer stream g c; xgroup_destroy stream g; xgroup_setid stream g 0
  xdel stream 1-1; xdelex stream IDS 1 1-1; xackdel stream g IDS 1 1-1; xtrim stream MAXLEN 1; xsetid stream 9-9
  geoadd geo 1 1 z; geodist geo a b; geodist geo a none; geohash geo a none; geopos geo a none
  geosearchstore d geo FROMMEMBER a BYRADIUS 500 km; geosearch geo FROMMEMBER a BYRADIUS 500 km ASC
  geosearch geo FROMMEMBER a BYRADIUS 500 km WITHCOORD WITHDIST WITHHASH; georadius geo 15 37 200 km
  georadius geo 15 37 200 km WITHDIST; georadiusbymember geo a 500 km; georadius_ro geo 15 37 200 km WITHCOORD
  setbit bits 7 1; getbit bits 7; bitcount text; bitpos text 1; bitop AND d text other; bitfield text GET u8 0 SET u8 0 1
  bitfield_ro text GET u8 0; bitfield text OVERFLOW FAIL INCRBY u2 0 9; pfadd hll x; pfcount hll; pfmerge d hll
  vadd vector VALUES 2 1 1 c; vcard vector; vdim vector; vemb vector a; vemb none a; vemb vector a RAW; vgetattr vector b
  vgetattr vector a; vsetattr vector a {}; vinfo vector; vinfo none; vismember vector a; vlinks vector a
  vlinks vector a WITHSCORES; vlinks none a; vrandmember vector; vrandmember none; vrandmember vector 2; vrange vector - +
  vsim vector ELE a; vsim vector ELE a WITHSCORES; vsim vector ELE a WITHSCORES WITHATTRIBS; vrem vector a; arget array 0
  arget array 9; argetrange array 0 3; armget array 0 9; arscan array 0 9; arlen array; arcount array; arnext array
  arinfo array; arinfo array FULL; arop array 0 9 SUM; arop array 0 9 USED; argrep array 0 9 EXACT 5
  argrep array 0 9 EXACT 5 WITHVALUES; arinsert array x; arlastitems array 2; arset array 3 a; armset array 3 a
  ardel array 0; ardelrange array 0 1; arring array 3 a; arseek array 1; publish channel m; spublish channel m; time
  flushdb; flushall; memory_usage text; memory_usage none
`
  .trim()
  .split(/;\s*|\n\s*/);

describe.skipIf(rows.length === 0)("what a command gives", () => {
  test("has the type that the declarations say", async () => {
    const wire = await procedures.server.connect(3);
    const must = async (command: string | readonly string[]): Promise<Reply> => {
      const reply = await wire.call(command);
      if (reply.kind === "error") throw new Error(`${String(command).slice(0, 80)}: ${textOf(reply)}`);
      return reply;
    };
    // The server holds JSON against a parameter's type: that is what compares them here.
    const checks = rows.map(
      (row) => `export function is_${memberName(row)}(box: { value: ${row.reply} }) { return 1; }`,
    );
    await must(["FUNCTION", "LOAD", "REPLACE", `#!ts name=types\n${checks.join("\n")}`]);
    const run =
      "export function box(name: string, ...values: string[]) { return JSON.stringify({ value: (Zedis as any)[name](...values) }); }";
    await must(["FUNCTION", "LOAD", "REPLACE", `#!ts name=every\n${run}`]);
    const named = new Set(rows.map(memberName));
    const wrong: string[] = [];
    for (const call of CALLS) {
      const [name = "", ...values] = call.split(" ");
      if (!named.has(name)) {
        wrong.push(`${name} is not there`);
        continue;
      }
      await refill(wire);
      for (const command of MORE) await must(command);
      const made = await wire.call(["FCALL", "box", "0", name, ...values]);
      if (made.kind === "error") {
        wrong.push(`${call}: ${made.text}`);
        continue;
      }
      const checked = await wire.call(["FCALL", `is_${name}`, "0", textOf(made)]);
      if (checked.kind === "error") wrong.push(`${call}: ${checked.text} in ${textOf(made).slice(0, 300)}`);
    }
    await wire.close();
    expect(wrong).toEqual([]);
  });
});
