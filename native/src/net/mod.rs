//! Sockets and the loop of a core: bytes in, replies out. What the bytes mean is dispatch's business.

pub mod backend;
pub mod core;
pub mod cron;
pub mod epoll;
mod gathering;
pub mod listen;
