//! The text of INFO while it grows.

use std::fmt::{Display, Write};

#[derive(Default)]
pub struct Text {
    out: String,
    /// Bytes in use when it was asked for.
    pub used_memory: u64,
}

impl Text {
    pub fn of(used_memory: u64) -> Text {
        Text { used_memory, ..Text::default() }
    }

    pub fn section(&mut self, name: &str) {
        if !self.out.is_empty() {
            self.out.push_str("\r\n");
        }
        let _ = write!(self.out, "# {name}\r\n");
    }

    pub fn field(&mut self, name: &str, value: impl Display) {
        let _ = write!(self.out, "{name}:{value}\r\n");
    }

    /// Fields that are zero as long as what they count is not there.
    pub fn zeros(&mut self, names: &[&str]) {
        for name in names {
            self.field(name, 0);
        }
    }

    /// Bytes, and the same for people in a field of its own: `used_memory:990496`, `used_memory_human:967.28K`.
    pub fn bytes(&mut self, name: &str, bytes: u64) {
        self.field(name, bytes);
        self.field(&format!("{name}_human"), human(bytes));
    }

    pub fn finish(self) -> String {
        self.out
    }
}

/// `200B`, `967.28K`, `23.54G`
pub fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut value = bytes as f64 / 1024.0;
    for unit in ["K", "M", "G", "T"] {
        if value < 1024.0 {
            return format!("{value:.2}{unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.2}P")
}

/// Part of a whole, `50.00%`.
pub fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit_that_leaves_a_whole_number() {
        for (bytes, text) in
            [(0, "0B"), (1023, "1023B"), (1024, "1.00K"), (990_496, "967.28K"), (25_276_502_016, "23.54G")]
        {
            assert_eq!(human(bytes), text);
        }
        assert_eq!(human(u64::MAX), "16384.00P");
        assert_eq!((percent(1, 3), percent(1, 0)), ("33.33%".into(), "0.00%".into()));
    }
}
