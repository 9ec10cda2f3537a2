import { err, map, ok, unorderedMap } from "../harness/expected.ts";
import { suite } from "../harness/suite.ts";
import { arity, badInteger, eachEncodingOf, far_ms, far_s, later, lazily, limit_ms, unknown } from "./hash-expiry.ts";

const hashes = suite();
const eachEncoding = eachEncodingOf(hashes);

eachEncoding(
  "HGETEX returns values and sets, keeps or takes away expiries",
  [
    ["HSET h a 1 b 2 c 3", 3],
    ["HGETEX h FIELDS 2 a none", ["1", null]],
    ["HTTL h FIELDS 1 a", [-1]],
    ["HGETEX h EX 100 FIELDS 3 a b none", ["1", "2", null]],
    ["HTTL h FIELDS 3 a b c", [100, 100, -1]],
    ["HGETEX h FIELDS 1 a", ["1"]],
    ["HTTL h FIELDS 1 a", [100]],
    ["HGETEX h FIELDS 1 a PERSIST", ["1"]],
    ["HTTL h FIELDS 2 a b", [-1, 100]],
    ["HGETEX h PX 50000 FIELDS 1 a", ["1"]],
    ["HTTL h FIELDS 1 a", [50]],
    [`HGETEX h EXAT ${far_s} FIELDS 1 a`, ["1"]],
    [`HGETEX h PXAT ${far_ms + 5} FIELDS 1 b`, ["2"]],
    ["HPEXPIRETIME h FIELDS 2 a b", [far_ms, far_ms + 5]],
    ["HGETEX h PX 0 FIELDS 2 a a", ["1", null]],
    ["HGETEX h EXAT 1 FIELDS 2 b c", ["2", "3"]],
    ["EXISTS h", 0],
    ["HGETEX none EX 10 FIELDS 2 a b", [null, null]],
    ["EXISTS none", 0],
  ],
  { since: "8.0.0" },
);

eachEncoding(
  "HSETEX sets nothing where NX or XX speaks against it: a hash that is there, or is not",
  [
    ["HSETEX h XX FIELDS 1 a 1", 0],
    ["EXISTS h", 0],
    ["HSETEX h EX 100 NX FNX FIELDS 1 a 1", 1],
    ["HSETEX h NX FIELDS 1 b 2", 0],
    ["HSETEX h XX FXX FIELDS 1 b 2", 0],
    ["HSETEX h XX FNX FIELDS 1 b 2", 1],
    ["HGETALL h", unorderedMap(["a", "1"], ["b", "2"])],
    ["HSETEX h NX XX FIELDS 1 a 1", err("ERR syntax error")],
  ],
  { since: "9.0.0" },
);

eachEncoding(
  "HSETEX sets values with expiries, if FNX or FXX let it",
  [
    ["HSETEX h EX 100 FIELDS 2 a 1 b 2", 1],
    ["HTTL h FIELDS 2 a b", [100, 100]],
    ["HSETEX h KEEPTTL FIELDS 2 a 3 c 4", 1],
    ["HTTL h FIELDS 2 a c", [100, -1]],
    ["HSETEX h FIELDS 1 a 5", 1],
    ["HTTL h FIELDS 1 a", [-1]],
    ["HSETEX h FNX EX 10 FIELDS 2 new 1 b 9", 0],
    ["HSETEX h FXX EX 10 FIELDS 2 new 1 b 9", 0],
    ["HGETALL h", unorderedMap(["a", "5"], ["b", "2"], ["c", "4"])],
    ["HSETEX h FNX PX 20000 FIELDS 2 d 1 e 2", 1],
    [`HSETEX h FXX EXAT ${far_s} FIELDS 2 d 3 e 4`, 1],
    ["HEXPIRETIME h FIELDS 2 d e", [far_s, far_s]],
    [`HSETEX h FIELDS 1 d 7 PXAT ${far_ms + 9} FXX`, 1],
    ["HPEXPIRETIME h FIELDS 1 d", [far_ms + 9]],
    ["HSETEX none FXX FIELDS 1 a 1", 0],
    ["EXISTS none", 0],
    ["HSETEX h PX 0 FIELDS 2 d 1 fresh 2", 1],
    ["HMGET h d fresh e", [null, null, "4"]],
    ["HSETEX gone EXAT 1 FIELDS 1 a 1", 1],
    ["EXISTS gone", 0],
    ["HSETEX h EX 100 FIELDS 3 EX v1 FIELDS v2 FNX v3", 1],
    ["HMGET h EX FIELDS FNX", ["v1", "v2", "v3"]],
    ["HSETEX h EX 5 FIELDS 2 twice 1 twice 2", 1],
    ["HGET h twice", "2"],
  ],
  { since: "8.4.0" },
);

