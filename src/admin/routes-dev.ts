/** /v1/dev: what `zedis dev` has found in the folder that it watches. */
import { Elysia, t } from "elysia";
import type { RouteDeps } from "./api.ts";
import { described } from "./openapi-detail.ts";

const Problem = t.Object({
  message: t.String(),
  line: t.Union([t.Integer(), t.Null()]),
  column: t.Union([t.Integer(), t.Null()]),
  frame: t.String({ description: "The lines around the place" }),
});
const File = t.Object({
  path: t.String(),
  library: t.Union([t.String(), t.Null()]),
  problem: t.Union([Problem, t.Null()], { description: "Why the last save is not what serves" }),
  types: t.Union([t.Array(Problem), t.Null()], { description: "What the type checker says" }),
  changedAt: t.Number(),
});
const Test = t.Object({
  path: t.String(),
  status: t.String(),
  passed: t.Integer(),
  failed: t.Integer(),
  output: t.String(),
  changedAt: t.Number(),
});

interface ProblemFound {
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly frame: string;
}

/** The last word on each file, and on each run of its tests. */
export interface DevReport {
  readonly folder: string;
  readonly files: readonly {
    readonly path: string;
    readonly library: string | null;
    readonly problem: ProblemFound | null;
    readonly types: readonly ProblemFound[] | null;
    readonly changedAt: number;
  }[];
  readonly tests: readonly (typeof Test.static)[];
}

export function devRoutes({ caller, sessions, dev }: RouteDeps) {
  return new Elysia().get(
    "/v1/dev",
    async ({ request }) => {
      // Code frames are code: for who may read the libraries' code.
      await sessions.call(caller(request), 0, ["FUNCTION", "LIST", "LIBRARYNAME", "-"]);
      return { watching: dev() };
    },
    {
      detail: described(
        ["procedures"],
        "Files, problems and tests of the folder that zedis dev watches",
        t.Object({
          watching: t.Union([
            t.Object({ folder: t.String(), files: t.Array(File), tests: t.Array(Test) }),
            t.Null({ description: "Nothing is watched" }),
          ]),
        }),
      ),
    },
  );
}
