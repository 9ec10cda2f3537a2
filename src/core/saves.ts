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
/** The same for the first base of an append only file, without which its log is worth nothing. */
const OPENING_RETRY_AFTER_MS = 1000;
/** How long the end of the server waits for that first base before it says that it cannot be now. */
const OPENING_WAIT_MS = 1000;
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
    | "startSave"
    | "saveOutcome"
    | "saveBegun"
    | "cancelSave"
    | "flushes"
    | "flushesSaved"
    | "dirty"
    | "logBytes"
    | "saveError"
    | "closeLog"
    | "logIsOpen"
    | "rewriteScheduled"
    | "logOpening"
  >;
  readonly settings: () => SaveSettings;
  readonly log: (level: "notice" | "warning", line: string) => void;
  readonly now?: () => number;
}

type Kind = "save" | "rewrite";
/** The error of what was cancelled. */
const GIVEN_UP = "it was given up";

/** Null: it went well; else the text of what went wrong. */
type Outcome = string | null;

export class Saves {
  #running: { readonly kind: Kind; readonly ended: Promise<Outcome> } | null = null;
  /** The append only file was switched on, and has no base yet: what is in its folder is not the data set. */
  #opening = false;
  #openingFailedAt = 0;
  #flushes = 0;
  /** What goes on has been told to end. */
  #ending = false;
  #saveScheduled = false;
  #rewriteScheduled = false;
  #failedAt: number | null = null;
  #savedAt: number;
  /** The last change of `appendonly` comes to its end. */
  #logChanges: Promise<void> = Promise.resolve();
  #logChange = 0;
  readonly #now: () => number;

  constructor(private readonly parts: SaveParts) {
    this.#now = parts.now ?? Date.now;
    this.#savedAt = this.#now();
    this.#flushes = parts.native.flushes();
  }

  /** Is the first base of an append only file still missing, though it was waited for a little? */
  async isOpening(): Promise<boolean> {
    const since = this.#now();
    while (this.#opening && this.#now() - since < OPENING_WAIT_MS) await Bun.sleep(LOOK_EVERY_MS);
    return this.#opening;
  }

  /** Gives up what goes on, if it is of this kind. Resolves when it has ended. */
  async cancel(kind: Kind): Promise<void> {
    const running = this.#running;
    if (running?.kind !== kind) return;
    this.parts.log(
      "notice",
      kind === "save"
        ? "Killing running RDB child: it is given up"
        : "Killing running AOF rewrite child: it is given up",
    );
    this.#ending = true;
    this.parts.native.cancelSave();
    await running.ended;
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

  async #bgsave(words: readonly string[]): Promise<ReplyValue> {
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
    await this.#instant();
    return failed === null ? new Simple("Background saving started") : new ErrorReply(`ERR ${failed}`);
  }

  async #bgrewriteaof(): Promise<ReplyValue> {
    if (this.#running?.kind === "rewrite" && !this.#ending) {
      return new ErrorReply("ERR Background append only file rewriting already in progress");
    }
    if (this.#running !== null) {
      this.#schedule(true);
      return new Simple("Background append only file rewriting scheduled");
    }
    const failed = this.#begin("rewrite");
    await this.#instant();
    return failed === null
      ? new Simple("Background append only file rewriting started")
      : new ErrorReply(`ERR Can't execute an AOF background rewriting. ${failed}`);
  }

  /** What goes on is of a moment before this resolves: what a client sends after the reply is not in it. */
  async #instant(): Promise<void> {
    const running = this.#running;
    while (running !== null && this.#running === running && !this.parts.native.saveBegun()) await Bun.sleep(1);
  }

