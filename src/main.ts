/**
 * The server: reads its command line, makes the native side, starts the cores, serves control requests. Wiring only.
 *
 *     command line ─▶ settings ─▶ native (sockets, store) ─▶ one worker per core ─▶ ready
 *                                      ▲                           │ note
 *                                      └── control requests ◀──────┘   CONFIG · FUNCTION · SHUTDOWN
 */
import { JscCompiler } from "../runtime/engines/jsc/jsc-engine.ts";
import { LuaCompiler } from "../runtime/engines/lua/lua-engine.ts";
import { QuickJsCompiler } from "../runtime/engines/quickjs/quickjs-engine.ts";
import { functionCommand, keptSource, sourceBytes } from "../runtime/function-command.ts";
import { LibraryRegistry } from "../runtime/registry.ts";
import { declarationsOf } from "../runtime/sdk/declarations.ts";
import { LibraryVersions } from "../runtime/versions.ts";
import { serveAdmin } from "./admin/server.ts";
import { TokenUsers } from "./admin/token-users.ts";
import { processEnvironment, readCommandLine, type ServerStart } from "./config/command-line.ts";
import { configCommands } from "./config/config-commands.ts";
import { DISK } from "./config/files.ts";
import { renameCommands } from "./config/renames.ts";
import type { Settings } from "./config/settings.ts";
import { ZEDIS_VERSION } from "./config/version.ts";
import { applySetting } from "./core/applied.ts";
import { libraryPath } from "./core/build.ts";
import { Control } from "./core/control.ts";
import { Cores } from "./core/cores.ts";
import { detach, isDetached, wantsToDetach } from "./core/daemon.ts";
import { IO, loadNative, type Native } from "./core/ffi.ts";
import { Sockets, shownAddress, socketsRefusal } from "./core/listen.ts";
import { beginLoad, beginLog, type Load, reloadCommand } from "./core/load.ts";
import { applyLogSetting, LEVELS, LOG_SETTINGS, Log, logPlace } from "./core/log.ts";
import { type KeptLibraries, logged } from "./core/logged.ts";
import { logo } from "./core/logo.ts";
import { OomScore } from "./core/oom-score.ts";
import { PID_FILE_DEFAULT, PidFile } from "./core/pid-file.ts";
import type { ControlCommand } from "./core/reply.ts";
import { RunningProcedures } from "./core/running.ts";
import { saveSettings } from "./core/save-settings.ts";
import { Saves } from "./core/saves.ts";
import { shutdown } from "./core/shutdown.ts";
import { supervise } from "./core/supervision.ts";
import { systemLog } from "./core/system-log.ts";
import { showTitle } from "./core/title.ts";
import { applyTls } from "./core/tls.ts";
import { UnixSocketFile } from "./core/unix-socket-file.ts";
import { aclFileCommand, makeUsers, usersForConfig } from "./core/users.ts";
import { DevLoop } from "./dev/loop.ts";
import type { DevOptions } from "./dev/options.ts";

/** How long after the start the TypeScript compiler is loaded. */
const WARM_AFTER_MS = 100;
/** How often the main thread looks for requests and lines that no core has told it of. */
const LOOK_EVERY_MS = 100;
/** How often the rules for snapshots are looked at. */
const TICK_EVERY_MS = 100;

/** Runs the server until it is told to stop; gives the exit code. `argv`: redis-server's arguments; `dev`: watches procedures. */
export async function serve(argv: readonly string[], dev?: DevOptions): Promise<number> {
  const environment = processEnvironment();
  let input: Uint8Array | null = null;
  const stdin = (): Uint8Array => {
    input = environment.stdin();
    return input;
  };
  const start = readCommandLine(argv, { ...environment, stdin });
  if ("error" in start) {
    process.stderr.write(`${start.error}\n`);
    return start.exitCode;
  }
  if ("print" in start) {
    (start.to === "stdout" ? process.stdout : process.stderr).write(start.print);
    return start.exitCode;
  }
  // What watches files talks to its terminal.
  if (dev === undefined && wantsToDetach(start.settings, process.env)) return detach(input);
  return run(start, dev);
}

