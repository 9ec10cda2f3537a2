/**
 * The libraries of the server, on the main thread. A library becomes live in three steps, so that a call sees the old one
 * or the new one, whole:
 *
 *     compile (here)  →  thaw on every core, under new function numbers  →  publish the manifest that names them
 *
 * Changes happen one after the other. Function numbers are never reused, so a call that is on its way keeps its meaning.
 */
import { CompileError } from "./compile/compile-error.ts";
import { LANGUAGES, parseHeader } from "./compile/header.ts";
import type { EngineCompiler } from "./engine.ts";
import { chooseEngine, type EnginePolicy } from "./engine-policy.ts";
import { LIMITS } from "./limits.ts";
import type { Message } from "./mail.ts";
import type { LibraryImage, NumberedFunction } from "./schema.ts";

/**
 * What the native side needs to find functions: {"version": 3, "functions": [{"name", "library", "id", "flags"}], "lua": [{"library",
 * "code"}], "source_bytes": 120}; `lua` for libraries that it runs itself, each byte of the code a character.
 */
export interface Manifest {
  readonly version: number;
  /** Characters of all sources. */
  readonly source_bytes: number;
  readonly lua: readonly { readonly library: string; readonly code: string }[];
  readonly functions: readonly {
    readonly name: string;
    readonly library: string;
    readonly id: number;
    readonly flags: readonly string[];
  }[];
}

export interface RegistryDeps {
  readonly compilers: readonly EngineCompiler[];
  readonly enginePolicy: () => EnginePolicy;
  /** Tells every core; rejects with what one has against it, when all have answered. */
  readonly broadcast: (message: Message) => Promise<void>;
  /** From its return on, FCALL finds exactly these functions, on every core. */
  readonly publish: (manifest: Manifest) => void;
  /** Runs `work` once, after `ms`. */
  readonly later: (ms: number, work: () => void) => void;
  /** A library is live that was loaded by this user. */
  readonly onLoaded?: (library: LoadedLibrary, user: string) => void;
}

export interface LoadedLibrary {
  readonly name: string;
  readonly language: string;
  readonly source: string;
  readonly functions: readonly NumberedFunction[];
  readonly image: LibraryImage;
}

/** A change that was refused; the message is the text of the error reply, without its code. */
export class RegistryError extends Error {}

export class LibraryRegistry {
  readonly #libraries = new Map<string, LoadedLibrary>();
  #queue: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #version = 0;

  constructor(private readonly deps: RegistryDeps) {}

