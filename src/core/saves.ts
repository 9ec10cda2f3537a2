/**
 * Snapshots and rewrites of the append only file: when they begin, what is said of them, what waits for them. The work is native code's,
 * on a thread of its own; one at a time.
 *
 *     SAVE · BGSAVE · save rules · SHUTDOWN ──▶ dump.rdb
 *     BGREWRITEAOF · growth · CONFIG SET appendonly yes ──▶ appendonlydir/
 */
import { join } from "node:path";
import type { Native } from "./ffi.ts";
import type { LogPlace } from "./native-values.ts";
import { type ControlCommand, ErrorReply, OK, type ReplyValue, Simple } from "./reply.ts";

/** How often is looked whether what goes on has ended. */
const LOOK_EVERY_MS = 5;
/** How long after a snapshot that failed a rule asks for the next one. */
const RETRY_AFTER_MS = 5000;
const IN_PROGRESS = new ErrorReply("ERR Background save already in progress");

/** What the directives say now. */
export interface SaveSettings {
  readonly dir: string;
  readonly dbfilename: string;
  /** Seconds and changes in pairs: `3600 1 300 100`. */
  readonly save: string;
  readonly sum: boolean;
  readonly syncOften: boolean;
  readonly rate: number;
  readonly stopWritesOnError: boolean;
  readonly appendonly: boolean;
  readonly place: LogPlace;
  readonly rewritePercentage: number;
  readonly rewriteMinBytes: number;
}

export interface SaveParts {
  readonly native: Pick<
    Native,
    "startSave" | "saveOutcome" | "dirty" | "logBytes" | "saveError" | "closeLog" | "logIsOpen" | "rewriteScheduled"
  >;
  readonly settings: () => SaveSettings;
  readonly log: (level: "notice" | "warning", line: string) => void;
  readonly now?: () => number;
}

type Kind = "save" | "rewrite";
/** Null: it went well; else the text of what went wrong. */
type Outcome = string | null;

export class Saves {
  #running: { readonly kind: Kind; readonly ended: Promise<Outcome> } | null = null;
  #saveScheduled = false;
  #rewriteScheduled = false;
  #failedAt: number | null = null;
  #savedAt: number;
  /** The last change of `appendonly` comes to its end. */
  #logChanges: Promise<void> = Promise.resolve();
  readonly #now: () => number;

  constructor(private readonly parts: SaveParts) {
    this.#now = parts.now ?? Date.now;
    this.#savedAt = this.#now();
  }

  commands(): [name: string, command: ControlCommand][] {
    return [
      ["save", () => this.#saveCommand()],
      [
        "bgsave",
        (argv) => this.#bgsave(argv.slice(1).map((word) => Buffer.from(word).toString("latin1").toLowerCase())),
      ],
      ["bgrewriteaof", () => this.#bgrewriteaof()],
    ];
  }

  async #saveCommand(): Promise<ReplyValue> {
    if (this.#running?.kind === "save") return IN_PROGRESS;
    return (await this.save()) === null ? OK : new ErrorReply("ERR");
  }

  #bgsave(words: readonly string[]): ReplyValue {
    if (words.length > 1 || (words[0] !== undefined && words[0] !== "schedule"))
      return new ErrorReply("ERR syntax error");
    if (this.#running?.kind === "save") return IN_PROGRESS;
    if (this.#running !== null) {
      if (words[0] !== "schedule") {
        return new ErrorReply(
          "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
        );
      }
      this.#saveScheduled = true;
      return new Simple("Background saving scheduled");
    }
    const failed = this.#begin("save");
    return failed === null ? new Simple("Background saving started") : new ErrorReply(`ERR ${failed}`);
  }

  #bgrewriteaof(): ReplyValue {
    if (this.#running?.kind === "rewrite") {
      return new ErrorReply("ERR Background append only file rewriting already in progress");
    }
    if (this.#running !== null) {
      this.#schedule(true);
      return new Simple("Background append only file rewriting scheduled");
    }
    const failed = this.#begin("rewrite");
    return failed === null
      ? new Simple("Background append only file rewriting started")
      : new ErrorReply(`ERR Can't execute an AOF background rewriting. ${failed}`);
  }

  #schedule(rewrite: boolean): void {
    this.#rewriteScheduled = rewrite;
    this.parts.native.rewriteScheduled(rewrite);
  }

