import { JscCompiler, JscCore } from "../../runtime/engines/jsc/jsc-engine.ts";
import { QuickJsCompiler, QuickJsCore } from "../../runtime/engines/quickjs/quickjs-engine.ts";
import { callableCommands } from "../../runtime/host/commands.ts";
import type { CoreMessage } from "../../runtime/mail.ts";
import { NestedCalls } from "../../runtime/nested.ts";
import type { LibraryImage } from "../../runtime/schema.ts";
import { CoreLoop } from "../../runtime/worker-loop.ts";
import { type Answer, FakeNative } from "./fake-native.ts";
import { TABLE } from "./table.ts";

export interface CallOptions {
  readonly proto?: 2 | 3;
  readonly readOnly?: boolean;
}

/** One core over a fake native side: libraries are loaded and called as a client would, without sockets. */
export class FakeServer {
  readonly native = new FakeNative();
  readonly messages: CoreMessage[] = [];
  /** Long, since what should end does so on the busiest machine: who tests the limit sets it. */
  timeLimitMs = 10_000;
  memoryLimitBytes = 16 << 20;
  readonly #compilers = [new JscCompiler(), new QuickJsCompiler()];
  readonly #loop: CoreLoop;
  readonly #ids = new Map<string, number>();
  #nextId = 1;

  /** `engine`: what libraries run in that do not say it themselves. */
  constructor(private readonly engine = process.env.ZEDIS_TEST_ENGINE ?? "jsc") {
    const { deck, views } = this.native;
    const commands = callableCommands(TABLE);
    const nested = new NestedCalls(deck, views);
    const limits = {
      timeMs: () => this.timeLimitMs,
      memoryBytes: () => this.memoryLimitBytes,
      nowMs: () => performance.now(),
    };
    this.#loop = new CoreLoop({
      deck,
      views,
      engines: [new JscCore(deck, views, commands, nested), new QuickJsCore(deck, views, commands, nested, limits)],
      nested,
      timeLimitMs: () => this.timeLimitMs,
      entrySlackMs: () => 50,
      post: (message) => this.messages.push(message),
      nowMs: () => performance.now(),
    });
  }

  /** Loads a library; throws what its compiler or a core has against it. */
  async load(source: string): Promise<LibraryImage> {
    const compiler = this.#compilers.find(({ name }) => name === (/engine=(\w+)/.exec(source)?.[1] ?? this.engine));
    if (compiler === undefined) throw new Error("no such engine");
    const compiled = { ...(await compiler.compile(source)), engine: compiler.name };
    const functions = compiled.functions.map((fn) => ({ ...fn, id: this.#nextId++ }));
    const image: LibraryImage = { ...compiled, functions };
    this.native.tasks.push({
      kind: "mail",
      text: JSON.stringify({ op: "thaw", seq: functions[0]?.id ?? 0, library: image }),
    });
    this.#runAll();
    const answer = this.messages.pop();
    if (answer?.op === "thawed" && answer.error !== undefined) throw new Error(answer.error);
    for (const fn of functions) this.#ids.set(fn.name, fn.id);
    return image;
  }

  /** FCALL: keys first, then arguments. */
  call(
    name: string,
    keys: readonly string[] = [],
    args: readonly (string | Uint8Array)[] = [],
    options: CallOptions = {},
  ): Answer {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`no function ${name}`);
    return this.callId(id, keys, args, options);
  }

  callId(
    id: number,
    keys: readonly string[],
    args: readonly (string | Uint8Array)[],
    options: CallOptions = {},
  ): Answer {
    let answer: Answer | undefined;
    const request = {
      id,
      keys: keys.length,
      args: [...keys, ...args],
      proto: options.proto ?? 3,
      readOnly: options.readOnly ?? false,
    };
    this.native.tasks.push({
      kind: "call",
      request,
      done: (given) => {
        answer = given;
      },
    });
    this.#runAll();
    if (answer === undefined) throw new Error("the call has no answer");
    return answer;
  }

  drop(ids: readonly number[]): void {
    this.native.tasks.push({ kind: "mail", text: JSON.stringify({ op: "drop", seq: 1, ids }) });
    this.#runAll();
  }

  /** The reply of a call: RESP, or the error text after "-". */
  reply(
    name: string,
    keys: readonly string[] = [],
    args: readonly (string | Uint8Array)[] = [],
    options: CallOptions = {},
  ): string {
    const answer = this.call(name, keys, args, options);
    if (answer.kind === "result") return answer.resp;
    return answer.kind === "error" ? `-${answer.text}` : "-TIMEOUT";
  }

  /** A stored string. */
  stored(key: string): string | undefined {
    const found = this.native.store.get(key);
    return found instanceof Uint8Array ? Buffer.from(found).toString() : undefined;
  }

  put(key: string, value: string): void {
    this.native.store.set(key, Buffer.from(value));
  }

  #runAll(): void {
    while (this.#loop.turn()) {
      // Until the fake has no task left and says STOP.
    }
  }
}
