/** Procedures: the libraries, their functions with figures, source and log; calls and dry runs; new sources. */
import { useEffect, useState } from "preact/hooks";
import { duration, moment, whole } from "../model/figures.ts";
import { command } from "./api.ts";
import { CallForm } from "./call-view.tsx";
import { DevReport } from "./dev-report.tsx";
import { confirmThen } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { type Figures, figures, type Library, libraries, logLines, signature } from "./library.ts";
import { LoadSource } from "./load-source.tsx";
import { tell } from "./notices.tsx";
import { Columns, Empty, Failure, Head, Scroll } from "./parts.tsx";
import { useLoaded } from "./polling.ts";
import { go, href, route } from "./route.ts";
import { SourceEditor } from "./source-editor.tsx";
import { Tabs } from "./tabs.tsx";
import { Versions } from "./versions.tsx";

const EVERY_MS = 2_000;

export function Procedures() {
  const { value: found, error, reload } = useLoaded("libraries", libraries);
  const query = route.value.query;
  const chosen = found?.find(({ name }) => name === query.get("library")) ?? found?.[0];
  const isNew = query.get("load") !== null;
  if (isNew) {
    const edited = found?.find(({ name }) => name === query.get("load"));
    if (found === null && error === null) return null;
    return (
      <LoadSource
        key={edited?.name ?? ""}
        library={edited ?? null}
        onLoaded={async (name) => {
          await reload();
          go("procedures", { library: name });
        }}
      />
    );
  }
  return (
    <>
      <Head title="Procedures" note="Functions that run on the server, next to the data, each call a transaction.">
        <button type="button" class="quiet icon-only" aria-label="Read again" title="Read again" onClick={reload}>
          <Icon name="refresh" />
        </button>
        <button type="button" class="primary" onClick={() => go("procedures", { load: "" })}>
          <Icon name="plus" />
          Load a source
        </button>
      </Head>
      {error !== null && <Failure text={error} onRetry={reload} />}
      <DevReport onChanged={reload} />
      {found?.length === 0 && (
        <div class="panel">
          <Empty title="No library is loaded" icon="procedures">
            A library is a file in TypeScript, JavaScript or Lua.
            <div class="actions">
              <button type="button" onClick={() => go("procedures", { load: "" })}>
                Write the first one
              </button>
            </div>
          </Empty>
        </div>
      )}
      {found !== null && chosen !== undefined && (
        <div class="procedures">
          <nav class="panel libraries" aria-label="Libraries">
            {found.map(({ name, engine, functions }) => (
              <a
                key={name}
                href={href("procedures", { library: name })}
                aria-current={name === chosen.name ? "true" : undefined}
              >
                <span class="mono">{name}</span>
                <span class="soft">
                  {engine}, {functions.length} {functions.length === 1 ? "function" : "functions"}
                </span>
              </a>
            ))}
          </nav>
          <LibraryView key={chosen.name} library={chosen} onChanged={reload} />
        </div>
      )}
    </>
  );
}

const TABS = ["Functions", "Source", "Versions", "Log"] as const;

function LibraryView({ library, onChanged }: { library: Library; onChanged: () => Promise<void> }) {
  const [tab, setTab] = useState<(typeof TABS)[number]>("Functions");
  const { value: counted } = useLoaded("figures", figures, EVERY_MS);
  const remove = (): void =>
    confirmThen({
      title: "Delete this library?",
      text: `${library.name} and its functions will be gone; clients that call them get an error.`,
      action: "Delete",
      run: async () => {
        await command("FUNCTION", "DELETE", library.name);
        tell(`${library.name} was deleted`);
        go("procedures", {}, { replace: true });
        await onChanged();
      },
    });
  return (
    <section class="panel library" aria-labelledby="library-title">
      <div class="panel-head">
        <h2 id="library-title">
          <span class="mono">{library.name}</span> <span class="badge">{library.engine}</span>
        </h2>
        <div class="actions">
          <button type="button" class="small" onClick={() => go("procedures", { load: library.name })}>
            Edit the source
          </button>
          <button type="button" class="small danger" onClick={remove}>
            Delete
          </button>
        </div>
      </div>
      <Tabs names={TABS} chosen={tab} onChoose={setTab} label={`Parts of ${library.name}`} />
      <div role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === "Functions" && <Functions library={library} figures={counted} />}
        {tab === "Source" && (
          <div class="panel-body">
            <SourceEditor
              label={`Source of ${library.name}`}
              language={library.engine.startsWith("LUA") ? "lua" : "ts"}
              text={library.code}
              isReadOnly
            />
          </div>
        )}
        {tab === "Versions" && <Versions library={library} onLoaded={onChanged} />}
        {tab === "Log" && <Log library={library.name} />}
      </div>
    </section>
  );
}

