//! Commands that Redis calls deprecated: since when, and what to use instead.

/// Version, and the text that names the replacement; None for a command that is not deprecated.
pub fn of(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "getset" => ("6.2.0", "`SET` with the `GET` argument"),
        "setnx" => ("2.6.12", "`SET` with the `NX` argument"),
        "setex" => ("2.6.12", "`SET` with the `EX` argument"),
        "psetex" => ("2.6.12", "`SET` with the `PX` argument"),
        "substr" => ("2.0.0", "`GETRANGE`"),
        "hmset" => ("4.0.0", "`HSET` with multiple field-value pairs"),
        "quit" => ("7.2.0", "just closing the connection"),
        "slaveof" => ("5.0.0", "`REPLICAOF`"),
        "brpoplpush" => ("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"),
        "rpoplpush" => ("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"),
        "zrangebylex" => ("6.2.0", "`ZRANGE` with the `BYLEX` argument"),
        "zrangebyscore" => ("6.2.0", "`ZRANGE` with the `BYSCORE` argument"),
        "zrevrange" => ("6.2.0", "`ZRANGE` with the `REV` argument"),
        "zrevrangebylex" => ("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"),
        "zrevrangebyscore" => ("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"),
        "georadius" => ("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"),
        "georadius_ro" => ("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"),
        "georadiusbymember" => {
            ("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
        }
        "georadiusbymember_ro" => ("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"),
        "cluster|slaves" => ("5.0.0", "`CLUSTER REPLICAS`"),
        "cluster|slots" => ("7.0.0", "`CLUSTER SHARDS`"),
        _ => return None,
    })
}
