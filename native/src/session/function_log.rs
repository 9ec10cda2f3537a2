//! The last lines that each library logged (`Zedis.log`, `redis.log`), for FUNCTION LOG: a ring per library.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use super::manifest::Manifest;

/// Lines kept of a library, and their bytes; the oldest go first.
pub const LINES_MAX: usize = 256;
pub const BYTES_MAX: usize = 128 << 10;
/// Bytes of one text; what is longer is cut, and says by how much.
pub const TEXT_BYTES_MAX: usize = 16 << 10;

/// Names of levels 0 to 3.
pub const LEVELS: [&str; 4] = ["debug", "verbose", "notice", "warning"];

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Ms since the epoch.
    pub at_ms: i64,
    /// 0 debug to 3 warning.
    pub level: u8,
    pub core: usize,
    pub function: String,
    pub text: String,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
}

fn bytes_of(line: &Line) -> usize {
    size_of::<Line>() + line.function.len() + line.text.len()
}

#[derive(Default)]
pub struct FunctionLogs {
    by_library: Mutex<HashMap<String, Ring>>,
}

impl FunctionLogs {
    pub fn push(&self, library: &str, mut line: Line) {
        if line.text.len() > TEXT_BYTES_MAX {
            let end = (0..=TEXT_BYTES_MAX).rev().find(|at| line.text.is_char_boundary(*at)).unwrap_or(0);
            let more = line.text.len() - end;
            line.text.truncate(end);
            line.text.push_str(&format!("... ({more} more bytes)"));
        }
        let mut all = self.lock();
        if !all.contains_key(library) {
            all.insert(library.to_string(), Ring::default());
        }
        let ring = all.get_mut(library).expect("put in just now");
        ring.bytes += bytes_of(&line);
        ring.lines.push_back(line);
        while ring.lines.len() > LINES_MAX || ring.bytes > BYTES_MAX {
            let Some(oldest) = ring.lines.pop_front() else { break };
            ring.bytes -= bytes_of(&oldest);
        }
    }

    /// Up to `count` of the last lines, the oldest of them first.
    pub fn latest(&self, library: &str, count: usize) -> Vec<Line> {
        let all = self.lock();
        let Some(ring) = all.get(library) else { return Vec::new() };
        ring.lines.iter().skip(ring.lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Forgets libraries that are not in the manifest any more.
    pub fn keep(&self, manifest: &Manifest) {
        self.lock().retain(|library, _| manifest.has_library(library));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Ring>> {
        self.by_library.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { at_ms: 1, level: 2, core: 0, function: "f".into(), text: text.into() }
    }

    #[test]
    fn the_last_lines_stay_within_their_limits() {
        let logs = FunctionLogs::default();
        (0..LINES_MAX + 5).for_each(|number| logs.push("l", line(&number.to_string())));
        let texts = |count| logs.latest("l", count).into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts(2), [(LINES_MAX + 3).to_string(), (LINES_MAX + 4).to_string()]);
        assert_eq!((texts(usize::MAX).len(), texts(usize::MAX)[0].as_str()), (LINES_MAX, "5"));
        logs.push("l", line(&"é".repeat(TEXT_BYTES_MAX)));
        assert!(texts(1)[0].ends_with(&format!("é... ({TEXT_BYTES_MAX} more bytes)")));
        (0..20).for_each(|_| logs.push("l", line(&"x".repeat(TEXT_BYTES_MAX))));
        assert!((5..9).contains(&texts(usize::MAX).len()));
        logs.keep(&Manifest::default());
        assert!(texts(1).is_empty());
    }
}
