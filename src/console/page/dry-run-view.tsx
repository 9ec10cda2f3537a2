/** What a dry run found: the result, and each key that would change as a diff. */
import { duration } from "../model/figures.ts";
import { showReply } from "../model/show-reply.ts";
import type { KeyChange } from "../model/write-set.ts";
import { DiffLines } from "./diff-lines.tsx";
import type { DryRun } from "./dry-run.ts";

export function DryRunView({ run }: { run: DryRun }) {
  return (
    <>
      <h4>
        {run.error === null ? "It would return" : "It would fail, and change nothing"}{" "}
        <span class="soft">after {duration(run.us)}</span>
      </h4>
      <pre class={`code-block wrap ${run.error === null ? "" : "error-text"}`}>
        {run.error ?? showReply(run.result)}
      </pre>
      <h4>It would change</h4>
      {run.changes.length === 0 ? (
        <p class="soft">Nothing.</p>
      ) : (
        run.changes.map((change) => <Change key={change.key} change={change} />)
      )}
      {run.keysRead.length > 0 && (
        <>
          <h4>It reads</h4>
          <p class="mono wrap">{run.keysRead.join("  ")}</p>
        </>
      )}
      {run.log.length > 0 && (
        <>
          <h4>It logs</h4>
          <pre class="code-block wrap">{run.log.join("\n")}</pre>
        </>
      )}
    </>
  );
}

function Change({ change }: { change: KeyChange }) {
  return (
    <figure class="diff">
      <figcaption class="mono">{change.key}</figcaption>
      <ul>
        <DiffLines lines={change.lines} />
        {change.commands.map((text, index) => (
          <li key={`command ${index}`} class="soft">
            <span aria-hidden="true" class="sign">
              ›
            </span>
            <span class="wrap">{text}</span>
          </li>
        ))}
        {change.lines.length === 0 && change.commands.length === 0 && <li class="soft">stays as it is</li>}
      </ul>
    </figure>
  );
}
