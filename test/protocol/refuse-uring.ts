/** Preloaded into a server: from here on the kernel refuses io_uring_setup to this process, as some sandboxes do. */
import { dlopen, ptr } from "bun:ffi";

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const IO_URING_SETUP = 425;

// struct sock_filter { u16 code; u8 jt, jf; u32 k } each: load the call's number; refuse with EPERM if it is that; allow.
const filter = new Uint8Array(4 * 8);
const view = new DataView(filter.buffer);
const program: [code: number, jt: number, jf: number, k: number][] = [
  [0x20, 0, 0, 0],
  [0x15, 0, 1, IO_URING_SETUP],
  [0x06, 0, 0, 0x0005_0001],
  [0x06, 0, 0, 0x7fff_0000],
];
for (const [index, [code, jt, jf, k]] of program.entries()) {
  view.setUint16(index * 8, code, true);
  view.setUint8(index * 8 + 2, jt);
  view.setUint8(index * 8 + 3, jf);
  view.setUint32(index * 8 + 4, k, true);
}
// struct sock_fprog { u16 len; struct sock_filter *filter }
const programHeader = new BigUint64Array([4n, BigInt(ptr(filter))]);

const { symbols } = dlopen("libc.so.6", {
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
});
if (
  symbols.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0 ||
  symbols.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ptr(programHeader), 0, 0) !== 0
) {
  throw new Error("the kernel takes no seccomp filter");
}
