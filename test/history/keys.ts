import type { Random } from "../harness/random.ts";
import type { Append } from "./history.ts";

/** Lists in use at the same time: few, so that clients meet. */
const KEYS_ACTIVE = 8;
/** A list that has so many values makes room for a new one, so that reads stay short. */
const APPENDS_MAX = 120;

/** The keys of a run, and the numbers that are appended to them. */
export class Keys {
  /** Every key that was ever handed out. */
  readonly all: string[] = [];
  readonly #active: { key: string; appends: number }[] = [];
  #value = 0;

  constructor(readonly random: Random) {
    while (this.#active.length < KEYS_ACTIVE) this.#active.push(this.#fresh());
  }

  one(): string {
    return this.random.pick(this.#active).key;
  }

  /** Different keys. */
  several(count: number): string[] {
    return this.random
      .shuffled(this.#active)
      .slice(0, count)
      .map(({ key }) => key);
  }

  append(): Append {
    const place = this.random.below(KEYS_ACTIVE);
    const chosen = this.#active[place] as { key: string; appends: number };
    if (++chosen.appends === APPENDS_MAX) this.#active[place] = this.#fresh();
    return { kind: "append", key: chosen.key, value: ++this.#value };
  }

  #fresh(): { key: string; appends: number } {
    // A random name falls into any shard.
    const key = `list:${this.all.length}:${this.random.below(2 ** 31).toString(36)}`;
    this.all.push(key);
    return { key, appends: 0 };
  }
}
