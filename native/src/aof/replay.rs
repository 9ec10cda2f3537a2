//! Running the requests of an append-only file on an empty store, before anybody is served.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use super::request::{Done, run_data};
use super::requests::{Requests, Stop};
use super::scripts::Scripts;
use crate::commands::row::{DataHandler, Row, Run, flag};
use crate::commands::table::table;
use crate::resp::args::{Args, OwnedArgs};
use crate::resp::number;
use crate::resp::reply::Protocol;
use crate::session::server::Server;
use crate::txn::Txn;

/// Requests between two looks at the clock and the progress.
const REQUESTS_PER_LOOK: u64 = 1024;
/// Failed requests that are told of, each with its position.
const FAILURES_TOLD_MAX: u64 = 10;
const WARNING: u8 = 3;

/// How a file came to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Whole,
    /// It stops inside a request or a transaction; so many bytes of it are whole.
    Short {
        whole: u64,
    },
}

pub struct Replay<'t> {
    server: &'static Server,
    pub(super) txn: &'t mut Txn,
    /// All shards are latched for it.
    holds: bool,
    db: u32,
    /// Where the requests of a transaction lie that has not come to its EXEC, and where its MULTI is.
    queued: Option<(usize, Vec<Range<usize>>)>,
    reply: Vec<u8>,
    failures: u64,
    pub requests: u64,
    /// Requests about libraries of functions, which the main thread serves; in order.
    pub functions: Vec<OwnedArgs>,
    scripts: Scripts,
}

