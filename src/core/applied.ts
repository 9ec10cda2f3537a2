/** What CONFIG SET does for the directives that TypeScript serves while the server runs. */
import type { Settings } from "../config/settings.ts";
import type { Cores } from "./cores.ts";
import { applyLogSetting, type Log } from "./log.ts";
import type { OomScore } from "./oom-score.ts";
import type { Saves } from "./saves.ts";

export interface Applied {
  readonly settings: Settings;
  readonly log: Log;
  readonly cores: Cores;
  readonly saves: Saves;
  readonly oomScore: OomScore;
  readonly showTitle: () => void;
}

/** Puts a value in force before the settings have it; null when taken. */
export function applySetting(parts: Applied, name: string, value: string): string | null {
  const { settings, log, cores, saves, oomScore, showTitle } = parts;
  if (name === "oom-score-adj") return oomScore.apply(value, settings.get("oom-score-adj-values"));
  if (name === "oom-score-adj-values") return oomScore.apply(settings.get("oom-score-adj"), value);
  if (name === "appendonly") saves.changeLog(value === "yes");
  // Once the settings have it.
  if (name === "save" || name === "stop-writes-on-bgsave-error") queueMicrotask(() => saves.judge());
  if (name === "proc-title-template") queueMicrotask(showTitle);
  applyLogSetting(log, name, value);
  if (name === "dir") process.chdir(value);
  if (name === "procedure-quickjs-memory-limit") cores.setQuickJsMemoryLimit(Number(value));
  return null;
}
