/** Writing strings on conditions: SET IFEQ and its like, DELEX, DELIFEQ, DIGEST, MSETEX. */
import { between, err, like, ok } from "../harness/expected.ts";
import { suite } from "../harness/suite.ts";

const strings = suite();
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const digestLength = err("ERR must be exactly 16 hexadecimal characters");
/** XXH3 of 64 bits, of "hello" and of nothing. */
const hello = "9555e8555c62dcfd";
const nothing = "2d06800538d394c2";
const since = { since: "8.4.0" };

strings.rows(
  "DIGEST returns the XXH3 hash of a string as 16 digits",
  [
    ["SET k hello", ok],
    ["DIGEST k", hello],
    ['SET e ""', ok],
    ["DIGEST e", nothing],
    ["SET n 12345", ok],
    ["APPEND a 123", 3],
    ["APPEND a 45", 5],
    ["DIGEST n", like(/^[0-9a-f]{16}$/)],
    ["DELEX a IFDEQ 0000000000000000", 0],
    ["SET zeros v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd", ok],
    ["DIGEST zeros", "00006c38adf31777"],
    ["DIGEST none", null],
    ["HSET h f v", 1],
    ["DIGEST h", wrongType],
    ["DIGEST", err("ERR wrong number of arguments for 'digest' command")],
  ],
  since,
);

strings.rows(
  "SET IFEQ and IFNE compare with the value that is there",
  [
    ["SET k new IFEQ old", null],
    ["EXISTS k", 0],
    ["SET k old IFNE old", ok],
    ["SET k new IFEQ other", null],
    ["SET k new IFNE old", null],
    ["GET k", "old"],
    ["SET k new ifeq old EX 100", ok],
    ["GET k", "new"],
    ["TTL k", between(99, 100)],
    ["SET k 12 IFNE old KEEPTTL", ok],
    ["TTL k", between(99, 100)],
    ["SET k 13 IFEQ 12", ok],
    ["TTL k", -1],
    ["OBJECT ENCODING k", "int"],
    ['SET k "\\x00\\xff" IFEQ 13', ok],
    ['SET k "" IFEQ "\\x00\\xff"', ok],
    ['SET k x IFEQ ""', ok],
    ["HSET h f v", 1],
    ["SET h x IFEQ v", wrongType],
    ["SET h x IFNE v", wrongType],
    ["SET h x IFNE v GET", wrongType],
    ["TYPE h", like(/hash/)],
  ],
  since,
);

strings.rows(
  "SET IFDEQ and IFDNE compare with the digest of the value, in either case",
  [
    [`SET k new IFDEQ ${hello}`, null],
    ["EXISTS k", 0],
    ["SET k hello IFDNE 1234", ok],
    [`SET k new IFDNE ${hello}`, null],
    [`SET k new IFDEQ ${nothing}`, null],
    [`SET k new IFDEQ ${hello.toUpperCase()}`, ok],
    [`SET k hello IFDNE ${hello}`, ok],
    ["GET k", "hello"],
    ["SET k new IFDEQ 1234", digestLength],
    ["SET k new IFDNE 1234 GET", digestLength],
    [`SET k new IFDEQ 0${hello}`, digestLength],
    ["SET k new IFDEQ zzzzzzzzzzzzzzzz", null],
    ["HSET h f v", 1],
    ["SET h x IFDEQ 1234", wrongType],
    ["SET h x IFDNE 1234", wrongType],
  ],
  since,
);

strings.rows(
  "SET with a comparison and GET replies the old value whether it was set or not",
  [
    ["SET k new IFEQ old GET", null],
    ["EXISTS k", 0],
    ["SET k old IFNE old GET", null],
    ["GET k", "old"],
    ["SET k new IFEQ other GET", "old"],
    ["GET k", "old"],
    ["SET k new IFEQ old GET", "old"],
    ["GET k", "new"],
    ["SET k get GET IFEQ new", "new"],
    ["SET k x GET IFEQ get", "get"],
  ],
  since,
);

strings.rows(
  "SET takes one condition only",
  [
    ["SET k v IFEQ", syntax],
    ["SET k v IFEQ a IFNE b", syntax],
    ["SET k v NX IFEQ a", syntax],
    ["SET k v IFEQ a XX", syntax],
    ["SET k v IFDEQ a IFEQ b", syntax],
    ["SET k old", ok],
    ["SET k v IFEQ a IFEQ old", ok],
    ["GETEX k IFEQ v", syntax],
  ],
  since,
);

