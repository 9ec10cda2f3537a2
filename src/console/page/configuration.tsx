/** Configuration: every directive, found by name, changed in place; what the server says against it is shown there. */
import { useState } from "preact/hooks";
import { asText } from "../model/bytes.ts";
import { whole } from "../model/figures.ts";
import { command } from "./api.ts";
import { FormDialog } from "./dialog.tsx";
import { tell, tellFailure } from "./notices.tsx";
import { Columns, Empty, Failure, Field, Filter, Head, Scroll, Shown } from "./parts.tsx";
import { useLoaded } from "./polling.ts";
import { route } from "./route.ts";

type Directive = readonly [name: string, value: string];

async function directives(): Promise<Directive[]> {
  const reply = (await command("CONFIG", "GET", "*")) as Readonly<Record<string, unknown>>;
  return Object.entries(reply)
    .map(([name, value]): Directive => [name, asText(value)])
    .sort(([left], [right]) => left.localeCompare(right));
}

export function Configuration() {
  const { value: found, error, reload } = useLoaded("configuration", directives);
  const [filter, setFilter] = useState(route.value.query.get("filter") ?? "");
  const [edited, setEdited] = useState<Directive | null>(null);
  const wanted = filter.toLowerCase();
  const shown = (found ?? []).filter(
    ([name, value]) => name.includes(wanted) || (wanted.length > 2 && value.toLowerCase().includes(wanted)),
  );
  const rewrite = async (): Promise<void> => {
    try {
      await command("CONFIG", "REWRITE");
      tell("The configuration file has what is set now");
    } catch (thrown) {
      tellFailure(thrown);
    }
  };
  return (
    <>
      <Head
        title="Configuration"
        note="A change counts at once, and until the server ends unless it is written to its file."
      >
        <button type="button" onClick={rewrite}>
          Write to the file
        </button>
      </Head>
      {error !== null && <Failure text={error} onRetry={reload} />}
      <div class="tools">
        <Filter label="Name or value" value={filter} onInput={setFilter} />
        <span class="soft" role="status">
          {found !== null && `${whole(shown.length)} of ${whole(found.length)}`}
        </span>
      </div>
      <div class="panel">
        {found === null ? (
          <p class="panel-body soft">{error === null ? "Reading …" : "Nothing to show."}</p>
        ) : shown.length === 0 ? (
          <Empty title="No directive matches" icon="configuration" />
        ) : (
          <Scroll label="Directives">
            <table class="directives">
              <Columns names={["Directive", "Value", { hidden: "Actions" }]} />
              <tbody>
                {shown.map((directive) => (
                  <tr key={directive[0]}>
                    <th scope="row">
                      <code>{directive[0]}</code>
                    </th>
                    <td>
                      <Shown value={directive[1]} />
                    </td>
                    <td class="row-actions">
                      <button
                        type="button"
                        class="small"
                        aria-label={`Change ${directive[0]}`}
                        onClick={() => setEdited(directive)}
                      >
                        Change
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </div>
      {edited !== null && <ChangeDialog directive={edited} onDone={reload} onClose={() => setEdited(null)} />}
    </>
  );
}

function ChangeDialog(props: { directive: Directive; onDone: () => Promise<void>; onClose: () => void }) {
  const { directive, onDone, onClose } = props;
  const [name, now] = directive;
  const [value, setValue] = useState(now);
  return (
    <FormDialog
      title={name}
      action="Set"
      onClose={onClose}
      onSubmit={async () => {
        await command("CONFIG", "SET", name, value);
        tell(`${name} was set`);
        await onDone();
      }}
    >
      <Field label="Value" hint={<>It is {now === "" ? "empty" : <code>{now}</code>} now.</>}>
        <input
          class="mono"
          autocomplete="off"
          spellcheck={false}
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </Field>
    </FormDialog>
  );
}
