/** The last versions of a library: what has changed since each, and loading one again. */
import { useState } from "preact/hooks";
import { asText } from "../model/bytes.ts";
import { bytes, moment } from "../model/figures.ts";
import { sourceDiff } from "../model/source-diff.ts";
import { command } from "./api.ts";
import { confirmThen } from "./dialog.tsx";
import { DiffLines } from "./diff-lines.tsx";
import { type Library, type Version, versions } from "./library.ts";
import { tell } from "./notices.tsx";
import { Columns, Empty, Failure, Scroll } from "./parts.tsx";
import { useLoaded } from "./polling.ts";

export function Versions({ library, onLoaded }: { library: Library; onLoaded: () => Promise<void> }) {
  const { value: kept, error, reload } = useLoaded(`versions ${library.name}`, () => versions(library.name));
  const [chosen, setChosen] = useState<number | null>(null);
  if (error !== null) {
    return (
      <div class="panel-body">
        <Failure text={error} onRetry={reload} />
      </div>
    );
  }
  if (kept === null) return <div class="panel-body soft">Reading …</div>;
  if (kept.length === 0) {
    return (
      <Empty title="No versions are kept">
        <code>procedure-versions</code> says how many are.
      </Empty>
    );
  }
  const shown = kept.find(({ version }) => version === chosen) ?? kept[1];
  const load = (version: Version): void =>
    confirmThen({
      title: `Load version ${version.version} again?`,
      text: `It takes the place of the source of ${library.name} that is live now, on all cores, as a new version.`,
      action: "Load it",
      run: async () => {
        await command("FUNCTION", "LOAD", "REPLACE", version.code);
        tell(`Version ${version.version} of ${library.name} is live`);
        setChosen(null);
        await Promise.all([reload(), onLoaded()]);
      },
    });
  return (
    <>
      <Scroll label="Versions">
        <table>
          <Columns names={["Version", "Loaded", "By", "Digest", { number: "Size" }, { hidden: "Actions" }]} />
          <tbody>
            {kept.map((version) => (
              <tr key={version.version} class={version === shown ? "chosen" : ""}>
                <th scope="row">
                  {version.version} {version.isLive && <span class="badge">live</span>}
                </th>
                <td class="number">{moment(version.loadedAt)}</td>
                <td>{version.user}</td>
                <td class="mono">{version.digest}</td>
                <td class="number">{bytes(version.bytes)}</td>
                <td>
                  {!version.isLive && (
                    <div class="actions">
                      <button
                        type="button"
                        class="small"
                        aria-label={`Compare version ${version.version} with the live one`}
                        onClick={() => setChosen(version.version)}
                      >
                        Compare
                      </button>
                      <button
                        type="button"
                        class="small"
                        aria-label={`Load again: version ${version.version}`}
                        onClick={() => load(version)}
                      >
                        Load again
                      </button>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {shown !== undefined && kept[0] !== undefined && (
        <div class="panel-body">
          <Difference from={shown} to={kept[0]} />
        </div>
      )}
    </>
  );
}

function Difference({ from, to }: { from: Version; to: Version }) {
  const lines = sourceDiff(asText(from.code), asText(to.code));
  return (
    <figure class="diff">
      <figcaption>
        From version {from.version} to version {to.version}
      </figcaption>
      <ul>{lines.length === 0 ? <li class="soft">The sources are the same</li> : <DiffLines lines={lines} />}</ul>
    </figure>
  );
}
