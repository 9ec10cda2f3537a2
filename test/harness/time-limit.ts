/**
 * Loaded before every test file (bunfig.toml). The waits of the harness end before this limit and say what they waited for; when
 * bun:test's own limit strikes, it kills the servers of the whole file with the one test.
 */
import { setDefaultTimeout } from "bun:test";

setDefaultTimeout(60_000);
