/**
 * The guest's values as they lie in its memory (quickjs.h, 32 bits, NaN boxing): reading one costs a few loads instead of
 * a call into WASM. What is read is checked against the memory's size only: a guest whose memory were corrupt could show
 * the host other strings and numbers, nothing else.
 *
 *     value     | payload u32 | tag i32 |          a double: the tag is its upper half less ADDEND
 *     string    | references | length:31 wide:1 | hash | hash_next | units …
 *     rope      | references | length | wide u8, depth u8 | pad | left value | right value |
 */
import type { Instance } from "./instance.ts";

export const TAG = {
  BIG_INT: -9,
  STRING: -7,
  ROPE: -6,
  OBJECT: -1,
  INT: 0,
  BOOL: 1,
  NULL: 2,
  UNDEFINED: 3,
  EXCEPTION: 6,
  SHORT_BIG_INT: 7,
} as const;

const TAG_FIRST = -9;
const TAG_FLOAT64 = 8;
/** JS_FLOAT64_TAG_ADDEND. */
const ADDEND = 0x7ff80000 - TAG_FIRST + 1;
const UNITS_AT = 16;
/** A text that the host reads, UTF-16 units. */
export const TEXT_UNITS_MAX = 64 << 20;

const words = new Int32Array(2);
const double = new Float64Array(words.buffer);

export function isDouble(tag: number): boolean {
  return (tag - TAG_FIRST) >>> 0 >= TAG_FLOAT64 - TAG_FIRST;
}

/** The double at `at`, whose tag isDouble. */
export function readDouble({ i32 }: Instance, at: number): number {
  words[0] = i32[at >> 2] as number;
  words[1] = ((i32[(at >> 2) + 1] as number) + ADDEND) | 0;
  return double[0] as number;
}

/** Writes any number to the value at `at`. */
export function writeNumber({ i32 }: Instance, at: number, value: number): void {
  const slot = at >> 2;
  const whole = value | 0;
  if (whole === value && (whole !== 0 || !Object.is(value, -0))) {
    i32[slot] = whole;
    i32[slot + 1] = TAG.INT;
    return;
  }
  double[0] = Number.isNaN(value) ? Number.NaN : value;
  i32[slot] = words[0] as number;
  i32[slot + 1] = (words[1] as number) - ADDEND;
}

export function writeTagged({ i32 }: Instance, at: number, tag: number, payload: number): void {
  i32[at >> 2] = payload;
  i32[(at >> 2) + 1] = tag;
}

/** The text of the string or rope at `pointer`. Throws TypeError for one that is too long. */
export function readText(instance: Instance, tag: number, pointer: number): string {
  const { i32, u8 } = instance;
  const word = i32[(pointer >> 2) + 1];
  if (word === undefined) throw new RangeError("a string lies outside the memory");
  if (tag === TAG.STRING) {
    const length = word & 0x7fffffff;
    if (length > TEXT_UNITS_MAX) tooLong(length);
    const at = pointer + UNITS_AT;
    return word < 0 ? u8.ucs2Slice(at, at + length * 2) : u8.latin1Slice(at, at + length);
  }
  if (word > TEXT_UNITS_MAX) tooLong(word);
  // A rope has at most 60 levels, and its leaves are long: what it takes follows its length.
  return side(instance, pointer + UNITS_AT) + side(instance, pointer + UNITS_AT + 8);
}

function side(instance: Instance, at: number): string {
  return readText(instance, instance.i32[(at >> 2) + 1] as number, instance.i32[at >> 2] as number);
}

function tooLong(units: number): never {
  throw new TypeError(`a text of ${units} characters is longer than the ${TEXT_UNITS_MAX} that can be passed`);
}
