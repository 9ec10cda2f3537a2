/**
 * COMMAND and what it says of each command: compared with commands.tsv (arity, flags, ACL categories of the groups that are
 * served) and, where a redis-server is on the machine, with its own answer (key positions, key specifications, DOCS).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { err, map, simple, unordered, unorderedSet } from "../harness/expected.ts";
import { itemsOf, mapOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle, oraclePath, targetHas } from "../harness/target.ts";
import type { Wire } from "../harness/wire.ts";

const table = suite();

interface Known {
  readonly name: string;
  readonly group: string;
  readonly arity: number;
  readonly since: string;
  readonly flags: readonly string[];
  readonly categories: readonly string[];
}

const sorted = (items: readonly string[]) => [...items].sort();
const split = (text: string | undefined) => (text ?? "").split(",").filter((item) => item !== "");

/** Rows of commands.tsv: name, group, arity, since, flags, categories. */
const known: readonly Known[] = (await Bun.file(join(import.meta.dir, "commands.tsv")).text())
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [name = "", group = "", arity, since = "", flags, categories] = line.split("\t");
    // FUNCTION STATS takes WITHFUNCTIONS, which Redis does not have.
    const takesMore = name === "FUNCTION STATS" && !isOracle;
    return {
      name,
      group,
      arity: takesMore ? -Number(arity) : Number(arity),
      since,
      flags: split(flags),
      categories: split(categories),
    };
  });

/** Not of this milestone: their rows may come later, with the feature behind them. */
const later =
  /^(LATENCY|SLOWLOG|MODULE|FAILOVER|BGREWRITEAOF|BGSAVE|SAVE|SYNC|PSYNC|REPLCONF|REPLICAOF|SLAVEOF|MONITOR|MIGRATE|RESTORE-ASKING)( |$)/;
const served = known.filter(({ name }) => !later.test(name));
const wireName = ({ name }: Known) => name.toLowerCase().replace(" ", "|");

/** COMMAND INFO's answer for one command, as plain data. */
function described(reply: Reply | undefined) {
  const [name, arity, flags, first, last, step, categories, , specs] = itemsOf(reply);
  return {
    name: textOf(name),
    arity: numberOf(arity),
    flags: sorted(itemsOf(flags).map(textOf)),
    keys: [first, last, step].map(numberOf),
    categories: sorted(itemsOf(categories).map(textOf)),
    specs: itemsOf(specs).map(withoutNotes),
  };
}

/** A key specification without its notes, which are prose. */
function withoutNotes(spec: Reply): string {
  const fields = mapOf(spec);
  fields.delete("notes");
  return [...fields].map(([name, value]) => `${name}: ${show(value)}`).join(", ");
}

/** Commands of vector sets are a module's in Redis, which names them in capitals. */
function shownName(name: string): string {
  return /^v/i.test(name) ? name.toUpperCase() : name.toLowerCase();
}

describe("COMMAND INFO", () => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await table.server.connect();
  });
  afterAll(async () => {
    await wire.close();
  });

  for (const command of served) {
    // 7.2 changed what 7.0 says of a few, so the machine's redis-server is not asked about those.
    const changed =
      isOracle &&
      /^(CLIENT (NO-TOUCH|SETINFO)|WAITAOF|WAIT)$|^COMMAND GETKEYS|^(PING|LATENCY.*|QUIT|SELECT|FUNCTION.*|MEMORY.*|MODULE.*)$/.test(
        command.name,
      );
    test.skipIf(changed)(`${command.name} has the arity, flags and categories of Redis 7.2`, async () => {
      const [reply] = itemsOf(await wire.call(["COMMAND", "INFO", wireName(command)]));
      const { name, arity, flags, categories } = described(reply);
      // The data names flags of several versions: `script_runner` is none that Redis 7.2 shows.
      const derived = new Set(["movablekeys", "script_runner"]);
      expect({ name, arity, flags: flags.filter((flag) => !derived.has(flag)), categories }).toEqual({
        name: shownName(wireName(command)),
        arity: command.arity,
        flags: sorted(command.flags.filter((flag) => !derived.has(flag))),
        categories: sorted(command.categories),
      });
    });
  }

  test("lists subcommands inside their container", async () => {
    const [reply] = itemsOf(await wire.call("COMMAND INFO config"));
    const subcommands = itemsOf(itemsOf(reply)[9]).map((item) => described(item).name);
    expect(sorted(subcommands)).toEqual([
      "config|get",
      "config|help",
      "config|resetstat",
      "config|rewrite",
      "config|set",
    ]);
  });

  test("answers null for a name it does not know, in the order asked", async () => {
    const items = itemsOf(await wire.call("COMMAND INFO get nosuch SET get|x"));
    expect(items.map((item) => ("items" in item ? textOf(item.items[0]) : show(item)))).toEqual([
      "get",
      "nil($-1)",
      "set",
      "nil($-1)",
    ]);
  });

  test("sends sets and maps in RESP3", async () => {
    const resp3 = await table.server.connect(3);
    const [reply] = itemsOf(await resp3.call("COMMAND INFO get"));
    const [, , flags, , , , categories, tips, specs, subcommands] = itemsOf(reply);
    expect([flags, categories, tips, specs, subcommands].map((item) => item?.kind)).toEqual([
      "set",
      "set",
      "set",
      "set",
      "set",
    ]);
    expect(itemsOf(flags).map((flag) => flag.kind)).toEqual(["simple", "simple"]);
    expect(itemsOf(specs)[0]?.kind).toBe("map");
    await resp3.close();
  });
});

