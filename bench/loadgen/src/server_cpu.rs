//! CPU time that a process has used, over all its threads, from /proc.

use std::fs;

/// Nanoseconds on a CPU, all live threads of `pid` together. Threads that have ended are not counted, so a difference of
/// two calls is exact only while the set of threads stays the same. `None` when the process is gone.
///
/// schedstat counts in nanoseconds; a kernel without it has stat's clock ticks of 10 ms.
pub fn server_cpu_ns(pid: u32) -> Option<u64> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let path = task.ok()?.path();
        total += schedstat_ns(&path).or_else(|| stat_ns(&path)).unwrap_or(0);
    }
    Some(total)
}

fn schedstat_ns(task: &std::path::Path) -> Option<u64> {
    let ns = fs::read_to_string(task.join("schedstat"))
        .ok()?
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    (ns > 0).then_some(ns)
}

fn stat_ns(task: &std::path::Path) -> Option<u64> {
    const TICK_NS: u64 = 1_000_000_000 / 100;
    let stat = fs::read_to_string(task.join("stat")).ok()?;
    // The name in parentheses may hold anything; fields are counted from the last parenthesis. utime and stime are 14, 15.
    let mut fields = stat[stat.rfind(')')? + 2..].split(' ').skip(11);
    let utime: u64 = fields.next()?.parse().ok()?;
    let stime: u64 = fields.next()?.parse().ok()?;
    Some((utime + stime) * TICK_NS)
}
