/**
 * Leaves a fresh realm with the language alone. Runs first, before anything of the library.
 *
 * `allowed` names the globals that stay: a list of what may stay, so that what a later version of the engine adds is
 * gone until someone has looked at it. `file` is the library's own file, the only one its stack traces show.
 */
export function harden(allowed: readonly string[], file: string): void {
  const { defineProperty, getOwnPropertyNames } = Object;
  for (const name of getOwnPropertyNames(globalThis)) {
    if (!allowed.includes(name)) Reflect.deleteProperty(globalThis, name);
  }
  // Reading the characters of a key is the one method that the host's side calls on a value of the library.
  const { charCodeAt } = String.prototype;
  defineProperty(String.prototype, "charCodeAt", { value: charCodeAt, writable: false, configurable: false });
  // Call sites would hand out functions and `this` of frames outside the library; so would a formatter of its own.
  Reflect.deleteProperty(Error, "captureStackTrace");
  interface Site {
    getFileName(): unknown;
    getFunctionName(): unknown;
    getLineNumber(): unknown;
    getColumnNumber(): unknown;
  }
  const describe = (error: unknown): string => {
    try {
      const { name, message } = error as { name: unknown; message: unknown };
      return `${typeof name === "string" ? name : "Error"}: ${typeof message === "string" ? message : ""}`;
    } catch {
      return "Error";
    }
  };
  const format = (error: unknown, sites: readonly Site[]): string => {
    let text = describe(error);
    try {
      for (let index = 0; index < sites.length; index++) {
        const site = sites[index] as Site;
        if (site.getFileName() !== file) continue;
        text += `\n    at ${site.getFunctionName() || "<anonymous>"} (${file}:${site.getLineNumber()}:${site.getColumnNumber()})`;
      }
    } catch {
      // The stack was nearly full: a shorter trace.
    }
    return text;
  };
  // Not extensible by the library: it can call this with objects of its own only.
  defineProperty(Error, "prepareStackTrace", {
    value: format,
    writable: false,
    configurable: false,
    enumerable: false,
  });
}
