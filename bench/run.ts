/**
 * `bun run bench`: Zedis and a redis-server side by side on this machine. Prints Markdown on stdout, progress on stderr.
 * Exit code: 0 also when targets are missed (1 with --strict); 1 when a measurement failed.
 */

import { parseArgs } from "node:util";
import { LOAD_ROWS, TYPE_ROWS } from "./load-rows.ts";
import { buildLoadgen } from "./loadgen.ts";
import { machineLines } from "./machine.ts";
import { measureLoads } from "./measure-load.ts";
import { findReference, peerCommand, type ServerCommand, zedisCommand } from "./server.ts";
import { SINGLE_ROWS, type SingleSettings, TYPE_FIGURES } from "./single-rows.ts";
import { loadTable, loadVerdict, type SingleMeasurement, singleTable, singleVerdict } from "./table.ts";

const USAGE = `usage: bun run bench [--only NAME,…] [--rounds 5] [--seconds 3] [--quick] [--list] [--strict]
                     [--types] [--peer [NAME=]PATH] [--usearch PYTHON]
                     [--a "COMMAND"] [--b "COMMAND"] [--server-cpu 0] [--client-cpu 1] [--no-pin]
  --only    rows of these names, or whose names contain these words (--list shows the names)
  --types   the rows of the data types alone
  --peer    one more server of Redis's kind, a program; measured in the same rounds, and the targets hold against it too
  --usearch a Python with usearch and numpy, which VSIM is measured beside
  --quick   2 rounds of 1 s, fewer keys for the KEYS row: for a look, not for the record
  --a, --b  other servers, for instance "valkey-server --port {port} --save ''"`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      types: { type: "boolean", default: false },
      peer: { type: "string" },
      usearch: { type: "string" },
      strict: { type: "boolean", default: false },
      a: { type: "string" },
      b: { type: "string" },
      "server-cpu": { type: "string", default: "0" },
      "client-cpu": { type: "string", default: "1" },
      "no-pin": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const words = values.only?.split(",") ?? [""];
  const [loadRows, singleRows] = values.types ? [TYPE_ROWS, TYPE_FIGURES] : [LOAD_ROWS, SINGLE_ROWS];
  const names = new Set<string>([...loadRows, ...singleRows].map((row) => row.name));
  const chosen = <T extends { name: string }>(rows: readonly T[]) =>
    rows.filter((row) => words.some((word) => (names.has(word) ? row.name === word : row.name.includes(word))));
  const loads = chosen(loadRows);
  const singles = chosen(singleRows);
  if (values.list) {
    for (const row of [...loads, ...singles]) console.log(`${row.name.padEnd(18)} ${row.title}`);
    return 0;
  }
  if (loads.length + singles.length === 0) throw new Error(`--only ${values.only}: no such row; see --list`);
  const pinned = !values["no-pin"] && navigator.hardwareConcurrency > 1 && Bun.which("taskset") !== null;
  const settings: SingleSettings = {
    a: values.a === undefined ? zedisCommand(1) : named(values.a),
    b: values.b === undefined ? reference() : named(values.b),
    peer: values.peer === undefined ? null : peer(values.peer),
    usearch: values.usearch ?? null,
    aIsZedis: values.a === undefined,
    quick: values.quick,
    rounds: positive("rounds", values.rounds ?? (values.quick ? "2" : "5")),
    seconds: positive("seconds", values.seconds ?? (values.quick ? "1" : "3")),
    serverCpu: pinned ? Number(values["server-cpu"]) : null,
    clientCpu: pinned ? Number(values["client-cpu"]) : null,
    note: (text) => console.error(`· ${text}`),
  };
  buildLoadgen();
  const labels = { a: settings.a.label, b: settings.b.label, peer: settings.peer?.label ?? null };
  for (const line of machineLines(settings)) console.log(line);

  const loadResults = await measureLoads(loads, settings);
  if (loadResults.length > 0) console.log(`\n${loadTable(loadResults, labels)}`);
  const singleResults: SingleMeasurement[] = [];
  for (const row of singles) singleResults.push(await measureSingle(row, settings));
  if (singleResults.length > 0) console.log(`\n${singleTable(singleResults, labels)}`);
  console.log(
    "\n° the server had less than 93 % of its CPU: the client or other work was the limit, and the rate is a lower bound.",
  );

  const verdicts = [...loadResults.map(loadVerdict), ...singleResults.map(singleVerdict)];
  const count = (verdict: string) => verdicts.filter((each) => each === verdict).length;
  console.log(`\n${count("reached")} targets reached, ${count("missed")} missed, ${count("failed")} failed.`);
  return count("failed") > 0 || (values.strict && count("missed") > 0) ? 1 : 0;
}

async function measureSingle(row: (typeof SINGLE_ROWS)[number], settings: SingleSettings): Promise<SingleMeasurement> {
  settings.note(row.title);
  const results = { a: [] as number[], b: [] as number[], peer: [] as number[] };
  // These figures hold still: three rounds tell as much as five.
  const rounds = Math.min(settings.rounds, 3);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [side, isA, list] of [
        [settings.a, true, results.a],
        [settings.b, false, results.b],
        [settings.peer, false, results.peer],
      ] as const) {
        if (side === null) continue;
        const figure = await row.measure(side, isA, settings);
        if (figure !== null) list.push(figure);
      }
    }
    return { row, ...results, failed: null };
  } catch (error) {
    return { row, ...results, failed: String(error) };
  }
}

function reference(): ServerCommand {
  const found = findReference();
  if (found === null) throw new Error("no redis-server and no valkey-server on this machine: install one, or use --b");
  return found;
}

/** `[NAME=]PATH`. */
function peer(text: string): ServerCommand {
  const [path = text, name] = text.split("=").reverse();
  const found = peerCommand(path);
  return name === undefined ? found : { ...found, label: name };
}

/** Side label of an override: the command's program. */
function named(command: string): ServerCommand {
  return { label: command.split(" ")[0]?.split("/").at(-1) ?? command, command };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} ${text}: a number above 0 is needed`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
