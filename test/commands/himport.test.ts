import { err, like, map, ok, queued, unordered, unorderedMap } from "../harness/expected.ts";
import { check, suite } from "../harness/suite.ts";
import { arity, wrongType } from "./hash-expiry.ts";

const hashes = suite();

hashes.rows(
  "HIMPORT makes hashes of prepared lists of fields",
  [
    ["HIMPORT PREPARE u name email age", ok],
    ["HIMPORT SET k u alice alice@example.com 30", ok],
    ["HGETALL k", unorderedMap(["name", "alice"], ["email", "alice@example.com"], ["age", "30"])],
    ["HSET k other 1", 1],
    ["EXPIRE k 100", 1],
    ["HIMPORT SET k u bob bob@example.com 25", ok],
    ["HKEYS k", unordered("name", "email", "age")],
    ["TTL k", -1],
    ["HIMPORT PREPARE u x", ok],
    ["HIMPORT SET j u 1", ok],
    ["HGETALL j", map("x", "1")],
    ['HIMPORT PREPARE "" "" b', ok],
    ['HIMPORT SET e "" va vb', ok],
    ['HGET e ""', "va"],
    ["HIMPORT PREPARE dup a b a", err("ERR duplicate field name in fieldset")],
    ["HIMPORT SET k dup 1 2 3", err("ERR no such fieldset")],
    ["HIMPORT SET k u 1 2", err("ERR value count does not match fieldset field count")],
    ["SET s v", ok],
    ["HIMPORT SET s none 1", wrongType],
    ["HIMPORT DISCARD u", 1],
    ["HIMPORT DISCARD u", 0],
    ["HIMPORT SET k u 1", err("ERR no such fieldset")],
    ["HIMPORT PREPARE a f", ok],
    ["HIMPORT PREPARE b f", ok],
    ["HIMPORT DISCARDALL", 3],
    ["HIMPORT DISCARDALL", 0],
    ["HIMPORT", arity("himport")],
    ["HIMPORT PREPARE u", arity("himport|prepare")],
    ["HIMPORT SET k u", arity("himport|set")],
    ["HIMPORT DISCARD", arity("himport|discard")],
    ["HIMPORT DISCARDALL x", arity("himport|discardall")],
    ["HIMPORT PREPARE m f", ok],
    ["MULTI", ok],
    ["HIMPORT SET k m 7", queued],
    ["HIMPORT PREPARE n g", queued],
    ["HIMPORT SET l n 8", queued],
    ["EXEC", [ok, ok, ok]],
    ["HGET l g", "8"],
  ],
  { since: "8.10.0" },
);

hashes.both(
  "lists of fields belong to a connection and go with RESET",
  async (wire) => {
    const other = await hashes.server.connect();
    await check(other, [["HIMPORT PREPARE mine f", ok]]);
    await check(wire, [["HIMPORT SET k mine 1", err("ERR no such fieldset")]]);
    await check(other, [
      ["RESET", like(/RESET/)],
      ["HIMPORT SET k mine 1", err("ERR no such fieldset")],
    ]);
    await other.close();
  },
  { since: "8.10.0" },
);
