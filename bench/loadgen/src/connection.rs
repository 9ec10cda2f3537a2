//! One connection: its batch, what of it is still to be sent, and what is still to be answered.

use crate::options::Options;
use crate::reply::{ReplyCounter, ReplyTotals};
use crate::template::{Batch, Constants, Keys};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

pub struct Connection {
    pub socket: OwnedFd,
    pub batch: Batch,
    pub requests: u32,
    /// Rounds through the templates that a batch makes.
    rounds: u64,
    sent: usize,
    pub unanswered: u32,
    /// When the batch in flight was sent, or was due in an open loop; ns on the run's clock.
    pub started_ns: u64,
    pub due_ns: u64,
    replies: ReplyCounter,
}

impl Connection {
    /// Connects, runs the `--init` commands one by one, then turns to nonblocking.
    pub fn open(options: &Options, templates: &[String], pipeline: usize, nth: usize) -> Result<Self, String> {
        let constants = Constants {
            value_size: options.value_size,
            connection: nth,
            run_ms: options.run_ms,
        };
        let batch = Batch::render(templates, pipeline, &constants)?;
        let socket: OwnedFd = match &options.unix {
            Some(path) => {
                let mut stream = UnixStream::connect(path).map_err(|error| format!("{path}: {error}"))?;
                run_init(&mut stream, &options.init)?;
                stream.set_nonblocking(true).map_err(|error| error.to_string())?;
                stream.into()
            }
            None => {
                let address = format!("{}:{}", options.host, options.port);
                let mut stream = TcpStream::connect(&address).map_err(|error| format!("{address}: {error}"))?;
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                run_init(&mut stream, &options.init)?;
                stream.set_nonblocking(true).map_err(|error| error.to_string())?;
                stream.into()
            }
        };
        let requests = pipeline as u32;
        let replies = ReplyCounter::new();
        Ok(Self {
            socket,
            batch,
            requests,
            rounds: (pipeline / templates.len()) as u64,
            sent: 0,
            unanswered: 0,
            started_ns: 0,
            due_ns: 0,
            replies,
        })
    }

    /// Starts the next batch. `true` when all of it went out; else call `flush` when the socket is writable.
    pub fn start(&mut self, keys: &mut Keys, started_ns: u64) -> Result<bool, String> {
        debug_assert_eq!(self.unanswered, 0);
        self.batch.patch(keys, self.rounds);
        self.sent = 0;
        self.unanswered = self.requests;
        self.started_ns = started_ns;
        self.flush()
    }

    pub fn flush(&mut self) -> Result<bool, String> {
        while self.sent < self.batch.bytes.len() {
            match send(&self.socket, &self.batch.bytes[self.sent..], SendFlags::NOSIGNAL) {
                Ok(sent) => self.sent += sent,
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => return Err(format!("send: {error}")),
            }
        }
        Ok(true)
    }

    pub fn is_flushed(&self) -> bool {
        self.sent == self.batch.bytes.len()
    }

    /// Reads once and returns how many replies ended. One read at most, so that a huge reply cannot starve others.
    pub fn receive(&mut self, buffer: &mut [u8], totals: &mut ReplyTotals) -> Result<u32, String> {
        let received = match recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
            Ok((0, _)) => return Err("the server closed a connection".into()),
            Ok((received, _)) => received,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            Err(error) => return Err(format!("recv: {error}")),
        };
        let done = self
            .replies
            .feed(&buffer[..received], totals)
            .map_err(|wrong| format!("a reply started with byte 0x{:02x}, which is no RESP type", wrong.0))?;
        if done > self.unanswered {
            return Err(format!("{done} replies where {} were due", self.unanswered));
        }
        self.unanswered -= done;
        Ok(done)
    }
}

fn run_init(stream: &mut (impl Read + Write), commands: &[String]) -> Result<(), String> {
    for command in commands {
        let constants = Constants {
            value_size: 0,
            connection: 0,
            run_ms: 0,
        };
        let batch = Batch::render(std::slice::from_ref(command), 1, &constants)?;
        stream
            .write_all(&batch.bytes)
            .map_err(|error| format!("{command}: {error}"))?;
        let (mut counter, mut totals, mut buffer) = (ReplyCounter::new(), ReplyTotals::new(), [0u8; 4096]);
        let mut done = 0;
        while done == 0 {
            let received = stream
                .read(&mut buffer)
                .map_err(|error| format!("{command}: {error}"))?;
            if received == 0 {
                return Err(format!("{command}: the server closed the connection"));
            }
            done = counter
                .feed(&buffer[..received], &mut totals)
                .map_err(|_| format!("{command}: not RESP"))?;
        }
        if let Some(error) = totals.first_error {
            return Err(format!("{command}: {error}"));
        }
    }
    Ok(())
}
