/** What `zedis dev` has found in the folder that it watches: saves that do not serve, types that do not fit, tests that fail. */
import { get } from "./api.ts";
import { Icon } from "./icons.tsx";
import { useLoaded } from "./polling.ts";

interface Problem {
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly frame: string;
}

interface Report {
  readonly folder: string;
  readonly files: readonly {
    readonly path: string;
    readonly library: string | null;
    readonly problem: Problem | null;
    readonly types: readonly Problem[] | null;
  }[];
  readonly tests: readonly {
    readonly path: string;
    readonly status: string;
    readonly passed: number;
    readonly failed: number;
    readonly output: string;
  }[];
}

const EVERY_MS = 1_000;
const TYPES_SHOWN = 5;

/** `onChanged`: another library is loaded than before. */
export function DevReport({ onChanged }: { onChanged: () => Promise<void> }) {
  const { value } = useLoaded("watched", async () => ((await get("/v1/dev")) as { watching: Report | null }).watching);
  return value === null ? null : <Watched onChanged={onChanged} />;
}

function Watched({ onChanged }: { onChanged: () => Promise<void> }) {
  const { value: report } = useLoaded(
    "dev",
    async () => {
      const { watching } = (await get("/v1/dev")) as { watching: Report | null };
      if (report !== null && watching !== null && stateOf(report) !== stateOf(watching)) void onChanged();
      return watching;
    },
    EVERY_MS,
  );
  if (report === null) return null;
  const running = report.tests.filter(({ status }) => status === "running");
  const failed = report.tests.filter(({ status }) => status === "failed");
  const passed = report.tests.reduce((sum, test) => sum + (test.status === "passed" ? test.passed : 0), 0);
  return (
    <section class="dev" aria-label="Files that are watched">
      <p class="soft">
        Watching <code>{report.folder}</code>: {report.files.length} {report.files.length === 1 ? "file" : "files"}
        {passed > 0 && `, ${passed} tests passed`}
        {running.length > 0 && ", tests run …"}
      </p>
      <div role="status">
        {report.files.map(({ path, library, problem, types }) => (
          <div key={path}>
            {problem !== null && (
              <Finding
                title={path}
                problem={problem}
                note={library === null ? "" : `The version of ${library} before it goes on serving.`}
              />
            )}
            {(types ?? []).slice(0, TYPES_SHOWN).map((found) => (
              <Finding key={`${found.line} ${found.message}`} title={`${path}, types`} problem={found} note="" />
            ))}
          </div>
        ))}
        {failed.map(({ path, failed: count, output }) => (
          <Finding
            key={path}
            title={path}
            problem={{ message: `${count} tests failed`, line: null, column: null, frame: output }}
            note=""
          />
        ))}
      </div>
    </section>
  );
}

/** Changes where another save serves. */
function stateOf(report: Report): string {
  return JSON.stringify(report.files.map(({ path, library, problem }) => [path, library, problem?.message]));
}

function Finding({ title, problem, note }: { title: string; problem: Problem; note: string }) {
  const place = problem.line === null ? "" : `:${problem.line}${problem.column === null ? "" : `:${problem.column}`}`;
  return (
    <div class="finding">
      <p class="error-text">
        <Icon name="alert" />
        <strong class="mono">
          {title}
          {place}
        </strong>{" "}
        {problem.message}
      </p>
      {problem.frame !== "" && <pre class="code-block">{problem.frame}</pre>}
      {note !== "" && <p class="soft">{note}</p>}
    </div>
  );
}
