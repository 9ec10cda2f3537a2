import { boolean, errorLike, map } from "../test/harness/expected.ts";
import { suite } from "../test/harness/suite.ts";
import { fcall, loadOf } from "./_library.ts";

const documents = suite();
const before = [loadOf("document")];

function stored(version: number, body: string) {
  return map("version", version, "body", body);
}

documents.rows(
  "a document is only overwritten by somebody who has read its version",
  [
    [fcall("documentGet", ["d"]), null],
    [fcall("documentPut", ["d"], 0, '{"a": 1}'), 1],
    [fcall("documentPut", ["d"], 0, '{"a": 2}'), errorLike(/VERSION_CONFLICT d has version 1, not 0/)],
    [fcall("documentPut", ["d"], 1, '{"a": 3}'), 2],
    [fcall("documentGet", ["d"]), stored(2, '{"a":3}')],
    [fcall("documentDelete", ["d"], 1), errorLike(/VERSION_CONFLICT/)],
    [fcall("documentDelete", ["d"], 2), boolean(true)],
    [fcall("documentDelete", ["d"], 2), boolean(false)],
  ],
  { before },
);

// The cases of RFC 7396, appendix A, as far as their target is an object.
const MERGES: readonly (readonly [target: string, patch: string, result: string])[] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', "{}"],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

documents.rows(
  "merge patches do what RFC 7396 says",
  MERGES.flatMap(([target, patch, result], nth) => [
    [fcall("documentPut", [`d${nth}`], 0, target), 1] as const,
    [fcall("documentPatch", [`d${nth}`], patch), stored(2, result)] as const,
  ]),
  { before },
);

documents.rows(
  "a patch creates a document; broken JSON and bottomless patches change nothing",
  [
    [fcall("documentPatch", ["d"], '{"a":1}'), stored(1, '{"a":1}')],
    [fcall("documentPatch", ["d"], "{"), errorLike(/INVALID_JSON/)],
    [fcall("documentPatch", ["d"], `${'{"a":'.repeat(80)}1${"}".repeat(80)}`), errorLike(/TOO_DEEP/)],
    [fcall("documentPatch", ["d"], '{"__proto__":{"x":1}}'), stored(2, '{"a":1,"__proto__":{"x":1}}')],
    [fcall("documentGet", ["d"]), stored(2, '{"a":1,"__proto__":{"x":1}}')],
  ],
  { before },
);
