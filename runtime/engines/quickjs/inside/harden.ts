/** Leaves a fresh realm with the language alone; `random` takes the place of Math.random. Runs before anything of a library. */
export function harden(allowed: readonly string[], random: () => number): void {
  const { apply, getPrototypeOf } = Reflect;
  const { defineProperty, getOwnPropertyNames } = Object;
  const { EvalError: BadEval } = globalThis;
  for (const name of getOwnPropertyNames(globalThis)) {
    if (!allowed.includes(name)) Reflect.deleteProperty(globalThis, name);
  }
  // As in the other engine, no text becomes code once the library is loaded.
  const refuseCode = function (this: unknown): never {
    throw new BadEval("Code generation from strings disallowed for this context");
  };
  const asyncFunction = async () => undefined;
  const generator = function* () {};
  const asyncGenerator = async function* () {};
  for (const one of [() => undefined, asyncFunction, generator, asyncGenerator]) {
    const prototype = getPrototypeOf(one) as object;
    const old = (one.constructor as { prototype: object }).prototype;
    const refusing = function (this: unknown) {
      return apply(refuseCode, this, []);
    };
    defineProperty(refusing, "name", { value: one.constructor.name });
    defineProperty(refusing, "prototype", { value: old, writable: false, configurable: false });
    defineProperty(prototype, "constructor", { value: refusing, writable: false, configurable: false });
    if (one.constructor === refusing && prototype === globalThis.Function.prototype) {
      defineProperty(globalThis, "Function", { value: refusing, writable: true, configurable: true });
    }
  }
  defineProperty(globalThis, "eval", { value: refuseCode, writable: true, configurable: true });
  // QuickJS's own generator starts from the clock when the context is made: each core and each call would draw the same.
  defineProperty(Math, "random", { value: random, writable: true, configurable: true });
}
