//! What LATENCY DOCTOR and LATENCY GRAPH show.

use std::fmt::Write;

use crate::session::events::{Sample, Series};

/// Samples side by side in one row of the graph.
const COLUMNS: usize = 80;
/// Lines a column is high, and steps of one line.
const LINES: usize = 4;
const STEPS: [char; 3] = ['_', 'o', '#'];

/// Columns of samples, the oldest left, each with its age below, top down:
///
/// ```text
///    #
///   _||
///   |||
///   12s
///   mm
/// ```
pub fn graph(event: &str, series: &Series, now_s: i64) -> String {
    let lowest = series.samples.iter().map(|sample| sample.ms).min().unwrap_or(0);
    let highest = series.samples.iter().map(|sample| sample.ms).max().unwrap_or(0);
    let mut text = format!("{event} - high {highest} ms, low {lowest} ms (all time high {} ms)\n", series.worst_ms);
    text.push_str(&"-".repeat(COLUMNS));
    text.push('\n');
    let samples: Vec<Sample> = series.samples.iter().copied().collect();
    for part in samples.chunks(COLUMNS) {
        columns(part, lowest, highest, now_s, &mut text);
    }
    text
}

fn columns(samples: &[Sample], lowest: u64, highest: u64, now_s: i64, text: &mut String) {
    let steps = LINES * STEPS.len();
    let range = (highest - lowest).max(1);
    let height = |sample: &Sample| ((sample.ms - lowest) as usize * steps / range as usize).min(steps - 1);
    for line in 0..LINES {
        let floor = (LINES - 1 - line) * STEPS.len();
        for sample in samples {
            text.push(match height(sample).checked_sub(floor) {
                None => ' ',
                Some(step) => STEPS.get(step).copied().unwrap_or('|'),
            });
        }
        text.push('\n');
    }
    text.push('\n');
    let labels: Vec<Vec<char>> = samples.iter().map(|sample| age(now_s - sample.at_s).chars().collect()).collect();
    for line in 0..labels.iter().map(Vec::len).max().unwrap_or(0) {
        text.extend(labels.iter().map(|label| label.get(line).copied().unwrap_or(' ')));
        text.push('\n');
    }
}

/// `59s`, `3m`, `7h`, `2d`
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m", s / 60),
        s @ 3600..86_400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// What is known of the settings that the advice depends on.
pub struct Circumstances {
    pub threshold_ms: u64,
    pub slowlog_us: i64,
    pub hz: u64,
}

/// The events one by one, then what could help.
pub fn doctor(all: &[(&str, Series)], now: &Circumstances, now_s: i64) -> String {
    if all.is_empty() && now.threshold_ms == 0 {
        return "Latency monitoring is off, so there is nothing to report. \"CONFIG SET latency-monitor-threshold \
                <milliseconds>\" turns it on; LATENCY HISTOGRAM and SLOWLOG GET work without it.\n"
            .into();
    }
    if all.is_empty() {
        return format!(
            "Nothing has taken {} ms or longer since this server started or since LATENCY RESET. All is well.\n",
            now.threshold_ms
        );
    }
    let mut text = String::from("These things took longer than latency-monitor-threshold:\n\n");
    for (number, (event, series)) in all.iter().enumerate() {
        let summary = series.summary(now_s);
        let _ = writeln!(
            text,
            "{}. {event}: {} latency spikes (average {}ms, mean deviation {}ms, period {:.2} sec). Worst all time event {}ms.",
            number + 1,
            series.samples.len(),
            summary.average_ms,
            summary.deviation_ms,
            summary.period_s as f64 / series.samples.len().max(1) as f64,
            series.worst_ms
        );
    }
    text.push_str("\nWhat may help:\n\n");
    for (event, _) in all {
        for advice in advice(event, now) {
            let _ = writeln!(text, "- {advice}");
        }
    }
    text
}

fn advice(event: &str, now: &Circumstances) -> Vec<String> {
    match event {
        "command" if now.slowlog_us < 0 => {
            vec!["The slow log is off. \"CONFIG SET slowlog-log-slower-than 10000\" makes SLOWLOG GET name the commands.".into()]
        }
        "command" if now.slowlog_us as u64 / 1000 > now.threshold_ms => vec![format!(
            "The slow log keeps only what takes {} us or longer. \"CONFIG SET slowlog-log-slower-than {}\" makes it name the \
             commands of these events too.",
            now.slowlog_us,
            now.threshold_ms * 1000
        )],
        "command" => vec!["SLOWLOG GET names the commands. A smaller COUNT, LIMIT or range lets others in between.".into()],
        "fast-command" => vec![
            "Commands that never take long did: the machine was busy with something else, or gave this server no CPU. Look at \
             the load, at steal time, and whether it swaps."
                .into(),
        ],
        "expire-cycle" => vec![format!(
            "Many keys expire at once. Spread their times, or let the cycle run more often for less time each (hz, now {}).",
            now.hz
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(samples: &[(i64, u64)]) -> Series {
        let samples = samples.iter().map(|(at_s, ms)| Sample { at_s: *at_s, ms: *ms }).collect();
        Series { samples, worst_ms: 99 }
    }

    #[test]
    fn a_graph_has_a_column_a_sample_and_its_age_below() {
        let text = graph("command", &series(&[(0, 10), (90, 20), (100, 40)]), 100);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "command - high 40 ms, low 10 ms (all time high 99 ms)");
        assert_eq!(lines[1].len(), COLUMNS);
        assert_eq!(&lines[2..6], ["  #", "  |", " o|", "_||"]);
        assert_eq!(&lines[7..], ["110", "m0s", " s "]);
    }

    #[test]
    fn the_doctor_says_what_is_known_and_what_may_help() {
        let now = |threshold_ms, slowlog_us| Circumstances { threshold_ms, slowlog_us, hz: 10 };
        assert!(doctor(&[], &now(0, 10_000), 9).contains("latency-monitor-threshold"));
        assert!(doctor(&[], &now(5, 10_000), 9).contains("All is well"));
        let all = [("command", series(&[(1, 7)])), ("expire-cycle", series(&[(1, 7)]))];
        let text = doctor(&all, &now(5, 10_000), 9);
        assert!(text.contains("1. command: 1 latency spikes (average 7ms") && text.contains("slower-than 5000"));
        assert!(text.contains("2. expire-cycle") && text.contains("hz, now 10"));
        assert!(doctor(&all, &now(5, -1), 9).contains("slow log is off"));
    }
}
