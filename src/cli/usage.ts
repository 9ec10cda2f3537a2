/** What `zedis-cli --help` and `--version` say. */

import { REDIS_VERSION, ZEDIS_VERSION } from "../config/version.ts";

export const CLI_VERSION = `${ZEDIS_VERSION} (speaks to Redis ${REDIS_VERSION})`;

export const CLI_USAGE = `zedis-cli ${CLI_VERSION}

Usage: zedis-cli [OPTIONS] [cmd [arg [arg ...]]]

Server
  -h <host>             Host (default: 127.0.0.1).
  -p <port>             Port (default: 6379).
  -s <socket>           Unix socket; overrides host and port.
  -u <uri>              redis://[[user]:password@]host[:port][/db]; rediss:// with TLS.
  -n <db>               Database.
  -a, --pass <password> Password; the variable REDISCLI_AUTH is safer and is used when this is not given.
  --askpass             Ask for the password, whatever -a and REDISCLI_AUTH say; not on a terminal: the first line of standard input.
  --user <name>         User for AUTH; needs a password.
  --no-auth-warning     No warning about a password on the command line.
  --tls                 TLS. A certificate of --cacert's authority is taken for whatever name, one of the system's for the host's.
  --cacert <file>, --cacertdir <dir>, --cert <file>, --key <file>, --sni <name>, --insecure
  -2, -3                RESP2 or RESP3.
  -c                    Accepted: there is no cluster to follow yet.

Command
  -x                    Standard input is the last argument.
  -X <tag>              Standard input replaces the argument that equals the tag.
  -r <n>                Send the command n times; negative: without end.
  -i <seconds>          Wait between them; 0.1 is possible. Also between the calls of --scan.
  --eval <file>         EVAL of a script; the words are its keys, and its arguments behind a lone comma: --eval x.lua k1 , a1
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
  --bigkeys, --memkeys  The largest key of each type, by elements or by memory. With --pattern <p>, -i <seconds>, --json.
  --memkeys-samples <n> --memkeys that looks at n elements of each key; 0: at all.
  --hotkeys             The keys that are used the most, where maxmemory-policy is an LFU. With --pattern <p>, -i <seconds>, --json.
  --latency             How long a PING takes, until Ctrl-C; not on a terminal: for a second, or -i <seconds>.
  --latency-history     The same, a line every 15 or -i <seconds>.
  --latency-dist        The same as a spectrum, a line every second or -i <seconds>; not on a terminal: one line.
  --intrinsic-latency <seconds>
                        How long this machine itself holds up a thread that only computes; no server is asked.
  --stat                The server's figures, a line every or -i <seconds>; -r <n> of them.
  --pipe                Send RESP from standard input. With --pipe-timeout <seconds> (30; 0: wait for ever).

Files
  zedis-cli check aof [--fix | --truncate-to-timestamp <seconds>] <file or manifest>
      Is an append only file whole? --fix cuts off what is not, --truncate-to-timestamp what came later; both keep it beside.
  zedis-cli check rdb <file>
      Is a snapshot whole? Every key is read, and the checksum.

HTTP API
  zedis-cli token [--user <name>] [--pass <password>] [--ttl <seconds>] [--url http://127.0.0.1:6380]
      prints a bearer token of that user, for Authorization: Bearer.

Shell
  zedis-cli completion bash|zsh|fish
      prints what makes the Tab key complete options, commands and functions.

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
