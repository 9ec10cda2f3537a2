//! Texts of the hash commands; a part of `error.rs`, which re-exports them.

use super::quotable;

pub const FIELDS_MISSING: &str = "ERR missing FIELDS argument";
pub const FIELDS_REPEATED: &str = "ERR FIELDS keyword specified multiple times";
pub const FIELDS_TOO_SHORT: &str = "ERR FIELDS requires at least numfields and one field argument";
pub const FIELDS_MISPLACED: &str = "ERR Mandatory argument FIELDS is missing or not at the right position";
pub const FIELDS_COUNT: &str = "ERR Number of fields must be a positive integer";
pub const FIELDS_COUNT_BELOW_1: &str = "ERR Parameter `numFields` should be greater than 0";
pub const FIELDS_COUNT_INVALID: &str = "ERR invalid number of fields";
pub const FIELDS_MISMATCH: &str = "ERR The `numfields` parameter must match the number of arguments";
pub const FIELDS_FEW: &str = "ERR wrong number of arguments";
pub const FIELD_CONDITIONS: &str = "ERR Multiple condition flags specified";
pub const FIELD_EXPIRE_NEGATIVE: &str = "ERR invalid expire time, must be >= 0";
pub const FIELD_EXPIRE_MISSING: &str = "ERR missing expire time";
pub const FNX_WITH_FXX: &str = "ERR Only one of FXX or FNX arguments can be specified";
pub const HGETEX_ONE_EXPIRY: &str = "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
pub const HSETEX_ONE_EXPIRY: &str = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
pub const NO_SUCH_FIELDSET: &str = "ERR no such fieldset";
pub const FIELDSETS_FULL: &str = "ERR the fieldsets of a connection take 64 MiB at most; HIMPORT DISCARD makes room";
pub const FIELDSET_DUPLICATE: &str = "ERR duplicate field name in fieldset";
pub const FIELDSET_VALUES: &str = "ERR value count does not match fieldset field count";
pub const HASH_NOT_INTEGER: &str = "ERR hash value is not an integer";
pub const HASH_NOT_FLOAT: &str = "ERR hash value is not a float";

/// An option that the commands of expiring fields do not have.
pub fn unknown_argument(argument: &[u8]) -> Vec<u8> {
    [b"ERR unknown argument: ", quotable(argument, usize::MAX)].concat()
}