strings.rows(
  "DELEX deletes on a comparison, or any key without one",
  [
    ["SET k hello", ok],
    ["DELEX k IFEQ world", 0],
    ["DELEX k ifne hello", 0],
    ["DELEX k IFDEQ 0000000000000000", 0],
    [`DELEX k IFDNE ${hello}`, 0],
    ["DELEX k IFEQ hello", 1],
    ["EXISTS k", 0],
    ["DELEX k IFEQ hello", 0],
    ["DELEX k IFNE hello", 0],
    ["DELEX k IFDNE short", 0],
    ["SET k hello", ok],
    [`DELEX k IFDEQ ${hello.toUpperCase()}`, 1],
    ["SET k 12345", ok],
    ["DELEX k IFNE 1", 1],
    ["SET k hello", ok],
    ["DELEX k IFDEQ short", digestLength],
    ["DELEX k IF hello", err("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE")],
    ["DELEX k IFEQ", err("ERR wrong number of arguments for 'delex' command")],
    ["DELEX none IFEQ", err("ERR wrong number of arguments for 'delex' command")],
    ["DELEX k IFEQ hello more", err("ERR wrong number of arguments for 'delex' command")],
    ["DELEX k", 1],
    ["DELEX k", 0],
    ["HSET h f v", 1],
    ["DELEX h IFEQ v", err("ERR Key should be of string type if conditions are specified")],
    ["DELEX h", 1],
  ],
  since,
);

strings.rows(
  "DELIFEQ deletes a key that holds the value",
  [
    ["SET k abc123", ok],
    ["DELIFEQ k abc", 0],
    ["DELIFEQ k abc123", 1],
    ["DELIFEQ k abc123", 0],
    ["SET k 7", ok],
    ["DELIFEQ k 7", 1],
    ["HSET h f v", 1],
    ["DELIFEQ h v", wrongType],
  ],
  { since: "9.0.0" },
);

strings.rows(
  "MSETEX sets several keys with one expiry, on conditions on all of them",
  [
    ["MSETEX 2 a 1 b 2", 1],
    ["MGET a b", ["1", "2"]],
    ["TTL a", -1],
    ["MSETEX 2 a 3 b 4 EX 100", 1],
    ["TTL a", between(99, 100)],
    ["PTTL b", between(99_000, 100_000)],
    ["MSETEX 2 a 5 c 6 NX", 0],
    ["MSETEX 2 a 5 c 6 XX", 0],
    ["EXISTS c", 0],
    ["MSETEX 2 a 5 b 6 KEEPTTL xx", 1],
    ["TTL a", between(99, 100)],
    ["MSETEX 1 a 7 px 50000 XX", 1],
    ["TTL a", 50],
    ["MSETEX 2 c 1 c 2 NX PXAT 33177117420000", 1],
    ["GET c", "2"],
    ["PEXPIRETIME c", 33177117420000],
    ["MSETEX 1 c 1 EXAT 33177117421", 1],
    ["EXPIRETIME c", 33177117421],
    ["MSETEX 1 c 1", 1],
    ["TTL c", -1],
    ["HSET h f v", 1],
    ["MSETEX 1 h s", 1],
    ["GET h", "s"],
  ],
  since,
);

strings.rows(
  "MSETEX refuses what makes no sense before it sets anything",
  [
    ["MSETEX 0 a 1", err("ERR invalid numkeys value")],
    ["MSETEX -1 a 1", err("ERR invalid numkeys value")],
    ["MSETEX x a 1", err("ERR invalid numkeys value")],
    ["MSETEX 2147483648 a 1", err("ERR invalid numkeys value")],
    ["MSETEX 2 a 1", err("ERR wrong number of key-value pairs")],
    ["MSETEX 2 a 1 b", err("ERR wrong number of key-value pairs")],
    ["MSETEX 2147483647 a 1", err("ERR wrong number of key-value pairs")],
    ["MSETEX 1 a 1 b", syntax],
    ["MSETEX 1 a 1 NX XX", syntax],
    ["MSETEX 1 a 1 GET", syntax],
    ["MSETEX 1 a 1 EX 10 KEEPTTL", syntax],
    ["MSETEX 1 a 1 IFEQ x", syntax],
    ["MSETEX 1 a 1 PERSIST", syntax],
    ["MSETEX 1 a 1 EX", syntax],
    ["MSETEX 1 a 1 EX 0", err("ERR invalid expire time in 'msetex' command")],
    ["MSETEX 1 a 1 PX abc", err("ERR value is not an integer or out of range")],
    ["EXISTS a", 0],
    ["COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 10", ["a", "b"]],
  ],
  since,
);