function Functions({ library, figures: counted }: { library: Library; figures: ReadonlyMap<string, Figures> | null }) {
  const asked = route.value.query.get("function");
  const chosen = library.functions.find(({ name }) => name === asked) ?? library.functions[0];
  useEffect(() => {
    if (asked !== null) document.getElementById("call-title")?.scrollIntoView({ block: "nearest" });
  }, [asked]);
  return (
    <>
      <Scroll label="Functions">
        <table class="functions cards">
          <Columns
            names={["Function", { number: "Calls" }, { number: "Errors" }, { number: "p50" }, { number: "p99" }]}
          />
          <tbody>
            {library.functions.map((fn) => {
              const own = counted?.get(fn.name);
              const time = (us: number | undefined): string =>
                us === undefined || own?.calls === 0 ? "–" : duration(us);
              return (
                <tr key={fn.name} class={fn === chosen ? "chosen" : ""}>
                  <th scope="row" class="card-line">
                    <a
                      href={href("procedures", { library: library.name, function: fn.name })}
                      aria-current={fn === chosen ? "true" : undefined}
                    >
                      <code>{fn.name}</code>
                    </a>
                    <code class="soft wrap">{library.engine.startsWith("LUA") ? "" : signature(fn)}</code>{" "}
                    {fn.flags.map((flag) => (
                      <span key={flag} class="badge">
                        {flag}
                      </span>
                    ))}
                  </th>
                  <td class="number" data-column="Calls">
                    {own === undefined ? "–" : whole(own.calls)}
                  </td>
                  <td data-column="Errors" class={`number ${own !== undefined && own.errors > 0 ? "error-text" : ""}`}>
                    {own === undefined ? "–" : whole(own.errors)}
                  </td>
                  <td class="number" data-column="p50">
                    {time(own?.p50)}
                  </td>
                  <td class="number" data-column="p99">
                    {time(own?.p99)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      {chosen !== undefined && (
        <CallForm
          key={`${chosen.name} ${library.code}`}
          library={library.name}
          fn={chosen}
          isLua={library.engine.startsWith("LUA")}
        />
      )}
    </>
  );
}

function Log({ library }: { library: string }) {
  const { value: lines, error, reload } = useLoaded(`log ${library}`, () => logLines(library), EVERY_MS);
  if (error !== null) {
    return (
      <div class="panel-body">
        <Failure text={error} onRetry={reload} />
      </div>
    );
  }
  if (lines === null) return <div class="panel-body soft">Reading …</div>;
  if (lines.length === 0) {
    return (
      <Empty title="Nothing logged yet">
        What functions give to <code>Zedis.log</code> appears here.
      </Empty>
    );
  }
  return (
    <Scroll label="Log">
      <table>
        <Columns names={["Time", "Level", "Function", "Text"]} />
        <tbody>
          {lines.map((line, index) => (
            <tr key={`${line.time} ${index}`}>
              <td class="number">{moment(line.time)}</td>
              <td>{line.level}</td>
              <td class="mono">{line.fn}</td>
              <td class="mono wrap">{line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
