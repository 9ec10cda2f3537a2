//! Tips for clients of a cluster: where a command is to be sent, how its replies are joined, whether they vary.
//!
//! Kept by name rather than in the rows: they concern clients alone, and few commands have any.

const NONDETERMINISTIC: &str = "nondeterministic_output";
const UNORDERED: &str = "nondeterministic_output_order";
const TO_ALL_SHARDS: &str = "request_policy:all_shards";
const TO_ALL_NODES: &str = "request_policy:all_nodes";
const TO_SHARDS_OF_KEYS: &str = "request_policy:multi_shard";
const SPECIAL_REQUEST: &str = "request_policy:special";
const ALL_SUCCEEDED: &str = "response_policy:all_succeeded";
const ONE_SUCCEEDED: &str = "response_policy:one_succeeded";
const SUM: &str = "response_policy:agg_sum";
const MINIMUM: &str = "response_policy:agg_min";
const LOGICAL_AND: &str = "response_policy:agg_logical_and";
const SPECIAL_RESPONSE: &str = "response_policy:special";

/// Tips of a command, by its full name.
pub fn of(name: &str) -> &'static [&'static str] {
    match name {
        "dump"
        | "hscan"
        | "sscan"
        | "zscan"
        | "hrandfield"
        | "srandmember"
        | "zrandmember"
        | "spop"
        | "lastsave"
        | "time"
        | "ttl"
        | "pttl"
        | "object|encoding"
        | "object|freq"
        | "object|idletime"
        | "object|refcount"
        | "client|info"
        | "client|list"
        | "migrate"
        | "xadd"
        | "xclaim"
        | "xautoclaim"
        | "xpending"
        | "xinfo|consumers"
        | "xtrim"
        | "cluster|bumpepoch"
        | "cluster|count-failure-reports"
        | "cluster|getkeysinslot"
        | "cluster|info"
        | "cluster|links"
        | "cluster|nodes"
        | "cluster|replicas"
        | "cluster|shards"
        | "cluster|slaves"
        | "cluster|slots" => &[NONDETERMINISTIC],
        "command" | "command|docs" | "command|info" | "command|list" | "function|list" | "hgetall" | "hkeys"
        | "hvals" | "module|list" | "sdiff" | "sinter" | "smembers" | "sunion" => &[UNORDERED],
        "dbsize" => &[TO_ALL_SHARDS, SUM],
        "del" | "exists" | "touch" | "unlink" => &[TO_SHARDS_OF_KEYS, SUM],
        "flushall" | "flushdb" | "function|delete" | "function|flush" | "function|load" | "function|restore"
        | "memory|purge" | "ping" => &[TO_ALL_SHARDS, ALL_SUCCEEDED],
        "function|kill" | "script|kill" => &[TO_ALL_SHARDS, ONE_SUCCEEDED],
        "function|stats" | "info" | "memory|doctor" | "memory|malloc-stats" | "memory|stats" => {
            &[NONDETERMINISTIC, TO_ALL_SHARDS, SPECIAL_RESPONSE]
        }
        "config|set" | "latency|reset" | "script|flush" | "script|load" | "slowlog|reset" => {
            &[TO_ALL_NODES, ALL_SUCCEEDED]
        }
        "latency|doctor" | "latency|graph" | "latency|histogram" | "latency|history" | "latency|latest" => {
            &[NONDETERMINISTIC, TO_ALL_NODES, SPECIAL_RESPONSE]
        }
        "keys" => &[TO_ALL_SHARDS, UNORDERED],
        "mget" => &[TO_SHARDS_OF_KEYS],
        "mset" => &[TO_SHARDS_OF_KEYS, ALL_SUCCEEDED],
        "randomkey" => &[TO_ALL_SHARDS, SPECIAL_RESPONSE, NONDETERMINISTIC],
        "scan" => &[NONDETERMINISTIC, SPECIAL_REQUEST, SPECIAL_RESPONSE],
        "script|exists" => &[TO_ALL_SHARDS, LOGICAL_AND],
        "slowlog|get" => &[TO_ALL_NODES, NONDETERMINISTIC],
        "slowlog|len" => &[TO_ALL_NODES, SUM, NONDETERMINISTIC],
        "wait" => &[TO_ALL_SHARDS, MINIMUM],
        "waitaof" => &[TO_ALL_SHARDS, MINIMUM],
        _ => &[],
    }
}
