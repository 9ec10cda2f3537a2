/**
 * Every command with zero to six arguments that fit badly, sent to Zedis and to a redis-server: where one replies an error, the other
 * must reply the same one.
 *
 *     bun test/commands/misuse.ts [--only COMMAND]
 *
 * It prints what differs, for a person to judge: versions of Redis differ too. What it leaves out stands in `leftOut`.
 */
import { type Reply, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { oraclePath } from "../harness/target.ts";
import { within } from "../harness/wait.ts";

/** Wrong passwords are answered late. The others end, stop, hold up or take over the connection or the server, or depend on what a server of its kind is. */
const leftOut =
  /^(SHUTDOWN|AUTH|DEBUG|SYNC|PSYNC|REPLCONF|REPLICAOF|SLAVEOF|FAILOVER|MONITOR|QUIT|RESTORE-ASKING|[PS]?SUBSCRIBE|CLIENT\|(KILL|PAUSE|REPLY)|WAIT|WAITAOF|PFSELFTEST|MODULE.*|CLUSTER.*|SENTINEL.*)$/;

const dataset: readonly string[] = [
  "SET str text",
  "SET num 7",
  "RPUSH list a b c",
  "SADD set a b c",
  "ZADD zset 1 a 2 b 3 c",
  "HSET hash a 1 b x",
  "XADD stream 1-1 a b",
  "XGROUP CREATE stream g 0",
];
const names = ["str", "num", "list", "set", "zset", "hash", "stream", "none"];

/** What stands in the places of the arguments: the words of a row in turn, the last one again and again. */
const rows: readonly (readonly string[])[] = [
  ["x"],
  ["1"],
  ["0"],
  ["-1"],
  [""],
  ["1", "x"],
  ["x", "1"],
  ["2", "str", "x"],
  ...names.flatMap((name) => [
    [name],
    [name, "x"],
    [name, "1"],
    [name, "-1"],
    [name, "1.5"],
    [name, "1", "x"],
    [name, "x", "1"],
    [name, "a", "1", "x"],
    [name, "1", "1", "x"],
    [name, "1", "a", "1"],
    [name, "g", "a", "x"],
    [name, "g", "a", "0", "1-1"],
  ]),
];

export interface Disagreement {
  readonly command: readonly string[];
  readonly expected: string;
  readonly received: string;
}

/** `GET`, `CONFIG|SET` … of the server, in order. */
async function commandsOf(server: Server): Promise<string[]> {
  const wire = await server.connect();
  const list = await wire.call("COMMAND LIST");
  const all = "items" in list ? list.items.map((item) => textOf(item).toUpperCase()) : [];
  const found: string[] = [];
  for (const name of all) {
    const info = await wire.call(`COMMAND INFO ${name}`);
    const row = "items" in info ? info.items[0] : undefined;
    const subcommands = row !== undefined && "items" in row ? row.items[9] : undefined;
    found.push(name);
    if (subcommands === undefined || !("items" in subcommands)) continue;
    found.push(
      ...subcommands.items.map((item) => ("items" in item ? textOf(item.items[0] as Reply).toUpperCase() : "")),
    );
  }
  await wire.close();
  return [...new Set(found)].filter((name) => name !== "" && !leftOut.test(name)).sort();
}

function comparable(reply: Reply): string {
  return reply.kind === "error" ? show(reply) : reply.kind;
}

async function repliesOf(server: Server, steps: readonly (readonly string[])[]): Promise<Reply[]> {
  const wire = await server.connect();
  // Nothing that a command sets may last; in a transaction nothing waits.
  const before = ["RESET", `DEL ${names.join(" ")} x 1 0 -1 a g`, ...dataset].map((line) => line.split(" "));
  const sent = steps.map((step) =>
    /^B(L|R|Z)/.test(step[0] as string) ? [...before, ["MULTI"], step, ["EXEC"]] : [...before, step],
  );
  const all = await within(60_000, (steps[0] as readonly string[]).join(" "), wire.pipeline(sent.flat()));
  let end = 0;
  const replies = sent.map((part) => {
    end += part.length;
    const [queued, last] = [all[end - 2], all[end - 1]] as [Reply, Reply];
    return part.length > before.length + 1 && queued.kind === "error" ? queued : last;
  });
  wire.bytes.abort();
  return replies;
}

/** Both servers' replies to all misuses of `command` that differ, one of each kind. */
export async function disagreements(left: Server, right: Server, command: string): Promise<Disagreement[]> {
  const words = command.split("|");
  const steps: string[][] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    for (let count = 0; count <= 6; count++) {
      const step = [...words, ...Array.from({ length: count }, (_, at) => row[Math.min(at, row.length - 1)] as string)];
      const text = JSON.stringify(step);
      if (!seen.has(text)) steps.push(step);
      seen.add(text);
    }
  }
  const [expected, received] = await Promise.all([repliesOf(left, steps), repliesOf(right, steps)]);
  const kinds = new Set<string>();
  return steps.flatMap((step, at) => {
    const [wanted, found] = [expected[at] as Reply, received[at] as Reply];
    const kind = `${comparable(wanted)} ${comparable(found)}`;
    if (comparable(wanted) === comparable(found) || kinds.has(kind)) return [];
    kinds.add(kind);
    return [{ command: step, expected: show(wanted), received: show(found) }];
  });
}

if (import.meta.main) {
  if (oraclePath() === null) throw new Error("no redis-server on this machine to compare with");
  const at = process.argv.indexOf("--only");
  const only = at < 0 ? undefined : process.argv[at + 1]?.toUpperCase();
  const options = { "enable-debug-command": "yes" };
  const [left, right] = await Promise.all([
    startServer({ kind: "redis", options }),
    startServer({ kind: "zedis", options: { ...options, cores: "1" } }),
  ]);
  try {
    const known = new Set(await commandsOf(right));
    for (const command of await commandsOf(left)) {
      if (only !== undefined && command !== only && !command.startsWith(`${only}|`)) continue;
      if (!known.has(command)) console.log(`${command}: not known here`);
      for (const { command: step, expected, received } of await disagreements(left, right, command)) {
        console.log(`${step.map((word) => (word === "" ? '""' : word)).join(" ")}\n    ${expected}\n    ${received}`);
      }
    }
  } finally {
    await Promise.all([left.stop(), right.stop()]);
  }
}