  /** Saves a snapshot that begins after this call, once what goes on has ended. */
  async save(): Promise<Outcome> {
    while (this.#running !== null) await this.#running.ended;
    return this.#begin("save") ?? (await (this.#running as { ended: Promise<Outcome> } | null)?.ended) ?? null;
  }

  /** Begins; null, or why that cannot be done. `opens`: the append only file begins. */
  #begin(kind: Kind, opens = false): Outcome {
    const { native, settings, log } = this.parts;
    const now = settings();
    const failed = native.startSave({
      path: kind === "save" ? join(now.dir, now.dbfilename) : null,
      place: now.place,
      begin: opens,
      sum: now.sum,
      sync_often: now.syncOften,
      rate: now.rate,
    });
    if (failed !== null) {
      log("warning", `Can't save in background: ${failed}`);
      return failed;
    }
    if (kind === "save") log("notice", `Background saving started by pid ${process.pid}`);
    else log("notice", `Background append only file rewriting started by pid ${process.pid}`);
    this.#running = { kind, ended: this.#follow(kind) };
    return null;
  }

  async #follow(kind: Kind): Promise<Outcome> {
    let outcome = this.parts.native.saveOutcome();
    while (outcome === null) {
      await Bun.sleep(LOOK_EVERY_MS);
      outcome = this.parts.native.saveOutcome();
    }
    this.#running = null;
    const { log, native, settings } = this.parts;
    if (typeof outcome === "string") {
      log(
        "warning",
        kind === "save" ? `Background saving error: ${outcome}` : `Background AOF rewrite error: ${outcome}`,
      );
      if (kind === "save") {
        this.#failedAt = this.#now();
        native.saveError(settings().stopWritesOnError && settings().save !== "");
      }
      this.#next();
      return outcome;
    }
    const seconds = outcome.seconds.toFixed(3);
    if (kind === "save") {
      this.#failedAt = null;
      this.#savedAt = this.#now();
      native.saveError(false);
      log("notice", `DB saved on disk: ${outcome.keys} keys, ${outcome.bytes} bytes, ${seconds} seconds`);
      log("notice", "Background saving terminated with success");
    } else {
      log("notice", `Background AOF rewrite terminated with success: ${outcome.keys} keys, ${seconds} seconds`);
    }
    this.#next();
    return null;
  }

  /** Begins what has waited. */
  #next(): void {
    if (this.#rewriteScheduled) {
      this.#schedule(false);
      this.#begin("rewrite");
    } else if (this.#saveScheduled) {
      this.#saveScheduled = false;
      this.#begin("save");
    }
  }

  /** `stop-writes-on-bgsave-error` or `save` has changed. */
  judge(): void {
    const { stopWritesOnError, save } = this.parts.settings();
    this.parts.native.saveError(this.#failedAt !== null && stopWritesOnError && save !== "");
  }

  /** What the rules ask for; ten times a second. */
  tick(): void {
    if (this.#running !== null) return;
    const { native, settings, log } = this.parts;
    const now = settings();
    const changes = native.dirty();
    const ageS = (this.#now() - this.#savedAt) / 1000;
    const mayTry = this.#failedAt === null || this.#now() - this.#failedAt >= RETRY_AFTER_MS;
    if (changes > 0 && mayTry) {
      for (const [seconds, least] of rulesOf(now.save)) {
        if (changes < least || ageS <= seconds) continue;
        log("notice", `${least} changes in ${seconds} seconds. Saving...`);
        this.#begin("save");
        return;
      }
    }
    if (!now.appendonly || now.rewritePercentage === 0 || !native.logIsOpen()) return;
    const [bytes, base] = [native.logBytes("now"), native.logBytes("rewritten")];
    const growth = (bytes * 100) / Math.max(base, 1) - 100;
    if (bytes > now.rewriteMinBytes && growth >= now.rewritePercentage) {
      log("notice", `Starting automatic rewriting of AOF on ${Math.floor(growth)}% growth`);
      this.#begin("rewrite");
    }
  }

  /** CONFIG SET appendonly. What has to be done for it goes on after the reply. */
  changeLog(appendonly: boolean): void {
    this.#logChanges = this.#logChanges.then(async () => {
      while (this.#running !== null) await this.#running.ended;
      const { native, log } = this.parts;
      if (appendonly && !native.logIsOpen()) {
        this.#begin("rewrite", true);
      } else if (!appendonly && native.logIsOpen()) {
        native.closeLog();
        while (native.logIsOpen()) await Bun.sleep(LOOK_EVERY_MS);
        log("notice", "The append only file is closed");
      }
    });
  }

  /** Resolves when nothing goes on any more. */
  async idle(): Promise<void> {
    await this.#logChanges;
    while (this.#running !== null) await this.#running.ended;
  }
}

function rulesOf(text: string): [seconds: number, changes: number][] {
  const words = text.split(" ").filter((word) => word !== "");
  return Array.from({ length: words.length / 2 }, (_, at) => [Number(words[2 * at]), Number(words[2 * at + 1])]);
}
