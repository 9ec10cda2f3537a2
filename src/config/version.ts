/** Versions that messages and replies show. */

import manifest from "../../package.json" with { type: "json" };

/** The Redis that commands, directives and messages follow. */
export const REDIS_VERSION = "7.2.4";

export const ZEDIS_VERSION: string = manifest.version;
