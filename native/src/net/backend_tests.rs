//! What every backend must do, on each of them: sockets are pairs whose other end the test holds.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::backend::{Backend, Event, Received, Wake};
use super::epoll::Epoll;
use super::listen;
use super::uring::Uring;
use crate::session::server::Via;
use crate::sys::wake;

pub(super) type Make = fn(i32) -> Box<dyn Backend + Send>;

fn epoll(wake_fd: i32) -> Box<dyn Backend + Send> {
    Box::new(Epoll::new(wake_fd).expect("every Linux has epoll"))
}

fn uring(wake_fd: i32) -> Box<dyn Backend + Send> {
    Box::new(Uring::new(wake_fd).expect("checked before"))
}

/// The backends of this machine. Where the kernel gives no io_uring, the tests say so and cover the other one.
pub(super) fn each(test: impl Fn(Make)) {
    test(epoll);
    match Uring::new(wake::create()) {
        Ok(_) => test(uring),
        Err(cause) => eprintln!("io_uring not tested: {cause}"),
    }
}

/// A connection in `slot`; gives the peer's end, non-blocking.
pub(super) fn connect(net: &mut dyn Backend, slot: usize) -> (i32, UnixStream) {
    let (own, peer) = UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    peer.set_nonblocking(true).unwrap();
    let fd = own.into_raw_fd();
    net.add(slot, fd).unwrap();
    (fd, peer)
}

/// Waits until `done` says so about the events so far; fails after ten seconds.
pub(super) fn wait_for(net: &mut dyn Backend, mut done: impl FnMut(&mut dyn Backend, &[Event]) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut events = Vec::new();
        net.wait(20, &mut events);
        if done(net, &events) {
            return;
        }
        assert!(Instant::now() < deadline, "waited ten seconds in vain");
    }
}

/// All that is there for a slot; the end of input as the second.
pub(super) fn drain(net: &mut dyn Backend, slot: usize, fd: i32, into: &mut Vec<u8>) -> bool {
    loop {
        match net.receive(slot, fd, into, 64 * 1024) {
            Received::Bytes { more: true, .. } => (),
            Received::Bytes { .. } | Received::Empty => return false,
            Received::Ended | Received::Failed => return true,
        }
    }
}

/// Bytes whose order can be checked.
pub(super) fn numbered(count: usize) -> Vec<u8> {
    (0..count).map(|at| ((at / 251) ^ at) as u8).collect()
}

#[test]
fn bytes_arrive_in_order_and_the_end_comes_after_them() {
    each(|make| {
        let mut net = make(wake::create());
        let (fd, mut peer) = connect(&mut *net, 3);
        let bytes = numbered(100_000);
        peer.write_all(&bytes).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let (mut got, mut ended) = (Vec::new(), false);
        wait_for(&mut *net, |net, events| {
            for event in events {
                if *event == (Event::Readable { slot: 3 }) {
                    ended |= drain(net, 3, fd, &mut got);
                }
            }
            ended
        });
        assert!(got == bytes, "{}: {} of {} bytes", net.name(), got.len(), bytes.len());
        // A half-closed peer still gets its replies.
        assert_eq!(net.send(3, fd, b"reply").unwrap(), 5);
        let mut reply = [0; 16];
        assert_eq!(peer.read(&mut reply).unwrap(), 5);
        net.remove(3, fd);
        net.wait(0, &mut Vec::new());
        wait_for(&mut *net, |_, _| matches!(peer.read(&mut reply), Ok(0)));
    });
}

#[test]
fn a_slow_reader_gets_everything_through_writable_events() {
    each(|make| {
        let mut net = make(wake::create());
        let (fd, mut peer) = connect(&mut *net, 0);
        let bytes = numbered(3_000_000);
        let mut sent = net.send(0, fd, &bytes).unwrap();
        assert!(sent < bytes.len(), "the socket takes less than everything");
        assert_eq!(net.send(0, fd, &bytes[sent..]).unwrap(), 0);
        let mut got = Vec::new();
        wait_for(&mut *net, |net, events| {
            for event in events {
                if *event == (Event::Writable { slot: 0 }) && sent < bytes.len() {
                    sent += net.send(0, fd, &bytes[sent..]).unwrap();
                }
            }
            let mut part = [0; 50_000];
            while let Ok(count) = peer.read(&mut part) {
                got.extend_from_slice(&part[..count]);
            }
            got.len() == bytes.len()
        });
        assert!(got == bytes);
        net.remove(0, fd);
    });
}

