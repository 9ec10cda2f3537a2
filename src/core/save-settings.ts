/** What the directives say of snapshots and the append only file. */
import type { Settings } from "../config/settings.ts";
import type { SaveSettings } from "./saves.ts";

export function saveSettings(settings: Settings): SaveSettings {
  const isYes = (name: Parameters<Settings["get"]>[0]): boolean => settings.get(name) === "yes";
  const dir = process.cwd();
  const sum = isYes("rdbchecksum");
  return {
    dir,
    dbfilename: settings.get("dbfilename"),
    save: settings.get("save"),
    sum,
    syncOften: isYes("rdb-save-incremental-fsync"),
    rate: settings.number("rdb-save-rate-limit"),
    stopWritesOnError: isYes("stop-writes-on-bgsave-error"),
    appendonly: isYes("appendonly"),
    place: {
      dir,
      folder: settings.get("appenddirname"),
      name: settings.get("appendfilename"),
      rdb_base: isYes("aof-use-rdb-preamble"),
      load_truncated: isYes("aof-load-truncated"),
      check_sum: sum,
    },
    rewritePercentage: settings.number("auto-aof-rewrite-percentage"),
    rewriteMinBytes: settings.number("auto-aof-rewrite-min-size"),
  };
}
