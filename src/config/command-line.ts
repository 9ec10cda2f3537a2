/**
 * The command line of the server, as redis-server takes it:
 *
 *     [/path/redis.conf] [--option value …] [-]
 *
 * File, then standard input (`-` as first or last argument), then options are read as one text; the last line about a
 * directive wins.
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError } from "./config-error.ts";
import { type ConfigFiles, DISK } from "./files.ts";
import { readConfigText } from "./parse.ts";
import { Settings } from "./settings.ts";
import { REDIS_VERSION, ZEDIS_VERSION } from "./version.ts";
import { bytesOfText, quoteWord, splitWords } from "./words.ts";

export interface ServerStart {
  readonly settings: Settings;
  /** Absolute path, or null when the server was started without a file. */
  readonly configFile: string | null;
  /** Lines for the log: directives that have no effect. */
  readonly warnings: readonly string[];
}

/** Nothing to serve: write `print` as it is to the named stream and leave. */
export interface ServerPrint {
  readonly print: string;
  readonly to: "stdout" | "stderr";
  readonly exitCode: number;
}

/** Nothing to serve: write `error` to standard error and leave. */
export interface ServerRefusal {
  readonly error: string;
  readonly exitCode: number;
}

export interface CommandLineEnvironment {
  /** Working folder, absolute. */
  readonly folder: string;
  readonly files: ConfigFiles;
  /** All of standard input; called only for `-`. */
  readonly stdin: () => Uint8Array;
}

/** `argv` are the arguments after the program. Throws nothing: what is wrong comes back as `error`. */
export function readCommandLine(
  argv: readonly string[],
  environment: CommandLineEnvironment,
): ServerStart | ServerPrint | ServerRefusal {
  const [first] = argv;
  if (first === "-v" || first === "--version") return { print: versionText(), to: "stdout", exitCode: 0 };
  if (first === "-h" || first === "--help") return { print: USAGE, to: "stderr", exitCode: 1 };
  if (first === "--test-memory" || first === "--check-system") {
    return { error: `${first} is not offered by Zedis`, exitCode: 1 };
  }
  const settings = new Settings(environment.folder);
  const hasFile = first !== undefined && first !== "" && !first.startsWith("-");
  const configFile = hasFile ? resolve(environment.folder, first) : null;
  try {
    const { text, stdin } = optionText(argv, hasFile ? 1 : 0);
    let config = configFile === null ? "" : latin1(environment.files.read(configFile));
    if (stdin) config += latin1(environment.stdin());
    // Redis numbers the lines of file, standard input and options as one text; so does this.
    if (argv.length > 0) config += `\n${text}`;
    readConfigText(settings, config, environment.files);
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.message, exitCode: 1 };
    throw error;
  }
  return { settings, configFile, warnings: settings.warnings() };
}

/** The environment of a real process. */
export function processEnvironment(): CommandLineEnvironment {
  // Descriptor 0 is read whole, so a pipe that is still being written to is waited for.
  return { folder: process.cwd(), files: DISK, stdin: () => readFileSync(0) };
}

/**
 * `--port 7000 --save "" --loglevel verbose` as lines of a configuration file:
 *
 *     port "7000"
 *     save ""
 *     loglevel "verbose"
 */
function optionText(argv: readonly string[], start: number): { text: string; stdin: boolean } {
  let text = "";
  let stdin = false;
  // False right after a lone `--name`: what follows is its value even when it starts with two dashes.
  let complete = true;
  for (let at = start; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    const next = argv[at + 1];
    if (argument === "-" && (at === 0 || next === undefined)) {
      stdin = true;
    } else if (complete && argument.startsWith("--")) {
      const bytes = bytesOfText(argument);
      text += `${text === "" ? "" : "\n"}${bytes.slice(2)} `;
      complete = splitWords(bytes)?.length !== 1;
      if (complete) continue;
      // A `--save` without a value has always meant "no save points".
      const bare = next === undefined || next.startsWith("--");
      const name = argument.toLowerCase();
      if (bare && name === "--save") text += '""';
      if (bare && (name === "--save" || name === "--sentinel")) complete = true;
    } else {
      text += `${quoteWord(bytesOfText(argument))} `;
      complete = true;
    }
  }
  return { text, stdin };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function versionText(): string {
  return `Zedis server v=${ZEDIS_VERSION} redis=${REDIS_VERSION} bits=64\n`;
}

const USAGE = `Usage: zedis-server [/path/to/redis.conf] [options] [-]
       zedis-server - (read config from stdin)
       zedis-server -v or --version
       zedis-server -h or --help

Every directive of redis.conf is an option: --name value ….

Examples:
       zedis-server (run the server with default conf)
       echo 'maxmemory 128mb' | zedis-server -
       zedis-server /etc/redis/6379.conf
       zedis-server --port 7777 --cores 2
       zedis-server --procedure-time-limit 250 --io epoll
       zedis-server /etc/myredis.conf --loglevel verbose -
       zedis-server /etc/myredis.conf --loglevel verbose
`;
