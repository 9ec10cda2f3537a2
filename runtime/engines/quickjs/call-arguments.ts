/** Arguments of a call, from the deck into the guest. */
import { bigintFrom, booleanFrom, choicesByText, misshapenText, numberFrom } from "../../convert/arguments.ts";
import { misfit } from "../../convert/shape.ts";
import { type Bytes, bytesOf, DECK, type DeckAccess, type DeckViews, F64, I32 } from "../../host/deck.ts";
import type { Choice, NumberedFunction, ParameterSchema } from "../../schema.ts";
import { ARGUMENTS_MAX, type Guest, HELPER } from "./guest.ts";
import { TAG } from "./values.ts";

/** An argument does not fit: `refused` says which. */
export const mismatch = -2;
/** There are more values than slots: they wait for `callMany`. */
const many = -1;
/** Values that a function takes as `...rest`; QuickJS's own stack sets the limit. */
const SPREAD_MAX = 16_384;
const LENGTH_BITS = 0x7fffffff;
const SHOWN_BYTES = 1024;

export class CallArguments {
  readonly refused = { index: 0, text: "" };
  /** Addresses of the first two arguments' strings where they are keys, else 0. */
  readonly keys = new Int32Array(2);
  readonly #choices = new WeakMap<ParameterSchema, ReadonlyMap<string, Choice>>();
  #values: number[] = [];
  /** What a JSON argument holds that its type does not ask for. */
  #wrong: string | null = null;
  #spans: Int32Array;
  #bytes: Bytes;
  #base = 0;

  constructor(
    private readonly deck: DeckAccess,
    private readonly views: DeckViews,
  ) {
    this.#spans = views.spans;
    this.#bytes = views.bytes;
  }

  /** Makes the values and passes them; gives how many. `held` gets those to free after the call. */
  pass(guest: Guest, fn: NumberedFunction, held: number[]): number {
    const { i32, f64, spans, bytes } = this.views;
    const argc = i32[I32.ARGC] as number;
    this.#spans = spans;
    this.#bytes = bytes;
    this.#base = DECK.inAt;
    if (i32[I32.IN_BIG] !== 0) {
      const memory = this.deck.map(f64[F64.BIG_PTR] ?? 0, f64[F64.BIG_LEN] ?? 0);
      this.#spans = new Int32Array(memory, 0, argc * 2);
      this.#bytes = bytesOf(memory, argc * 8);
      this.#base = 0;
    }
    const { parameters } = fn;
    let count = 0;
    this.keys[0] = 0;
    this.keys[1] = 0;
    const keyCount = i32[I32.NUMKEYS] as number;
    for (let index = 0; index < parameters.length; index++) {
      const parameter = parameters[index] as ParameterSchema;
      if (parameter.rest) return this.#rest(guest, fn, index, argc, count, held);
      if (index >= argc) break;
      const at = this.#value(guest, parameter, index);
      if (at === mismatch) return this.#refuse(fn, index, index);
      held.push(guest.pass(count, at));
      if (index < 2 && index < keyCount && parameter.kind === "string") this.keys[index] = guest.payload(at);
      count += 1;
    }
    return count;
  }

  /** Calls with the values that had no slots. */
  callMany(guest: Guest, target: number): number {
    const values = this.#values;
    this.#values = [];
    const list = guest.alloc(values.length * 8);
    for (let index = 0; index < values.length; index++) {
      const from = (values[index] as number) >> 2;
      guest.instance.i32.copyWithin((list >> 2) + index * 2, from, from + 2);
    }
    const at = guest.callWith(target, values.length, list);
    guest.freeAddress(list);
    return at;
  }

