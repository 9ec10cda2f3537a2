/**
 * What a guest asks of the host, by the number that its function carries. Keys and values are read from the guest's memory
 * straight into the deck, and the native call follows: one crossing per call.
 *
 * Nothing here throws into the guest but errors made of its own realm (`throwNew`); TimeUp and MemoryUp end the call.
 */
import { type RespOut, ResultError } from "../../convert/resp-out.ts";
import { type Bytes, bytesOf, DECK, type DeckAccess, type DeckViews, F64, I32, REFUSED } from "../../host/deck.ts";
import { LIMITS } from "../../limits.ts";
import type { NestedCalls } from "../../nested.ts";
import { ERROR, type Guest, type GuestCalls, GuestThrew, HELPER } from "./guest.ts";
import { replyValue } from "./reply.ts";
import { isDouble, TAG } from "./values.ts";

/** Numbers of the quick functions, by their names on `Zedis`. */
export const QUICK = {
  get: 1,
  set: 2,
  get_int: 3,
  incr: 4,
  decr: 5,
  incrby: 6,
  decrby: 7,
  exists: 8,
  del: 9,
  now: 10,
} as const;

/** Numbers of the functions that only inside/zedis.ts calls. */
export const INNER = { atoms: 32, run: 33, log: 34, tell: 35, out: 36, refuse: 37, random: 38, nest: 39 } as const;

/** Commands: this, plus twice the row's number, plus one where replies are bytes. */
export const COMMAND = 4096;

/** Kinds of pieces of a result. */
export const OUT = { atom: 0, array: 1, map: 2, set: 3, bytes: 4, bigint: 5 } as const;

/** A key of a quick function, UTF-16 units. */
export const KEY_MAX = 1 << 14;
const VALUE_MAX = 1 << 15;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;
/** Answer of `#key`: this argument is for the guest to convert. */
const SLOW = Number.NaN;

type Atom = string | Uint8Array;

export class HostCalls implements GuestCalls {
  readonly #bytes: Bytes;
  readonly #i32: Int32Array;
  readonly #rows: ReadonlyMap<string, number>;
  #atoms: Atom[] = [];

  constructor(
    private readonly deck: DeckAccess,
    private readonly views: DeckViews,
    rows: readonly (readonly [number, string, string])[],
    /** Where results go. */
    readonly out: RespOut,
    private readonly nested: NestedCalls,
  ) {
    this.#bytes = views.bytes;
    this.#i32 = views.i32;
    this.#rows = new Map(rows.map(([row, name]) => [name, row]));
  }

  call(guest: Guest, id: number, argc: number, argv: number): number {
    try {
      if (id === INNER.tell) return this.#tell(guest, argc, argv);
      if (id === INNER.out) return this.#piece(guest, argc, argv);
      if (id === INNER.refuse) return this.#refuse(guest, guest.text(argv));
      if (id === INNER.random) return guest.newNumber(Math.random());
      if (!guest.open) return guest.throwNew(ERROR.PLAIN, "Zedis works only while a call of this library runs");
      return id >= COMMAND ? this.#command(guest, id - COMMAND, argc, argv) : this.#serve(guest, id, argc, argv);
    } catch (thrown) {
      // Its stack was full, or its memory: that is the guest's to catch.
      if (thrown instanceof GuestThrew) return thrown.at;
      if (thrown instanceof TypeError) return guest.throwNew(ERROR.TYPE, thrown.message);
      if (thrown instanceof ResultError) return this.#refuse(guest, thrown.message);
      // What is not of this engine's making is the stack of the host that is full, or a guest that is damaged.
      throw thrown;
    }
  }

