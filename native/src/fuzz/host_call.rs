//! Arguments of host calls, as a procedure's VM packs them: whatever the lengths say, arguments lie inside what was sent.

use super::run;
use crate::ffi::host::unpack;
use crate::resp::args::OwnedArgs;

#[test]
fn packed_arguments_lie_inside_what_was_sent() {
    run("host calls", 50_000, |draw| {
        let arguments: Vec<Vec<u8>> = (0..draw.below(6)).map(|_| draw.bytes(b"abc\0\xff", 20)).collect();
        let mut packed: Vec<u8> = arguments.iter().flat_map(|a| (a.len() as u32).to_le_bytes()).collect();
        packed.extend(arguments.concat());
        let mut request = OwnedArgs::of(&[b"one", b"before"]);
        assert!(unpack(&mut request, "get", &packed, arguments.len()), "as the VM packs it");
        let expected = [&b"get"[..]].into_iter().chain(arguments.iter().map(Vec::as_slice));
        assert!(request.borrow().iter().eq(expected));
        draw.damage(&mut packed, b"\0\x01\xff\x80");
        let argc = draw.pick(&[arguments.len(), arguments.len() + 1, 0, packed.len() / 4, usize::MAX, usize::MAX / 4]);
        if unpack(&mut request, "get", &packed, argc) {
            assert_eq!(request.borrow().len(), argc + 1);
            let sent: usize = request.borrow().from(1).iter().map(<[u8]>::len).sum();
            assert!(sent + argc * 4 <= packed.len());
        }
    });
}
