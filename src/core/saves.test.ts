import { expect, test } from "bun:test";
import type { ControlCommand } from "./reply.ts";
import { type SaveParts, type SaveSettings, Saves } from "./saves.ts";

const SETTINGS = { dir: "/nowhere", dbfilename: "dump.rdb", save: "", place: {} } as unknown as SaveSettings;
const WHO = { proto: 2, local: true, user: "default" } as const;

/** Native code that has saved before anybody can look. */
const AT_ONCE = {
  startSave: () => null,
  saveOutcome: () => ({ bytes: 1, keys: 1, seconds: 0 }),
  saveBegun: () => true,
  flushes: () => 0,
  saveError: () => {},
} as unknown as SaveParts["native"];

test("a save that is over before it was looked at has ended, and the next one may begin", async () => {
  const said: string[] = [];
  const saves = new Saves({ native: AT_ONCE, settings: () => SETTINGS, log: (_, line) => said.push(line) });
  const command = (name: string) => new Map(saves.commands()).get(name) as ControlCommand;
  for (let round = 0; round < 3; round++) {
    expect(await command("bgsave")([Buffer.from("bgsave")], WHO)).toMatchObject({ text: "Background saving started" });
  }
  expect(await saves.save()).toBeNull();
  expect(said.filter((line) => line === "Background saving terminated with success").length).toBe(4);
});
