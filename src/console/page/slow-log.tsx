/** Slow log: the requests that took longest, with their arguments. */
import { asBytes, asText, type Bytes } from "../model/bytes.ts";
import { duration, moment } from "../model/figures.ts";
import { quoteWord } from "../model/words.ts";
import { command, pipelineOrThrow } from "./api.ts";
import { confirmThen } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { tell } from "./notices.tsx";
import { Columns, Empty, Failure, Head, Scroll, Shown } from "./parts.tsx";
import { useLoaded } from "./polling.ts";
import { href } from "./route.ts";

const ENTRIES = 128;
const EVERY_MS = 5_000;

interface SlowEntry {
  readonly id: number;
  readonly at: number;
  readonly us: number;
  readonly words: readonly Bytes[];
  readonly client: string;
  readonly name: string;
}

interface SlowLog {
  readonly entries: readonly SlowEntry[];
  readonly thresholdUs: number;
}

async function slowLog(): Promise<SlowLog> {
  const [found, settings] = await pipelineOrThrow([
    ["SLOWLOG", "GET", ENTRIES],
    ["CONFIG", "GET", "slowlog-log-slower-than"],
  ]);
  const entries = (found as unknown[][]).map(([id, at, us, words, client, name]) => ({
    id: Number(id),
    at: Number(at),
    us: Number(us),
    words: (words as unknown[]).map(asBytes),
    client: asText(client),
    name: asText(name),
  }));
  const threshold = (settings as Record<string, unknown>)["slowlog-log-slower-than"];
  return { entries, thresholdUs: Number(asText(threshold)) };
}

export function SlowLogView() {
  const { value, error, reload } = useLoaded("slowlog", slowLog, EVERY_MS);
  const reset = (): void =>
    confirmThen({
      title: "Empty the slow log?",
      text: "Its entries will be gone.",
      action: "Empty",
      run: async () => {
        await command("SLOWLOG", "RESET");
        tell("The slow log is empty");
        await reload();
      },
    });
  return (
    <>
      <Head
        title="Slow log"
        note={
          value === null ? undefined : value.thresholdUs < 0 ? (
            "Nothing is kept: slowlog-log-slower-than is below zero."
          ) : (
            <>
              Requests that took longer than {duration(value.thresholdUs)} (
              <a href={href("configuration", { filter: "slowlog" })}>slowlog-log-slower-than</a>)
            </>
          )
        }
      >
        <button type="button" class="quiet icon-only" aria-label="Read again" title="Read again" onClick={reload}>
          <Icon name="refresh" />
        </button>
        <button type="button" class="danger" onClick={reset} disabled={value?.entries.length === 0}>
          Empty it
        </button>
      </Head>
      {error !== null && <Failure text={error} onRetry={reload} />}
      <div class="panel">
        {value === null ? (
          <p class="panel-body soft">{error === null ? "Reading …" : "Nothing to show."}</p>
        ) : value.entries.length === 0 ? (
          <Empty title="No request was slow" icon="clock">
            The newest {ENTRIES} slow requests appear here.
          </Empty>
        ) : (
          <Scroll label="Slow requests">
            <table class="cards">
              <Columns names={["Time", { number: "Took" }, "Request", "Client"]} />
              <tbody>
                {value.entries.map((entry) => (
                  <tr key={entry.id}>
                    <td class="number">{moment(entry.at * 1000)}</td>
                    <td class="number">
                      <strong>{duration(entry.us)}</strong>
                    </td>
                    <td class="card-line">
                      <Shown value={entry.words.map(quoteWord).join(" ")} length_max={600} />
                    </td>
                    <td>
                      <span class="mono">{entry.client}</span> <Shown value={entry.name || " "} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </div>
    </>
  );
}
