/**
 * Puts a meter into a WASM module, so that nothing it does can run on unseen.
 *
 * JavaScriptCore's watchdog does not look into WASM: `Array(1e9).join()` kept a worker for 30 seconds with a limit of
 * 0.15 (measured, Bun 1.4.5), and QuickJS asks its own interrupt handler only between two bytecodes, and only every
 * 10,000th time. So each loop of the machine code pays one unit of fuel when it begins a round, and each copy or fill of
 * memory one per 64 bytes; when the fuel is gone, a function of the host is called, which looks at the clock and may throw.
 *
 *     loop                     loop
 *       …                        fuel -= 1
 *                     ──▶        if fuel <= 0 { fuel = interval; call host }
 *                                …
 *     memory.copy              fuel -= n / 64; memory.copy
 *
 * The fuel is a global put behind those there are, so no number in the module changes. Only what the pinned module has
 * is read: an instruction that is not known is an error, not a guess.
 */

const SECTION = { TYPE: 1, FUNCTION: 3, GLOBAL: 6, CODE: 10 } as const;
const I32 = 0x7f;

export interface Metered {
  readonly bytes: Uint8Array;
  readonly loops: number;
  readonly bulks: number;
}

type Part = Uint8Array | readonly number[];

/** `wasm` with a meter that calls imported function `host` each time `interval` units are used. Throws on what it cannot read. */
export function meter(wasm: Uint8Array, interval: number, host: number): Metered {
  const reader = new Reader(wasm, 8);
  const out: Part[] = [wasm.subarray(0, 8)];
  const parameters: number[] = [];
  const functions: number[] = [];
  let fuel = -1;
  let counts = { loops: 0, bulks: 0 };
  while (reader.at < wasm.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.length();
    switch (id) {
      case SECTION.TYPE:
        for (let left = reader.unsigned(); left > 0; left--) parameters.push(reader.functionType());
        out.push(wasm.subarray(start, end));
        break;
      case SECTION.FUNCTION:
        for (let left = reader.unsigned(); left > 0; left--) functions.push(parameters[reader.unsigned()] ?? 0);
        out.push(wasm.subarray(start, end));
        break;
      case SECTION.GLOBAL: {
        fuel = reader.unsigned();
        const own = [I32, 1, 0x41, ...signed(interval), 0x0b];
        section(out, id, [unsigned(fuel + 1), wasm.subarray(reader.at, end), own]);
        break;
      }
      case SECTION.CODE: {
        if (fuel < 0) throw new RangeError("the module has no section of globals before its code");
        const made = new CodeMeter(reader, fuel, interval, host).section(functions);
        section(out, id, made.parts);
        counts = made;
        break;
      }
      default:
        out.push(wasm.subarray(start, end));
    }
    reader.at = end;
  }
  return { bytes: joined(out), loops: counts.loops, bulks: counts.bulks };
}

class CodeMeter {
  readonly #onLoop: readonly number[];
  #loops = 0;
  #bulks = 0;

  constructor(
    private readonly reader: Reader,
    private readonly fuel: number,
    interval: number,
    host: number,
  ) {
    const f = unsigned(fuel);
    this.#onLoop = [
      ...[0x23, ...f, 0x41, 1, 0x6b, 0x24, ...f], // fuel -= 1
      ...[0x23, ...f, 0x41, 0, 0x4c, 0x04, 0x40], // if (fuel <= 0)
      ...[0x41, ...signed(interval), 0x24, ...f, 0x10, ...unsigned(host), 0x0b],
    ];
  }

  section(functions: readonly number[]): { parts: Part[]; loops: number; bulks: number } {
    const count = this.reader.unsigned();
    const parts: Part[] = [unsigned(count)];
    for (let index = 0; index < count; index++) {
      const body = this.#body(functions[index] ?? 0);
      const bytes = body.reduce((sum, part) => sum + part.length, 0);
      parts.push(unsigned(bytes), ...body);
    }
    return { parts, loops: this.#loops, bulks: this.#bulks };
  }

  /** One function: its locals, with one more of our own, and its code. */
  #body(parameterCount: number): Part[] {
    const { reader } = this;
    const end = reader.length();
    const groups = reader.unsigned();
    const groupsAt = reader.at;
    let locals = parameterCount;
    for (let left = groups; left > 0; left--) {
      locals += reader.unsigned();
      reader.byte();
    }
    const parts: Part[] = [unsigned(groups + 1), reader.bytes.subarray(groupsAt, reader.at), [1, I32]];
    let from = reader.at;
    const insert = (at: number, code: readonly number[]): void => {
      parts.push(reader.bytes.subarray(from, at), code);
      from = at;
    };
    while (reader.at < end) {
      const at = reader.at;
      const found = reader.instruction();
      if (found === FOUND.LOOP) {
        this.#loops += 1;
        insert(reader.at, this.#onLoop);
      } else if (found === FOUND.BULK) {
        this.#bulks += 1;
        const [f, local] = [unsigned(this.fuel), unsigned(locals)];
        insert(at, [0x22, ...local, 0x23, ...f, 0x20, ...local, 0x41, 6, 0x76, 0x6b, 0x24, ...f]);
      }
    }
    if (reader.at !== end) throw new RangeError(`a function of the module does not end where it should, at ${end}`);
    parts.push(reader.bytes.subarray(from, end));
    return parts;
  }
}

