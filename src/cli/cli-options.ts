/** The options of zedis-cli: those of redis-cli that people and scripts use. */

import { bytesOfText, splitWords } from "../config/words.ts";
import type { OutputMode } from "./format.ts";
import { leadingNumber, parseServerUri } from "./server-uri.ts";
import { NO_FILES, type TlsFiles } from "./tls.ts";

export interface CliOptions {
  host: string;
  port: number;
  /** Path of a unix socket; it then replaces host and port. */
  socket: string | null;
  /** Byte strings, like all that is sent. */
  user: string | null;
  password: string | null;
  database: number;
  /** 2, 3, or null where the choice is left to the server; "try 3" goes on in RESP2 when the server refuses. */
  protocol: 2 | 3 | "try 3" | null;
  output: OutputMode;
  itemDelimiter: string;
  replyDelimiter: string;
  /** How often a command is sent; negative: without end. */
  repeat: number;
  intervalMs: number;
  /** `-x`: standard input is the last argument; `-X tag`: it replaces the argument that equals the tag. */
  lastArgumentFromStdin: boolean;
  stdinTag: string | null;
  quotedInput: boolean;
  /** `-e`: an error reply goes to standard error and ends the run with code 1. */
  exitOnError: boolean;
  showPushes: boolean;
  mode: (typeof MODES)[number] | "command" | "intrinsic-latency";
  /** `--askpass`: the password is asked for, whatever else says one. */
  asksPassword: boolean;
  /** Of `--intrinsic-latency`. */
  intrinsicSeconds: number;
  /** `--memkeys-samples`; null: as many as the server takes by itself. */
  memorySamples: number | null;
  tls: boolean;
  tlsFiles: TlsFiles;
  /** `--eval`: the file of a script, whose keys and arguments the command's words are. */
  evalFile: string | null;
  pattern: string | null;
  count: number;
  pipeTimeoutSeconds: number;
  /** The command, as byte strings; empty for the prompt. */
  command: string[];
  /** Lines for standard error before anything else. */
  warnings: string[];
}

export type CliOutcome =
  | { readonly options: CliOptions }
  | { readonly show: "help" | "version" }
  | { readonly error: string };

interface CliEnvironment {
  /** Standard output is a terminal. */
  readonly tty: boolean;
  readonly password: string | undefined;
}

/** What an option `--name` turns on, each without an argument. */
const MODES = [
  "scan",
  "pipe",
  "latency",
  "latency-history",
  "latency-dist",
  "stat",
  "bigkeys",
  "memkeys",
  "hotkeys",
] as const;

const HAS_IT = "redis-cli has it and works with Zedis";
const NO_REPLICATION =
  "it takes the snapshot that a replica is sent (PSYNC), and Zedis does not replicate yet. " +
  "SAVE or BGSAVE writes one on the server: CONFIG GET dir and dbfilename say where";

/** What redis-cli offers and this does not, and what to do instead. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  "--cluster": "Zedis is no cluster yet",
  "--functions-rdb": NO_REPLICATION,
  "--rdb": NO_REPLICATION,
  "--replica": "Zedis does not replicate yet; MONITOR shows what is written as it comes",
  "--slave": "Zedis does not replicate yet; MONITOR shows what is written as it comes",
  "--ldb": "scripts cannot be stepped through; redis.log and FUNCTION LOG show what they find",
  "--ldb-sync-mode": "scripts cannot be stepped through; redis.log and FUNCTION LOG show what they find",
  "--lru-test": HAS_IT,
  "--tls-ciphers": HAS_IT,
  "--tls-ciphersuites": HAS_IT,
};

/** Options without an argument. */
const FLAGS: Readonly<Record<string, (options: CliOptions) => void>> = {
  "-x": (options) => {
    options.lastArgumentFromStdin = true;
  },
  "-2": (options) => {
    options.protocol = 2;
  },
  "-3": (options) => {
    options.protocol = 3;
  },
  "-e": (options) => {
    options.exitOnError = true;
  },
  // Redirections of a cluster: nothing to follow on a server that is none.
  "-c": () => {},
  "--verbose": () => {},
  "--raw": (options) => {
    options.output = "raw";
  },
  "--no-raw": (options) => {
    options.output = "tty";
  },
  "--csv": (options) => {
    options.output = "csv";
  },
  "--json": (options) => {
    options.output = "json";
    options.protocol ??= "try 3";
  },
  "--quoted-json": (options) => {
    options.output = "quoted-json";
    options.protocol ??= "try 3";
  },
  "--quoted-input": (options) => {
    options.quotedInput = true;
  },
  ...Object.fromEntries(
    MODES.map((mode) => [
      `--${mode}`,
      (options: CliOptions) => {
        options.mode = mode;
      },
    ]),
  ),
  "--askpass": (options) => {
    options.asksPassword = true;
  },
  "--tls": (options) => {
    options.tls = true;
  },
  "--insecure": (options) => setTlsFile(options, { insecure: true }),
};

