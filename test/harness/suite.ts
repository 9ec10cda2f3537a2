/**
 * A suite of behaviours that share one server. `rows` states one behaviour as a table of commands and replies and runs it in
 * RESP2 and in RESP3, each time on an empty keyspace and a fresh connection.
 *
 *     const strings = suite();
 *     strings.rows("GETDEL returns the value and removes the key", [
 *       ["SET k v", ok],
 *       ["GETDEL k", "v"],
 *       ["GETDEL k", null],
 *     ]);
 */
import { afterAll, beforeAll, test } from "bun:test";
import { describeExpected, type Expected, matches, type Protocol } from "./expected.ts";
import { type Reply, show } from "./resp.ts";
import { type Server, type StartOptions, startServer } from "./server.ts";
import { isOracle, oracleVersion, targetHas } from "./target.ts";
import { within } from "./wait.ts";
import type { Command, Wire } from "./wire.ts";

export type Row = readonly [command: Command, expected: Expected];

export interface BehaviourOptions {
  /** The Redis version that has this behaviour; an older redis-server under test skips it. */
  readonly since?: string;
  /** Zedis does not do this yet, and why. The test must fail there: once it passes, this line has to go. */
  readonly later?: string;
  /** Commands sent first, whose replies must not be errors. */
  readonly before?: readonly Command[];
  /** Only in this protocol. */
  readonly only?: Protocol;
  /** Sent at the end on a fresh connection: settings back to what other tests expect. */
  readonly after?: readonly Command[];
}

export interface Suite {
  /** The suite's server; only inside tests and hooks. */
  readonly server: Server;
  rows(name: string, rows: readonly Row[], options?: BehaviourOptions): void;
  /** A behaviour that no table can state, once per protocol. The connection is closed afterwards. */
  both(name: string, run: (wire: Wire, protocol: Protocol) => Promise<void>, options?: BehaviourOptions): void;
}

/** A behaviour that takes longer hangs; generous, for machines that do something else beside. */
const BEHAVIOUR_MS_MAX = 60_000;

/** Starts a server before the file's tests and stops it after them. */
export function suite(start: StartOptions = {}): Suite {
  let server: Server | undefined;
  beforeAll(async () => {
    server = await startServer(start);
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
  });
  const current = (): Server => {
    if (server === undefined) throw new Error("the suite's server is not running");
    return server;
  };
  const both: Suite["both"] = (name, run, { since, later, only, before = [], after = [] } = {}) => {
    for (const protocol of only === undefined ? ([2, 3] as const) : [only]) {
      const skipped = !targetHas(since);
      const title = `${name} (RESP${protocol})${skipped ? ` [needs ${since}, is ${oracleVersion()}]` : ""}`;
      const isLater = later !== undefined && !isOracle;
      const declare = isLater ? test.failing : test.skipIf(skipped);
      declare(
        isLater ? `${title} [later: ${later}]` : title,
        async () => {
          const wire = await emptied(current(), protocol);
          try {
            for (const command of before) {
              const reply = await wire.call(command);
              if (reply.kind === "error") throw new Error(`${JSON.stringify(command)} replied ${show(reply)}`);
            }
            await run(wire, protocol);
          } finally {
            await wire.close();
            if (after.length > 0) await restore(current(), after);
          }
        },
        BEHAVIOUR_MS_MAX,
      );
    }
  };
  return {
    get server() {
      return current();
    },
    both,
    rows: (name, rows, options) => both(name, (wire, protocol) => check(wire, rows, protocol), options),
  };
}

/** Sends the rows one by one and throws one error that lists every row whose reply differs. */
export async function check(wire: Wire, rows: readonly Row[], protocol: Protocol = wire.protocol): Promise<void> {
  const failures: string[] = [];
  for (const [command, expected] of rows) {
    const shown = typeof command === "string" ? command : command.map(String).join(" ");
    let reply: Reply;
    try {
      reply = await within(10_000, `the reply to ${shown.slice(0, 200)}`, wire.call(command));
    } catch (error) {
      failures.push(`${shown}\n    ${(error as Error).message}`);
      break;
    }
    if (matches(expected, reply, protocol)) continue;
    failures.push(
      `${shown.slice(0, 300)}\n    expected ${describeExpected(expected, protocol).slice(0, 2000)}\n    received ${show(reply).slice(0, 2000)}`,
    );
  }
  if (failures.length > 0)
    throw new Error(`RESP${protocol}, ${failures.length} of ${rows.length} rows:\n  ${failures.join("\n  ")}`);
}

async function emptied(server: Server, protocol: Protocol): Promise<Wire> {
  const wire = await server.connect(protocol);
  const reply = await within(10_000, "the reply to FLUSHALL", wire.call("FLUSHALL"));
  if (reply.kind !== "simple") throw new Error(`FLUSHALL replied ${show(reply)}`);
  return wire;
}

async function restore(server: Server, commands: readonly Command[]): Promise<void> {
  const wire = await server.connect();
  for (const command of commands) await wire.call(command);
  await wire.close();
}
