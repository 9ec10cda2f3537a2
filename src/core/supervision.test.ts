/** The watchdog of a service manager, with cores and a clock that the test turns. */
import { expect, test } from "bun:test";
import { supervise } from "./supervision.ts";

function supervised(environment: Record<string, string>) {
  const sent: string[] = [];
  let turns: readonly number[] = [0, 0];
  let look: (() => void) | null = null;
  let ms = 0;
  const supervision = supervise({
    mode: "systemd",
    environment: { NOTIFY_SOCKET: "/notify", ...environment },
    send: (_path, bytes) => {
      sent.push(Buffer.from(bytes).toString());
      return true;
    },
    pause: () => undefined,
    turns: () => turns,
    every: (interval, work) => {
      [look, ms] = [work, interval];
      return () => {
        look = null;
      };
    },
    pid: 42,
    log: () => undefined,
  });
  supervision.ready();
  return {
    supervision,
    interval: () => ms,
    isFeeding: () => look !== null,
    /** How often the watchdog was fed at a look that finds the cores at these turns. */
    lookAt(...at: number[]): number {
      turns = at;
      sent.length = 0;
      look?.();
      return sent.filter((text) => text === "WATCHDOG=1\n").length;
    },
  };
}

test("the watchdog is fed while each core turns or runs a procedure, four times in its time", () => {
  const server = supervised({ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "42" });
  expect(server.interval()).toBe(15_000);
  expect(server.lookAt(5, 5)).toBe(1);
  expect(server.lookAt(6, 9)).toBe(1);
  expect(server.lookAt(6, 10)).toBe(0);
  expect(server.lookAt(7, 11)).toBe(1);
  expect(server.lookAt(8, -1)).toBe(1);
  expect(server.lookAt(9, -1)).toBe(1);
  expect(server.lookAt(9, -1)).toBe(0);
  server.supervision.stopping();
  expect(server.isFeeding()).toBe(false);
});

test("nobody is fed where there is no watchdog, or it is another process's", () => {
  expect(supervised({}).isFeeding()).toBe(false);
  expect(supervised({ WATCHDOG_USEC: "0" }).isFeeding()).toBe(false);
  expect(supervised({ WATCHDOG_USEC: "1000000", WATCHDOG_PID: "41" }).isFeeding()).toBe(false);
});