/** Options with one argument; the error text, or nothing. */
const SETTERS: Readonly<Record<string, (options: CliOptions, value: string) => string | undefined>> = {
  "-h": (options, value) => set(options, { host: value }),
  "-p": (options, value) => set(options, { port: leadingNumber(value) }),
  "-s": (options, value) => set(options, { socket: value }),
  "-a": (options, value) => set(options, { password: bytesOfText(value) }),
  "--pass": (options, value) => set(options, { password: bytesOfText(value) }),
  "--user": (options, value) => set(options, { user: bytesOfText(value) }),
  "-n": (options, value) => set(options, { database: leadingNumber(value) }),
  "-r": (options, value) => set(options, { repeat: leadingNumber(value) }),
  "-i": (options, value) => set(options, { intervalMs: (Number.parseFloat(value) || 0) * 1000 }),
  "-X": (options, value) => set(options, { stdinTag: bytesOfText(value) }),
  "-d": (options, value) => set(options, { itemDelimiter: bytesOfText(value) }),
  "-D": (options, value) => set(options, { replyDelimiter: bytesOfText(value) }),
  "--pattern": (options, value) => set(options, { pattern: bytesOfText(value) }),
  "--count": (options, value) => set(options, { count: leadingNumber(value) }),
  "--pipe-timeout": (options, value) => set(options, { pipeTimeoutSeconds: leadingNumber(value) }),
  "--quoted-pattern": (options, value) => {
    const words = splitWords(bytesOfText(value));
    const [pattern] = words ?? [];
    if (words?.length !== 1 || pattern === undefined) return "Invalid quoted string specified for --quoted-pattern.";
    return set(options, { pattern });
  },
  "--show-pushes": (options, value) => {
    const answer = value.charAt(0).toLowerCase();
    if (answer === "y" || answer === "n") return set(options, { showPushes: answer === "y" });
    options.warnings.push(`Unknown --show-pushes value '${value}' (valid: '[y]es', '[n]o')`);
    return undefined;
  },
  "--intrinsic-latency": (options, value) => {
    const seconds = Number(value);
    if (!(seconds > 0 && Number.isFinite(seconds))) return "--intrinsic-latency takes a number of seconds above 0.";
    return set(options, { mode: "intrinsic-latency", intrinsicSeconds: seconds });
  },
  "--memkeys-samples": (options, value) => set(options, { mode: "memkeys", memorySamples: leadingNumber(value) }),
  "--sni": (options, value) => setTlsFile(options, { sni: value }),
  "--cacert": (options, value) => setTlsFile(options, { caCert: value }),
  "--cacertdir": (options, value) => setTlsFile(options, { caCertDir: value }),
  "--cert": (options, value) => setTlsFile(options, { cert: value }),
  "--key": (options, value) => setTlsFile(options, { key: value }),
  "--eval": (options, value) => set(options, { evalFile: value }),
  "-u": (options, value) => {
    const address = parseServerUri(value);
    return "error" in address ? address.error : set(options, address);
  },
};

/** For completion: all options, and those that a value follows. */
export const OPTIONS_WITH_VALUE: readonly string[] = Object.keys(SETTERS);
export const OPTION_NAMES: readonly string[] = [
  ...OPTIONS_WITH_VALUE,
  ...Object.keys(FLAGS),
  ...["--no-auth-warning", "--help", "--version"],
].sort();

function setTlsFile(options: CliOptions, change: Partial<TlsFiles>): undefined {
  options.tlsFiles = { ...options.tlsFiles, ...change };
}

function set(options: CliOptions, change: Partial<CliOptions>): undefined {
  Object.assign(options, change);
}

/** `argv` are the arguments after the program; the first that is no option starts the command. */
export function parseCliOptions(argv: readonly string[], environment: CliEnvironment): CliOutcome {
  const options = defaults(environment.tty);
  let at = 0;
  let warnOfPassword = true;
  let both = { two: false, three: false };
  for (; at < argv.length; at++) {
    const name = argv[at] ?? "";
    const value = argv[at + 1];
    if (name === "--help" || (name === "-h" && value === undefined)) return { show: "help" };
    if (name === "--version" || name === "-v") return { show: "version" };
    if (name === "--no-auth-warning") {
      warnOfPassword = false;
      continue;
    }
    if (Object.hasOwn(NOT_OFFERED, name)) {
      return { error: `Option '${name}' is not offered by zedis-cli: ${NOT_OFFERED[name]}.` };
    }
    const setter = SETTERS[name];
    const flag = FLAGS[name];
    if (setter !== undefined && value !== undefined) {
      const error = setter(options, value);
      if (error !== undefined) return { error };
      at++;
    } else if (flag !== undefined) {
      flag(options);
      both = { two: both.two || name === "-2", three: both.three || name === "-3" };
    } else if (name.startsWith("-")) {
      return { error: `Unrecognized option or bad number of args for: '${name}'` };
    } else {
      break;
    }
  }
  if (!(options.port >= 0 && options.port <= 65535)) return { error: "Invalid server port." };
  if (both.two && both.three) return { error: "Options -2 and -3 are mutually exclusive." };
  if (options.password !== null && warnOfPassword && !options.asksPassword) {
    options.warnings.push(
      "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.",
    );
  }
  if (options.lastArgumentFromStdin && options.stdinTag !== null) {
    return { error: "Options -x and -X are mutually exclusive." };
  }
  if (options.asksPassword) options.password = null;
  else options.password ??= environment.password === undefined ? null : bytesOfText(environment.password);
  options.command = argv.slice(at).map(bytesOfText);
  return { options };
}

function defaults(tty: boolean): CliOptions {
  return {
    host: "127.0.0.1",
    port: 6379,
    socket: null,
    user: null,
    password: null,
    database: 0,
    protocol: null,
    output: tty ? "tty" : "raw",
    itemDelimiter: "\n",
    replyDelimiter: "\n",
    repeat: 1,
    intervalMs: 0,
    lastArgumentFromStdin: false,
    stdinTag: null,
    quotedInput: false,
    exitOnError: false,
    showPushes: tty,
    mode: "command",
    asksPassword: false,
    intrinsicSeconds: 0,
    memorySamples: null,
    tls: false,
    tlsFiles: NO_FILES,
    evalFile: null,
    pattern: null,
    count: 10,
    pipeTimeoutSeconds: 30,
    command: [],
    warnings: [],
  };
}
