//! Clock, randomness, processors: the only room that asks the operating system for facts.

pub mod ahead;
pub mod alloc;
pub mod clock;
pub mod cpu;
pub mod crash;
pub mod datagram;
pub mod files;
pub mod lua;
pub mod lua_owner;
pub mod lua_stack;
pub mod memory;
pub mod pair;
pub mod random;
pub mod title;
pub mod usage;
pub mod wake;
