//! Replies as the fuzz targets compare them: without order where there is none, without times.

/// The elements of an aggregate, `count` values each, sorted.
pub(super) fn in_order(reply: &[u8], count: usize) -> Vec<u8> {
    let mut at = value_start(reply);
    let mut elements = Vec::new();
    while at < reply.len() {
        let from = at;
        for _ in 0..count {
            at += value_bytes(&reply[at..]).expect("whole");
        }
        elements.push(&reply[from..at]);
    }
    elements.sort_unstable();
    elements.concat()
}

/// Where the first value in an aggregate begins.
fn value_start(reply: &[u8]) -> usize {
    reply.iter().position(|byte| *byte == b'\n').map_or(reply.len(), |at| at + 1)
}

/// A stream without how it is cut into blocks, and without when consumers were seen last.
pub(super) fn without_times(reply: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = reply.split(|byte| *byte == b'\n').collect();
    let mut kept = Vec::new();
    let mut skip = false;
    for line in lines {
        let named: &[&[u8]] =
            &[b"seen-time\r", b"active-time\r", b"radix-tree-keys\r", b"radix-tree-nodes\r", b"iids-added\r"];
        if !std::mem::replace(&mut skip, named.contains(&line)) {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        }
    }
    kept
}

/// Bytes of the value that `reply` begins with.
pub(super) fn value_bytes(reply: &[u8]) -> Option<usize> {
    let line = reply.windows(2).position(|pair| pair == b"\r\n")?;
    let rest = line + 2;
    let number = || std::str::from_utf8(&reply[1..line]).ok()?.parse::<i64>().ok();
    let parts = match reply[0] {
        b'+' | b'-' | b':' | b',' | b'_' | b'#' | b'(' => return Some(rest),
        b'$' | b'=' => {
            let bytes = number()?;
            if bytes < 0 {
                return (bytes == -1).then_some(rest);
            }
            let end = rest + bytes as usize;
            return (reply.get(end..end + 2)? == b"\r\n").then_some(end + 2);
        }
        b'*' | b'~' | b'>' => number()?,
        b'%' | b'|' => number()? * 2,
        _ => return None,
    };
    let mut at = rest;
    for _ in 0..parts.max(0) {
        at += value_bytes(&reply[at..])?;
    }
    Some(at)
}

/// The lines of a reply in order: sets and hashes come in any.
pub(super) fn lines(reply: &[u8]) -> Vec<Vec<u8>> {
    let reply = without_signs(reply);
    let mut lines: Vec<Vec<u8>> = reply.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.sort_unstable();
    lines
}

/// Scores of -0 as 0: packed sorted sets hold integers without a sign that zero has, as Redis's do.
pub(super) fn without_signs(reply: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(reply.len());
    let mut rest = reply;
    while let Some(byte) = rest.first() {
        let (from, to): (&[u8], &[u8]) = match rest {
            [b'$', b'2', b'\r', b'\n', b'-', b'0', b'\r', ..] => (&rest[..6], b"$1\r\n0"),
            [b',', b'-', b'0', b'\r', ..] => (&rest[..3], b",0"),
            _ => (&rest[..1], std::slice::from_ref(byte)),
        };
        made.extend_from_slice(to);
        rest = &rest[from.len()..];
    }
    made
}