async function run({ settings, configFile, warnings }: ServerStart, dev?: DevOptions): Promise<number> {
  // Relative paths of the log, the socket and the pid file are meant from here.
  process.chdir(settings.get("dir"));
  const log = new Log(logPlace(settings.get("logfile")));
  for (const name of LOG_SETTINGS) applyLogSetting(log, name, settings.get(name));
  const library = libraryPath();
  const native = loadNative(library);
  if (settings.get("syslog-enabled") === "yes") {
    const [ident, facility] = [settings.get("syslog-ident"), settings.get("syslog-facility")];
    log.setSystemLog(systemLog({ ident, facility }, native.datagram));
  }
  const count = settings.number("cores") || native.cpus();
  log.write("notice", `Zedis ${ZEDIS_VERSION} starting, Bun ${Bun.version}, pid ${process.pid}, ${count} cores`);
  for (const warning of warnings) log.write("warning", warning);
  const notRenamed = renameCommands(settings, native.rename);
  if (notRenamed !== null) {
    log.write("warning", notRenamed);
    return 1;
  }
  const background = backgroundCores(settings.number("procedure-background-threads"), native.cpus(), count);
  native.create(count, background, settings.number("shards"), settings.number("databases"));

  const table = native.table();
  const onNote = (): void => {
    for (let line = native.nextLogLine(); line !== null; line = native.nextLogLine()) {
      log.write(LEVELS[line.level] ?? "warning", line.text);
    }
    if (native.backgroundWanted()) cores.startBackground();
    control.serve();
  };
  const cores = new Cores({
    native,
    library,
    count,
    background,
    io: IO[settings.get("io") as keyof typeof IO],
    unixPath: settings.get("unixsocket"),
    table,
    onNote,
    restore: () => registry.restore(),
    log: (level, line) => log.write(level, line),
  });
  cores.setQuickJsMemoryLimit(settings.number("procedure-quickjs-memory-limit"));
  const push = (name: string, value: string): string | null => {
    if (name === "procedure-time-limit") cores.setTimeLimit(Number(value));
    return native.push(name, value);
  };
  for (const [name, value] of settings.nativeEntries()) {
    const refused = push(name, value);
    if (refused !== null) {
      log.write("warning", refused);
      return 1;
    }
  }
  const unmade = makeUsers(native, settings, log);
  if (unmade !== null) {
    log.write("warning", unmade);
    return 1;
  }
  const tokenUsers = new TokenUsers({
    login: native.userLogin,
    users: native.users,
    folder: () => settings.get("dir"),
    startedUs: Date.now() * 1000 + 999,
    log: (level, line) => log.write(level, line),
  });
  const oomScore = new OomScore((level, line) => log.write(level, line));
  const supervision = supervise({
    mode: settings.get("supervised"),
    environment: process.env,
    send: native.datagram,
    pause: () => process.kill(process.pid, "SIGSTOP"),
    turns: () => Array.from({ length: count }, (_, core) => native.turns(core)),
    every: (ms, work) => {
      const timer = setInterval(work, ms).unref();
      return () => clearInterval(timer);
    },
    pid: process.pid,
    log: (level, line) => log.write(level, line),
  });
  const stop = (): void => {
    supervision.stopping();
    native.stop();
  };
  const compiler = new JscCompiler();
  const versions = new LibraryVersions(() => settings.number("procedure-versions"));
  const registry = new LibraryRegistry({
    compilers: [
      compiler,
      new QuickJsCompiler(() => compiler.warm()),
      new LuaCompiler((code) => native.luaLibrary(code)),
    ],
    enginePolicy: () => ({
      engineDefault: settings.get("procedure-engine-default"),
      trustedUsers: settings.get("procedure-trusted-users"),
    }),
    broadcast: (message) => cores.broadcast(message),
    publish: (manifest) => native.publish(JSON.stringify(manifest)),
    later: (ms, work) => void setTimeout(work, ms).unref(),
    onLoaded: (library, user) =>
      versions.note(library.name, { language: library.language, source: keptSource(library), user }),
  });
  const procedures = new RunningProcedures(native, cores, count + background);
  // What is being loaded is not saved.
  let ready = false;
  const saves = new Saves({
    native,
    settings: () => saveSettings(settings),
    log: (level, line) => log.write(level, line),
  });
  const down = shutdown({
    hasRules: () => ready && settings.get("save") !== "",
    save: () => saves.save(),
    cancel: (kind) => saves.cancel(kind),
    isOpening: () => saves.isOpening(),
    onSignal: (name) => settings.get(name === "SIGINT" ? "shutdown-on-sigint" : "shutdown-on-sigterm").split(" "),
    pauseWrites: native.pauseWrites,
    stop,
    log: (level, line) => log.write(level, line),
  });
  const functions = functionCommand({
    registry,
    payload: { write: native.dumpLibraries, read: native.readLibraries },
    running: () => procedures.longest(),
    busyText: () => procedures.busyText(),
    figures: () => native.functionFigures(),
    kill: () => procedures.killLongest(),
    versions,
  });
  const kept: KeptLibraries = {
    all: () => sourceBytes(registry),
    one: (name) =>
      registry
        .list()
        .filter((library) => library.name === name)
        .map(keptSource)[0],
    payload: native.dumpLibraries,
  };
  const sockets = new Sockets({ native, settings, log: (level, line) => log.write(level, line) });
  const show = (): void => showTitle(settings, configFile, sockets.port, native);
  const tellListening = (): void => {
    const own = { config_file: configFile ?? "", executable: process.execPath, bun_version: Bun.version };
    native.facts({ ...own, ...sockets.facts() });
    show();
  };
  const apply = (name: string, value: string): string | null =>
    applySetting({ settings, log, cores, saves, oomScore, showTitle: () => show() }, name, value);
  const commands = new Map<string, ControlCommand>([
    [
      "config",
      configCommands({
        settings,
        configFile,
        files: DISK,
        // What native code has in force may matter here as well.
        push: (name, value) => push(name, value) ?? apply(name, value),
        apply,
        applyTogether: (kind, name) => {
          const isAboutTls = kind === "tls" || settings.number("tls-port") !== sockets.tlsPort;
          const error = isAboutTls ? applyTls(native, settings) : null;
          if (error !== null || kind === "tls") return error && `Unable to update TLS configuration. ${error}`;
          const isListening = sockets.renew();
          tellListening();
          return isListening ? null : socketsRefusal(name);
        },
        resetStat: () => native.resetStats(),
        users: () => {
          tokenUsers.keep();
          return usersForConfig(native, settings);
        },
        log: (level, line) => log.write(level, line),
      }),
    ],
    ["acl", aclFileCommand(native, settings, log, () => tokenUsers.keep())],
    ["shutdown", down.command],
    ...saves.commands(),
    ["function", logged(functions, kept, native)],
    ["debug", reloadCommand(native, { registry, command: functions }, (text) => log.write("warning", text))],
  ]);
  const control = new Control(native, commands, (error) => log.write("warning", `control command failed: ${error}`));

  const tlsError = applyTls(native, settings);
  const failure = tlsError ?? sockets.open();
  if (failure !== null) {
    if (tlsError !== null) log.write("warning", "Failed to configure TLS. Check logs for more info.");
    log.write("warning", failure);
    return 1;
  }
  let loop: DevLoop | null = null;
  const admin = serveAdmin({
    settings,
    native,
    table,
    tokenUsers,
    coreThreads: () => Array.from({ length: count }, (_, core) => native.coreThread(core)),
    libraries: () => registry.list(),
    isReady: () => ready,
    dev: () => loop?.state.report() ?? null,
    log: (level, line) => log.write(level, line),
  });
  if (typeof admin === "string") {
    log.write("warning", admin);
    return 1;
  }
  tellListening();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (ready) return down.signal(signal);
      log.write("warning", `Received ${signal} scheduling shutdown...`);
      stop();
    });
  }
  if (settings.get("always-show-logo") === "yes" || (process.stdout.isTTY && settings.get("logfile") === "")) {
    log.writePlain(logo({ version: ZEDIS_VERSION, port: sockets.port, pid: process.pid }));
  }
  oomScore.apply(settings.get("oom-score-adj"), settings.get("oom-score-adj-values"));
  log.write("notice", "Server initialized");
  let load: Load | null;
  try {
    load = begin(native, settings);
  } catch (error) {
    log.write("warning", `${error instanceof Error ? error.message : error}. Exiting.`);
    return 1;
  }
  const socketFile = new UnixSocketFile(settings.get("unixsocket"));
  try {
    await cores.start();
  } catch (error) {
    log.write("warning", `Cannot start: ${error instanceof Error ? error.message : error}`);
    socketFile.remove();
    return 1;
  }
  native.waitTurns();
  for (const at of sockets.ports) log.write("notice", `listening on ${shownAddress(at)}${at.tls ? " with TLS" : ""}`);
  if (settings.get("unixsocket") !== "") log.write("notice", `listening on unix socket ${settings.get("unixsocket")}`);
  log.write("notice", `I/O through ${native.io()}`);
  // A core that a script keeps cannot come to its JavaScript to tell of a request or a line for the log, and what loads a file is no core.
  const look = setInterval(() => {
    native.tellSlow();
    onNote();
  }, LOOK_EVERY_MS);
  look.unref();
  // A shutdown does not wait for the rest of a file.
  let stopped: boolean;
  try {
    stopped = await Promise.race([
      cores.left.then(() => true),
      (load?.finish({ registry, command: functions }, (line) => log.status(line)) ?? Promise.resolve()).then(
        () => false,
      ),
    ]);
    log.status("");
    if (load !== null) onNote();
  } catch (error) {
    log.status("");
    onNote();
    log.write("warning", `${error instanceof Error ? error.message : error}`);
    // As Redis: an error of the append only file is the last line.
    if (settings.get("appendonly") === "no") {
      log.write("warning", "Fatal error loading the DB, check server logs. Exiting.");
    }
    return 1;
  }
  native.setLibraries(sourceBytes(registry));
  ready = !stopped;
  const tick = setInterval(() => saves.tick(), TICK_EVERY_MS);
  tick.unref();
  const pidFile = new PidFile(settings.get("pidfile") || (isDetached() ? PID_FILE_DEFAULT : ""));
  const unwritten = pidFile.write();
  if (unwritten !== null) log.write("warning", unwritten);
  if (!stopped) {
    log.write("notice", "Ready to accept connections");
    supervision.ready();
  }
  // The first FUNCTION LOAD should not pay for loading the compiler, nor the start for having it ready.
  setTimeout(() => void compiler.warm(), WARM_AFTER_MS).unref();
  loop = dev === undefined || stopped ? null : devLoop(dev, { control, registry, native, log });
  void loop?.begin();
  await cores.left;
  await loop?.stop();
  await admin?.stop();
  clearInterval(tick);
  const unlogged = native.logIsOpen() ? native.stopLog() : null;
  onNote();
  if (unlogged !== null) log.write("warning", `Error writing the append only file: ${unlogged}`);
  clearInterval(look);
  pidFile.remove();
  socketFile.remove();
  log.write("warning", "Zedis is now ready to exit, bye bye...");
  log.flush();
  return 0;
}

/** Most that native code has room for, as CORES_MAX in native/src/store/counters.rs. */
const CORES_MAX = 64;

/** Threads for calls in the background: as many as asked for (-1: two, or one beside a single processor), as far as there is room. */
function backgroundCores(asked: number, cpus: number, count: number): number {
  return Math.min(asked < 0 ? Math.min(2, cpus) : asked, CORES_MAX - count);
}

/** What `zedis dev` does beside serving. */
function devLoop(
  options: DevOptions,
  { control, registry, native, log }: { control: Control; registry: LibraryRegistry; native: Native; log: Log },
): DevLoop {
  return new DevLoop(options, {
    request: (argv) => control.ask(argv),
    libraries: () => registry.list(),
    declarations: () => declarationsOf(native.table()),
    log: (level, text, detail) => log.write(level, text, detail),
  });
}

/** Begins to load what is there: as in Redis the append only file alone, where there is to be one. */
function begin(native: Native, settings: Settings): Load | null {
  const { appendonly, dir, dbfilename, sum, place } = saveSettings(settings);
  return appendonly ? beginLog(native, place) : beginLoad(native, { dir, name: dbfilename, checkSum: sum });
}

if (import.meta.main) process.exit(await serve(process.argv.slice(2)));