const FOUND = { OTHER: 0, LOOP: 1, BULK: 2 } as const;

/** Reads the binary format (WebAssembly Core Specification, chapter 5) as far as the pinned module uses it. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError("the module ends in the middle of something");
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new RangeError("a number of the module is longer than it may be");
  }

  /** Where what has its length before it ends. */
  length(): number {
    const bytes = this.unsigned();
    return this.at + bytes;
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) while (this.byte() > 127);
  }

  /** Gives how many parameters it has. */
  functionType(): number {
    if (this.byte() !== 0x60) throw new RangeError("a type of the module is no function's");
    const count = this.unsigned();
    this.at += count;
    const results = this.unsigned();
    this.at += results;
    return count;
  }

  instruction(): (typeof FOUND)[keyof typeof FOUND] {
    const code = this.byte();
    if (code === 0x03) {
      this.skip(1);
      return FOUND.LOOP;
    }
    if (code === 0xfc) return this.#prefixed();
    if (code >= 0x28 && code <= 0x3e) this.skip(2);
    else if (code === 0x43) this.at += 4;
    else if (code === 0x44) this.at += 8;
    else if (code === 0x0e) this.skip(this.unsigned() + 1);
    else if (code === 0x1c) this.skip(this.unsigned());
    else if (code === 0x11) this.skip(2);
    else if (ONE_NUMBER.has(code)) this.skip(1);
    else if (!isPlain(code)) throw new RangeError(`instruction 0x${code.toString(16)} is not one the meter knows`);
    return FOUND.OTHER;
  }

  #prefixed(): (typeof FOUND)[keyof typeof FOUND] {
    const code = this.unsigned();
    if (code <= 7) return FOUND.OTHER;
    if (code === 8) this.skip(2);
    else if (code === 9) this.skip(1);
    else if (code === 10) {
      this.skip(2);
      return FOUND.BULK;
    } else if (code === 11) {
      this.skip(1);
      return FOUND.BULK;
    } else throw new RangeError(`instruction 0xfc ${code} is not one the meter knows`);
    return FOUND.OTHER;
  }
}

/** block, if, br, br_if, call, locals and globals, tables, memory.size and grow, i32.const, i64.const, references. */
const ONE_NUMBER = new Set([
  0x02, 0x04, 0x0c, 0x0d, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x3f, 0x40, 0x41, 0x42, 0xd0, 0xd2,
]);

/** Control without operand, drop, select, comparisons, arithmetic, conversions, sign extension. */
function isPlain(code: number): boolean {
  return code <= 0x01 || code === 0x05 || code === 0x0b || code === 0x0f || code === 0x1a || code === 0x1b
    ? true
    : (code >= 0x45 && code <= 0xc4) || code === 0xd1;
}

function section(out: Part[], id: number, parts: readonly Part[]): void {
  out.push([id], unsigned(parts.reduce((sum, part) => sum + part.length, 0)), ...parts);
}

function joined(parts: readonly Part[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 127;
    const last = (rest >> 6 === 0 && (low & 64) === 0) || (rest >> 6 === -1 && (low & 64) !== 0);
    bytes.push(last ? low : low | 128);
    if (last) return bytes;
  }
}