  #serve(guest: Guest, id: number, argc: number, argv: number): number {
    const { native } = this.deck;
    switch (id) {
      case QUICK.get_int:
        return this.#getInt(guest, argc, argv);
      case QUICK.get: {
        const k = argc > 0 ? this.#key(guest, argv) : SLOW;
        if (Number.isNaN(k)) return this.#slow(guest, "get", argc, argv);
        return this.#textAnswer(guest, native.get(k));
      }
      case QUICK.set:
        return this.#set(guest, argc, argv);
      case QUICK.incr:
        return this.#increment(guest, "incr", argc, argv, 1);
      case QUICK.decr:
        return this.#increment(guest, "decr", argc, argv, -1);
      case QUICK.incrby:
        return this.#increment(guest, "incrby", argc, argv, argc > 1 ? guest.number(argv + 8) : SLOW);
      case QUICK.decrby:
        return this.#increment(guest, "decrby", argc, argv, argc > 1 ? -guest.number(argv + 8) : SLOW);
      case QUICK.exists: {
        const k = argc === 1 ? this.#key(guest, argv) : SLOW;
        return Number.isNaN(k) ? this.#slow(guest, "exists", argc, argv) : this.#countAnswer(guest, native.exists(k));
      }
      case QUICK.del: {
        const k = argc === 1 ? this.#key(guest, argv) : SLOW;
        return Number.isNaN(k) ? this.#slow(guest, "del", argc, argv) : this.#countAnswer(guest, native.del(k));
      }
      case QUICK.now:
        return guest.newNumber(native.now());
      case INNER.atoms:
        this.#collect(guest, argc, argv);
        return 0;
      case INNER.run: {
        const atoms = this.#atoms;
        this.#atoms = [];
        return this.#run(guest, guest.number(argv), atoms, guest.payload(argv + 8) === 1);
      }
      case INNER.nest: {
        // How many of the atoms behind the name are keys, FCALL_RO or not, replies as bytes or not.
        const atoms = this.#atoms;
        this.#atoms = [];
        return this.#nest(guest, guest.number(argv), atoms, guest.number(argv + 8), guest.payload(argv + 16) === 1);
      }
      case INNER.log: {
        const text = guest.text(argv + 8).slice(0, LIMITS.logTextMax);
        native.log(guest.number(argv), this.#bytes.utf8Write(text, DECK.outAt));
        return 0;
      }
      default:
        return guest.throwNew(ERROR.TYPE, "no such function");
    }
  }

  // ---- keys and values

