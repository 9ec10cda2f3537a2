//! Connections that subscribe and then only receive: what they got is counted against what was published.

use crate::connection::Connection;
use crate::options::Options;
use crate::reply::ReplyTotals;
use crate::template::Keys;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Their tokens start here: above those of the connections that send, below that of the background.
pub const LISTENERS: u64 = 1 << 32;

/// How long the last messages may take after the window.
const DRAIN: Duration = Duration::from_secs(5);

pub struct Listeners {
    connections: Vec<Connection>,
    received: Vec<u64>,
    totals: ReplyTotals,
}

impl Listeners {
    /// Connects all and returns once each has its confirmation.
    pub fn open(options: &Options, epoll: &OwnedFd) -> Result<Self, String> {
        let mut listeners = Self {
            connections: Vec::new(),
            received: vec![0; options.listeners],
            totals: ReplyTotals::new(),
        };
        let Some(listen) = &options.listen else {
            return Ok(listeners);
        };
        let mut keys = Keys::new(1, true, 1);
        for nth in 0..options.listeners {
            let mut connection = Connection::open(options, std::slice::from_ref(listen), 1, nth)?;
            connection.start(&mut keys, 0)?;
            listeners.connections.push(connection);
        }
        let mut buffer = vec![0; 4096];
        for connection in &mut listeners.connections {
            let started = Instant::now();
            while connection.unanswered > 0 {
                connection.receive(&mut buffer, &mut listeners.totals)?;
                if started.elapsed() > DRAIN {
                    return Err(format!("{listen}: no confirmation"));
                }
            }
        }
        if let Some(error) = &listeners.totals.first_error {
            return Err(format!("{listen}: {error}"));
        }
        for (nth, connection) in listeners.connections.iter_mut().enumerate() {
            // Messages are replies that nobody asked for one by one.
            connection.unanswered = u32::MAX;
            let data = EventData::new_u64(LISTENERS + nth as u64);
            epoll::add(epoll, &connection.socket, data, EventFlags::IN).map_err(|error| error.to_string())?;
        }
        Ok(listeners)
    }

    pub fn receive(&mut self, nth: usize, buffer: &mut [u8]) -> Result<(), String> {
        let connection = &mut self.connections[nth];
        let done = connection.receive(buffer, &mut self.totals)?;
        connection.unanswered = u32::MAX;
        self.received[nth] += done as u64;
        Ok(())
    }

    /// Waits until each has at least `expected` messages; returns how many are missing after five seconds.
    pub fn drain(&mut self, expected: u64, buffer: &mut [u8]) -> Result<u64, String> {
        let started = Instant::now();
        for nth in 0..self.connections.len() {
            while self.received[nth] < expected && started.elapsed() < DRAIN {
                self.receive(nth, buffer)?;
            }
        }
        let missing = self.received.iter().map(|&received| expected.saturating_sub(received));
        Ok(missing.sum())
    }
}