#[test]
fn a_slot_that_is_used_again_sees_nothing_of_its_predecessor() {
    each(|make| {
        let mut net = make(wake::create());
        for round in 0..50u8 {
            let (old_fd, mut old) = connect(&mut *net, 7);
            if round % 3 > 0 {
                net.wait(0, &mut Vec::new());
            }
            old.write_all(&[0xff; 40_000]).unwrap();
            if round % 3 == 2 {
                net.wait(0, &mut Vec::new());
            }
            net.send(7, old_fd, &vec![1; 2_000_000]).unwrap();
            net.remove(7, old_fd);
            let (fd, mut peer) = connect(&mut *net, 7);
            peer.write_all(&[round]).unwrap();
            let mut got = Vec::new();
            wait_for(&mut *net, |net, events| {
                if events.contains(&Event::Readable { slot: 7 }) {
                    drain(net, 7, fd, &mut got);
                }
                !got.is_empty()
            });
            assert_eq!(got, [round], "{}", net.name());
            // The old socket is closed, though its receive was in flight.
            let mut rest = vec![0; 4_000_000];
            wait_for(&mut *net, |_, _| match old.read(&mut rest) {
                Ok(count) => count == 0,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            });
            net.remove(7, fd);
        }
    });
}

#[test]
fn what_nobody_receives_stops_the_sender_and_is_not_lost() {
    each(|make| {
        let mut net = make(wake::create());
        let (fd, mut peer) = connect(&mut *net, 0);
        let bytes = numbered(20_000_000);
        let mut written = 0;
        let mut idle_turns = 0;
        while idle_turns < 20 && written < bytes.len() {
            net.wait(1, &mut Vec::new());
            match peer.write(&bytes[written..]) {
                Ok(count) => (written, idle_turns) = (written + count, 0),
                Err(_) => idle_turns += 1,
            }
        }
        assert!(written < 4_000_000, "{}: {written} bytes were taken in", net.name());
        let mut got = Vec::new();
        drain(&mut *net, 0, fd, &mut got);
        wait_for(&mut *net, |net, events| {
            if written < bytes.len()
                && let Ok(count) = peer.write(&bytes[written..])
            {
                written += count;
            }
            if !events.is_empty() {
                drain(net, 0, fd, &mut got);
            }
            got.len() == bytes.len()
        });
        assert!(got == bytes);
        net.remove(0, fd);
    });
}

#[test]
fn more_senders_than_receive_buffers_are_all_served() {
    each(|make| {
        let mut net = make(wake::create());
        let bytes = numbered(150_000);
        let mut conns: Vec<_> = (0..300).map(|slot| connect(&mut *net, slot)).collect();
        let mut got = vec![Vec::new(); conns.len()];
        let mut written = vec![0; conns.len()];
        wait_for(&mut *net, |net, events| {
            for event in events {
                if let Event::Readable { slot } = *event {
                    drain(net, slot, conns[slot].0, &mut got[slot]);
                }
            }
            for (slot, (_, peer)) in conns.iter_mut().enumerate() {
                if let Ok(count) = peer.write(&bytes[written[slot]..]) {
                    written[slot] += count;
                }
            }
            got.iter().all(|got| got.len() == bytes.len())
        });
        assert!(got.iter().all(|got| *got == bytes));
        for (slot, (fd, _)) in conns.iter().enumerate() {
            net.remove(slot, *fd);
        }
    });
}

#[test]
fn a_wake_up_ends_a_wait_each_time() {
    each(|make| {
        let wake_fd = wake::create();
        let mut net = make(wake_fd);
        for _ in 0..3 {
            let waker = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(5));
                wake::signal(wake_fd);
            });
            wait_for(&mut *net, |_, events| events.contains(&Event::Woken));
            waker.join().unwrap();
            let mut events = Vec::new();
            net.wait(0, &mut events);
            let started = Instant::now();
            events.clear();
            net.wait(30, &mut events);
            assert!(events.is_empty() && started.elapsed() >= Duration::from_millis(29), "{}: {events:?}", net.name());
        }
    });
}

