/** A source is written or changed, and loaded; what is wrong with it is shown where it is. */
import { useState } from "preact/hooks";
import { asText } from "../model/bytes.ts";
import { codeFrame, placeOf } from "../model/code-frame.ts";
import { command, reason } from "./api.ts";
import { Icon } from "./icons.tsx";
import type { Library } from "./library.ts";
import { tell } from "./notices.tsx";
import { Head } from "./parts.tsx";
import { go } from "./route.ts";
import { SourceEditor } from "./source-editor.tsx";

const FIRST = `#!ts name=counter

/** Adds to a counter and returns what it is then. */
export function countUp(key: string, by: number = 1): number {
  return Zedis.incrby(key, by);
}
`;

export function LoadSource(props: { library: Library | null; onLoaded: (name: string) => Promise<void> }) {
  const { library, onLoaded } = props;
  const [text, setText] = useState(library?.code ?? FIRST);
  const [isReplacing, setReplacing] = useState(library !== null);
  const [error, setError] = useState<{ text: string; source: string } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const place = error === null ? null : placeOf(error.text);
  const load = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const name = asText(await command("FUNCTION", "LOAD", ...(isReplacing ? ["REPLACE"] : []), text));
      tell(`${name} is loaded on all cores`);
      await onLoaded(name);
    } catch (thrown) {
      setError({ text: reason(thrown), source: text });
    }
    setBusy(false);
  };
  return (
    <>
      <Head
        title={library === null ? "Load a source" : `Edit ${library.name}`}
        note="The first line says the language and the library’s name. Ctrl+Enter loads it."
      >
        <button type="button" onClick={() => go("procedures", library === null ? {} : { library: library.name })}>
          <Icon name="back" />
          Back
        </button>
      </Head>
      <div class="stack">
        <SourceEditor
          label="Source"
          language={/^#!lua\b/i.test(text) ? "lua" : "ts"}
          text={text}
          onInput={setText}
          onSubmit={() => void load()}
          fault={place === null || error === null ? null : { ...place, text: error.text }}
        />
        <div role="alert">
          {error !== null && (
            <div class="load-error">
              <p class="error-text">{error.text}</p>
              {place !== null && <pre class="code-block">{codeFrame(error.source, place)}</pre>}
              {library !== null && <p class="soft">The version that was loaded before goes on serving.</p>}
            </div>
          )}
        </div>
        <div class="actions">
          <button type="button" class="primary" disabled={isBusy} onClick={load}>
            Load
          </button>
          <label class="check">
            <input
              type="checkbox"
              checked={isReplacing}
              onChange={(event) => setReplacing(event.currentTarget.checked)}
            />
            Replace a library of the same name
          </label>
        </div>
      </div>
    </>
  );
}
