import type { Call, EngineCore, ThawedLibrary } from "./engine.ts";
import { LIMITS } from "./limits.ts";
import type { LibraryImage } from "./schema.ts";

/** The libraries that are live on one core, and their functions by number. */
export class LiveLibraries {
  readonly #calls = new Map<number, Call>();
  #retired: { readonly ids: readonly number[]; readonly atMs: number }[] = [];

  constructor(
    private readonly engines: ReadonlyMap<string, EngineCore>,
    private readonly nowMs: () => number,
  ) {}

  find(id: number): Call | undefined {
    return this.#calls.get(id);
  }

  /** Makes a library's functions callable. Throws an Error whose message is for the author; then nothing has changed. */
  thaw(image: LibraryImage): void {
    const engine = this.engines.get(image.engine);
    if (engine === undefined) throw new Error(`Engine '${image.engine}' not found`);
    const thawed: ThawedLibrary = engine.thaw(image, LIMITS.thawTimeMs);
    for (const [id, call] of thawed.calls) this.#calls.set(id, call);
    this.#forget();
  }

  /**
   * Lets functions go. A call that began under the old manifest may still be retried, so they stay reachable for a
   * while; how many such sets stay is limited too, as each holds a realm. With no `ids` it lets go those whose time is over. Gives
   * whether any have gone for good.
   */
  drop(ids: readonly number[]): boolean {
    if (ids.length > 0) this.#retired.push({ ids, atMs: this.nowMs() });
    return this.#forget();
  }

  #forget(): boolean {
    const before = this.#retired.length;
    const oldest = this.nowMs() - LIMITS.retiredForMs;
    const surplus = this.#retired.length - LIMITS.retiredMax;
    this.#retired = this.#retired.filter((set, index) => {
      if (set.atMs > oldest && index >= surplus) return true;
      for (const id of set.ids) this.#calls.delete(id);
      return false;
    });
    return this.#retired.length < before;
  }
}
