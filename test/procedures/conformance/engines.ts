/** The engines that the cases run on. A new engine is a row here, see runtime/engines/README.md. */
export interface Engine {
  readonly name: string;
  /** Which of a case's sources it runs. */
  readonly language: "ts" | "lua";
  /** The first line of a library. */
  readonly header: (library: string) => string;
  /** Names of cases that it does not have to pass, and why. */
  readonly skips: Readonly<Record<string, string>>;
}

export const ENGINES: readonly Engine[] = [
  {
    name: "jsc",
    language: "ts",
    header: (library) => `#!ts name=${library} engine=jsc`,
    skips: {
      "a library over its memory limit is stopped and rolled back":
        "this engine has no limit of its own: its libraries are trusted",
      "a call that failed leaves nothing in the library's variables": "its variables live as long as the library",
      "isolation=call forgets after every call": "needs memory of its own for each library",
      "one operation that never ends is stopped":
        "array functions of this engine look at no clock: FUNCTION KILL ends them",
    },
  },
  {
    name: "quickjs",
    language: "ts",
    header: (library) => `#!ts name=${library} engine=quickjs`,
    skips: {},
  },
  {
    name: "lua",
    language: "lua",
    header: (library) => `#!lua name=${library}`,
    skips: {},
  },
];
