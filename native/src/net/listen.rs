//! Listening sockets and the facts of accepted ones.

use std::ffi::CString;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{FromRawFd, IntoRawFd};
use std::os::unix::net::UnixListener;

/// A listening TCP socket on `host` (an address or name; `*` is every IPv4, `::*` every IPv6 address). Gives the
/// descriptor and the port, which the kernel chooses for port 0.
pub fn tcp(host: &str, port: u16, backlog: i32) -> io::Result<(i32, u16)> {
    let host = match host {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    let address =
        (host, port).to_socket_addrs()?.next().ok_or_else(|| io::Error::other(format!("no address for '{host}'")))?;
    let family = if address.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    // SAFETY: no pointers; the result is checked.
    let fd = unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was made just now and is owned by nothing else; the listener closes it on every error path.
    let listener = unsafe { TcpListener::from_raw_fd(fd) };
    set(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    if address.is_ipv6() {
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
    }
    bind(fd, &address)?;
    // SAFETY: no pointers; the result is checked.
    if unsafe { libc::listen(fd, backlog) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let port = listener.local_addr()?.port();
    Ok((listener.into_raw_fd(), port))
}

/// Ends a listening socket at once: who knocks is refused and its port is free, though other threads are still to let go of the descriptor.
pub fn shut_down(fd: i32) {
    // SAFETY: no pointers. What is no listening socket any more gives an error, which changes nothing.
    unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
}

/// A listening unix socket at `path`, with permissions `mode` (0: as the umask has it). A stale socket file is replaced.
pub fn unix(path: &str, mode: u32) -> io::Result<i32> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    if mode != 0 {
        let name = CString::new(path)?;
        // SAFETY: `name` is a valid C string.
        if unsafe { libc::chmod(name.as_ptr(), mode) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(listener.into_raw_fd())
}

fn bind(fd: i32, address: &SocketAddr) -> io::Result<()> {
    // SAFETY: sockaddr_storage is plain bytes; all-zero is valid.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let len = match address {
        SocketAddr::V4(v4) => {
            // SAFETY: sockaddr_storage is large and aligned enough for every address family.
            let raw = unsafe { &mut *(&raw mut storage).cast::<libc::sockaddr_in>() };
            raw.sin_family = libc::AF_INET as u16;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            // SAFETY: as above.
            let raw = unsafe { &mut *(&raw mut storage).cast::<libc::sockaddr_in6>() };
            raw.sin6_family = libc::AF_INET6 as u16;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_addr.s6_addr = v6.ip().octets();
            raw.sin6_scope_id = v6.scope_id();
            size_of::<libc::sockaddr_in6>()
        }
    };
    // SAFETY: `storage` holds an address of `len` bytes.
    if unsafe { libc::bind(fd, (&raw const storage).cast(), len as u32) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn set(fd: i32, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: `value` is readable for the size passed.
    let rc = unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), size_of::<i32>() as u32) };
    if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Options of an accepted TCP socket: no delay, keep-alive probes every `keepalive_s` seconds (0: none).
pub fn tune(fd: i32, keepalive_s: u64) {
    let _ = set(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
    if keepalive_s > 0 {
        let every = keepalive_s.min(i32::MAX as u64) as i32;
        let _ = set(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1);
        let _ = set(fd, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, every);
        let _ = set(fd, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, (every / 3).max(1));
        let _ = set(fd, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 3);
    }
}

/// Peer and own address of a socket, as CLIENT LIST shows them, and whether the peer is this machine.
pub fn addresses(fd: i32, unix_path: Option<&str>) -> (String, String, bool) {
    if let Some(path) = unix_path {
        return (format!("{path}:0"), format!("{path}:0"), true);
    }
    // SAFETY: the stream only borrows the descriptor: it is given up with into_raw_fd before it could close it.
    let stream = unsafe { std::net::TcpStream::from_raw_fd(fd) };
    let (peer, own) = (stream.peer_addr(), stream.local_addr());
    let _ = stream.into_raw_fd();
    let loopback = peer.as_ref().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    let text = |address: io::Result<SocketAddr>| address.map(|a| a.to_string()).unwrap_or_else(|_| "?:0".into());
    (text(peer), text(own), loopback)
}
