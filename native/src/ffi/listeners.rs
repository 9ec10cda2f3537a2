//! The listening sockets: opened at the start and by CONFIG SET, shared by the cores that serve.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard};

use super::bridge::server;
use super::control::{fill, text_of};
use crate::net::listen;
use crate::session::server::{Listener, Mail, Via};

static LISTENERS: Mutex<Vec<Arc<Listener>>> = Mutex::new(Vec::new());

/// Those that are open now. A core that opens while it holds them misses none: what changes after is mailed to it.
pub(super) fn listeners() -> MutexGuard<'static, Vec<Arc<Listener>>> {
    LISTENERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn open(fd: i32, via: Via) {
    // SAFETY: made just now, and owned by nothing else.
    let listener = Arc::new(Listener { fd: unsafe { OwnedFd::from_raw_fd(fd) }, via });
    listeners().push(listener.clone());
    tell(|| Mail::Listen(listener.clone()));
}

fn tell(mail: impl Fn() -> Mail) {
    for core in 0..server().serving {
        server().send(core, mail());
    }
}

/// Listens on TCP, for TLS if `tls` is not 0. Gives the port, or minus the length of the error's text.
///
/// # Safety
/// 1. All pairs are *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_listen_tcp(
    host: *const u8,
    host_len: f64,
    port: f64,
    tls: f64,
    backlog: f64,
    error: *mut u8,
    error_len: f64,
) -> f64 {
    // SAFETY: (1)
    let host = unsafe { text_of(host, host_len) };
    match listen::tcp(&host, port as u16, backlog as i32) {
        Ok((fd, port)) => {
            open(fd, if tls != 0.0 { Via::Tls } else { Via::Tcp });
            port as f64
        }
        // SAFETY: (1)
        Err(cause) => unsafe { -fill(cause.to_string().as_bytes(), error, error_len) },
    }
}

/// Ends every listening socket of TCP, or of TLS if `tls` is not 0, at once. Connections stay. Gives how many there were.
#[unsafe(no_mangle)]
pub extern "C" fn zedis_unlisten_tcp(tls: f64) -> f64 {
    let via = if tls != 0.0 { Via::Tls } else { Via::Tcp };
    let ended: Vec<_> = listeners().extract_if(.., |listener| listener.via == via).collect();
    for listener in &ended {
        listen::shut_down(listener.fd.as_raw_fd());
        tell(|| Mail::Unlisten(listener.clone()));
    }
    ended.len() as f64
}

/// Listens on a unix socket. Gives 0, or minus the length of the error's text.
///
/// # Safety
/// 1. All pairs are *bytes*; `error` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zedis_listen_unix(
    path: *const u8,
    path_len: f64,
    mode: f64,
    error: *mut u8,
    error_len: f64,
) -> f64 {
    // SAFETY: (1)
    let path = unsafe { text_of(path, path_len) };
    match listen::unix(&path, mode as u32) {
        Ok(fd) => {
            open(fd, Via::Unix);
            0.0
        }
        // SAFETY: (1)
        Err(cause) => unsafe { -fill(cause.to_string().as_bytes(), error, error_len) },
    }
}
