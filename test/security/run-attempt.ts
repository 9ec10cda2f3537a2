import { expect } from "bun:test";
import type { Attempt, Target } from "./attempt.ts";
import { PROBE } from "./probe.ts";

const HEALTH = `#!ts name=health
function health(key: string, by: number) { Zedis.del(key); return Zedis.incrby(key, by); }
`;

/** Runs one attempt and checks all that it promises, and that the server is well afterwards. */
export async function runAttempt(attempt: Attempt, target: Target): Promise<void> {
  const source = `#!ts name=lib\n${attempt.source.startsWith("import") ? "" : PROBE}${attempt.source}\n`;
  // What ends by itself may take its time.
  await target.allow(attempt.stopped || attempt.refused ? 250 : 10_000);
  if (attempt.refused) {
    await expect(target.load(source)).rejects.toThrow();
  } else {
    // Only `attack` and `after` are for FCALL; the rest are the attempt's tools.
    const names = /function after\b/.test(source) ? "attack, after" : "attack";
    const exported = /\bexport\b/.test(source) ? source : `${source}export { ${names} };\n`;
    await target.load(exported);
    const reply = await target.call("attack", attempt.keys ?? [], attempt.args ?? []);
    expect(reply).not.toContain("ESCAPED");
    if (attempt.stopped) expect(reply).toMatch(/^-(TIMEOUT|.*(?:time|limit))/);
    expect(reply).toMatch(attempt.reply ?? (attempt.stopped ? /^-/ : /^[^-]/));
    await bystander(attempt, target);
  }
  await target.load(HEALTH);
  expect(await target.call("health", ["healthy"], ["2"])).toBe(":2\r\n");
}

async function bystander({ bystander: check }: Attempt, target: Target): Promise<void> {
  if (check === undefined) return;
  if (check.source === "again") {
    const reply = await target.call("after", [], []);
    expect(reply).not.toContain("ESCAPED");
    expect(reply).toMatch(check.reply);
    return;
  }
  await target.load(`#!ts name=bystander\n${check.source}\n`);
  const reply = await target.call("bystander", [], []);
  expect(reply).not.toContain("ESCAPED");
  expect(reply).toMatch(check.reply);
}
