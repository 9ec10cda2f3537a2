/** Globals of the language that a library keeps. Not here, on purpose: ShadowRealm, WebAssembly, SharedArrayBuffer, Atomics, WeakRef, FinalizationRegistry, Iterator.prototype's and Promise's are harmless. */
export const ALLOWED_GLOBALS = [
  "undefined NaN Infinity globalThis isNaN isFinite parseInt parseFloat escape unescape",
  "decodeURI decodeURIComponent encodeURI encodeURIComponent eval",
  "Object Function Array String Boolean Number BigInt Symbol RegExp Date Math JSON Reflect Proxy Promise Intl Temporal",
  "Map Set WeakMap WeakSet Iterator DisposableStack AsyncDisposableStack",
  "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError SuppressedError",
  "ArrayBuffer DataView Int8Array Int16Array Int32Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array",
  "Float16Array Float32Array Float64Array BigInt64Array BigUint64Array",
]
  .join(" ")
  .split(" ");
