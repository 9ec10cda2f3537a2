//! PFDEBUG and PFSELFTEST.

use super::count::count;
use super::sparse::{self, Raised};
use super::{
    Corrupted, DENSE_BYTES, EMPTY, Encoding, HLL, REGISTERS, corrupted, dense, encoding, hash, no_hyperloglog, refuse,
    sparse_bytes_max, wide,
};
use crate::commands::row::{Row, Run, access::*, flag::*, keys};
use crate::resp::args::Args;
use crate::resp::error;
use crate::resp::reply::Reply;
use crate::sys::random;
use crate::txn::{Class, Effect, Progress, Slice, Txn, Work, WrongType};

pub const ROWS: &[Row] = &[
    Row {
        name: "pfdebug",
        arity: 3,
        flags: WRITE | DENYOOM | ADMIN,
        keys: &[keys(2, 2, 1, RW | ACCESS)],
        complexity: "O(1), the number of registers being what it is.",
        summary: "Shows how a HyperLogLog is stored (GETREG, DECODE, ENCODING), makes it dense (TODENSE), or switches SIMD.",
        args: "subcommand key",
        reply: "string | number | number[]",
        run: Run::Data(pfdebug),
        ..HLL
    },
    Row {
        name: "pfselftest",
        arity: 1,
        flags: ADMIN,
        complexity: "O(1): ten million additions, in slices that let others pass.",
        summary: "Tests the registers and the precision of HyperLogLogs.",
        reply: "\"OK\"",
        run: Run::Data(pfselftest),
        ..HLL
    },
];

fn pfdebug(txn: &mut Txn, args: Args, reply: &mut Reply) -> Effect {
    let key = args.get(2);
    if args.is(1, "simd") {
        match key {
            word if word.eq_ignore_ascii_case(b"on") => wide::enable(true),
            word if word.eq_ignore_ascii_case(b"off") => wide::enable(false),
            _ => return refuse(reply, "ERR Argument must be ON or OFF"),
        }
        reply.simple(if wide::is_enabled() { "enabled" } else { "disabled" });
        return Effect::None;
    }
    let (text, encoding) = match txn.peek_text(key) {
        Ok(None) => return refuse(reply, "ERR The specified key does not exist"),
        Ok(Some(mut text)) => {
            let Some(encoding) = encoding(text.bytes()) else { return no_hyperloglog(reply) };
            (text.bytes().to_vec(), encoding)
        }
        Err(WrongType) => return refuse(reply, error::WRONG_TYPE),
    };
    if args.is(1, "encoding") {
        reply.simple(if encoding == Encoding::Dense { "dense" } else { "sparse" });
        return Effect::None;
    }
    if args.is(1, "decode") {
        match (encoding, sparse::decoded(&text)) {
            (Encoding::Dense, _) => return refuse(reply, "ERR HLL encoding is not sparse"),
            (_, Ok(shown)) => reply.text(&shown),
            (_, Err(Corrupted)) => return corrupted(reply),
        }
        return Effect::None;
    }
    let registers = args.is(1, "getreg");
    if !registers && !args.is(1, "todense") {
        reply.error_bytes(&error::quoting("ERR Unknown PFDEBUG subcommand", args.get(1)));
        return Effect::None;
    }
    let made = match encoding {
        Encoding::Dense => None,
        Encoding::Sparse => match sparse::to_dense(&text) {
            Ok(made) => Some(made),
            Err(Corrupted) => return corrupted(reply),
        },
    };
    if registers {
        let dense = made.as_deref().unwrap_or(&text);
        reply.array(REGISTERS);
        (0..REGISTERS).for_each(|index| reply.int(dense::get(dense, index) as i64));
    } else {
        reply.int(made.is_some() as i64);
    }
    let Some(made) = made else { return Effect::None };
    txn.edit_short_text(key, |text| *text = made);
    txn.changed(key, Class::String, "");
    Effect::Verbatim
}

