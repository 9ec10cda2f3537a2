/** What `zedis-cli --help` and `--version` say. */

import { REDIS_VERSION, ZEDIS_VERSION } from "../config/version.ts";

export const CLI_VERSION = `${ZEDIS_VERSION} (speaks to Redis ${REDIS_VERSION})`;

export const CLI_USAGE = `zedis-cli ${CLI_VERSION}

Usage: zedis-cli [OPTIONS] [cmd [arg [arg ...]]]

Server
  -h <host>             Host (default: 127.0.0.1).
  -p <port>             Port (default: 6379).
  -s <socket>           Unix socket; overrides host and port.
  -u <uri>              redis://[[user]:password@]host[:port][/db]
  -n <db>               Database.
  -a, --pass <password> Password; the variable REDISCLI_AUTH is safer and is used when this is not given.
  --user <name>         User for AUTH; needs a password.
  --no-auth-warning     No warning about a password on the command line.
  -2, -3                RESP2 or RESP3.
  -c                    Accepted: there is no cluster to follow yet.

Command
  -x                    Standard input is the last argument.
  -X <tag>              Standard input replaces the argument that equals the tag.
  -r <n>                Send the command n times; negative: without end.
  -i <seconds>          Wait between them; 0.1 is possible. Also between the calls of --scan.
  --quoted-input        Arguments are quoted strings: '"a\\x00b"'.
  -e                    An error reply ends the run with code 1.

Output
  --raw, --no-raw       Plain, or formatted for people (the default on a terminal).
  --csv                 CSV.
  --json                JSON, from RESP3 replies unless -2 is given.
  --quoted-json         JSON in ASCII.
  -d, -D <delimiter>    Between the items of a raw reply, and behind it (both: a line break).
  --show-pushes <yn>    Print RESP3 push messages (default: on a terminal).

Other modes
  --scan                List the keys. With --pattern <p>, --quoted-pattern <p>, --count <n>.
  --pipe                Send RESP from standard input. With --pipe-timeout <seconds> (30; 0: wait for ever).

Files
  zedis-cli check aof <file or manifest> [--fix]
      Is an append only file whole? --fix cuts off what is not, and keeps it beside.
  zedis-cli check rdb <file>
      Is a snapshot what its checksum says?

Procedures
  zedis-cli FUNCTION LOAD [REPLACE] ./update_stock.ts
      sends the file; without a header line it gets #!ts name=update_stock line=0 (js, lua, python by extension).

Examples
  cat photo.jpg | zedis-cli -x set photo
  zedis-cli -r 100 -i 1 info stats
  zedis-cli --scan --pattern 'user:*'
  zedis-cli FCALL updateInventory 1 product:1 5

Without a command zedis-cli shows a prompt; "help" there tells more.
`;