eachEncoding(
  "FNX and FXX see no field that has expired",
  [
    ...lazily,
    ["HSET h a 1 b 2", 2],
    ["HPEXPIRE h 1 FIELDS 1 a", [1]],
    later,
    ["HSETEX h FXX EX 10 FIELDS 1 a 2", 0],
    ["HLEN h", 1],
    ["HPEXPIRE h 1 FIELDS 1 b", [1]],
    later,
    ["HSETEX h FNX EX 10 FIELDS 1 b 3", 1],
    ["HTTL h FIELDS 1 b", [10]],
    ["HPEXPIRE h 1 FIELDS 1 b", [1]],
    later,
    ["HSETEX h KEEPTTL FIELDS 1 b 4", 1],
    ["HTTL h FIELDS 1 b", [-1]],
    ["HPEXPIRE h 1 FIELDS 1 b", [1]],
    later,
    ["HGETEX h EX 100 FIELDS 1 b", [null]],
    ["EXISTS h", 0],
  ],
  { since: "8.0.0" },
);

eachEncoding(
  "HGETDEL returns values and deletes them, and the key with the last one",
  [
    ...lazily,
    ["HSET h a 1 b 2 c 3", 3],
    ["HGETDEL h FIELDS 3 a none a", ["1", null, null]],
    ["HPEXPIRE h 1 FIELDS 1 b", [1]],
    later,
    ["HGETDEL h FIELDS 1 b", [null]],
    ["HLEN h", 1],
    ["HGETDEL h FIELDS 1 c", ["3"]],
    ["EXISTS h", 0],
    ["HGETDEL none FIELDS 2 a b", [null, null]],
  ],
  { since: "8.0.0" },
);

const oneExpiry = (word: string) => err(`ERR Only one of EX, PX, EXAT, PXAT or ${word} arguments can be specified`);
hashes.rows(
  "HGETEX and HSETEX say what is wrong with a request",
  [
    ["HSET h a 1", 1],
    ["HGETEX h FIELDS 1", arity("hgetex")],
    ["HGETEX h EX 10 PERSIST", oneExpiry("PERSIST")],
    ["HGETEX h EX 10 FIELDS 1", arity("hgetex")],
    ["HGETEX h FIELDS 0 a", err("ERR invalid number of fields")],
    ["HGETEX h FIELDS 2 a", arity("hgetex")],
    ["HGETEX h FIELDS 1 a b", unknown("b")],
    ["HGETEX h KEEPTTL FIELDS 1 a", unknown("KEEPTTL")],
    ["HGETEX h FNX FIELDS 1 a", unknown("FNX")],
    ["HGETEX h FIELDS 1 a EX", err("ERR missing expire time")],
    ["HGETEX h EX x FIELDS 1 a", badInteger],
    ["HGETEX h PX -1 FIELDS 1 a", err("ERR invalid expire time, must be >= 0")],
    [`HGETEX h PXAT ${limit_ms + 1} FIELDS 1 a`, err("ERR invalid expire time in 'hgetex' command")],
    ["HGETEX h EX 1 PX 1 FIELDS 1 a", oneExpiry("PERSIST")],
    ["HGETEX h PERSIST EXAT 1 FIELDS 1 a", oneExpiry("PERSIST")],
    ["HGETEX h FIELDS 1 a FIELDS 1 a", err("ERR FIELDS keyword specified multiple times")],
    ["HSETEX h FIELDS 1 a", arity("hsetex")],
    ["HSETEX h FIELDS 2 a 1 b", arity("hsetex")],
    ["HSETEX h FIELDS 1 a 1 b 2", unknown("b")],
    ["HSETEX h FIELDS x a 1", err("ERR invalid number of fields")],
    ["HSETEX h PERSIST FIELDS 1 a 1", unknown("PERSIST")],
    ["HSETEX h FNX FXX FIELDS 1 a 1", err("ERR Only one of FXX or FNX arguments can be specified")],
    ["HSETEX h EX 1 KEEPTTL FIELDS 1 a 1", oneExpiry("KEEPTTL")],
    [`HSETEX h EX ${limit_ms} FIELDS 1 a 1`, err("ERR invalid expire time in 'hsetex' command")],
    ["HGETALL h", map("a", "1")],
    ["SET text x", ok],
    ["HSETEX text FOO FIELDS 1 a 1", unknown("FOO")],
    ["HSETEX text FIELDS 1 a 1", err("WRONGTYPE Operation against a key holding the wrong kind of value")],
    ["HGETEX text FOO FIELDS 1 a", err("WRONGTYPE Operation against a key holding the wrong kind of value")],
  ],
  { since: "8.8.0" },
);
