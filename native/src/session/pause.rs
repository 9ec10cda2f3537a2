//! CLIENT PAUSE, and what keeps expired keys: written by one command, seen by every core through the gate.

use std::sync::atomic::{AtomicBool, Ordering};

use super::server::{GATE_PAUSE, GATE_SPARED, Pause, Server};

impl Server {
    /// CLIENT PAUSE and UNPAUSE. A pause that is on is only made longer or stricter, as in Redis.
    pub fn set_pause(&self, pause: Pause, until_ms: i64) {
        let mut now = self.pause.lock().unwrap_or_else(|p| p.into_inner());
        if pause == Pause::No {
            *now = (Pause::No, 0);
            self.gate.fetch_and(!GATE_PAUSE, Ordering::SeqCst);
            self.wake(u64::MAX);
        } else {
            let stricter = if now.0 == Pause::All { Pause::All } else { pause };
            *now = (stricter, until_ms.max(now.1));
            self.gate.fetch_or(GATE_PAUSE, Ordering::SeqCst);
        }
    }

    /// `import-mode` (Valkey): what has expired stays, and connections that import see it. Or, for DEBUG SET-ALLOW-ACCESS-EXPIRED, all do.
    pub fn set_spared(&self, of: &AtomicBool, on: bool) {
        of.store(on, Ordering::Relaxed);
        let settings = &self.settings;
        if settings.import_mode.load(Ordering::Relaxed) || settings.shows_expired.load(Ordering::Relaxed) {
            self.gate.fetch_or(GATE_SPARED, Ordering::SeqCst);
        } else {
            self.gate.fetch_and(!GATE_SPARED, Ordering::SeqCst);
        }
    }

    /// The pause in force at `now_ms`, and for how many ms more.
    pub fn pause_left(&self, now_ms: i64) -> (Pause, i64) {
        let pause = self.pause(now_ms);
        let until_ms = self.pause.lock().unwrap_or_else(|p| p.into_inner()).1;
        (pause, if pause == Pause::No { 0 } else { until_ms - now_ms })
    }

    /// The pause in force at `now_ms`; ends one that is over.
    pub fn pause(&self, now_ms: i64) -> Pause {
        let (pause, until_ms) = *self.pause.lock().unwrap_or_else(|p| p.into_inner());
        if pause != Pause::No && now_ms >= until_ms {
            self.set_pause(Pause::No, 0);
            return Pause::No;
        }
        pause
    }
}
