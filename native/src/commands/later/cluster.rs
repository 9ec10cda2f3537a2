//! CLUSTER and its kin, as a server answers them that is not part of a cluster. Cluster mode comes with a later version.

use crate::commands::row::{Group, ROW, Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};

const LATER: Row = Row { group: Group::Cluster, run: Run::Session(refused), ..ROW };

pub const ROWS: &[Row] = &[
    Row {
        name: "asking",
        arity: 1,
        flags: FAST,
        categories: category::CONNECTION,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster",
        arity: -2,
        flags: 0,
        categories: 0,
        since: "3.0.0",
        complexity: "Depends on subcommand.",
        summary: "A container for commands that come later.",
        run: Run::Container,
        ..LATER
    },
    Row {
        name: "cluster|addslots",
        arity: -3,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the total number of hash slot arguments",
        summary: "Comes with a later version; refused until then.",
        args: "slot [slot ...]",
        ..LATER
    },
    Row {
        name: "cluster|addslotsrange",
        arity: -4,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "7.0.0",
        complexity: "O(N) where N is the total number of the slots between the start slot and end slot arguments.",
        summary: "Comes with a later version; refused until then.",
        args: "start-slot end-slot [start-slot end-slot ...]",
        ..LATER
    },
    Row {
        name: "cluster|bumpepoch",
        arity: 2,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|cancelslotmigrations",
        arity: 2,
        flags: NO_ASYNC_LOADING | ADMIN | STALE,
        categories: 0,
        since: "9.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|count-failure-reports",
        arity: 3,
        flags: ADMIN | LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the number of failure reports",
        summary: "Comes with a later version; refused until then.",
        args: "node-id",
        ..LATER
    },
    Row {
        name: "cluster|countkeysinslot",
        arity: 3,
        flags: STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "slot",
        ..LATER
    },
    Row {
        name: "cluster|delslots",
        arity: -3,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the total number of hash slot arguments",
        summary: "Comes with a later version; refused until then.",
        args: "slot [slot ...]",
        ..LATER
    },
    Row {
        name: "cluster|delslotsrange",
        arity: -4,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "7.0.0",
        complexity: "O(N) where N is the total number of the slots between the start slot and end slot arguments.",
        summary: "Comes with a later version; refused until then.",
        args: "start-slot end-slot [start-slot end-slot ...]",
        ..LATER
    },
    Row {
        name: "cluster|failover",
        arity: -2,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "[FORCE | TAKEOVER]",
        ..LATER
    },
    Row {
        name: "cluster|flushslots",
        arity: 2,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|forget",
        arity: 3,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "node-id",
        ..LATER
    },
    Row {
        name: "cluster|getkeysinslot",
        arity: 4,
        flags: STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the number of requested keys",
        summary: "Comes with a later version; refused until then.",
        args: "slot count",
        ..LATER
    },
    Row {
        name: "cluster|getslotmigrations",
        arity: 2,
        flags: NO_ASYNC_LOADING | ADMIN | STALE,
        categories: 0,
        since: "9.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|help",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "5.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|info",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|keyslot",
        arity: 3,
        flags: LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the number of bytes in the key",
        summary: "Comes with a later version; refused until then.",
        args: "key",
        ..LATER
    },
    Row {
        name: "cluster|links",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "7.0.0",
        complexity: "O(N) where N is the total number of Cluster nodes",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|meet",
        arity: -4,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "ip port [cluster-bus-port]",
        ..LATER
    },
    Row {
        name: "cluster|migrateslots",
        arity: -4,
        flags: NO_ASYNC_LOADING | ADMIN | STALE,
        categories: 0,
        since: "9.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|migration",
        arity: -4,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "8.4.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|myid",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|myshardid",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "7.2.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|nodes",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the total number of Cluster nodes",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|replicas",
        arity: 3,
        flags: ADMIN | LOADING | STALE,
        categories: 0,
        since: "5.0.0",
        complexity: "O(N) where N is the number of replicas.",
        summary: "Comes with a later version; refused until then.",
        args: "node-id",
        ..LATER
    },
    Row {
        name: "cluster|replicate",
        arity: 3,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "node-id",
        ..LATER
    },
    Row {
        name: "cluster|reset",
        arity: -2,
        flags: ADMIN | NOSCRIPT | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.",
        summary: "Comes with a later version; refused until then.",
        args: "[HARD | SOFT]",
        ..LATER
    },
    Row {
        name: "cluster|saveconfig",
        arity: 2,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|set-config-epoch",
        arity: 3,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "config-epoch",
        ..LATER
    },
    Row {
        name: "cluster|setslot",
        arity: -4,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        args: "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
        ..LATER
    },
    Row {
        name: "cluster|shards",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "7.0.0",
        complexity: "O(N) where N is the total number of cluster nodes",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|slaves",
        arity: 3,
        flags: ADMIN | LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the number of replicas.",
        summary: "Comes with a later version; refused until then.",
        args: "node-id",
        ..LATER
    },
    Row {
        name: "cluster|slot-stats",
        arity: -4,
        flags: LOADING | STALE,
        categories: 0,
        since: "8.2.0",
        complexity: "O(N) where N is the total number of slots based on arguments. O(N*log(N)) with ORDERBY subcommand.",
        summary: "Comes with a later version; refused until then.",
        args: "<SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]>",
        ..LATER
    },
    Row {
        name: "cluster|slots",
        arity: 2,
        flags: LOADING | STALE,
        categories: 0,
        since: "3.0.0",
        complexity: "O(N) where N is the total number of Cluster nodes",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "cluster|syncslots",
        arity: -3,
        flags: ADMIN | STALE | NO_ASYNC_LOADING,
        categories: 0,
        since: "8.4.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "clusterscan",
        arity: -2,
        flags: READONLY,
        categories: category::KEYSPACE,
        since: "9.1.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "readonly",
        arity: 1,
        flags: LOADING | STALE | FAST,
        categories: category::CONNECTION,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
    Row {
        name: "readwrite",
        arity: 1,
        flags: LOADING | STALE | FAST,
        categories: category::CONNECTION,
        since: "3.0.0",
        complexity: "O(1)",
        summary: "Comes with a later version; refused until then.",
        ..LATER
    },
];

fn refused(_: &mut Session, _: Args, reply: &mut Reply) -> Flow {
    reply.error("ERR This instance has cluster support disabled");
    Flow::Done
}
