/** The last word on each file that the loop watches. Who shows it (a console, an API) reads it and is told of changes. */
import type { Problem } from "./problem.ts";

export interface DevFile {
  /** Relative to the folder. */
  readonly path: string;
  /** The library that the file has made, also while a newer save of it fails; null where it has made none yet. */
  readonly library: string | null;
  /** Why the last save is not what serves; null when it is. */
  readonly problem: Problem | null;
  /** What the type checker says; null where it has not been asked yet. */
  readonly types: readonly Problem[] | null;
  /** Milliseconds since 1970 of the last change of anything above. */
  readonly changedAt: number;
}

export interface DevTest {
  readonly path: string;
  readonly status: "running" | "passed" | "failed" | "cancelled";
  readonly passed: number;
  readonly failed: number;
  /** The end of what the test run printed. */
  readonly output: string;
  readonly changedAt: number;
}

export class DevState {
  readonly #files = new Map<string, DevFile>();
  readonly #tests = new Map<string, DevTest>();
  readonly #listeners = new Set<() => void>();

  /** `folder`: absolute path of what is watched. */
  constructor(readonly folder: string) {}

  files(): readonly DevFile[] {
    return sorted(this.#files);
  }

  tests(): readonly DevTest[] {
    return sorted(this.#tests);
  }

  /** All of it as data. */
  report(): { folder: string; files: DevFile[]; tests: DevTest[] } {
    return { folder: this.folder, files: sorted(this.#files), tests: sorted(this.#tests) };
  }

  file(path: string): DevFile | undefined {
    return this.#files.get(path);
  }

  /** Calls `listener` after each change, until the function that it gives is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  setFile(path: string, change: Partial<Omit<DevFile, "path" | "changedAt">>): void {
    const old = this.#files.get(path) ?? { path, library: null, problem: null, types: null };
    this.#files.set(path, { ...old, ...change, changedAt: Date.now() });
    this.#tell();
  }

  setTest(path: string, run: Omit<DevTest, "path" | "changedAt">): void {
    this.#tests.set(path, { path, ...run, changedAt: Date.now() });
    this.#tell();
  }

  remove(path: string): void {
    if (this.#files.delete(path) || this.#tests.delete(path)) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function sorted<T extends { readonly path: string }>(map: ReadonlyMap<string, T>): T[] {
  return [...map.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
