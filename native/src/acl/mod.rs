//! Who may do what: users, the rules that make them, the check of a request, the log of refusals.
//!
//! ```text
//!   rules ("on ~app:* +@read") ─▶ rules.rs ─▶ User: selectors, each with a bit per command, key and channel patterns
//!                                              │
//!   table.rs: name ─▶ Arc<User>, a version ◀───┘          describe.rs: User ─▶ rules        file.rs: ACL files
//!        │ a change makes a new User, never edits one
//!        ▼
//!   Client.user: Arc<User> ─▶ check.rs: may this request run? ─▶ log.rs
//! ```
//!
//! It knows commands only as a [`catalog::Catalog`]: numbers, names, categories. What a request asks for ([`check::Asked`])
//! is found out by `commands::asked`. Start at [`user`], then [`check`].

pub mod catalog;
pub mod check;
mod describe;
mod file;
pub mod log;
mod pattern;
mod rules;
pub mod table;
pub mod user;

pub use rules::Wrong;
