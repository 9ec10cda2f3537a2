import { expect, test } from "bun:test";
import { Control } from "./control.ts";
import { type ControlCommand, OK } from "./reply.ts";

/** A queue of requests, and the numbers of those that were replied to. */
function native(...requests: string[][]) {
  const queue = requests.map((argv, id) => ({
    id,
    proto: 2 as const,
    local: true,
    user: "default",
    argv: argv.map((word) => Buffer.from(word)),
  }));
  const replied: number[] = [];
  return {
    queue,
    replied,
    nextControl: () => queue.shift() ?? null,
    replyControl: (id: number) => void replied.push(id),
  };
}

test("what ends a wait gets through while another request waits, and the others keep their order", async () => {
  const load = Promise.withResolvers<typeof OK>();
  const source = native(["FUNCTION", "LOAD", "x"], ["CONFIG", "SET", "a", "b"]);
  const commands = new Map<string, ControlCommand>([
    [
      "function",
      async (argv: readonly Uint8Array[]) =>
        Buffer.from(argv[1] ?? "").equals(Buffer.from("LOAD")) ? load.promise : OK,
    ],
    ["config", () => OK],
    ["shutdown", () => OK],
  ]);
  const control = new Control(source, commands, () => {});
  control.serve();
  await Bun.sleep(0);
  // Noted later, while the first one is being served.
  for (const [index, argv] of [["function", "kill"], ["Function", "stats"], ["shutdown"]].entries()) {
    source.queue.push({
      id: 10 + index,
      proto: 2,
      local: true,
      user: "default",
      argv: argv.map((word) => Buffer.from(word)),
    });
  }
  control.serve();
  await Bun.sleep(0);
  expect(source.replied).toEqual([10, 11, 12]);
  load.resolve(OK);
  await Bun.sleep(0);
  expect(source.replied).toEqual([10, 11, 12, 0, 1]);
});
