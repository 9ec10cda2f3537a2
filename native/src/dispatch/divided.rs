//! Requests of very many arguments, run piece by piece between the requests of others, as one command all the same.
//!
//! ```text
//!   SADD k m1 … m100000  ─▶  SADD k m1 … m64 │ SADD k m65 … m128 │ …        a slice: as many as there is time for
//! ```
//!
//! It is one transaction, in a context of its own (`Txn::held`): its latches are held from the first piece to the last, so nobody
//! sees half of it, and who wants one of its shards waits meanwhile, as for a long procedure. Commit, log, events, and who waited for
//! a key come at the end, once. Inside MULTI, scripts and procedures nothing is divided.

use super::batch::Request;
use super::caching::{reader, remember_read};
use super::execute::Executor;
use super::handler::record_request;
use crate::commands::row::{DataHandler, Joined, Pieces, Row, Run};
use crate::commands::table::table;
use crate::resp::args::{Args, OwnedArgs, Span};
use crate::resp::reply::Reply;
use crate::session::conn::{Conn, Wait};
use crate::session::server::Server;
use crate::session::tracking::Reader;
use crate::sys::clock;
use crate::txn::{Effect, Progress, Slice, Txn, Work};

/// Requests of more arguments are divided: so many take less than a millisecond.
pub(super) const ARGUMENTS_AT_ONCE: usize = 2048;

/// Arguments of a piece, besides those that it begins with: 10 to 30 µs, and their buckets fit the cache.
const PIECE: usize = 64;

/// The context of commands that keep their latches, and the client whose command has it now; 0: it is free.
pub struct Held {
    txn: Txn,
    client: u64,
}

impl Executor {
    /// Divides a request whose arguments are very many. False: it runs whole.
    #[cold]
    pub(super) fn divide(&self, conn: &mut Conn, request: &Request) -> bool {
        let row = table().row(request.row);
        let Some(pieces) = row.pieces else { return false };
        let args = self.batch.args(request);
        let head = (pieces.head)(args);
        let whole = head != 0 && args.len() > head && (args.len() - head).is_multiple_of(pieces.step);
        if !whole || self.busy || conn.errand.is_some() || conn.client.multi.is_some() {
            return false;
        }
        let reader = reader(self.core, &conn.client);
        let no_touch = conn.client.no_touch;
        let (keep_expired, server) = (self.txn.keep_expired, self.server);
        let work = Divided::new((row, pieces, head), reader, (keep_expired, no_touch), server);
        conn.wait = Wait::Work { work: Box::new(work), blocked_on: None };
        true
    }

    /// Gives the command that was just begun what it needs of the request, if it is a divided one.
    pub(super) fn hand_request(&mut self, conn: &mut Conn) {
        if let Wait::Work { work, .. } = &mut conn.wait
            && work.is_held()
        {
            work.take_request(self.batch.take_current());
        }
    }

    /// Makes the context that keeps its latches the current one, for a command of this client. False: another has it.
    pub(super) fn enter_held(&mut self, client: u64) -> bool {
        let (store, core) = (&self.server.store, self.core);
        let held = self.held.get_or_insert_with(|| Box::new(Held { txn: Txn::held(store, core), client: 0 }));
        if held.client != 0 && held.client != client {
            return false;
        }
        held.client = client;
        std::mem::swap(&mut self.txn, &mut held.txn);
        true
    }

    /// Goes back from there. `over`: the command is through, or has not begun.
    pub(super) fn leave_held(&mut self, over: bool) {
        let held = self.held.as_mut().expect("entered before");
        std::mem::swap(&mut self.txn, &mut held.txn);
        if over {
            held.client = 0;
        }
    }

    /// The connection goes: a command of it that holds latches comes to its end first, as what has begun does.
    pub fn finish_held(&mut self, conn: &mut Conn) {
        let begun = |held: &Held| held.client == conn.client.id && !held.txn.latches.is_empty();
        if self.held.as_deref().is_some_and(begun) {
            while self.work(conn) {}
        }
        if let Some(held) = self.held.as_mut().filter(|held| held.client == conn.client.id) {
            held.client = 0;
        }
    }
}

