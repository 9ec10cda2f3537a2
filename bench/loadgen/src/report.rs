//! The result as one JSON object, and whether the run counts at all.

use crate::options::{KINDS, Options};
use crate::run::Outcome;
use std::fmt::Write;

/// Why the run's figures are worth nothing, if they are: a fast error is no throughput.
pub fn failure(options: &Options, outcome: &Outcome) -> Option<String> {
    let errors = outcome.totals.errors();
    if errors > 0 {
        let first = outcome.totals.first_error.as_deref().unwrap_or("(no text)");
        return Some(format!("{errors} error replies, the first: {first}"));
    }
    if outcome.latency_ns.is_empty() {
        return Some("no reply came within the measured window".into());
    }
    if outcome.missing > 0 {
        return Some(format!("{} messages did not reach their listeners", outcome.missing));
    }
    if options.expect.is_empty() {
        return None;
    }
    let kinds = &outcome.totals.kinds;
    let stray = (0..256).find(|&kind| kinds[kind] > 0 && !options.expect.contains(&(kind as u8)))?;
    Some(format!(
        "{} replies of the unexpected kind {}",
        kinds[stray],
        kind_name(stray as u8)
    ))
}

pub fn json(options: &Options, outcome: &Outcome, failure: Option<&str>) -> String {
    let seconds = outcome.elapsed_ns as f64 / 1e9;
    // A share per reply needs one: JSON has no infinity.
    let answered = outcome.answered.max(1) as f64;
    let us = |ns: u64| ns as f64 / 1e3;
    let latency = &outcome.latency_ns;
    let mut out = String::from("{");
    if let Some(failure) = failure {
        let _ = write!(out, "\"failed\":{},", quote(failure));
    }
    let _ = write!(
        out,
        "\"requests\":{},\"seconds\":{seconds:.6},\"rps\":{:.1},\"connections\":{},\"pipeline\":{},",
        outcome.answered,
        outcome.answered as f64 / seconds,
        options.connections,
        options.pipeline,
    );
    let _ = write!(
        out,
        "\"latency_us\":{{\"mean\":{:.2},\"p50\":{:.2},\"p90\":{:.2},\"p99\":{:.2},\"p999\":{:.2},\"max\":{:.2}}},",
        latency.mean() / 1e3,
        us(latency.percentile(0.5)),
        us(latency.percentile(0.9)),
        us(latency.percentile(0.99)),
        us(latency.percentile(0.999)),
        us(latency.max()),
    );
    let kinds: Vec<String> = (0..=255u8)
        .filter(|&kind| outcome.totals.kinds[kind as usize] > 0)
        .map(|kind| format!("\"{}\":{}", kind_name(kind), outcome.totals.kinds[kind as usize]))
        .collect();
    let _ = write!(out, "\"replies\":{{{}}},", kinds.join(","));
    if outcome.totals.bulk_len_max > 0 {
        let (min, max) = (outcome.totals.bulk_len_min, outcome.totals.bulk_len_max);
        let _ = write!(out, "\"bulk_len\":[{min},{max}],");
    }
    if options.background.is_some() {
        let times: Vec<String> = outcome
            .background
            .iter()
            .map(|&ns| format!("{:.2}", ns as f64 / 1e6))
            .collect();
        let _ = write!(out, "\"background_ms\":[{}],", times.join(","));
    }
    if let Some(cpu_ns) = outcome.server_cpu_ns {
        let cpu_us = cpu_ns as f64 / 1e3;
        let _ = write!(
            out,
            "\"server_cpu_us\":{:.4},\"server_busy\":{:.3},",
            cpu_us / answered,
            cpu_us / 1e6 / seconds
        );
    }
    let own_us = outcome.own_cpu_ns as f64 / 1e3;
    let _ = write!(
        out,
        "\"client_cpu_us\":{:.4},\"client_busy\":{:.3}}}",
        own_us / answered,
        own_us / 1e6 / seconds
    );
    out
}

fn kind_name(kind: u8) -> String {
    let known = KINDS.iter().find(|(_, byte)| *byte == kind);
    known.map_or_else(|| (kind as char).to_string(), |(name, _)| (*name).to_string())
}

/// `text` as a JSON string.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
