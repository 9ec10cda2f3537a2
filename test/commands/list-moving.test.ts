/** Commands that move elements between lists, or pop them from the first of several. */

import { between, err, nilArray } from "../harness/expected.ts";
import { type Row, suite } from "../harness/suite.ts";
import { eachEncodingOf, nodeDefaults } from "./list-nodes.ts";

const lists = suite();
const eachEncoding = eachEncodingOf(lists);
const syntax = err("ERR syntax error");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);

eachEncoding("LMOVE and RPOPLPUSH move from end to end", [
  ["RPUSH l 1 2 3 4 5", 5],
  ["LMOVE l m LEFT RIGHT", "1"],
  ["LMOVE l m right left", "5"],
  ["RPOPLPUSH l m", "4"],
  ["LMOVE l m LEFT LEFT", "2"],
  ["LRANGE m 0 -1", ["2", "4", "5", "1"]],
  ["LMOVE m m LEFT RIGHT", "2"],
  ["RPOPLPUSH m m", "2"],
  ["LRANGE m 0 -1", ["2", "4", "5", "1"]],
  ["LMOVE l m RIGHT RIGHT", "3"],
  ["EXISTS l", 0],
  ["LMOVE l m RIGHT RIGHT", null],
  ["RPOPLPUSH l m", null],
  ["LMOVE m l UP DOWN", syntax],
  ["LMOVE m l LEFT DOWN", syntax],
  ["LMOVE none l UP DOWN", syntax],
]);

lists.rows("a list of one element that is moved onto itself keeps its expiry", [
  ["RPUSH l a", 1],
  ["EXPIRE l 100", 1],
  ["LMOVE l l LEFT RIGHT", "a"],
  ["RPOPLPUSH l l", "a"],
  ["TTL l", between(99, 100)],
]);

eachEncoding("LMPOP pops from the first list that is there", [
  ["RPUSH l 1 2 3 4 5", 5],
  ["LMPOP 1 l LEFT", ["l", ["1"]]],
  ["LMPOP 2 none l RIGHT COUNT 2", ["l", ["5", "4"]]],
  ["LMPOP 2 l none left count 10", ["l", ["2", "3"]]],
  ["LMPOP 2 l none LEFT", nilArray],
  ["LMPOP 0 l LEFT", err("ERR numkeys should be greater than 0")],
  ["LMPOP x l LEFT", err("ERR numkeys should be greater than 0")],
  ["LMPOP 1 l UP", syntax],
  ["LMPOP 2 l LEFT", syntax],
  ["LMPOP 9223372036854775807 l LEFT", syntax],
  ["LMPOP 1 l LEFT COUNT 0", err("ERR count should be greater than 0")],
  ["LMPOP 1 l LEFT COUNT x", err("ERR count should be greater than 0")],
  ["LMPOP 1 l LEFT COUNT", syntax],
  ["LMPOP 1 l LEFT COUNT 1 COUNT 2", syntax],
]);

const moved = (name: string, rows: readonly Row[]) => {
  for (const size of ["-2", "2"]) {
    lists.rows(`${name}, list-max-listpack-size ${size}`, rows, {
      since: "8.10",
      before: [`CONFIG SET list-max-listpack-size ${size}`],
      after: [nodeDefaults],
    });
  }
};

moved("LMOVEM moves as many as LMOVE would one by one, or as they stand", [
  ["RPUSH l 1 2 3 4 5", 5],
  ["LMOVEM l m LEFT RIGHT", ["1"]],
  ["LMOVEM l a LEFT LEFT COUNT 2 OBO", ["3", "2"]],
  ["LRANGE a 0 -1", ["3", "2"]],
  ["LMOVEM l a LEFT LEFT COUNT 10 BULK", ["4", "5"]],
  ["LRANGE a 0 -1", ["4", "5", "3", "2"]],
  ["EXISTS l", 0],
  ["LMOVEM a b RIGHT RIGHT COUNT 2 OBO", ["2", "3"]],
  ["LMOVEM a b RIGHT RIGHT COUNT 2 BULK", ["4", "5"]],
  ["LRANGE b 0 -1", ["2", "3", "4", "5"]],
  ["LMOVEM b c RIGHT LEFT EXACTLY 3 OBO", ["3", "4", "5"]],
  ["LMOVEM b c LEFT RIGHT EXACTLY 2 BULK", nilArray],
  ["LRANGE b 0 -1", ["2"]],
  ["LMOVEM c c LEFT RIGHT COUNT 2 BULK", ["3", "4"]],
  ["LRANGE c 0 -1", ["5", "3", "4"]],
  ["LMOVEM none c LEFT RIGHT COUNT 2 BULK", nilArray],
  ["LMOVEM none c LEFT RIGHT", nilArray],
]);

moved("LMOVEM refuses what it does not understand", [
  ["RPUSH l a b c", 3],
  ["LMOVEM l m LEFT", arity("lmovem")],
  ["LMOVEM l m LEFT RIGHT COUNT 2", syntax],
  ["LMOVEM l m LEFT RIGHT COUNT 2 OBO extra", syntax],
  ["LMOVEM l m LEFT RIGHT BAD 2 OBO", syntax],
  ["LMOVEM l m LEFT RIGHT COUNT 2 BAD", syntax],
  ["LMOVEM l m BAD RIGHT COUNT 2 OBO", syntax],
  ["LMOVEM l m LEFT BAD COUNT 2 OBO", syntax],
  ["LMOVEM l m LEFT RIGHT COUNT 0 BULK", err("ERR count should be greater than 0")],
  ["LMOVEM l m LEFT RIGHT EXACTLY -1 BULK", err("ERR count should be greater than 0")],
  ["LMOVEM l m LEFT RIGHT EXACTLY x OBO", err("ERR count should be greater than 0")],
  ["LLEN l", 3],
  ["EXISTS m", 0],
]);
