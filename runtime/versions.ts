/** The last sources of each library, in memory: a library that has gone wrong can be replaced by what it was before. Main thread. */
import { LIMITS } from "./limits.ts";

export interface LibraryVersion {
  /** Counted from 1 for each name, by the loads of this process that changed the source. */
  readonly version: number;
  readonly loadedMs: number;
  /** Who loaded it. */
  readonly user: string;
  /** The first 16 digits of the source's SHA-256. */
  readonly digest: string;
  readonly language: string;
  /** As files hold it. */
  readonly source: Uint8Array;
}

/** What a version takes beside its source, about; so that many small ones are limited too. */
const OVERHEAD_BYTES = 256;

export class LibraryVersions {
  /** Of each name the oldest first. */
  readonly #byName = new Map<string, LibraryVersion[]>();
  #bytes = 0;

  constructor(
    /** How many a library keeps, as is set now. */
    private readonly countMax: () => number,
    private readonly bytesMax = LIMITS.versionsBytesMax,
  ) {}

  /** A library was loaded. The source that it has already is no new version. */
  note(
    name: string,
    { language, source, user }: Pick<LibraryVersion, "language" | "source" | "user">,
    nowMs = Date.now(),
  ): void {
    const versions = this.#byName.get(name) ?? [];
    const digest = new Bun.CryptoHasher("sha256").update(source).digest("hex").slice(0, 16);
    const last = versions.at(-1);
    if (this.countMax() > 0 && last?.digest !== digest) {
      versions.push({ version: (last?.version ?? 0) + 1, loadedMs: nowMs, user, digest, language, source });
      this.#bytes += sizeOf(source);
      this.#byName.set(name, versions);
    }
    while (versions.length > this.countMax()) this.#drop(name, versions);
    while (this.#bytes > this.bytesMax) {
      const [[oldestName, oldest] = ["", []]] = [...this.#byName].sort(
        ([, left], [, right]) => (left[0]?.loadedMs ?? 0) - (right[0]?.loadedMs ?? 0),
      );
      this.#drop(oldestName, oldest);
    }
  }

  /** The versions of a name, also of one that is deleted; the latest first. */
  of(name: string): readonly LibraryVersion[] {
    const kept = this.#byName.get(name) ?? [];
    return kept.slice(Math.max(kept.length - this.countMax(), 0)).reverse();
  }

  forgetAll(): void {
    this.#byName.clear();
    this.#bytes = 0;
  }

  #drop(name: string, versions: LibraryVersion[]): void {
    const dropped = versions.shift();
    if (dropped !== undefined) this.#bytes -= sizeOf(dropped.source);
    if (versions.length === 0) this.#byName.delete(name);
  }
}

function sizeOf(source: Uint8Array): number {
  return source.length + OVERHEAD_BYTES;
}
