/** What native code hands over: requests, figures, texts. */

/** A request that the main thread has to serve. */
export interface ControlRequest {
  readonly id: number;
  readonly proto: 2 | 3;
  /** Who asks is on this machine. */
  readonly local: boolean;
  /** Name of the user who asks. */
  readonly user: string;
  readonly argv: Uint8Array[];
}

/** What a function did: its name and library, and counts and times by name (`calls`, `p99_usec`). */
export interface FunctionFigures {
  readonly name: string;
  readonly library: string;
  readonly [figure: string]: number | string;
}

/** What a core runs at this moment. */
export interface RunningFunction {
  readonly name: string;
  readonly command: readonly string[];
  readonly ms: number;
  /** 1: a script in Lua, 2: a function in Lua, 0: a function in the core's VM. */
  readonly lua: 0 | 1 | 2;
}

/** Texts that stand each behind its length. */
export function unpacked(packed: Buffer): Buffer[] {
  const texts: Buffer[] = [];
  for (let from = 0; from < packed.length; ) {
    const end = from + 4 + packed.readUInt32LE(from);
    texts.push(packed.subarray(from + 4, end));
    from = end;
  }
  return texts;
}

/** Where the append only file is, and how it is read; as `Place` in native/src/aof/open.rs. */
export interface LogPlace {
  readonly dir: string;
  readonly folder: string;
  readonly name: string;
  /** A new base is an RDB file. */
  readonly rdb_base: boolean;
  readonly load_truncated: boolean;
  readonly check_sum: boolean;
}

/** Byte strings as native code takes several: each behind its length. */
export function packed(all: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    all.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** A control request as native code stages it. */
export function readControl(raw: Buffer): ControlRequest {
  const argv: Uint8Array[] = [];
  const nameEnd = 14 + raw.readUInt32LE(10);
  const user = raw.toString("utf8", 14, nameEnd);
  const count = raw.readUInt32LE(nameEnd);
  let offset = nameEnd + 4;
  for (let index = 0; index < count; index++) {
    const length = raw.readUInt32LE(offset);
    argv.push(raw.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return { id: Number(raw.readBigUInt64LE(0)), proto: raw[8] === 3 ? 3 : 2, local: raw[9] === 1, user, argv };
}