enum Stage {
    /// Do the arguments fit, and which shards are to be latched?
    Look,
    /// `refused`: for its words; the handler says why, or that there is nothing to do.
    Latch {
        refused: bool,
    },
    /// May it run?
    Ask,
    Run,
}

struct Divided {
    row: &'static Row,
    pieces: Pieces,
    head: usize,
    request: OwnedArgs,
    stage: Stage,
    /// The first argument of the next piece.
    at: usize,
    /// Shards of its keys, each once.
    shards: Vec<u32>,
    seen: Vec<bool>,
    /// Who remembers what is read.
    reader: Option<Reader>,
    keep_expired: bool,
    no_touch: bool,
    server: &'static Server,
    total: i64,
    changed: bool,
    /// What stands for the pieces in the log, where that is not the request: one command, which begins with as many words.
    rewritten: Option<OwnedArgs>,
    /// The reply of a piece, and its arguments.
    scratch: Vec<u8>,
    spans: Vec<Span>,
}

impl Divided {
    fn new(
        (row, pieces, head): (&'static Row, Pieces, usize),
        reader: Option<Reader>,
        (keep_expired, no_touch): (bool, bool),
        server: &'static Server,
    ) -> Divided {
        let seen = vec![false; server.store.shards_count() as usize];
        Divided {
            row,
            pieces,
            head,
            request: OwnedArgs::default(),
            stage: Stage::Look,
            at: head,
            shards: Vec::new(),
            seen,
            reader,
            keep_expired,
            no_touch,
            server,
            total: 0,
            changed: false,
            rewritten: None,
            scratch: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn next(&mut self) -> std::ops::Range<usize> {
        let end = (self.at + PIECE / self.pieces.step * self.pieces.step).min(self.request.borrow().len());
        std::mem::replace(&mut self.at, end)..end
    }

    fn is_through(&self) -> bool {
        self.at == self.request.borrow().len()
    }

    /// Looks at one piece before anything runs. False: it does not fit.
    fn look(&mut self) -> bool {
        let range = self.next();
        let piece = self.request.piece(self.head, range, &mut self.spans);
        let store = &self.server.store;
        let (shards, seen) = (&mut self.shards, &mut self.seen);
        let _ = self.row.each_key(piece, |index, _| {
            let shard = store.shard_of(store.hash(piece.get(index)));
            if !std::mem::replace(&mut seen[shard as usize], true) {
                shards.push(shard);
            }
        });
        (self.pieces.fits)(piece.from(self.head))
    }

    /// Runs one piece. False: it is refused, and `reply` says why.
    fn run(&mut self, txn: &mut Txn, reply: &mut Reply) -> bool {
        let is_first = self.at == self.head;
        let range = self.next();
        let piece = self.request.piece(self.head, range, &mut self.spans);
        fetch_ahead(txn, self.row, piece, self.head, self.pieces.step);
        self.scratch.clear();
        let mut own = Reply::new(&mut self.scratch, reply.proto);
        let handler = self.pieces.run.unwrap_or(handler_of(self.row));
        match handler(txn, piece, &mut own) {
            Effect::None => (),
            Effect::Verbatim => self.changed = true,
            Effect::Rewrite(commands) => commands.into_iter().for_each(|command| match &mut self.rewritten {
                None => self.rewritten = Some(command),
                Some(all) => command.borrow().from(self.head).iter().for_each(|word| all.push(word)),
            }),
            _ => unreachable!("what is divided does what it says, at once"),
        }
        if own.failed() {
            reply.error_bytes(&self.scratch[1..]);
            return false;
        }
        if let Some(reader) = self.reader {
            remember_read(txn, reader, self.row, piece);
        }
        match self.pieces.joined {
            Joined::Sum => self.total += integer(&self.scratch),
            Joined::Most => self.total = self.total.max(integer(&self.scratch)),
            Joined::Last => (),
            Joined::Items => {
                if is_first {
                    reply.array((self.request.borrow().len() - self.head) / self.pieces.step);
                }
                let header = self.scratch.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                reply.raw(&self.scratch[header..]);
            }
        }
        true
    }

    /// Asks whether the next piece may run.
    fn may(&mut self, txn: &mut Txn, may: fn(&mut Txn, Args) -> bool) -> bool {
        let range = self.next();
        let piece = self.request.piece(self.head, range, &mut self.spans);
        fetch_ahead(txn, self.row, piece, self.head, self.pieces.step);
        may(txn, piece)
    }

    /// All pieces have run, or one was refused.
    fn end(&mut self, txn: &mut Txn) {
        if self.head > 1 {
            txn.fold_changes();
        }
        if self.changed {
            record_request(txn, self.row, self.request.borrow());
        }
        txn.record_commands(self.rewritten.take().into_iter().collect());
        // The request may be large: who frees it is nobody who serves.
        txn.store.garbage.free(0, Box::new(std::mem::take(&mut self.request)));
    }
}

impl Work for Divided {
    fn is_held(&self) -> bool {
        true
    }

    fn take_request(&mut self, request: OwnedArgs) {
        self.request = request;
    }

    fn step(&mut self, txn: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        if let Stage::Look = self.stage {
            let mut refused = false;
            while !self.is_through() && !refused {
                refused = !self.look();
                if slice.is_over() && !refused {
                    return Ok(Progress::More);
                }
            }
            self.at = self.head;
            self.shards.sort_unstable();
            self.stage = Stage::Latch { refused };
        }
        if let Stage::Latch { refused } = self.stage {
            txn.set_clock(clock::now_ms());
            txn.keep_expired = self.keep_expired;
            txn.no_touch = self.no_touch;
            txn.latch_all(&mut self.shards)?;
            if refused {
                let effect = handler_of(self.row)(txn, self.request.borrow(), reply);
                debug_assert!(matches!(effect, Effect::None), "its words do not fit");
                return Ok(Progress::Done);
            }
            self.stage = Stage::Ask;
        }
        if let Stage::Ask = self.stage {
            if let Some(may) = self.pieces.may {
                while !self.is_through() {
                    if !self.may(txn, may) {
                        reply.int(0);
                        self.end(txn);
                        return Ok(Progress::Done);
                    }
                    if slice.is_over() {
                        return Ok(Progress::More);
                    }
                }
            }
            self.at = self.head;
            self.stage = Stage::Run;
        }
        while !self.is_through() {
            if !self.run(txn, reply) {
                self.end(txn);
                return Ok(Progress::Done);
            }
            if slice.is_over() && !self.is_through() {
                return Ok(Progress::More);
            }
        }
        match self.pieces.joined {
            Joined::Sum | Joined::Most => reply.int(self.total),
            Joined::Last => reply.raw(&self.scratch),
            Joined::Items => (),
        }
        self.end(txn);
        Ok(Progress::Done)
    }
}

fn handler_of(row: &Row) -> DataHandler {
    let Run::Data(handler) = row.run else { unreachable!("only data commands are divided") };
    handler
}

/// Of a reply `:N`.
fn integer(reply: &[u8]) -> i64 {
    let digits = reply.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b"\r\n"));
    let text = digits.and_then(|digits| std::str::from_utf8(digits).ok());
    text.and_then(|text| text.parse().ok()).expect("a piece replies an integer")
}

/// Starts loading what the piece will touch: entries of its keys, or elements of its one key.
fn fetch_ahead(txn: &mut Txn, row: &Row, piece: Args, head: usize, step: usize) {
    let mut hashes = [0; PIECE];
    if head == 1 {
        let keys = piece.from(1).iter().step_by(step);
        let hashes = &mut hashes[..keys.len()];
        for (hash, key) in hashes.iter_mut().zip(keys) {
            *hash = txn.store.hash(key);
            txn.prefetch(*hash, false);
        }
        hashes.iter().for_each(|hash| txn.prefetch(*hash, true));
    } else if row.element != 0 {
        let hash = txn.store.hash(piece.get(1));
        for again in [false, true] {
            for element in piece.from(row.element as usize).iter().step_by(step) {
                if !txn.prefetch_element(hash, element, again) {
                    return;
                }
            }
        }
    }
}
