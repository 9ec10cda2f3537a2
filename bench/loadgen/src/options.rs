//! The command line.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub const USAGE: &str = "\
usage: loadgen (--port P [--host H] | --unix PATH) --template \"GET key:__key__\" [options]
  --template may be given several times: requests take turns; the marks are those of template.rs
  --connections N    50      --pipeline N     1        requests in flight: connections × pipeline
  --keys N           1000000 --sequential              __key__ = 12 digits, random below N or in order
  --value-size N     16      __val__ = that many bytes
  --seconds S        5       --warmup S       0.5      measured window, after a warm-up
  --requests N               instead of --seconds: exactly N (rounded up to whole batches), no warm-up
  --rate N                   open loop: N requests a second; latency counts from when a request was due
  --init \"HELLO 3\"           sent on each connection before the run; may be given several times
  --background \"KEYS *\"      one more connection that repeats this, outside the latencies; its replies may be anything
                             but errors
  --listen \"SUBSCRIBE c\" --listeners N  N more connections that send this and are counted: each is to get one message
                             for every answered request, or the run fails
  --expect KINDS             comma list of simple,integer,bulk,null,array,map,… ; any other reply fails the run
  --server-pid P             adds the server's CPU time
  --seed N           1
Prints one JSON object. Exit code 0: every reply was as expected; 1: not; 2: wrong command line.";

pub struct Options {
    pub host: String,
    pub port: u16,
    pub unix: Option<String>,
    pub templates: Vec<String>,
    pub connections: usize,
    pub pipeline: usize,
    pub keys: u64,
    pub sequential: bool,
    pub value_size: usize,
    pub window: Duration,
    pub warmup: Duration,
    pub requests: Option<u64>,
    pub rate: Option<f64>,
    pub init: Vec<String>,
    pub background: Option<String>,
    pub listen: Option<String>,
    pub listeners: usize,
    pub expect: Vec<u8>,
    pub server_pid: Option<u32>,
    pub seed: u64,
    /// When the run began, ms since 1970: ids of a later run are greater than those of an earlier one.
    pub run_ms: u128,
}

/// Names of reply kinds and their RESP type bytes.
pub const KINDS: [(&str, u8); 12] = [
    ("simple", b'+'),
    ("error", b'-'),
    ("integer", b':'),
    ("bulk", b'$'),
    ("array", b'*'),
    ("null", b'_'),
    ("boolean", b'#'),
    ("double", b','),
    ("bignumber", b'('),
    ("map", b'%'),
    ("set", b'~'),
    ("verbatim", b'='),
];

pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        host: "127.0.0.1".into(),
        port: 0,
        unix: None,
        templates: Vec::new(),
        connections: 50,
        pipeline: 1,
        keys: 1_000_000,
        sequential: false,
        value_size: 16,
        window: Duration::from_secs(5),
        warmup: Duration::from_millis(500),
        requests: None,
        rate: None,
        init: Vec::new(),
        background: None,
        listen: None,
        listeners: 0,
        expect: Vec::new(),
        server_pid: None,
        seed: 1,
        run_ms: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis()),
    };
    while let Some(name) = args.next() {
        if name == "--sequential" {
            options.sequential = true;
            continue;
        }
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--host" => options.host = value,
            "--port" => options.port = number(&name, &value)?,
            "--unix" => options.unix = Some(value),
            "--template" => options.templates.push(value),
            "--listen" => options.listen = Some(value),
            "--listeners" => options.listeners = number(&name, &value)?,
            "--connections" => options.connections = number(&name, &value)?,
            "--pipeline" => options.pipeline = number(&name, &value)?,
            "--keys" => options.keys = number(&name, &value)?,
            "--value-size" => options.value_size = number(&name, &value)?,
            "--seconds" => options.window = seconds(&name, &value)?,
            "--warmup" => options.warmup = seconds(&name, &value)?,
            "--requests" => options.requests = Some(number(&name, &value)?),
            "--rate" => options.rate = Some(number(&name, &value)?),
            "--init" => options.init.push(value),
            "--background" => options.background = Some(value),
            "--expect" => options.expect = value.split(',').map(kind).collect::<Result<_, _>>()?,
            "--server-pid" => options.server_pid = Some(number(&name, &value)?),
            "--seed" => options.seed = number(&name, &value)?,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    if options.port == 0 && options.unix.is_none() {
        return Err("--port or --unix is missing".into());
    }
    if options.templates.is_empty() {
        return Err("--template is missing".into());
    }
    if options.connections == 0 || options.pipeline == 0 || options.keys == 0 {
        return Err("--connections, --pipeline and --keys are at least 1".into());
    }
    if !options.pipeline.is_multiple_of(options.templates.len()) {
        return Err("--pipeline is a multiple of the number of templates".into());
    }
    if options.listen.is_some() != (options.listeners > 0) {
        return Err("--listen and --listeners belong together".into());
    }
    if options.rate.is_some_and(|rate| rate <= 0.0) {
        return Err("--rate is above 0".into());
    }
    Ok(options)
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} {value}: not a number in range"))
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number(name, value)?).map_err(|error| format!("{name} {value}: {error}"))
}

fn kind(name: &str) -> Result<u8, String> {
    let found = KINDS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, byte)| *byte)
        .ok_or_else(|| format!("--expect {name}: no such kind of reply"))
}
