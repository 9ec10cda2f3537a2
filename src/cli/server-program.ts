/** redis-server's command line. Builds the native store first where it has to be. */
import { build } from "../core/build.ts";
import { serve } from "../main.ts";

/** Answered without a native store. */
const ONLY_PRINT = ["-v", "--version", "-h", "--help"];

/** Serves until it is told to stop; the exit code. */
export async function runServer(argv: readonly string[]): Promise<number> {
  const ready = ONLY_PRINT.includes(argv[0] ?? "") || build((line) => console.error(line));
  return ready ? serve(argv) : 1;
}