fn pfselftest(txn: &mut Txn, _: Args, _: &mut Reply) -> Effect {
    Effect::Slices(Box::new(SelfTest {
        bytes_max: sparse_bytes_max(&txn.store.settings),
        cycles: 0,
        seed: random::next_u64(),
        elements: 0,
        next_check: 1,
        dense: dense_and_empty(),
        either: EMPTY.to_vec(),
    }))
}

fn dense_and_empty() -> Vec<u8> {
    sparse::to_dense(EMPTY).expect("one run of all registers")
}

/// Rounds of setting all registers to anything.
const CYCLES: u32 = 1_000;
const ELEMENTS: u64 = 10_000_000;
/// The test of Redis: registers hold what they are given, and a dense value and one that begins sparse count alike, within
/// six standard errors.
struct SelfTest {
    bytes_max: usize,
    cycles: u32,
    seed: u64,
    elements: u64,
    next_check: u64,
    dense: Vec<u8>,
    either: Vec<u8>,
}

impl Work for SelfTest {
    fn step(&mut self, _: &mut Txn, reply: &mut Reply) -> Result<Progress, u32> {
        let slice = Slice::begin();
        while !slice.is_over() {
            let failed = if self.cycles < CYCLES { self.set_registers() } else { self.add_elements() };
            if let Err(text) = failed {
                reply.error(&format!("ERR TESTFAILED {text}"));
                return Ok(Progress::Done);
            }
            if self.elements == ELEMENTS {
                reply.ok();
                return Ok(Progress::Done);
            }
        }
        Ok(Progress::More)
    }
}

impl SelfTest {
    fn set_registers(&mut self) -> Result<(), String> {
        self.cycles += 1;
        let mut text = vec![0; DENSE_BYTES];
        let ranks: Vec<u8> = (0..REGISTERS).map(|_| random::next_u64() as u8 & 63).collect();
        ranks.iter().enumerate().for_each(|(index, rank)| dense::set(&mut text, index, *rank));
        match (0..REGISTERS).find(|index| dense::get(&text, *index) != ranks[*index]) {
            None => Ok(()),
            Some(index) => {
                Err(format!("Register {index} should be {} but is {}", ranks[index], dense::get(&text, index)))
            }
        }
    }

    fn add_elements(&mut self) -> Result<(), String> {
        for _ in 0..1_000 {
            self.elements += 1;
            let (index, rank) = hash::place(&(self.elements ^ self.seed).to_le_bytes());
            raise(&mut self.dense, index, rank);
            if encoding(&self.either) == Some(Encoding::Sparse) {
                match sparse::raise(&mut self.either, index, rank, self.bytes_max) {
                    Ok(Raised::NeedsDense) => {
                        self.either = sparse::to_dense(&self.either).map_err(|_| "sparse value is corrupted")?;
                        raise(&mut self.either, index, rank);
                    }
                    Ok(_) => (),
                    Err(Corrupted) => return Err("sparse value is corrupted".into()),
                }
            } else {
                raise(&mut self.either, index, rank);
            }
            if self.elements == self.next_check {
                self.check()?;
                self.next_check *= 10;
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let elements = self.elements;
        let of = |text: &[u8]| count(text, encoding(text).expect("made here")).map_err(|_| "value is corrupted");
        let (dense, either) = (of(&self.dense)?, of(&self.either)?);
        if elements < self.bytes_max as u64 / 2 && encoding(&self.either) != Some(Encoding::Sparse) {
            return Err("sparse encoding not used".into());
        }
        if dense != either {
            return Err("dense/sparse disagree".into());
        }
        // 1.04 / sqrt(16384) is the standard error; two of ten elements in one register are likely enough.
        let most = if elements == 10 { 1 } else { (1.04 / 128.0 * 6.0 * elements as f64).ceil() as u64 };
        match elements.abs_diff(dense) {
            error if error > most => Err(format!("Too big error. card:{elements} abserr:{error}")),
            _ => Ok(()),
        }
    }
}

fn raise(text: &mut [u8], index: usize, rank: u8) {
    if let Some((at, bytes)) = dense::raised(text, index, rank) {
        text[at..at + 3].copy_from_slice(&bytes);
    }
}