  /** Loaded libraries, by name in order of their loading. */
  list(): readonly LoadedLibrary[] {
    return [...this.#libraries.values()];
  }

  /** What a core whose VM is new has to thaw to be like the others. */
  restore(): readonly Message[] {
    return this.list()
      .filter(({ image }) => !this.#isNative(image))
      .map(({ image }) => ({ op: "thaw", library: image }));
  }

  /** Makes `source` live on every core, in the engine that `user` may use; returns the library's name. Throws RegistryError; then nothing has changed. */
  load(source: string, replace: boolean, user: string): Promise<string> {
    return this.#inTurn(async () => {
      const image = await this.#compile(source, replace, user);
      const ids = image.functions.map((fn) => fn.id);
      try {
        if (!this.#isNative(image)) await this.deps.broadcast({ op: "thaw", library: image });
      } catch (error) {
        this.#forget(ids);
        throw new RegistryError(error instanceof Error ? error.message : String(error));
      }
      const old = this.#libraries.get(image.name);
      const { name, language, functions } = image;
      const library = { name, language, source, functions, image };
      this.#libraries.set(name, library);
      this.#publish();
      this.deps.onLoaded?.(library, user);
      if (old !== undefined) this.#forget(old.functions.map((fn) => fn.id));
      return name;
    });
  }

  /**
   * Makes all of `sources` live at once, or none. `flush`: in place of what there is; `append`: a library that is there already is an
   * error; `replace`: it is replaced. Throws RegistryError; then nothing has changed.
   */
  restoreAll(sources: readonly string[], policy: "flush" | "append" | "replace", user: string): Promise<void> {
    return this.#inTurn(async () => {
      const next = new Map(policy === "flush" ? [] : this.#libraries);
      const images: LibraryImage[] = [];
      const ids = () => images.flatMap((image) => image.functions.map((fn) => fn.id));
      try {
        for (const source of sources) {
          const { name } = parseHeader(source);
          const isNew = !images.some((image) => image.name === name);
          if (policy === "append" && isNew && next.has(name)) throw new RegistryError(`Library ${name} already exists`);
          const replace = policy === "replace" && isNew;
          const image = await this.#compile(source, replace, user, next);
          images.push(image);
          next.set(image.name, {
            name: image.name,
            language: image.language,
            source,
            functions: image.functions,
            image,
          });
        }
        for (const image of images) {
          if (!this.#isNative(image)) await this.deps.broadcast({ op: "thaw", library: image });
        }
      } catch (error) {
        this.#forget(ids());
        if (error instanceof RegistryError) throw error;
        throw new RegistryError(error instanceof Error ? error.message : String(error));
      }
      const gone = this.list().filter((library) => next.get(library.name) !== library);
      this.#libraries.clear();
      for (const [name, library] of next) this.#libraries.set(name, library);
      this.#publish();
      for (const { name } of images) {
        const library = this.#libraries.get(name);
        if (library !== undefined) this.deps.onLoaded?.(library, user);
      }
      if (gone.length > 0) this.#forget(gone.flatMap((library) => library.functions.map((fn) => fn.id)));
    });
  }

  /** Throws RegistryError where there is no such library. */
  delete(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const old = this.#libraries.get(name);
      if (old === undefined) throw new RegistryError("Library not found");
      this.#libraries.delete(name);
      this.#publish();
      this.#forget(old.functions.map((fn) => fn.id));
    });
  }

  flush(): Promise<void> {
    return this.#inTurn(async () => {
      const ids = this.list().flatMap((library) => library.functions.map((fn) => fn.id));
      this.#libraries.clear();
      this.#publish();
      if (ids.length > 0) this.#forget(ids);
    });
  }

  async #compile(source: string, replace: boolean, user: string, among = this.#libraries): Promise<LibraryImage> {
    try {
      const header = parseHeader(source);
      if (!replace && among.has(header.name)) {
        throw new RegistryError(`Library '${header.name}' already exists`);
      }
      const engine = chooseEngine(header, user, this.deps.enginePolicy());
      const compiler = this.deps.compilers.find((one) => one.name === engine);
      if (compiler === undefined) throw new RegistryError(`Engine '${engine}' not found`);
      const compiled = await compiler.compile(source);
      for (const library of among.values()) {
        if (library.name === compiled.name) continue;
        for (const fn of compiled.functions) {
          if (library.functions.some((other) => other.name === fn.name)) {
            throw new RegistryError(`Function ${fn.name} already exists`);
          }
        }
      }
      return { ...compiled, functions: compiled.functions.map((fn) => ({ ...fn, id: this.#nextId++ })) };
    } catch (error) {
      if (error instanceof CompileError) throw new RegistryError(describe(error, source));
      throw error;
    }
  }

  #publish(): void {
    const functions = this.list().flatMap((library) =>
      library.functions.map(({ name, id, flags }) => ({ name, library: library.name, id, flags })),
    );
    const lua = this.list()
      .filter(({ image }) => this.#isNative(image))
      .map(({ name, image }) => ({ library: name, code: image.code }));
    const source_bytes = this.list().reduce((sum, { source }) => sum + source.length, 0);
    this.deps.publish({ version: ++this.#version, source_bytes, functions, lua });
  }

  #isNative({ engine }: LibraryImage): boolean {
    return this.deps.compilers.some((compiler) => compiler.name === engine && compiler.native === true);
  }

  /** Lets the cores forget functions; nobody waits for it, as no manifest names them any more. They keep them for a while first. */
  #forget(ids: readonly number[]): void {
    const drop = (these: readonly number[]) =>
      void this.deps.broadcast({ op: "drop", ids: these }).catch(() => undefined);
    drop(ids);
    for (const late of [1000, 2000]) this.deps.later(LIMITS.retiredForMs + late, () => drop([]));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(change);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

/** With the library's file name where its header can be read. */
function describe(error: CompileError, source: string): string {
  if (error.line === undefined) return error.message;
  const { name, language } = parseHeader(source);
  return error.describe(name, LANGUAGES[language].extension);
}