impl<'t> Replay<'t> {
    /// `holds`: the transaction has latched all shards, and keeps them.
    pub fn new(server: &'static Server, txn: &'t mut Txn, holds: bool) -> Replay<'t> {
        // A key goes when the log says so: a later request may have been meant for it.
        txn.now_ms = 0;
        let (reply, functions) = (Vec::new(), Vec::new());
        let scripts = Scripts::new(server, holds);
        Replay { server, txn, holds, db: 0, queued: None, reply, failures: 0, requests: 0, functions, scripts }
    }

    /// Libraries of the base, whose functions may be called.
    pub fn add_libraries(&mut self, sources: &[Vec<u8>]) {
        self.scripts.add_libraries(sources);
    }

    /// Runs a file's requests. `skip`: bytes before the first of them. `loaded`: bytes of the files before it. Err: why it cannot
    /// go on, and where.
    pub fn run(&mut self, bytes: &[u8], skip: usize, loaded: u64) -> Result<End, String> {
        let requests_bytes = &bytes[skip..];
        let mut requests = Requests::new(requests_bytes);
        self.db = 0;
        self.queued = None;
        loop {
            let from = requests.position();
            match requests.next_request() {
                Ok(None) => break,
                Ok(Some(args)) => {
                    let number = args.get(0);
                    let (multi, exec) = (number.eq_ignore_ascii_case(b"multi"), number.eq_ignore_ascii_case(b"exec"));
                    if !multi && !exec && self.queued.is_none() {
                        self.request(args, skip + from)?;
                    }
                    let end = requests.position();
                    self.in_transaction((multi, exec), requests_bytes, from..end, skip)?;
                }
                Err(Stop::Bad) => return Err(bad_format(skip + from)),
                Err(Stop::Short) => {
                    let whole = self.queued.take().map_or(from, |(multi, _)| multi);
                    return Ok(End::Short { whole: (skip + whole) as u64 });
                }
            }
            self.requests += 1;
            if self.requests.is_multiple_of(REQUESTS_PER_LOOK) {
                self.server.loading.bytes_loaded.store(loaded + (skip + requests.position()) as u64, Relaxed);
                self.server.tell_load_progress();
                if self.server.stopping.load(Relaxed) {
                    return Err("stopped while it was loaded".into());
                }
            }
        }
        match self.queued.take() {
            Some((multi, _)) => Ok(End::Short { whole: (skip + multi) as u64 }),
            None => Ok(End::Whole),
        }
    }

    /// MULTI begins to collect, EXEC runs what was collected: half a transaction never runs.
    fn in_transaction(
        &mut self,
        (multi, exec): (bool, bool),
        bytes: &[u8],
        request: Range<usize>,
        skip: usize,
    ) -> Result<(), String> {
        match &mut self.queued {
            None if multi => self.queued = Some((request.start, Vec::new())),
            None if exec => return Err(bad_format(skip + request.start)),
            None => (),
            Some(_) if multi => return Err(bad_format(skip + request.start)),
            Some((_, queue)) if !exec => queue.push(request),
            Some(_) => {
                let (_, queue) = self.queued.take().unwrap_or_default();
                for range in queue {
                    let mut one = Requests::new(&bytes[range.clone()]);
                    if let Ok(Some(args)) = one.next_request() {
                        self.request(args, skip + range.start)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn request(&mut self, args: Args, at: usize) -> Result<(), String> {
        let table = table();
        let name = args.get(0);
        if name.eq_ignore_ascii_case(b"select") {
            let db = if args.len() == 2 { number::integer(args.get(1)) } else { None };
            self.db = db.filter(|db| (0..self.server.store.databases as i64).contains(db)).ok_or_else(|| {
                let (number, most) = (args.iter().nth(1).unwrap_or_default(), self.server.store.databases);
                let number = String::from_utf8_lossy(number);
                format!("SELECT {number} at offset {at} of the append only file, where `databases` allows {most}")
            })? as u32;
            return Ok(());
        }
        if name.eq_ignore_ascii_case(b"function") {
            self.functions.push(args.to_owned());
            return Ok(());
        }
        let shown = || String::from_utf8_lossy(&name[..name.len().min(64)]).into_owned();
        let number = table.resolve(args);
        let row = number.map(|number| table.row(number));
        match row {
            Some(row @ Row { run: Run::Data(handler), .. }) => {
                if !row.arity_fits(args.len()) {
                    self.tell_failure(&format!("wrong number of arguments for '{}'", row.name), at);
                    return Ok(());
                }
                self.data(row, *handler, args, at);
                Ok(())
            }
            // What changed nothing but who is told.
            Some(row) if matches!(row.name, "ping" | "publish" | "spublish") => Ok(()),
            Some(Row { run: Run::Call, flags, .. }) if flags & flag::DRY_RUN != 0 => Ok(()),
            Some(row) if matches!(row.run, Run::Call) || matches!(row.name, "script|load" | "script|flush") => {
                if row.arity_fits(args.len()) {
                    self.script(row, args, at);
                } else {
                    self.tell_failure(&format!("wrong number of arguments for '{}'", row.name), at);
                }
                Ok(())
            }
            Some(row) => Err(format!("The command '{}' cannot be in an append only file (offset {at})", row.name)),
            None => Err(format!("Unknown command '{}' reading the append only file (offset {at})", shown())),
        }
    }

    fn data(&mut self, row: &Row, handler: DataHandler, args: Args, at: usize) {
        self.reply.clear();
        let to = (Protocol::Resp2, &mut self.reply);
        if run_data(self.txn, (self.db, self.holds), (row, handler), args, to) == Done::Failed {
            let text = String::from_utf8_lossy(&self.reply).trim_end().to_string();
            self.tell_failure(&format!("'{}' failed: {text}", row.name), at);
        }
    }

    /// A script, or what is about scripts.
    fn script(&mut self, row: &Row, args: Args, at: usize) {
        let outcome = match row.name {
            "script|load" => self.scripts.keep(args.get(2)),
            "script|flush" => {
                self.scripts.flush();
                Ok(())
            }
            _ => self.scripts.run(row, args, (self.txn, self.db), &self.functions),
        };
        if let Err(text) = outcome {
            self.tell_failure(&format!("'{}' failed: {text}", row.name), at);
        }
    }

    fn tell_failure(&mut self, text: &str, at: usize) {
        self.failures += 1;
        if self.failures <= FAILURES_TOLD_MAX {
            self.server.log.push(WARNING, format!("At offset {at} of the append only file: {text}"));
        }
    }
}

fn bad_format(at: usize) -> String {
    format!(
        "Bad file format reading the append only file at offset {at}: make a backup of your AOF file, then use zedis-cli check aof \
         --fix <filename.manifest>"
    )
}
