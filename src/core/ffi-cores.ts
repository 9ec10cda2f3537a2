/** The part of ffi.ts about how the threads of the cores fare. */

export const CORE_SYMBOLS = {
  zedis_turns: { args: ["f64"], returns: "f64" },
  zedis_core_thread: { args: ["f64"], returns: "f64" },
  zedis_wait_turns: { args: [], returns: "void" },
} as const;

/** The functions of native code behind those symbols. */
interface CoreNative {
  zedis_turns(core: number): number;
  zedis_core_thread(core: number): number;
  zedis_wait_turns(): void;
}

export function coreCalls(native: CoreNative) {
  return {
    /** How often the core's loop has turned; -1 while a procedure runs there. */
    turns: (core: number): number => native.zedis_turns(core),

    /** The system's number of the core's thread, as in /proc/self/task. */
    coreThread: (core: number): number => native.zedis_core_thread(core),

    /** The calling thread, the main one, interrupts no core from now on: it waits for the end of another's slice of a processor. */
    waitTurns: (): void => native.zedis_wait_turns(),
  };
}
