//! Texts about scripts and functions.

pub const NO_FUNCTION: &str = "ERR Function not found";
pub const BAD_NUMKEYS: &str = "ERR Bad number of keys provided";
pub const NEGATIVE_NUMKEYS: &str = "ERR Number of keys can't be negative";
pub const TOO_MANY_NUMKEYS: &str = "ERR Number of keys can't be greater than number of args";
pub const RO_WRITE_FLAG: &str = "ERR Can not execute a script with write flag using *_ro command.";
pub const WRITE_FROM_RO: &str = "ERR Write commands are not allowed from read-only scripts.";
pub const NO_SCRIPT: &str = "NOSCRIPT No matching script. Please use EVAL.";
pub const BUSY: &str = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
pub const BUSY_SCRIPT: &str = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
pub const NOT_BUSY: &str = "NOTBUSY No scripts in execution right now.";
/// Of SCRIPT DEBUG.
pub const NO_DEBUGGER: &str = "ERR SCRIPT DEBUG is not offered: there is no debugger in this server; redis.log and FUNCTION STATS show what a script does";