  #rest(guest: Guest, fn: NumberedFunction, from: number, argc: number, count: number, held: number[]): number {
    const parameter = fn.parameters[from] as ParameterSchema;
    const items: number[] = [];
    for (let index = from; index < argc; index++) {
      const at = this.#value(guest, parameter, index, `${parameter.name}[${index - from}]`);
      if (at === mismatch) return this.#refuse(fn, from, index);
      held.push(at);
      items.push(at);
    }
    if (parameter.spread) {
      if (count + items.length <= ARGUMENTS_MAX) {
        for (const at of items) guest.pass(count++, at);
        return count;
      }
      if (items.length > SPREAD_MAX) {
        this.refused.index = -1;
        this.refused.text = `ERR ${items.length} values are more than the ${SPREAD_MAX} that '...${parameter.name}' takes; declare it as an array`;
        return mismatch;
      }
      this.#values = [...held.slice(0, count), ...items];
      return many;
    }
    // An array of the guest's, made piece by piece.
    const array = this.#array(guest, items);
    // The slots were used for making the array.
    for (let index = 0; index < count; index++) guest.pass(index, held[index] as number);
    held.push(guest.pass(count, array));
    return count + 1;
  }

  #array(guest: Guest, items: readonly number[]): number {
    const piece = items.slice(0, ARGUMENTS_MAX);
    piece.forEach((at, index) => {
      guest.pass(index, at);
    });
    const array = guest.made(guest.call(guest.helpers[HELPER.LIST] as number, piece.length));
    for (let from = ARGUMENTS_MAX; from < items.length; from += ARGUMENTS_MAX - 1) {
      const next = items.slice(from, from + ARGUMENTS_MAX - 1);
      guest.pass(0, array);
      next.forEach((at, index) => {
        guest.pass(index + 1, at);
      });
      guest.free(guest.made(guest.call(guest.helpers[HELPER.APPEND] as number, next.length + 1)));
    }
    return array;
  }

  #refuse(fn: NumberedFunction, parameter: number, index: number): number {
    if (this.#wrong !== null) {
      this.refused.index = -1;
      this.refused.text = misshapenText(fn.name, this.#wrong);
      this.#wrong = null;
      return mismatch;
    }
    const word = this.#spans[index * 2 + 1] as number;
    const from = this.#base + (this.#spans[index * 2] as number);
    this.refused.index = parameter;
    this.refused.text = this.#bytes.utf8Slice(from, from + Math.min(word & LENGTH_BITS, SHOWN_BYTES));
    return mismatch;
  }

  /** The address of argument `index` as a value of the parameter's type, or `mismatch`. `place`: what it is called where it does not fit. */
  #value(guest: Guest, parameter: ParameterSchema, index: number, place = parameter.name): number {
    const bytes = this.#bytes;
    const word = this.#spans[index * 2 + 1] as number;
    const length = word & LENGTH_BITS;
    const from = this.#base + (this.#spans[index * 2] as number);
    switch (parameter.kind) {
      case "number": {
        const value = numberFrom(bytes, from, length);
        return !Number.isNaN(value) ? guest.newNumber(value) : mismatch;
      }
      case "boolean": {
        const value = booleanFrom(bytes, from, length);
        return value < 0 ? mismatch : guest.newTagged(TAG.BOOL, value);
      }
      case "bigint": {
        const value = bigintFrom(bytes, from, length);
        return value === null ? mismatch : guest.helpWith(HELPER.BIGINT, guest.newText(`${value}`));
      }
      case "bytes":
        return guest.helpWith(HELPER.TO_BYTES, guest.newBuffer(bytes.subarray(from, from + length)));
      case "choice": {
        let choices = this.#choices.get(parameter);
        if (choices === undefined) {
          choices = choicesByText(parameter.choices ?? []);
          this.#choices.set(parameter, choices);
        }
        const choice = choices.get(bytes.utf8Slice(from, from + length));
        if (choice === undefined) return mismatch;
        if (typeof choice === "string") return guest.newText(choice);
        return typeof choice === "number" ? guest.newNumber(choice) : guest.newTagged(TAG.BOOL, choice ? 1 : 0);
      }
      case "json": {
        const text = bytes.utf8Slice(from, from + length);
        const value = parsed(text);
        if (typeof value !== "object" || (value === null && !parameter.nullable)) return mismatch;
        if (parameter.shape === undefined) return guest.parse(text);
        this.#wrong = misfit(value, parameter.shape, place);
        return this.#wrong === null ? guest.parse(text) : mismatch;
      }
      default:
        return word < 0 ? guest.newAscii(bytes, from, length) : guest.newText(bytes.utf8Slice(from, from + length));
    }
  }
}

/** The value of a JSON text, undefined where it is none; parsed here too, as an error in the guest would be a failed call. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
