/** HELLO, AUTH, SELECT, PING, ECHO, RESET and QUIT. CLIENT has its own file. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { between, byProtocol, err, errorLike, like, map, ok, oneOf, queued, simple } from "../harness/expected.ts";
import { mapOf, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { Wire } from "../harness/wire.ts";

const connections = suite();
const badName = err("ERR Client names cannot contain spaces, newlines or special characters.");

connections.rows("PING and ECHO answer", [
  ["PING", simple("PONG")],
  ["PING hello", "hello"],
  ['ECHO "a\\r\\n\\x00b"', "a\r\n\0b"],
  ['PING ""', ""],
  ["PING a b", err("ERR wrong number of arguments for 'ping' command")],
  ["ECHO", err("ERR wrong number of arguments for 'echo' command")],
]);

const greeting = (protocol: number) =>
  map(
    "server",
    "redis",
    "version",
    like(/^\d+\.\d+\.\d+$/),
    "proto",
    protocol,
    "id",
    between(1, 1e9),
    "mode",
    "standalone",
    "role",
    "master",
    "modules",
    [],
  );

connections.rows("HELLO describes the server and keeps the protocol when none is named", [
  ["HELLO", byProtocol(greeting(2), greeting(3))],
  ["HELLO", byProtocol(greeting(2), greeting(3))],
]);

test("HELLO changes the protocol with its own reply", async () => {
  const wire = await connections.server.connect();
  await check(
    wire,
    [
      ["HELLO 3", greeting(3)],
      ["GET none", null],
    ],
    3,
  );
  await check(
    wire,
    [
      ["HELLO 2", greeting(2)],
      ["GET none", null],
    ],
    2,
  );
  await check(
    wire,
    [
      ["HELLO 3 SETNAME me", greeting(3)],
      ["CLIENT GETNAME", "me"],
    ],
    3,
  );
  await wire.close();
});

connections.rows("HELLO refuses what it does not know and changes nothing", [
  ["HELLO 1", err("NOPROTO unsupported protocol version")],
  ["HELLO 4", err("NOPROTO unsupported protocol version")],
  ["HELLO x", err("ERR Protocol version is not an integer or out of range")],
  ["HELLO 2 FOO", err("ERR Syntax error in HELLO option 'FOO'")],
  ["HELLO 2 AUTH a", err("ERR Syntax error in HELLO option 'AUTH'")],
  ["HELLO 3 SETNAME", err("ERR Syntax error in HELLO option 'SETNAME'")],
  ['HELLO 2 SETNAME "a b"', badName],
  ["HELLO 2 AUTH nobody pass", err("WRONGPASS invalid username-password pair or user is disabled.")],
  ["HELLO 3 AUTH nobody pass SETNAME x", err("WRONGPASS invalid username-password pair or user is disabled.")],
  ["GET none", null],
  ["CLIENT GETNAME", null],
]);

connections.rows("without a password any password of the default user is taken, and AUTH alone says so", [
  ["AUTH default whatever", ok],
  [
    "AUTH whatever",
    err(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    ),
  ],
  ["AUTH nobody pass", err("WRONGPASS invalid username-password pair or user is disabled.")],
  ["AUTH a b c", err("ERR syntax error")],
  ["AUTH", err("ERR wrong number of arguments for 'auth' command")],
]);

connections.rows("unknown commands are named with their first arguments", [
  ["NOSUCH", err("ERR unknown command 'NOSUCH', with args beginning with: ")],
  ["nosuch a b", err("ERR unknown command 'nosuch', with args beginning with: 'a' 'b' ")],
  [["x".repeat(200), "y"], err(`ERR unknown command '${"x".repeat(128)}', with args beginning with: 'y' `)],
  [["FOO", "a".repeat(200), "b"], err(`ERR unknown command 'FOO', with args beginning with: '${"a".repeat(128)}' `)],
  [
    ["FOO", "a".repeat(100), "b".repeat(100), "c"],
    err(`ERR unknown command 'FOO', with args beginning with: '${"a".repeat(100)}' '${"b".repeat(25)}' `),
  ],
  [["FOO\r\nBAR", "a\r\nb"], err("ERR unknown command 'FOO  BAR', with args beginning with: 'a  b' ")],
  ['""', err("ERR unknown command '', with args beginning with: ")],
  ["CLIENT NOSUCH", err("ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.")],
  ["CLIENT", err("ERR wrong number of arguments for 'client' command")],
  [["CLIENT", "x".repeat(200)], err(`ERR unknown subcommand '${"x".repeat(128)}'. Try CLIENT HELP.`)],
  ["GET a b", err("ERR wrong number of arguments for 'get' command")],
]);

test("RESET returns the connection to the state of a fresh one", async () => {
  const wire = await connections.server.connect(3);
  await check(wire, [
    ["SELECT 3", ok],
    ["CLIENT SETNAME me", ok],
    ["MULTI", ok],
    ["SET a 1", queued],
  ]);
  await check(wire, [["RESET", simple("RESET")]]);
  await check(
    wire,
    [
      ["GET a", null],
      ["CLIENT GETNAME", null],
      ["CLIENT INFO", like(/ db=0 .* resp=2/)],
    ],
    2,
  );
  await wire.close();
});

test("QUIT replies and closes, and what was sent behind it is not executed", async () => {
  const wire = await connections.server.connect();
  const [first, quit] = await wire.pipeline(["SET quit before", "QUIT"]);
  expect([first, quit].map((reply) => show(reply as never))).toEqual(["+OK", "+OK"]);
  await wire.bytes.closed;
  const late = await connections.server.connect();
  late.bytes.write("QUIT\r\nSET quit after\r\n");
  expect(textOf(await late.reply())).toBe("OK");
  await late.bytes.closed;
  const other = await connections.server.connect();
  expect(textOf(await other.call("GET quit"))).toBe("before");
  await other.close();
});

describe("with a password", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ options: { requirepass: "s3cret" } });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
  });
  const noAuth = err("NOAUTH Authentication required.");
  const wrongPass = err("WRONGPASS invalid username-password pair or user is disabled.");

  test("only AUTH, HELLO, RESET and QUIT are served before it", async () => {
    const wire = await server.connect();
    await check(wire, [
      ["GET k", noAuth],
      ["PING", noAuth],
      ["NOSUCH", oneOf(noAuth, err("ERR unknown command 'NOSUCH', with args beginning with: "))],
      ["GET", oneOf(noAuth, err("ERR wrong number of arguments for 'get' command"))],
      ["MULTI", noAuth],
      ["CLIENT ID", noAuth],
      [
        "HELLO 3",
        errorLike(
          /^NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO (<proto> )?AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time$/,
        ),
      ],
      ["AUTH wrong", wrongPass],
      ["AUTH default wrong", wrongPass],
      ["AUTH nobody s3cret", wrongPass],
      ["GET k", noAuth],
      ["RESET", simple("RESET")],
      ["AUTH s3cret", ok],
      ["GET k", null],
      ["AUTH wrong", wrongPass],
      ["GET k", null],
      ["AUTH default s3cret", ok],
      ["RESET", simple("RESET")],
      ["GET k", noAuth],
      ["QUIT", ok],
    ]);
    await wire.bytes.closed;
  });

  test("HELLO authenticates and changes the protocol in one step", async () => {
    const wire = await server.connect();
    expect(textOf(await wire.call("HELLO 3 AUTH default wrong"))).toStartWith("WRONGPASS");
    const reply = await wire.call("HELLO 3 AUTH default s3cret SETNAME me");
    expect(reply.kind).toBe("map");
    expect(show(mapOf(reply).get("proto") as never)).toBe(":3");
    await check(
      wire,
      [
        ["GET k", null],
        ["CLIENT GETNAME", "me"],
      ],
      3,
    );
    await wire.close();
  });

  test("CONFIG SET requirepass changes it for later connections, an empty one removes it", async () => {
    const wire = await server.connect();
    await check(wire, [
      ["AUTH s3cret", ok],
      ["CONFIG SET requirepass other", ok],
      ["CONFIG GET requirepass", map("requirepass", "other")],
      ["PING", simple("PONG")],
    ]);
    const second = await server.connect();
    await check(second, [
      ["AUTH s3cret", wrongPass],
      ["AUTH other", ok],
      ["PING", simple("PONG")],
    ]);
    await check(wire, [['CONFIG SET requirepass ""', ok]]);
    const third = await server.connect();
    await check(third, [["PING", simple("PONG")]]);
    await check(wire, [["CONFIG SET requirepass s3cret", ok]]);
    await Promise.all([wire, second, third].map((each) => each.close()));
  });

  test("an unauthenticated connection cannot send large requests", async () => {
    for (const request of ["*11\r\n", "*1\r\n$20000\r\n"]) {
      const wire: Wire = await Wire.connect(server.address);
      wire.bytes.write(request);
      const text = textOf(await wire.reply());
      expect(text).toBe(
        request.startsWith("*11")
          ? "ERR Protocol error: unauthenticated multibulk length"
          : "ERR Protocol error: unauthenticated bulk length",
      );
      await wire.bytes.closed;
    }
  });
});
