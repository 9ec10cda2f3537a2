//! Lua: the interpreter, and what scripts find in it.

pub mod lib;
