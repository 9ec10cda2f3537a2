/** INFO once a second while the page is seen: the samples that charts draw, and whether the server is there. */
import { signal } from "@preact/signals";
import { asText } from "../model/bytes.ts";
import { type Info, parseInfo, type Sample, sample } from "../model/info.ts";
import { command, ServerError, signIn } from "./api.ts";
import { repeat } from "./polling.ts";

const EVERY_MS = 1_000;
/** What is drawn: not Keysizes, for which INFO walks all keys. */
const SECTIONS = ["default", "commandstats", "latencystats", "cores"];
/** Ten minutes. */
const SAMPLES_MAX = 600;

export const current = signal<Info | null>(null);
/** The sample before the last one, to tell rates. */
export const previous = signal<Info | null>(null);
export const samples = signal<readonly Sample[]>([]);
export const isPaused = signal(false);
/** Why nothing comes, where that is the server's answer. */
export const refusal = signal<string | null>(null);

/** Who may not INFO is refused this seldom: each refusal is a line in ACL LOG. */
const REFUSED_EVERY = 30;

export function startLive(): void {
  let skipped = 0;
  repeat(async () => {
    if (signIn.value !== null) skipped = 0;
    if (signIn.value !== null || isPaused.value || skipped-- > 0) return;
    try {
      const info = parseInfo(asText(await command("INFO", ...SECTIONS)), Date.now());
      const before = current.value;
      previous.value = before;
      current.value = info;
      samples.value = [...samples.value, sample(info, before)].slice(-SAMPLES_MAX);
      refusal.value = null;
    } catch (thrown) {
      refusal.value = thrown instanceof Error ? thrown.message : String(thrown);
      if (thrown instanceof ServerError && thrown.code === "NOPERM") skipped = REFUSED_EVERY;
    }
  }, EVERY_MS);
}