describe("wrong arity", () => {
  for (const command of served) {
    if (command.name === "SHUTDOWN" || command.name === "QUIT") continue;
    // Its arity is that of a name with a subcommand; a further word is an unknown subcommand first.
    if (command.name === "BACKUP") continue;
    const words = command.name.split(" ");
    const counts = command.arity > 0 ? [command.arity - 1, command.arity + 1] : [-command.arity - 1];
    for (const count of counts) {
      if (count < words.length) continue;
      // The redis-server of the machine may be older than these three.
      test.skipIf(isOracle && /^(CLIENT (NO-TOUCH|SETINFO)|WAITAOF)$/.test(command.name))(
        `${command.name} refuses ${count - 1} arguments`,
        async () => {
          const wire = await table.server.connect();
          const args = [...words, ...Array.from({ length: count - words.length }, () => "1")];
          // A module of Redis has the vector sets, and names its commands as it registered them.
          const name = command.name.startsWith("V") ? command.name : wireName(command);
          const text = `wrong number of arguments for '${name}' command`;
          const prefix = command.name === "EXEC" ? "EXECABORT Transaction discarded because of:" : "ERR";
          await check(wire, [[args, err(`${prefix} ${text}`)]]);
          await wire.close();
        },
      );
    }
  }
});

/** What COMMAND INFO and DOCS of Redis 7.0 and 7.2 agree on, from a redis-server on this machine. */
describe.skipIf(isOracle || oraclePath() === null)("against the machine's redis-server", () => {
  let oracle: Server;
  let theirs: Wire;
  let ours: Wire;
  beforeAll(async () => {
    oracle = await startServer({ kind: "redis" });
    [theirs, ours] = await Promise.all([oracle.connect(), table.server.connect()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([theirs.close(), ours.close()]);
    await oracle.stop();
  });

  for (const command of served) {
    test(`${command.name} has the same key positions and key specifications`, async () => {
      const request = ["COMMAND", "INFO", wireName(command)];
      const [their] = itemsOf(await theirs.call(request));
      if (their?.kind !== "array") return;
      const [our] = itemsOf(await ours.call(request));
      const [expected, found] = [described(their), described(our)];
      expect({ keys: found.keys, specs: found.specs }).toEqual({ keys: expected.keys, specs: expected.specs });
    });
  }

  test("COMMAND DOCS names the same group, version and arguments' names for each command", async () => {
    const differences: string[] = [];
    for (const command of served.filter(({ name }) => !name.includes(" "))) {
      const request = ["COMMAND", "DOCS", command.name];
      const their = mapOf(itemsOf(await theirs.call(request))[1] ?? { kind: "array", items: [] });
      if (their.size === 0) continue;
      const our = mapOf(itemsOf(await ours.call(request))[1] ?? { kind: "array", items: [] });
      for (const field of ["since", "group"]) {
        const [expected, found] = [their.get(field), our.get(field)].map((value) => (value ? show(value) : "missing"));
        if (expected !== found) differences.push(`${command.name} ${field}: expected ${expected}, received ${found}`);
      }
      for (const field of ["summary"]) if (!our.has(field)) differences.push(`${command.name} has no ${field}`);
    }
    expect(differences).toEqual([]);
  });

  test("COMMAND GETKEYS finds the same keys", async () => {
    const differences: string[] = [];
    for (const line of [
      "GET a",
      "SET a b",
      "SET a b EX 10",
      "MSET a 1 b 2 c 3",
      "MSETNX a 1",
      "MGET a b c",
      "DEL a b",
      "HSET h f v",
      "HMGET h a b",
      "COPY a b",
      "RENAME a b",
      "OBJECT ENCODING a",
      "MEMORY USAGE a",
      "FCALL f 2 a b c",
      "FCALL f 0 a",
      "FCALL_RO f 1 a b",
      "PING a",
      "NOSUCH a",
      "GET a b",
      "SCAN 0",
      "WATCH a b",
      "LCS a b",
      "TOUCH a",
      "FCALL f x a",
      "FCALL f 5 a",
      "FCALL f -1 a",
      "CONFIG GET a",
      "CLIENT ID",
    ]) {
      for (const subcommand of ["GETKEYS", "GETKEYSANDFLAGS"]) {
        const request = `COMMAND ${subcommand} ${line}`;
        const [expected, found] = [show(await theirs.call(request)), show(await ours.call(request))];
        if (expected !== found) differences.push(`${request}: expected ${expected}, received ${found}`);
      }
    }
    expect(differences).toEqual([]);
  });
});

table.both("COMMAND, COMMAND COUNT and COMMAND LIST agree on how many there are", async (wire) => {
  const all = itemsOf(await wire.call("COMMAND"));
  const names = itemsOf(await wire.call("COMMAND LIST")).map(textOf);
  const top = names.filter((name) => !name.includes("|"));
  expect(numberOf(await wire.call("COMMAND COUNT"))).toBe(top.length);
  expect(sorted(all.map((item) => described(item).name))).toEqual(sorted(top));
  expect(names).toContain("config|get");
  for (const { name, since } of served)
    if (!name.includes(" ") && targetHas(since)) expect(names).toContain(shownName(name));
});

table.rows("COMMAND GETKEYS and GETKEYSANDFLAGS find the keys of a request", [
  ["COMMAND GETKEYS SET a b", ["a"]],
  ["COMMAND GETKEYS MSET a 1 b 2", ["a", "b"]],
  ["COMMAND GETKEYS FCALL f 2 a b c", ["a", "b"]],
  ["COMMAND GETKEYS NOSUCH a", err("ERR Invalid command specified")],
  ["COMMAND GETKEYS GET a b", err("ERR Invalid number of arguments specified for command")],
  ["COMMAND GETKEYSANDFLAGS SET a b", [["a", keyFlags("OW", "update")]]],
  ["COMMAND GETKEYSANDFLAGS SET a b GET", [["a", keyFlags("RW", "access", "update")]]],
  [
    "COMMAND GETKEYSANDFLAGS COPY a b",
    [
      ["a", keyFlags("RO", "access")],
      ["b", keyFlags("OW", "update")],
    ],
  ],
]);

table.rows(
  "COMMAND GETKEYS takes a command without arguments",
  [
    ["COMMAND GETKEYS PING", err("ERR The command has no key arguments")],
    ["COMMAND GETKEYS GET", err("ERR Invalid number of arguments specified for command")],
    ["COMMAND GETKEYS", err("ERR wrong number of arguments for 'command|getkeys' command")],
  ],
  { since: "7.2" },
);

table.rows("COMMAND LIST filters", [
  ["COMMAND LIST FILTERBY ACLCAT hash", unordered(...known.filter(({ group }) => group === "hash").map(wireName))],
  ["COMMAND LIST FILTERBY PATTERN hse*", unordered("hset", "hsetex", "hsetnx")],
  [
    "COMMAND LIST FILTERBY PATTERN config|*",
    unordered("config|get", "config|set", "config|help", "config|rewrite", "config|resetstat"),
  ],
  ["COMMAND LIST FILTERBY ACLCAT nosuch", []],
  ["COMMAND LIST FILTERBY MODULE nosuch", []],
  ["COMMAND LIST FILTERBY FOO x", err("ERR syntax error")],
  ["COMMAND LIST FOO", err("ERR syntax error")],
]);

table.rows("COMMAND refuses subcommands it does not know", [
  ["COMMAND FOO", err("ERR unknown subcommand 'FOO'. Try COMMAND HELP.")],
  ["COMMAND COUNT x", err("ERR wrong number of arguments for 'command|count' command")],
  ["COMMAND DOCS nosuch", map()],
]);

table.both("COMMAND DOCS tells summary, group, version, complexity and arguments", async (wire, protocol) => {
  const reply = await wire.call("COMMAND DOCS set config|get");
  expect(reply.kind).toBe(protocol === 3 ? "map" : "array");
  const docs = mapOf(mapOf(reply).get("set"));
  expect(textOf(docs.get("group"))).toBe("string");
  expect(textOf(docs.get("since"))).toBe("1.0.0");
  expect(textOf(docs.get("summary")).length).toBeGreaterThan(10);
  expect(textOf(docs.get("complexity"))).toStartWith("O(");
  const names = itemsOf(docs.get("arguments")).map((argument) => textOf(mapOf(argument).get("name")));
  expect(names.slice(0, 2)).toEqual(["key", "value"]);
  expect(mapOf(reply).has("config|get")).toBe(true);
  expect(numberOf(await wire.call("COMMAND COUNT"))).toBe(mapOf(await wire.call("COMMAND DOCS")).size);
});

function keyFlags(...flags: string[]) {
  return unorderedSet(...flags.map(simple));
}
