import { expect, test } from "bun:test";
import { until } from "../../test/harness/wait.ts";
import type { Cores } from "./cores.ts";
import type { Native } from "./ffi.ts";
import { RunningProcedures } from "./running.ts";

/** Two cores; what each runs for how long, and in `told` what was asked of them, in order. */
function running(ms: readonly (number | null)[], { queued = false, survives = 0 } = {}) {
  const told: string[] = [];
  const left = [...ms];
  let marked = -1;
  let replacing = 0;
  const native = {
    running: (core: number) => {
      const since = left[core] ?? null;
      return since === null ? null : { name: `f${core}`, command: ["FCALL"], ms: since, lua: 0 };
    },
    markKill: (core: number) => {
      told.push(`mark ${core}`);
      marked = core;
      return true;
    },
    isMarked: (core: number) => marked === core,
    killQueued: () => {
      told.push("queued");
      return queued;
    },
  } as unknown as Native;
  const cores = {
    isReplacing: () => replacing > 0,
    replace: async (core: number) => {
      told.push(`replace ${core}`);
      replacing += 1;
      await Bun.sleep(1);
      replacing -= 1;
      if (survives-- > 0) return;
      left[core] = null;
      marked = -1;
    },
  } as unknown as Cores;
  return { procedures: new RunningProcedures(native, cores, ms.length), told, isGone: () => marked === -1 };
}

test("a kill marks the longest call before its VM is ended", async () => {
  const { procedures, told, isGone } = running([20, 50]);
  expect(procedures.killLongest()).toBe("OK");
  await until("it is gone", isGone);
  expect(told).toEqual(["mark 1", "replace 1"]);
});

test("a second kill while the VM is being replaced ends no other VM", async () => {
  const { procedures, told, isGone } = running([20]);
  expect(procedures.killLongest()).toBe("OK");
  expect(procedures.killLongest()).toBe("OK");
  await until("it is gone", isGone);
  expect(told).toEqual(["mark 0", "replace 0", "mark 0"]);
});

test("one kill is enough, also for a call that has begun in the VM that took over for another one", async () => {
  const { procedures, told, isGone } = running([20], { survives: 1 });
  expect(procedures.killLongest()).toBe("OK");
  await until("it is gone", isGone);
  expect(told).toEqual(["mark 0", "replace 0", "replace 0"]);
});

test("where nothing runs, a call is ended that waits for a background core", () => {
  const { procedures, told } = running([null, 2], { queued: true });
  expect(procedures.killLongest()).toBe("OK");
  expect(told).toEqual(["queued"]);
});

test("what is too young to be worth it is not running", () => {
  const { procedures, told } = running([4, null]);
  expect(procedures.longest()).toBeNull();
  expect(procedures.killLongest()).toStartWith("NOTBUSY");
  expect(told).toEqual(["queued"]);
});

test("a function in Lua is ended where it runs, and a script is SCRIPT KILL's", () => {
  const told: string[] = [];
  const native = (lua: 1 | 2) =>
    ({
      running: () => ({ name: "f", command: ["FCALL"], ms: 50, lua }),
      killLua: (core: number) => told.push(`kill ${core}`),
    }) as unknown as Native;
  const procedures = (lua: 1 | 2) => new RunningProcedures(native(lua), {} as Cores, 1);
  expect(procedures(2).killLongest()).toBe("OK");
  expect(procedures(1).killLongest()).toStartWith("BUSY ");
  expect(told).toEqual(["kill 0"]);
});

test("a function is ended though a script has run longer on another core", () => {
  const told: string[] = [];
  const native = {
    running: (core: number) => ({ name: "f", command: ["FCALL"], ms: core === 0 ? 900 : 50, lua: core === 0 ? 1 : 2 }),
    killLua: (core: number) => told.push(`kill ${core}`),
  } as unknown as Native;
  const procedures = new RunningProcedures(native, {} as Cores, 2);
  expect(procedures.busyText()).toBeNull();
  expect(procedures.killLongest()).toBe("OK");
  expect(told).toEqual(["kill 1"]);
});
