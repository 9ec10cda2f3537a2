//! Sockets and the loop of a core: bytes in, replies out. What the bytes mean is dispatch's business.

#[cfg(test)]
mod adopt_tests;
pub mod backend;
#[cfg(test)]
mod backend_tests;
mod background;
mod blocked;
pub mod core;
pub mod cron;
mod defragment;
mod deliver;
pub mod epoll;
mod evict;
mod gathering;
pub mod listen;
mod mail;
mod output;
mod parked;
mod reception;
mod scripts;
mod secure;
mod settle;
pub mod socket;
pub mod uring;
