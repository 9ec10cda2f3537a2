/**
 * What changes in a folder and below it. The truth is a walk over the folder, compared with the walk before: the system's notices only
 * say when to walk. So it does not matter how an editor saves (in place, by renaming, by deleting first), nor whether the folder is there.
 *
 *     notice or a second gone by ──▶ walk ──▶ differs from what is known? ──▶ still so 20 ms later? ──▶ told
 */
import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isHidden, kindOf } from "./procedure-files.ts";

/** A file has to look the same for so long: whoever writes it may not be through. */
const SETTLED_MS = 20;
/** A file has to be gone for so long: some editors delete before they write. */
const GONE_MS = 150;
/** Walks without a notice: network file systems send none. */
const WALK_EVERY_MS = 1_000;
/** More than that is no folder of procedures. */
const FILES_MAX = 10_000;
const DEPTH_MAX = 16;

/** Paths relative to the folder, with `/` between, in order. */
export interface Changes {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export class FolderWatch {
  /** What was told, and what was seen last and since when; a signature of null: not there. */
  readonly #known = new Map<string, string>();
  readonly #pending = new Map<string, { readonly signature: string | null; readonly since: number }>();
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: Timer | undefined;
  #isWalking = false;
  #again = false;
  #stopped = false;

  constructor(
    private readonly folder: string,
    private readonly tell: (changes: Changes) => void,
  ) {}

  /** What is there now counts as known. */
  async begin(): Promise<readonly string[]> {
    const { files, folders } = await walk(this.folder);
    for (const [path, signature] of files) this.#known.set(path, signature);
    this.#watch(folders);
    this.#walkIn(WALK_EVERY_MS);
    return [...files.keys()].sort();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #walkIn(ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#walk(), ms);
    this.#timer.unref();
  }

  async #walk(): Promise<void> {
    if (this.#isWalking) {
      this.#again = true;
      return;
    }
    this.#isWalking = true;
    const { files, folders } = await walk(this.folder);
    this.#isWalking = false;
    if (this.#stopped) return;
    this.#watch(folders);
    const changes = this.#compare(files, performance.now());
    if (changes.changed.length > 0 || changes.removed.length > 0) this.tell(changes);
    this.#walkIn(this.#pending.size > 0 || this.#again ? SETTLED_MS : WALK_EVERY_MS);
    this.#again = false;
  }

  #compare(files: ReadonlyMap<string, string>, now: number): Changes {
    const changed: string[] = [];
    const removed: string[] = [];
    for (const path of new Set([...this.#known.keys(), ...files.keys(), ...this.#pending.keys()])) {
      const signature = files.get(path) ?? null;
      const pending = this.#pending.get(path);
      if (signature === (this.#known.get(path) ?? null)) this.#pending.delete(path);
      else if (pending === undefined || pending.signature !== signature) {
        this.#pending.set(path, { signature, since: now });
      } else if (now - pending.since >= (signature === null ? GONE_MS : SETTLED_MS)) {
        this.#pending.delete(path);
        if (signature === null) this.#known.delete(path);
        else this.#known.set(path, signature);
        (signature === null ? removed : changed).push(path);
      }
    }
    return { changed: changed.sort(), removed: removed.sort() };
  }

  /** Notices from exactly these folders. */
  #watch(folders: ReadonlyMap<string, string>): void {
    // A folder that was deleted and made again has another number, and the old notices are of nothing.
    const wanted = new Map([...folders].map(([path, id]) => [`${id} ${path}`, path]));
    for (const [key, watcher] of this.#watchers) {
      if (wanted.has(key)) continue;
      watcher.close();
      this.#watchers.delete(key);
    }
    for (const [key, path] of wanted) {
      if (this.#watchers.has(key)) continue;
      try {
        const watcher = watch(path, { persistent: false }, () => {
          if (!this.#isWalking) this.#walkIn(SETTLED_MS);
          else this.#again = true;
        });
        watcher.on("error", () => {});
        this.#watchers.set(key, watcher);
      } catch {
        // No notices from there (it is gone again, or the system has no more watches): the walk once a second finds it.
      }
    }
  }
}

/** Signatures of the files that count, by path, and the numbers of the folders, by absolute path. What cannot be read is not there. */
async function walk(root: string): Promise<{ files: Map<string, string>; folders: Map<string, string> }> {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const visit = async (folder: string, prefix: string, depth: number): Promise<void> => {
    const own = await stat(folder).catch(() => null);
    if (own === null || !own.isDirectory()) return;
    folders.set(folder, `${own.dev}:${own.ino}`);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (isHidden(entry.name) || files.size >= FILES_MAX) continue;
      const path = prefix + entry.name;
      // A link to a folder is not followed: it may lead back here.
      if (entry.isDirectory()) {
        if (depth < DEPTH_MAX) await visit(join(folder, entry.name), `${path}/`, depth + 1);
      } else if (kindOf(path) !== null) {
        const found = await stat(join(folder, entry.name), { bigint: true }).catch(() => null);
        if (found?.isFile()) files.set(path, `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`);
      }
    }
  };
  await visit(root, "", 0);
  return { files, folders };
}