#[test]
fn a_signal_ends_a_wait_as_an_interruption_also_when_it_submits() {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: a handler that does nothing, for a signal nothing else here uses; without SA_RESTART.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        libc::sigaction(libc::SIGUSR2, &action, std::ptr::null_mut());
    }
    each(|make| {
        let mut net = make(wake::create());
        for fresh in [false, true] {
            let conn = fresh.then(|| connect(&mut *net, 0));
            // SAFETY: no pointers.
            let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
            let signaller = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(30));
                // SAFETY: the thread waits for this one to end.
                unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR2) };
            });
            let mut woken = Wake::Events;
            while woken == Wake::Events {
                let started = Instant::now();
                woken = net.wait(5000, &mut Vec::new());
                assert!(started.elapsed() < Duration::from_secs(4), "{}: the signal was missed", net.name());
            }
            signaller.join().unwrap();
            if let Some((fd, _)) = conn {
                net.remove(0, fd);
            }
        }
    });
}

#[test]
fn listening_sockets_accept_until_told_to_stop() {
    each(|make| {
        let mut net = make(wake::create());
        let (listener, port) = listen::tcp("127.0.0.1", 0, 64).unwrap();
        net.listen(listener, Via::Tcp).unwrap();
        net.wait(0, &mut Vec::new());
        let dial = || std::net::TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(5));
        let dialled: Vec<_> = (0..40).map(|_| dial().unwrap()).collect();
        let mut accepted = 0;
        wait_for(&mut *net, |_, events| {
            for event in events {
                if let Event::Accepted { fd, via: Via::Tcp } = *event {
                    accepted += 1;
                    // SAFETY: accepted just now.
                    unsafe { libc::close(fd) };
                }
            }
            accepted == dialled.len()
        });
        net.stop_listening();
        net.wait(0, &mut Vec::new());
        let late = dial().unwrap();
        let mut events = Vec::new();
        net.wait(30, &mut events);
        net.wait(30, &mut events);
        assert!(!events.iter().any(|event| matches!(event, Event::Accepted { .. })), "{}", net.name());
        drop(late);
        // SAFETY: opened above.
        unsafe { libc::close(listener) };
    });
}

#[test]
fn listening_sockets_are_forgotten_and_others_take_their_place() {
    each(|make| {
        let mut net = make(wake::create());
        for _ in 0..3 {
            let (listener, port) = listen::tcp("127.0.0.1", 0, 64).unwrap();
            net.listen(listener, Via::Tcp).unwrap();
            net.wait(0, &mut Vec::new());
            let dial = || std::net::TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(5));
            let dialled = dial().unwrap();
            wait_for(&mut *net, |_, events| {
                events.iter().any(|event| match *event {
                    // SAFETY: accepted just now.
                    Event::Accepted { fd, .. } => unsafe { libc::close(fd) == 0 },
                    _ => false,
                })
            });
            listen::shut_down(listener);
            assert!(dial().is_err(), "nobody listens from the moment on when it is shut down");
            let (again, _) = listen::tcp("127.0.0.1", port, 64).expect("the port is free");
            net.unlisten(listener);
            // SAFETY: opened above; the backend has forgotten the first.
            unsafe {
                libc::close(again);
                libc::close(listener);
            }
            net.wait(0, &mut Vec::new());
            drop(dialled);
        }
    });
}

#[test]
fn connections_are_accepted_though_another_thread_that_listens_is_busy() {
    each(|make| {
        let (mut busy, mut free) = (make(wake::create()), make(wake::create()));
        let (listener, port) = listen::tcp("127.0.0.1", 0, 64).unwrap();
        for net in [&mut busy, &mut free] {
            net.listen(listener, Via::Tcp).unwrap();
            net.wait(0, &mut Vec::new());
        }
        for _ in 0..5 {
            let address = ([127, 0, 0, 1], port).into();
            let dialled = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
            wait_for(&mut *free, |_, events| {
                events.iter().any(|event| match *event {
                    // SAFETY: accepted just now.
                    Event::Accepted { fd, .. } => unsafe { libc::close(fd) == 0 },
                    _ => false,
                })
            });
            drop(dialled);
        }
        // SAFETY: opened above.
        unsafe { libc::close(listener) };
    });
}