  /** The key in the value at `at` as native code wants it, see NativeDeck; SLOW where the guest has to convert it. */
  #key(guest: Guest, at: number): number {
    const tag = guest.tag(at);
    if (tag === TAG.STRING) {
      const pointer = guest.payload(at);
      if (pointer === guest.keyPointers[0]) return 0;
      if (pointer === guest.keyPointers[1]) return 1;
    } else if (tag !== TAG.ROPE) {
      if (tag !== TAG.INT && !isDouble(tag)) return SLOW;
      return -this.#bytes.latin1Write(`${guest.number(at)}`, DECK.outAt) - 1;
    }
    const end = this.#text(guest, at, DECK.outAt, KEY_MAX);
    return end < 0 ? SLOW : DECK.outAt - end - 1;
  }

  /** Writes the string at `at` to the deck as UTF-8; gives where it ends, -1 where it is longer than `unitsMax`. */
  #text(guest: Guest, at: number, to: number, unitsMax: number): number {
    const { i32, u8 } = guest.instance;
    const pointer = guest.payload(at);
    const word = i32[(pointer >> 2) + 1] as number;
    const bytes = this.#bytes;
    if (guest.tag(at) === TAG.STRING && word >= 0 && word <= 64) {
      const from = pointer + 16;
      let index = 0;
      for (; index < word; index++) {
        const unit = u8[from + index] as number;
        if (unit > 127) break;
        bytes[to + index] = unit;
      }
      if (index === word) return to + word;
    }
    const text = guest.text(at);
    return text.length > unitsMax ? -1 : to + bytes.utf8Write(text, to);
  }

  #getInt(guest: Guest, argc: number, argv: number): number {
    const k = argc > 0 ? this.#key(guest, argv) : SLOW;
    if (Number.isNaN(k)) return guest.callWith(guest.helpers[HELPER.SLOW_GET_INT] as number, argc, argv);
    const value = this.deck.native.get_int(k);
    if (!Number.isNaN(value)) return guest.newNumber(value);
    const status = this.#i32[I32.STATUS];
    if (status !== 0) return this.#refusal(guest, status === 3 ? REFUSED.DOOMED : REFUSED.ERROR);
    if (argc < 2 || guest.tag(argv + 8) === TAG.UNDEFINED) return guest.newTagged(TAG.INT, 0);
    return guest.made(guest.instance.x.QTS_DupValuePointer(guest.context, argv + 8));
  }

  #set(guest: Guest, argc: number, argv: number): number {
    const { native } = this.deck;
    if (argc === 2) {
      const value = argv + 8;
      const tag = guest.tag(value);
      let answer = 1;
      if (tag === TAG.INT || isDouble(tag)) {
        const number = guest.number(value);
        if (number % 1 === 0 && number <= SAFE_MAX && number >= -SAFE_MAX) {
          const k = this.#key(guest, argv);
          if (!Number.isNaN(k)) answer = native.set_int(k, number);
        }
      } else if (tag === TAG.STRING || tag === TAG.ROPE) {
        const k = this.#key(guest, argv);
        if (!Number.isNaN(k)) {
          const at = k >= 0 ? DECK.outAt : DECK.outAt - k - 1;
          const end = this.#text(guest, value, at, VALUE_MAX);
          if (end >= 0) answer = native.set(k, end - at);
        }
      }
      if (answer === 0) return guest.newText("OK");
      if (answer < 0) return this.#refusal(guest, answer);
    }
    return this.#slow(guest, "set", argc, argv);
  }

  #increment(guest: Guest, name: string, argc: number, argv: number, delta: number): number {
    const wanted = name === "incr" || name === "decr" ? 1 : 2;
    if (argc !== wanted || !(delta % 1 === 0 && delta <= SAFE_MAX && delta >= -SAFE_MAX)) {
      return this.#slow(guest, name, argc, argv);
    }
    const k = this.#key(guest, argv);
    if (Number.isNaN(k)) return this.#slow(guest, name, argc, argv);
    const value = this.deck.native.incr_by(k, delta);
    if (!Number.isNaN(value)) return guest.newNumber(value);
    return this.#refusal(guest, this.#i32[I32.STATUS] === 3 ? REFUSED.DOOMED : REFUSED.ERROR);
  }

  // ---- answers

  #countAnswer(guest: Guest, answer: number): number {
    return answer >= 0 ? guest.newNumber(answer) : this.#refusal(guest, answer);
  }

  /** What `get` answered: twice the length, plus one where it is ASCII; or a refusal. */
  #textAnswer(guest: Guest, answer: number): number {
    if (answer === REFUSED.MISSING) return guest.newTagged(TAG.NULL, 0);
    if (answer < 0) return this.#refusal(guest, answer);
    const length = answer >> 1;
    const [source, from] = this.#payload();
    if ((answer & 1) === 1) return guest.newAscii(source, from, length);
    return guest.newText(source.utf8Slice(from, from + length));
  }

  #refusal(guest: Guest, answer: number): number {
    if (answer === REFUSED.DOOMED) {
      return guest.throwNew(ERROR.PLAIN, "The call is rolled back: nothing it does from here on has an effect");
    }
    const [source, from] = this.#payload();
    return guest.throwNew(ERROR.REPLY, source.utf8Slice(from, from + (this.#i32[I32.IN_LEN] as number)));
  }

  /** Where native code left what it answered. */
  #payload(): readonly [Bytes, number] {
    if (this.#i32[I32.IN_BIG] === 0) return [this.#bytes, DECK.inAt];
    const { f64 } = this.views;
    return [bytesOf(this.deck.map(f64[F64.BIG_PTR] ?? 0, f64[F64.BIG_LEN] ?? 0)), 0];
  }

  // ---- any command

  #slow(guest: Guest, name: string, argc: number, argv: number): number {
    return this.#command(guest, (this.#rows.get(name) ?? 0) * 2, argc, argv);
  }

  /** `which`: twice the row, plus one for bytes. Strings and numbers are read here, anything else is taken apart inside. */
  #command(guest: Guest, which: number, argc: number, argv: number): number {
    const atoms: Atom[] = [];
    for (let index = 0; index < argc; index++) {
      const at = argv + index * 8;
      const tag = guest.tag(at);
      if (tag === TAG.STRING || tag === TAG.ROPE) atoms.push(guest.text(at));
      else if (tag === TAG.INT || isDouble(tag)) atoms.push(`${guest.number(at)}`);
      else return this.#slowCommand(guest, which, argc, argv);
    }
    return this.#run(guest, which >> 1, atoms, (which & 1) === 1);
  }

  #slowCommand(guest: Guest, which: number, argc: number, argv: number): number {
    const { i32 } = guest.instance;
    const list = guest.alloc((argc + 2) * 8);
    const slots = list >> 2;
    i32.copyWithin(slots + 4, argv >> 2, (argv >> 2) + argc * 2);
    guest.instance.i32.set([which >> 1, TAG.INT, which & 1, TAG.BOOL], slots);
    const answer = guest.callWith(guest.helpers[HELPER.SLOW_COMMAND] as number, argc + 2, list);
    guest.freeAddress(list);
    return answer;
  }

  /** Takes over arguments that the guest took apart. */
  #collect(guest: Guest, argc: number, argv: number): void {
    for (let index = 0; index < argc; index++) {
      const at = argv + index * 8;
      if (guest.tag(at) === TAG.OBJECT) {
        this.#atoms.push(guest.bytes(at, guest.number(at + 8), guest.number(at + 16)));
        index += 2;
      } else if (guest.tag(at) === TAG.STRING || guest.tag(at) === TAG.ROPE) this.#atoms.push(guest.text(at));
      else this.#atoms.push(`${guest.number(at)}`);
    }
  }

  #run(guest: Guest, row: number, atoms: readonly Atom[], binary: boolean): number {
    const { bytes, big } = this.#pack(atoms);
    return this.#value(guest, this.deck.native.call(row, atoms.length, bytes, big), binary);
  }

  #nest(guest: Guest, keys: number, atoms: readonly Atom[], readOnly: number, binary: boolean): number {
    const { bytes, big } = this.#pack(atoms);
    return this.#value(guest, this.nested.call(keys, atoms.length, bytes, big, readOnly), binary);
  }

  #value(guest: Guest, answer: number, binary: boolean): number {
    if (answer < 0) return this.#refusal(guest, answer);
    const [source, start] = this.#payload();
    return replyValue(guest, source, start, binary);
  }

  /** Puts arguments where native code expects them. */
  #pack(atoms: readonly Atom[]): { readonly bytes: number; readonly big: number } {
    let bound = atoms.length * 4;
    for (const atom of atoms) bound += typeof atom === "string" ? atom.length * 3 : atom.length;
    const big = bound > DECK.outBytes;
    const target = big ? bytesOf(this.deck.map(this.deck.native.grow(bound), bound)) : this.#bytes;
    const from = big ? 0 : DECK.outAt;
    let at = from + atoms.length * 4;
    for (let index = 0; index < atoms.length; index++) {
      const atom = atoms[index] as Atom;
      const start = at;
      if (typeof atom === "string") at += target.utf8Write(atom, at);
      else {
        target.set(atom, at);
        at += atom.length;
      }
      target.writeUInt32LE(at - start, from + index * 4);
    }
    return { bytes: at - from, big: big ? 1 : 0 };
  }

  // ---- results and errors

  #tell(guest: Guest, argc: number, argv: number): number {
    for (let index = 0; index < argc; index++) guest.told.push(guest.text(argv + index * 8));
    return 0;
  }

  /** Ends the writing of a result; the error in the guest is for unwinding it. */
  #refuse(guest: Guest, text: string): number {
    guest.refused = text;
    return guest.throwNew(ERROR.PLAIN, text);
  }

  #piece(guest: Guest, argc: number, argv: number): number {
    const { out } = this;
    const at = argv + 8;
    if (argc < 2) return 0;
    switch (guest.number(argv)) {
      case OUT.atom:
        if (!this.atom(guest, at)) return this.#refuse(guest, "the result has a part that cannot be sent");
        break;
      case OUT.array:
        out.arrayHeader(guest.number(at));
        break;
      case OUT.map:
        out.mapHeader(guest.number(at));
        break;
      case OUT.set:
        out.setHeader(guest.number(at));
        break;
      case OUT.bytes:
        out.bytes(guest.bytes(at, guest.number(at + 8), guest.number(at + 16)));
        break;
      case OUT.bigint:
        out.bigint(BigInt(guest.text(at)));
        break;
    }
    return 0;
  }

  /** Writes a value without parts to the result; false where the value at `at` is none. */
  atom(guest: Guest, at: number): boolean {
    const tag = guest.tag(at);
    const { out } = this;
    switch (tag) {
      case TAG.INT:
        out.number(guest.payload(at));
        return true;
      case TAG.BOOL:
        out.boolean(guest.payload(at) !== 0);
        return true;
      case TAG.NULL:
      case TAG.UNDEFINED:
        out.null();
        return true;
      case TAG.STRING:
      case TAG.ROPE:
        out.bulk(guest.text(at));
        return true;
      default:
        if (!isDouble(tag)) return false;
        out.number(guest.number(at));
        return true;
    }
  }
}
