//! A backend whose thread dies in the middle of traffic, again and again.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use super::backend::{Backend, Event};
use super::backend_tests::{connect, drain, each, numbered, wait_for};
use super::listen;
use crate::session::server::Via;
use crate::sys::wake;

/// Twenty echo connections and a listener, while the backend moves from thread to thread. Each thread dies with requests
/// in flight, bytes received and not taken, a slow reader, sockets removed but not closed, and wake-ups unseen.
#[test]
fn a_backend_moves_to_another_thread_in_the_middle_of_traffic() {
    each(|make| {
        static LAST_THREAD: AtomicI32 = AtomicI32::new(0);
        let wake_fd = wake::create();
        let (listener, port) = listen::tcp("127.0.0.1", 0, 64).unwrap();
        let bytes = numbered(600_000);
        let mut peers = Vec::new();
        let mut net: Option<Box<dyn Backend + Send>> = None;
        let mut conns = Vec::new();
        let mut echoed = vec![0usize; 20];
        let mut got = vec![Vec::new(); 20];
        let mut written = [0usize; 20];
        let mut accepted = 0;
        let mut dialled = Vec::new();
        let mut removed = Vec::new();
        for turn in 0..400 {
            let finished = got.iter().all(|got| got.len() == bytes.len());
            let dying = if turn == 0 { None } else { net.take() };
            let pending: Vec<usize> = echoed.clone();
            // A new thread for each stretch of turns.
            (net, conns, peers, echoed, accepted) = std::thread::scope(|scope| {
                let bytes = &bytes;
                let (removed, written) = (&mut removed, &mut written);
                let thread = scope.spawn(move || {
                    // SAFETY: no pointers.
                    let own = unsafe { libc::gettid() };
                    let last = LAST_THREAD.swap(own, Ordering::Relaxed);
                    let (mut conns, mut peers, mut echoed, mut accepted) = (conns, peers, pending, accepted);
                    let mut net = match dying {
                        Some(mut net) => {
                            assert_ne!(own, last);
                            net.adopt().unwrap();
                            net
                        }
                        None => {
                            let mut net = make(wake_fd);
                            net.listen(listener, Via::Tcp).unwrap();
                            for slot in 0..20 {
                                let (fd, peer) = connect(&mut *net, slot);
                                conns.push((fd, Vec::new()));
                                peers.push(peer);
                            }
                            net
                        }
                    };
                    // A connection that is removed and perhaps never closed by this thread.
                    let (gone, gone_peer) = connect(&mut *net, 20);
                    removed.push(gone_peer);
                    for step in 0..3 {
                        let mut events = Vec::new();
                        net.wait(1, &mut events);
                        for event in events {
                            match event {
                                Event::Accepted { fd, .. } => {
                                    accepted += 1;
                                    // SAFETY: accepted just now.
                                    unsafe { libc::close(fd) };
                                }
                                // The last step's bytes stay where they are.
                                Event::Readable { slot } if slot < 20 && step < 2 => {
                                    let (fd, input) = &mut conns[slot];
                                    drain(&mut *net, slot, *fd, input);
                                }
                                _ => (),
                            }
                        }
                        for (slot, (fd, input)) in conns.iter_mut().enumerate() {
                            drain(&mut *net, slot, *fd, input);
                            assert!(bytes.starts_with(input), "{}: bytes of slot {slot} are out of order", net.name());
                            echoed[slot] += net.send(slot, *fd, &input[echoed[slot]..]).unwrap();
                        }
                    }
                    net.remove(20, gone);
                    // These arrive while the thread is on its way out: the kernel receives them for nobody.
                    for (slot, peer) in peers.iter_mut().enumerate() {
                        let most = (written[slot] + 500).min(bytes.len());
                        if let Ok(count) = peer.write(&bytes[written[slot]..most]) {
                            written[slot] += count;
                        }
                    }
                    (Some(net), conns, peers, echoed, accepted)
                });
                // Peers write and read while the thread runs and dies.
                thread.join().unwrap()
            });
            for (slot, peer) in peers.iter_mut().enumerate() {
                let most = (written[slot] + 3000 + 700 * slot).min(bytes.len());
                if let Ok(count) = peer.write(&bytes[written[slot]..most]) {
                    written[slot] += count;
                }
                let mut part = [0; 20_000];
                // Some peers read seldom, so that sends wait for room.
                if (slot % 4 > 0 || turn % 16 == 0 || turn > 300)
                    && let Ok(count) = peer.read(&mut part)
                {
                    got[slot].extend_from_slice(&part[..count]);
                }
            }
            if turn % 20 == 0 && !finished {
                let address = ([127, 0, 0, 1], port).into();
                dialled.push(std::net::TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap());
            }
            wake::signal(wake_fd);
        }
        let mut net = net.unwrap();
        net.adopt().unwrap();
        wait_for(&mut *net, |net, events| {
            accepted += events.iter().filter(|event| matches!(event, Event::Accepted { .. })).count();
            for (slot, (fd, input)) in conns.iter_mut().enumerate() {
                drain(net, slot, *fd, input);
                echoed[slot] += net.send(slot, *fd, &input[echoed[slot]..]).unwrap();
                if let Ok(count) = peers[slot].write(&bytes[written[slot]..]) {
                    written[slot] += count;
                }
                let mut part = [0; 200_000];
                if let Ok(count) = peers[slot].read(&mut part) {
                    got[slot].extend_from_slice(&part[..count]);
                }
            }
            got.iter().all(|got| got.len() == bytes.len()) && accepted == dialled.len()
        });
        assert!(got.iter().all(|got| *got == bytes), "{}", net.name());
        // Nothing of the removed connections is left open.
        net.wait(0, &mut Vec::new());
        assert_eq!(removed.len(), 400);
        wait_for(&mut *net, |_, _| {
            removed.retain_mut(|peer| !matches!(peer.read(&mut [0; 16]), Ok(0)));
            removed.is_empty()
        });
        // SAFETY: opened above.
        unsafe { libc::close(listener) };
    });
}
