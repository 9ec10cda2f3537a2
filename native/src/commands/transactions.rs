//! (rows follow)

use super::row::Row;

pub const ROWS: &[Row] = &[];
