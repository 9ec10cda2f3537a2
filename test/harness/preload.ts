/**
 * Loaded before every test file (bunfig.toml): what holds for all of them.
 *
 * The waits of the harness end before the time limit and say what they waited for; when bun:test's own limit strikes, it kills the
 * servers of the whole file with the one test.
 */
import { afterAll, setDefaultTimeout } from "bun:test";
import { stopLeftovers } from "./server.ts";

setDefaultTimeout(60_000);
afterAll(stopLeftovers);
