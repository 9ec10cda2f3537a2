/** Every limit of the HTTP API that is no directive. */

/** Sessions of one user at once; who comes when all are taken waits. */
export const SESSIONS_MAX = 8;
/** Requests of one user that wait for a session. */
export const WAITING_MAX = 1024;
/** Requests that wait because processors are short (pace.ts). */
export const PACED_WAITING_MAX = 256;
/** A session that nobody has used for so long is closed. */
export const SESSION_IDLE_MS = 30_000;
/** Commands of one request. */
export const PIPELINE_MAX = 10_000;
/** Streams of events at once. */
export const EVENT_STREAMS_MAX = 64;
/** A stream says that it is alive this often, or proxies end it. */
export const EVENT_HEARTBEAT_MS = 10_000;
/** Addresses whose rate is remembered. */
export const RATED_ADDRESSES_MAX = 10_000;
/** A shorter body is not worth compressing. */
export const COMPRESSED_MIN_BYTES = 4096;
/** Values of one page. */
export const PAGE_MAX = 1000;
/** Bytes of one page of a string. */
export const STRING_PAGE_BYTES = 1 << 20;
