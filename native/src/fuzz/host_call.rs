//! Arguments of host calls, as a procedure's VM packs them: whatever the lengths say, arguments lie inside what was sent.

use super::run;
use crate::ffi::host::unpack;
use crate::resp::args::Args;

#[test]
fn packed_arguments_lie_inside_what_was_sent() {
    run("host calls", 50_000, |draw| {
        let arguments: Vec<Vec<u8>> = (0..draw.below(6)).map(|_| draw.bytes(b"abc\0\xff", 20)).collect();
        let mut packed: Vec<u8> = arguments.iter().flat_map(|a| (a.len() as u32).to_le_bytes()).collect();
        packed.extend(arguments.concat());
        let (bytes, spans) = unpack("get", &packed, arguments.len()).expect("as the VM packs it");
        assert!(
            Args::new(&bytes, &spans).iter().eq([&b"get"[..]].into_iter().chain(arguments.iter().map(Vec::as_slice)))
        );
        draw.damage(&mut packed, b"\0\x01\xff\x80");
        let argc = draw.pick(&[arguments.len(), arguments.len() + 1, 0, packed.len() / 4, usize::MAX, usize::MAX / 4]);
        if let Some((bytes, spans)) = unpack("get", &packed, argc) {
            assert_eq!(spans.len(), argc + 1);
            let sent: usize = Args::new(&bytes, &spans).from(1).iter().map(<[u8]>::len).sum();
            assert!(sent + argc * 4 <= packed.len());
        }
    });
}
