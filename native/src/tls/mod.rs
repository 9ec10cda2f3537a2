//! TLS as a state machine over bytes: what the socket brings goes in, requests come out; replies go in, what the socket is to
//! take comes out. rustls does the protocol, ring the arithmetic.
//!
//! ```text
//!   socket ─▶ incoming ─▶ Session::open ─▶ the connection's input          handshake replies, alerts ─┐
//!   socket ◀─ outgoing ◀─ Session::seal ◀─ the connection's output                                    │
//!                 ▲───────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Knows no sockets and no files: `net/secure.rs` moves the bytes, the main thread reads certificates. Start at [`session`].

pub mod config;
mod resumption;
pub mod session;
#[cfg(test)]
pub mod session_tests;
pub mod subject;
