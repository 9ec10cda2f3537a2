//! MONITOR: every command that runs, as a line to those who watch.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::batch::UNKNOWN;
use super::execute::{Executor, Outcome};
use crate::commands::row::flag;
use crate::commands::secrets::{REDACTED, secrets};
use crate::commands::table::table;
use crate::resp::args::Args;
use crate::session::client::Client;
use crate::session::server::{GATE_MONITOR, Mail, Server};
use crate::sys::clock;

impl Executor {
    /// Does anybody watch?
    #[inline]
    pub(super) fn is_monitored(&self) -> bool {
        self.server.gate.load(Relaxed) & GATE_MONITOR != 0
    }

    /// Shows the current request if it ran and its kind is shown. As in Redis it is shown once it has run, so the commands of
    /// a transaction stand before their EXEC; a blocking command when it begins to wait.
    #[cold]
    pub(super) fn show(&mut self, client: &Client, outcome: &Outcome) {
        let row = client.last_command;
        let Some(request) = self.batch.current().filter(|_| row != UNKNOWN) else { return };
        let ran = matches!(outcome, Outcome::Done | Outcome::Failed | Outcome::Waits | Outcome::Close);
        let refused_exec = *outcome == Outcome::Refused && table().row(row).name == "exec";
        if (ran || refused_exec) && is_shown(row) {
            let line = line(client.db, &source(self.server, client), self.batch.args(&request));
            self.show_line(line);
        }
    }

    /// Shows a queued command of a transaction, which has run.
    #[cold]
    pub(super) fn show_queued(&mut self, client: &Client, row: u16, args: Args) {
        if is_shown(row) {
            self.show_line(line(client.db, &source(self.server, client), args));
        }
    }

    /// Shows a call of a procedure, which is about to run: what it does comes after it.
    #[cold]
    pub(super) fn show_call(&mut self, client: &Client, args: Option<Args>) {
        let args = args.or_else(|| self.batch.current().map(|request| self.batch.args(&request)));
        if let Some(args) = args {
            let line = line(client.db, &source(self.server, client), args);
            self.show_line(line);
        }
    }

    /// Shows a command that a procedure makes.
    #[cold]
    pub(super) fn show_inner(&mut self, args: Args) {
        self.show_line(line(self.txn.db, "lua", args));
    }

    fn show_line(&mut self, line: Vec<u8>) {
        let line: Arc<[u8]> = line.into();
        for core in 0..self.server.serving {
            if self.server.cores[core].monitors.load(Relaxed) > 0 {
                self.mail(core, Mail::Line(line.clone()));
            }
        }
    }
}

fn is_shown(row: u16) -> bool {
    table().row(row).flags & (flag::SKIP_MONITOR | flag::ADMIN) == 0
}

fn source(server: &Server, client: &Client) -> String {
    if client.unix { format!("unix:{}", server.settings.text("unixsocket")) } else { client.address.clone() }
}

fn line(db: u32, source: &str, args: Args) -> Vec<u8> {
    line_at(clock::now_us(), db, source, args)
}

/// `+1732000000.123456 [0 127.0.0.1:5000] "set" "k" "v"`; passwords are left out.
fn line_at(now_us: i64, db: u32, source: &str, args: Args) -> Vec<u8> {
    let mut text = format!("+{}.{:06} [{db} {source}]", now_us / 1_000_000, now_us % 1_000_000).into_bytes();
    let secrets: Vec<usize> = secrets(args, args.len()).collect();
    for (at, arg) in args.iter().enumerate() {
        text.extend_from_slice(b" \"");
        if secrets.contains(&at) {
            text.extend_from_slice(REDACTED)
        } else {
            quote(arg, &mut text)
        }
        text.push(b'"');
    }
    text.extend_from_slice(b"\r\n");
    text
}

/// As sdscatrepr: printable ASCII as it is, the rest escaped.
fn quote(bytes: &[u8], text: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'\\' | b'"' => text.extend([b'\\', *byte]),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            b'\t' => text.extend_from_slice(b"\\t"),
            7 => text.extend_from_slice(b"\\a"),
            8 => text.extend_from_slice(b"\\b"),
            b' '..=b'~' => text.push(*byte),
            _ => {
                let mut escaped = String::new();
                let _ = write!(escaped, "\\x{byte:02x}");
                text.extend_from_slice(escaped.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::args::OwnedArgs;

    fn shown(words: &[&[u8]]) -> String {
        let whole = line_at(1_732_000_000_000_042, 3, "1.2.3.4:5", OwnedArgs::of(words).borrow());
        String::from_utf8(whole).expect("escaped text").replace("+1732000000.000042 [3 1.2.3.4:5] ", "")
    }

    #[test]
    fn a_line_quotes_what_cannot_be_printed_and_leaves_passwords_out() {
        assert_eq!(shown(&[b"SET", b"k\n\"\\", b"\0\xff a"]), "\"SET\" \"k\\n\\\"\\\\\" \"\\x00\\xff a\"\r\n");
        assert_eq!(shown(&[b"auth", b"user", b"pass"]), "\"auth\" \"(redacted)\" \"(redacted)\"\r\n");
        let hello: &[&[u8]] = &[b"HELLO", b"3", b"AUTH", b"u", b"p", b"SETNAME", b"n"];
        assert_eq!(shown(hello), "\"HELLO\" \"3\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"n\"\r\n");
    }
}
