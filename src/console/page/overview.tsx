/** The server at a glance: charts of the last minutes, what takes its time, what it holds. */
import { amount, bytes, duration, span, whole } from "../model/figures.ts";
import { type Core, commandRows, cores, databases, type Info, number, type Sample } from "../model/info.ts";
import { Chart, type Line } from "./chart.tsx";
import { Icon } from "./icons.tsx";
import { current, isPaused, previous, refusal, samples } from "./live.ts";
import { Columns, Empty, Failure, Head, Scroll } from "./parts.tsx";
import { href } from "./route.ts";

interface ChartRow {
  readonly title: string;
  readonly format: (value: number) => string;
  readonly isBinary?: boolean;
  readonly lines: readonly (readonly [label: string, of: (sample: Sample) => number | null])[];
}

const percent = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} %`;

const CHARTS: readonly ChartRow[] = [
  {
    title: "Commands per second",
    format: amount,
    lines: [["Commands per second", (sample) => sample.opsPerSecond]],
  },
  { title: "Mean time of a command", format: duration, lines: [["Time", (sample) => sample.latency]] },
  {
    title: "Memory",
    format: bytes,
    isBinary: true,
    lines: [
      ["Used", (sample) => sample.memory],
      ["Resident", (sample) => sample.resident],
    ],
  },
  {
    title: "Keys",
    format: amount,
    lines: [
      ["All", (sample) => sample.keys],
      ["Expiring", (sample) => sample.expires],
    ],
  },
  {
    title: "Network per second",
    format: bytes,
    isBinary: true,
    lines: [
      ["In", (sample) => sample.inputRate],
      ["Out", (sample) => sample.outputRate],
    ],
  },
  {
    title: "Processor time",
    format: percent,
    lines: [["Percent of one core", (sample) => sample.cpu]],
  },
];

/** Charts with a line for each core that serves. */
const CORE_CHARTS: readonly {
  readonly title: string;
  readonly format: (value: number) => string;
  readonly of: (core: Core) => number | null;
}[] = [
  { title: "Cores: time that is busy", format: percent, of: ({ busy }) => busy },
  { title: "Cores: commands per second", format: amount, of: ({ commandsPerSecond }) => commandsPerSecond },
];
/** More cores than there are colours are drawn as the most, the mean and the least of them. */
const CORE_LINES_MAX = 4;

const COMMANDS_SHOWN = 12;

export function Overview() {
  const info = current.value;
  return (
    <>
      <Head title="Overview" note={info === null ? undefined : <Facts info={info} />}>
        <button type="button" onClick={() => (isPaused.value = !isPaused.value)} aria-pressed={isPaused.value}>
          <Icon name={isPaused.value ? "play" : "pause"} />
          {isPaused.value ? "Go on" : "Pause"}
        </button>
      </Head>
      {refusal.value !== null && <Failure text={refusal.value} />}
      {(refusal.value === null || samples.value.length > 0) && <Charts />}
      {info !== null && (
        <div class="overview-tables">
          <Commands info={info} />
          <div class="overview-side">
            <Databases info={info} />
            <Cores info={info} />
          </div>
        </div>
      )}
    </>
  );
}

function Charts() {
  const shown = samples.value;
  const times = shown.map(({ at }) => at / 1000);
  return (
    <div class="charts">
      {CHARTS.map(({ title, format, lines, isBinary = false }) => {
        const drawn: Line[] = lines.map(([label, of]) => ({ label, values: shown.map(of) }));
        return (
          <Chart
            key={title}
            title={title}
            format={format}
            isBinary={isBinary}
            times={times}
            lines={drawn}
            group="overview"
          />
        );
      })}
      {CORE_CHARTS.map(({ title, format, of }) => {
        const drawn = coreLines(shown, of);
        return (
          drawn.length > 0 && (
            <Chart key={title} title={title} format={format} times={times} lines={drawn} group="overview" />
          )
        );
      })}
    </div>
  );
}

function coreLines(shown: readonly Sample[], of: (core: Core) => number | null): Line[] {
  const serving = shown.map(({ cores }) => cores.filter(({ role }) => role === "serving"));
  const count = serving.at(-1)?.length ?? 0;
  if (count <= CORE_LINES_MAX) {
    return Array.from({ length: count }, (_, index) => ({
      label: `Core ${index}`,
      values: serving.map((cores) => (cores[index] === undefined ? null : of(cores[index]))),
    }));
  }
  const known = serving.map((cores) => cores.map(of).filter((value) => value !== null));
  const line = (label: string, over: (values: readonly number[]) => number): Line => ({
    label,
    values: known.map((values) => (values.length === 0 ? null : over(values))),
  });
  return [
    line("Most", (values) => Math.max(...values)),
    line("Mean", (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    line("Least", (values) => Math.min(...values)),
  ];
}

function Facts({ info }: { info: Info }) {
  const lookups = number(info, "keyspace_hits") + number(info, "keyspace_misses");
  const limit = number(info, "maxmemory");
  const facts: [string, string][] = [
    ["Up", span(number(info, "uptime_in_seconds"))],
    ["Cores", info.fields.get("zedis_cores") ?? "?"],
    ["Clients", `${whole(number(info, "connected_clients"))}, ${whole(number(info, "blocked_clients"))} blocked`],
    ["Memory limit", limit === 0 ? "none" : bytes(limit)],
    ["Hits", lookups === 0 ? "no lookups yet" : `${((number(info, "keyspace_hits") / lookups) * 100).toFixed(1)} %`],
    ["Evicted", whole(number(info, "evicted_keys"))],
    ["Last save", info.fields.get("rdb_last_bgsave_status") ?? "?"],
    ["Append only file", number(info, "aof_enabled") === 1 ? (info.fields.get("aof_last_write_status") ?? "?") : "off"],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Commands({ info }: { info: Info }) {
  const rows = commandRows(info, previous.value);
  return (
    <section class="panel" aria-labelledby="commands-title">
      <div class="panel-head">
        <h2 id="commands-title">Commands by the time they take</h2>
        <span class="soft">since the statistics were reset</span>
      </div>
      {rows.length === 0 ? (
        <Empty title="No commands yet" icon="terminal" />
      ) : (
        <Scroll label="Table of commands">
          <table>
            <Columns
              names={[
                "Command",
                { number: "Per second" },
                { number: "Calls" },
                { number: "Mean" },
                { number: "p50" },
                { number: "p99" },
                { number: "Failed" },
              ]}
            />
            <tbody>
              {rows.slice(0, COMMANDS_SHOWN).map((row) => (
                <tr key={row.name}>
                  <th scope="row">
                    <code>{row.name.replace("|", " ").toUpperCase()}</code>
                  </th>
                  <td class="number">{amount(Math.round(row.perSecond))}</td>
                  <td class="number">{amount(row.calls)}</td>
                  <td class="number">{duration(row.mean)}</td>
                  <td class="number">{row.p50 === null ? "–" : duration(row.p50)}</td>
                  <td class="number">{row.p99 === null ? "–" : duration(row.p99)}</td>
                  <td class="number">{amount(row.failed)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function Databases({ info }: { info: Info }) {
  const found = databases(info);
  return (
    <section class="panel" aria-labelledby="databases-title">
      <div class="panel-head">
        <h2 id="databases-title">Databases</h2>
      </div>
      {found.length === 0 ? (
        <Empty title="No keys yet" icon="keys">
          <a href={href("keys", { new: "1" })}>Create the first one</a>
        </Empty>
      ) : (
        <table>
          <Columns names={["Database", { number: "Keys" }, { number: "Expiring" }]} />
          <tbody>
            {found.map(({ index, keys, expires }) => (
              <tr key={index}>
                <th scope="row">{index}</th>
                <td class="number">{whole(keys)}</td>
                <td class="number">{whole(expires)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Cores({ info }: { info: Info }) {
  const found = cores(info, previous.value);
  if (found.length === 0) return null;
  const shown = (value: number | null, format: (value: number) => string): string =>
    value === null ? "–" : format(value);
  return (
    <section class="panel" aria-labelledby="cores-title">
      <div class="panel-head">
        <h2 id="cores-title">Cores</h2>
      </div>
      <Scroll label="Table of cores">
        <table>
          <Columns
            names={["Core", { number: "Busy" }, { number: "Clients" }, { number: "Commands/s" }, { number: "Calls/s" }]}
          />
          <tbody>
            {found.map((core) => (
              <tr key={core.index}>
                <th scope="row">
                  {core.index}
                  {core.role !== "serving" && <span class="soft"> {core.role}</span>}
                </th>
                <td class="number">{shown(core.busy, percent)}</td>
                <td class="number">{whole(core.clients)}</td>
                <td class="number">{shown(core.commandsPerSecond, (value) => amount(Math.round(value)))}</td>
                <td class="number">{shown(core.callsPerSecond, (value) => amount(Math.round(value)))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}
