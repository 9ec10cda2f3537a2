/**
 * One QuickJS: an instance of the WASM module with one runtime and one context. Its whole state is its memory and its
 * stack pointer, so a copy of the used part is a snapshot, and writing it back undoes whatever happened since, even if
 * the instance was left in the middle of something:
 *
 *     0        1 KiB           88 KiB                     5.1 MiB            top              16 MiB …
 *     |        | static data    | stack ◀── grows down     | heap ──▶         | never touched   |
 *              └── copied ──────┘   dead between calls     └── copied ────────┘
 *
 * A call from the host's side into the guest is `call`; the guest calls the host by `GuestHost.call`.
 */
import { type Bytes, bytesOf } from "../../host/deck.ts";
import {
  EXPORTS,
  HEAP_AT,
  IMPORTS,
  INITIAL_PAGES,
  MAX_PAGES,
  type QuickJsExports,
  quickJsModule,
  STATIC_END,
} from "./wasm.ts";

type ImportValue = WebAssembly.Memory | ((...numbers: never[]) => unknown);

/** What the guest can reach: numbers go in, a number comes out. */
export interface GuestHost {
  /** A host function was called: `argv` is the address of `argc` values. Gives the address of a value that is the guest's from then on, 0 for undefined. */
  readonly call: (id: number, argc: number, argv: number) => number;
  /** Some hundred microseconds of work are done. Throws to stop it. */
  readonly outOfFuel: () => void;
  /** Bytes that the guest's heap may have. */
  readonly heapBytesMax: () => number;
}

export interface Snapshot {
  readonly statics: Uint8Array;
  readonly heap: Uint8Array;
}

/** Bytes of stack that the guest may use, of 5 MiB: deep enough for some thousand calls, small enough for the host's own stack. */
const STACK_BYTES = 256 << 10;
const PAGE = 65_536;
const SNAPSHOT_GRAIN = 4096;

export class Instance {
  x!: QuickJsExports;
  u8!: Bytes;
  i32!: Int32Array;
  f64!: Float64Array;
  #memory!: WebAssembly.Memory;

  constructor(private readonly host: GuestHost) {
    this.#instantiate();
    this.x.start();
  }

  /** Has the memory grown beyond what an instance begins with? It never shrinks. */
  get grown(): boolean {
    return this.u8.length > INITIAL_PAGES * PAGE;
  }

  /** Bytes of the heap that have been used since the instance was made. Cost: some milliseconds. */
  heapBytes(): number {
    const { i32 } = this;
    let last = i32.length - 1;
    while (i32[last] === 0) last--;
    return Math.max((last + 1) * 4 - HEAP_AT, 0);
  }

  /** A copy of the state between two calls. Cost: some milliseconds, for finding where the heap ends. */
  snapshot(): Snapshot {
    const { u8 } = this;
    const top = HEAP_AT + Math.ceil(this.heapBytes() / SNAPSHOT_GRAIN) * SNAPSHOT_GRAIN;
    return { statics: new Uint8Array(u8.subarray(0, STATIC_END)), heap: new Uint8Array(u8.subarray(HEAP_AT, top)) };
  }

  /** Back to the snapshot. Cost: a copy of its bytes, 2 to 10 µs; half a millisecond where the memory had grown. */
  restore({ statics, heap }: Snapshot): void {
    if (this.grown || this.u8.length < HEAP_AT + heap.length) this.#instantiate();
    while (this.u8.length < HEAP_AT + heap.length) this.#grow(HEAP_AT + heap.length);
    this.u8.set(statics, 0);
    this.u8.set(heap, HEAP_AT);
    this.x.stackRestore(HEAP_AT);
  }

  #instantiate(): void {
    this.#memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAX_PAGES });
    this.#view();
    const { exports } = new WebAssembly.Instance(quickJsModule(), { a: this.#imports() });
    const named: Record<string, unknown> = {};
    for (const [name, letter] of Object.entries(EXPORTS)) named[name] = exports[letter];
    this.x = named as QuickJsExports;
  }

  #view(): void {
    const { buffer } = this.#memory;
    this.u8 = bytesOf(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** Room up to address `end`, or some more, but not beyond `endMax`, as the guest takes what is there without asking. */
  #grow(end: number, endMax = end): boolean {
    const [pages, pagesMax] = [end, endMax].map((at) => Math.ceil((at - this.u8.length) / PAGE)) as [number, number];
    try {
      // A little more than asked for, as each growth may move the memory.
      this.#memory.grow(Math.max(pages, Math.min(pagesMax, 16)));
    } catch {
      return false;
    }
    this.#view();
    return true;
  }

  #imports(): Record<string, ImportValue> {
    const { host } = this;
    const nothing = (): number => 0;
    const broken = (): never => {
      throw new WebAssembly.RuntimeError("QuickJS gave up");
    };
    const functions: Readonly<Record<keyof typeof IMPORTS, ImportValue>> = {
      memory: this.#memory,
      assertionFailed: broken,
      abort: broken,
      exit: broken,
      writeFile: nothing,
      closeFile: nothing,
      seekFile: nothing,
      environment: nothing,
      environmentSizes: nothing,
      normalizeModule: nothing,
      loadModule: nothing,
      shouldInterrupt: nothing,
      setTimer: nothing,
      freeHostRef: nothing,
      timeZone: nothing,
      dateNow: () => Date.now(),
      outOfFuel: () => host.outOfFuel(),
      growHeap: (bytes: number) => {
        const end = bytes >>> 0;
        const endMax = HEAP_AT + host.heapBytesMax();
        return end <= endMax && this.#grow(end, endMax) ? 1 : 0;
      },
      localTime: (seconds: bigint, at: number) => this.#localTime(Number(seconds), at >> 2),
      callFunction: (_context: number, _this: number, argc: number, argv: number, id: number) =>
        host.call(id, argc, argv),
    };
    const imports: Record<string, ImportValue> = {};
    for (const [name, letter] of Object.entries(IMPORTS)) imports[letter] = functions[name as keyof typeof IMPORTS];
    return imports;
  }

  /** C's struct tm: seconds, minutes, hours, day, month, year, weekday, day of the year, daylight saving, seconds east. */
  #localTime(seconds: number, slot: number): void {
    const date = new Date(seconds * 1000);
    const { i32 } = this;
    const yearStart = new Date(date.getFullYear(), 0, 1);
    const fields = [
      date.getSeconds(),
      date.getMinutes(),
      date.getHours(),
      date.getDate(),
      date.getMonth(),
      date.getFullYear() - 1900,
      date.getDay(),
      Math.floor((date.getTime() - yearStart.getTime()) / 86_400_000),
      date.getTimezoneOffset() < yearStart.getTimezoneOffset() ? 1 : 0,
      -60 * date.getTimezoneOffset(),
    ];
    for (const [index, field] of fields.entries()) i32[slot + index] = field;
  }

  // ---- making a guest

  /** A runtime and a context; gives their addresses. */
  boot(): { readonly runtime: number; readonly context: number } {
    const runtime = this.x.QTS_NewRuntime();
    this.x.QTS_RuntimeSetMaxStackSize(runtime, STACK_BYTES);
    return { runtime, context: this.x.QTS_NewContext(runtime, 0) };
  }
}
