/** Limits of procedures that are not options; each names its unit. */
export const LIMITS = {
  /** Source of one library, bytes. */
  sourceBytesMax: 8 << 20,
  /** Sources of all versions that are kept together, bytes; the oldest go. */
  versionsBytesMax: 64 << 20,
  /** Functions one library may register. */
  functionsPerLibraryMax: 4096,
  /** Parameters of one function. */
  parametersMax: 256,
  /** Nesting of a result. */
  resultDepthMax: 64,
  /** A result as RESP bytes. */
  resultBytesMax: 64 << 20,
  /** Text of an error reply, UTF-16 units. */
  errorTextMax: 1024,
  /** One line of Zedis.log, UTF-16 units. */
  logTextMax: 4096,
  /** Running a library's top level at FUNCTION LOAD, milliseconds. */
  thawTimeMs: 1000,
  /** A library that was replaced stays this long for calls that had begun or wait to be retried, milliseconds. */
  retiredForMs: 10_000,
  /** … but no more than this many of them per core. */
  retiredMax: 8,
  /** Libraries that go one after the other make a VM collect no more often, milliseconds. */
  collectEveryMs: 500,
  /** A heap smaller than this is collected at once when libraries have gone, bytes: some 10 ms. */
  heapCollectedAtOnceBytes: 256 << 20,
  /** A VM whose heap is larger than this when a call was stopped collects its garbage at once, bytes. */
  heapAfterStopBytes: 128 << 20,
} as const;
