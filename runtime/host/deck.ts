/**
 * The deck: one mebibyte per core that native code and that core's JavaScript both see, and the functions that go
 * with it. Nothing is serialised and nothing is queued: a call's arguments lie in IN, its result goes to OUT.
 *
 *     0        256       1 KiB        16 KiB              512 KiB             1 MiB
 *     | i32    | f64     | SPANS      | IN  native → JS   | OUT  JS → native   |
 *
 *   SPANS  per argument two u32: offset into IN, length | ASCII << 31
 *   IN     argument bytes of a call; reply of a host call; error texts; mail
 *   OUT    key and argument bytes of a host call; the call's result
 */
export const DECK = {
  bytes: 1 << 20,
  f64At: 256,
  spansAt: 1 << 10,
  spansMax: ((16 << 10) - (1 << 10)) / 8,
  inAt: 16 << 10,
  outAt: 512 << 10,
  outBytes: 512 << 10,
} as const;

/** Indices into the Int32Array header. From `GATE` on it is JavaScript that writes them. */
export const I32 = {
  FN: 0,
  ARGC: 1,
  NUMKEYS: 2,
  PROTO: 3,
  FLAGS: 4,
  CALL_STATE: 5,
  IN_LEN: 6,
  IN_BIG: 7,
  STATUS: 8,
  /** Not 0: native code has called into the VM, which has not gone back. */
  UPCALL: 9,
  /** 1 + what `run` has come back with; 0 while it runs, and once it has been taken. */
  RETURNED: 10,
  /** Number of the library whose call is running; its `Zedis` works only while this is its own. */
  GATE: 32,
  /** What came of the call that has just ended: one of OUTCOME. */
  OUTCOME: 33,
} as const;

/** Indices into the Float64Array header. */
export const F64 = {
  BIG_PTR: 0,
  BIG_LEN: 1,
  /** Bytes of this VM's heap and of what its engines have beside it. JavaScript writes it. */
  VM_BYTES: 2,
} as const;

/** What `run` returns: why native code came back. */
export const CODE = { STOP: 0, CALL: 1, MAIL: 2, LEAVE: 3, NOTE: 4 } as const;

/** What `run` is told: what became of the pending call. */
export const OUTCOME = {
  NONE: 0,
  RESULT: 1,
  ERROR: 2,
  RESULT_BIG: 3,
  TIMED_OUT: 4,
  INTEGER: 5,
  NULL: 6,
  /** Of a nested call: it is to run in native code. */
  IN_LUA: 7,
} as const;

export const CALL_STATE = { NONE: 0, READY: 1, RUNNING: 2 } as const;

/** Refusals of a host call; results are zero or more. */
export const REFUSED = { MISSING: -1, ERROR: -2, DOOMED: -3 } as const;

/**
 * Native functions of one core. All numbers are f64 and calls cost 1 to 2 ns plus the work.
 *
 * `k` names a key: k >= 0 is argument k of this call (its hash is known), k < 0 is the key OUT[0 .. -k-1].
 */
export interface NativeDeck {
  run(core: number, outcome: number, n: number): number;
  /** A pointer to `n` bytes that stay valid until the call ends. */
  grow(n: number): number;
  get_int(k: number): number;
  get(k: number): number;
  set_int(k: number, value: number): number;
  set(k: number, valueBytes: number): number;
  incr_by(k: number, delta: number): number;
  exists(k: number): number;
  del(k: number): number;
  call(command: number, argc: number, totalBytes: number, big: number): number;
  /** Begins a nested call of the function packed in OUT behind its name's length; gives its number, or a refusal. See runtime/nested.ts. */
  nest(keys: number, argc: number, totalBytes: number, big: number, readOnly: number): number;
  /** Ends it with its outcome; gives the length of its result in IN, or a refusal. */
  unnest(outcome: number, n: number): number;
  log(level: number, bytes: number): number;
  now(): number;
}

/** Native memory at `pointer` as an ArrayBuffer, without a copy. */
export type MapMemory = (pointer: number, bytes: number) => ArrayBuffer;

/** Everything an engine needs to reach one core's native side. */
export interface DeckAccess {
  readonly core: number;
  readonly native: NativeDeck;
  readonly memory: ArrayBuffer;
  readonly map: MapMemory;
}

/** Bytes with the quick conversions that Buffer has and its declarations lack. */
export type Bytes = Buffer & {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  latin1Write(text: string, at: number): number;
  utf8Write(text: string, at: number): number;
};

/** `memory` as bytes, without a copy. */
export function bytesOf(memory: ArrayBufferLike, from = 0): Bytes {
  return Buffer.from(memory as ArrayBuffer, from) as Bytes;
}

/** Views over a deck, made once per core. */
export interface DeckViews {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** Signed, so that the ASCII bit is the sign. */
  readonly spans: Int32Array;
  readonly bytes: Bytes;
}

export function viewDeck(memory: ArrayBuffer): DeckViews {
  if (memory.byteLength !== DECK.bytes) {
    throw new Error(`a deck has ${DECK.bytes} bytes, this one has ${memory.byteLength}`);
  }
  return {
    i32: new Int32Array(memory, 0, DECK.f64At / 4),
    f64: new Float64Array(memory, DECK.f64At, 32),
    spans: new Int32Array(memory, DECK.spansAt, DECK.spansMax * 2),
    bytes: bytesOf(memory),
  };
}
