//! The TLS configuration, for the main thread, which reads the files that it names.

use std::sync::Arc;

use super::bridge::server;
use super::control::{fill, slice_of};
use crate::tls::config::{Config, Directives};

/// Takes the TLS directives (JSON, as `tls::config::Directives`) for connections to come; length 0: no TLS. Gives 0, or the
/// length of the error's text: everything is as before then.
///
/// # Safety
/// 1. The pair is *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_tls(json: *const u8, len: f64, error: *mut u8, error_len: f64) -> f64 {
    // SAFETY: (1)
    let json = unsafe { slice_of(json, len) };
    let made = match json {
        [] => Ok(None),
        _ => serde_json::from_slice::<Directives>(json)
            .map_err(|cause| cause.to_string())
            .and_then(|directives| Config::new(&directives))
            .map(|config| Some(Arc::new(config))),
    };
    match made {
        Ok(config) => {
            *server().tls.write().unwrap_or_else(|p| p.into_inner()) = config;
            0.0
        }
        // SAFETY: (1)
        Err(text) => unsafe { fill(text.as_bytes(), error, error_len) },
    }
}
