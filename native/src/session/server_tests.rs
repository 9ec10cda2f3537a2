//! Tests of server.rs.

use super::*;

#[test]
fn a_kill_is_about_the_call_that_ran_when_it_was_acknowledged() {
    let server = Server::new(1, 0, 1, 1, Catalog::new(Vec::new(), &[]));
    let core = &server.cores[0];
    let runs = |since_ns: u64| core.running_since_ns.store(since_ns, Ordering::Relaxed);
    assert!(!core.take_kill(), "nothing ran, nothing was killed");

    runs(10);
    assert!(!core.take_kill(), "its VM went, but nobody asked for that");
    assert_eq!(core.running_since_ns.load(Ordering::Relaxed), 0, "nothing runs without a VM");

    runs(20);
    core.mark_kill();
    assert!(core.take_kill(), "offered or begun, it is the one");
    runs(20);
    assert!(!core.take_kill(), "one kill ends one call");

    runs(30);
    core.mark_kill();
    runs(40);
    assert!(!core.take_kill(), "it had ended by itself, and the next one is not to blame");

    runs(50);
    core.mark_kill();
    runs(0);
    assert!(!core.take_kill(), "it had ended by itself, and nothing came after it");
}