  #schedule(rewrite: boolean): void {
    this.#rewriteScheduled = rewrite;
    this.parts.native.rewriteScheduled(rewrite);
  }

  /** Saves a snapshot that begins after this call, once what goes on has ended. */
  async save(): Promise<Outcome> {
    for (;;) {
      while (this.#running !== null) await this.#running.ended;
      const failed = this.#begin("save", true);
      const outcome = failed ?? (await (this.#running as { ended: Promise<Outcome> } | null)?.ended) ?? null;
      // FLUSHALL has ended it, and the next one has little to do.
      if (outcome !== GIVEN_UP || this.#ending) return outcome;
    }
  }

  /** Begins; null, or why that cannot be done. `foreground`: somebody waits for it, and is told what comes of it. */
  #begin(kind: Kind, foreground = false): Outcome {
    const { native, settings, log } = this.parts;
    const now = settings();
    this.#ending = false;
    const begin = kind === "rewrite" && this.#opening;
    const failed = native.startSave({
      path: kind === "save" ? join(now.dir, now.dbfilename) : null,
      place: now.place,
      begin,
      foreground,
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
    this.#running = { kind, ended: this.#follow(kind, foreground, begin) };
    return null;
  }

  async #follow(kind: Kind, foreground: boolean, begin: boolean): Promise<Outcome> {
    // A small save may be over already, and who began this notes that it goes on only when it has been given the promise.
    await Promise.resolve();
    let outcome = this.parts.native.saveOutcome();
    while (outcome === null) {
      await Bun.sleep(LOOK_EVERY_MS);
      outcome = this.parts.native.saveOutcome();
    }
    this.#running = null;
    const { log, native, settings } = this.parts;
    if (typeof outcome === "string") {
      if (kind === "rewrite") this.#openingFailedAt = this.#now();
      if (outcome === GIVEN_UP) {
        log("notice", kind === "save" ? "Background saving was given up" : "Background AOF rewrite was given up");
        this.#next();
        return outcome;
      }
      log(
        "warning",
        kind === "save" ? `Background saving error: ${outcome}` : `Background AOF rewrite error: ${outcome}`,
      );
      if (kind === "save" && !foreground) {
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
      if (begin) this.#setOpening(false);
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
    const { native, settings, log } = this.parts;
    const now = settings();
    const flushes = native.flushes();
    if (flushes !== this.#flushes) {
      this.#flushes = flushes;
      // One of before gives itself up, so that it does not bring back what is gone.
      if (native.flushesSaved() === flushes) this.#savedAt = this.#now();
      else this.#saveScheduled = now.save !== "";
      if (this.#running === null) this.#next();
      return;
    }
    if (this.#running !== null) return;
    if (this.#opening && this.#now() - this.#openingFailedAt >= OPENING_RETRY_AFTER_MS) {
      this.#begin("rewrite");
      return;
    }
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
    if (!now.appendonly || this.#opening || now.rewritePercentage === 0 || !native.logIsOpen()) return;
    const [bytes, base] = [native.logBytes("now"), native.logBytes("rewritten")];
    const growth = (bytes * 100) / Math.max(base, 1) - 100;
    if (bytes > now.rewriteMinBytes && growth >= now.rewritePercentage) {
      log("notice", `Starting automatic rewriting of AOF on ${Math.floor(growth)}% growth`);
      this.#begin("rewrite");
    }
  }

  #setOpening(opening: boolean): void {
    this.#opening = opening;
    this.parts.native.logOpening(opening);
  }

  /** CONFIG SET appendonly. What has to be done for it goes on after the reply. */
  changeLog(appendonly: boolean): void {
    const change = ++this.#logChange;
    // WAITAOF behind the reply waits for whatever comes of this.
    if (appendonly) this.parts.native.logOpening(true);
    this.#logChanges = this.#logChanges.then(async () => {
      const { native, log } = this.parts;
      if (appendonly && !native.logIsOpen()) {
        this.#setOpening(true);
        if (this.#running === null) this.#begin("rewrite");
        else this.#schedule(true);
        return;
      }
      if (!appendonly && this.#opening) {
        this.#opening = false;
        this.#schedule(false);
      }
      if (!appendonly) await this.cancel("rewrite");
      while (this.#running !== null) await this.#running.ended;
      if (!appendonly && native.logIsOpen()) {
        native.closeLog();
        while (native.logIsOpen()) await Bun.sleep(LOOK_EVERY_MS);
        log("notice", "The append only file is closed");
      }
      // Not before it is closed: WAITAOF must not take what is written until then for a log that can be loaded.
      if (this.#logChange === change) native.logOpening(this.#opening);
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
