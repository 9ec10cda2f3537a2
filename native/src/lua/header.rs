//! The first line of a script: `#!lua flags=no-writes,allow-oom`.

use crate::session::manifest::flag;

/// What a script says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Bits of `manifest::flag`.
    pub flags: u32,
    /// It has a header, so its flags count; one without may do everything, as scripts did before there were flags.
    pub declared: bool,
    /// Bytes before the code.
    pub len: usize,
}

const FLAGS: &[(&str, u32)] = &[
    ("no-writes", flag::NO_WRITES),
    ("allow-oom", flag::ALLOW_OOM),
    ("allow-stale", flag::ALLOW_STALE),
    ("no-cluster", flag::NO_CLUSTER),
    ("allow-cross-slot-keys", flag::ALLOW_CROSS_SLOT_KEYS),
    ("background", flag::BACKGROUND),
];

/// The flag of a name, in any case.
pub fn flag_named(name: &[u8]) -> Option<(&'static str, u32)> {
    FLAGS.iter().copied().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
}

/// Reads the header of a script. Err: the text of the error, without its code.
pub fn read(source: &[u8]) -> Result<Header, String> {
    if !source.starts_with(b"#!") {
        return Ok(Header { flags: 0, declared: false, len: 0 });
    }
    let Some(len) = source.iter().position(|byte| *byte == b'\n') else {
        return Err("Invalid script shebang".into());
    };
    let line = String::from_utf8_lossy(&source[..len]);
    let mut words = line.split_ascii_whitespace();
    match words.next() {
        None => return Err("Invalid engine in script shebang".into()),
        Some("#!lua") => (),
        Some(other) => return Err(format!("Unexpected engine in script shebang: {other}")),
    }
    let mut flags = 0;
    for word in words {
        let Some(names) = word.strip_prefix("flags=") else {
            return Err(format!("Unknown lua shebang option: {word}"));
        };
        for name in names.split(',').filter(|_| !names.is_empty()) {
            match FLAGS.iter().find(|(known, _)| *known == name) {
                Some((_, bit)) => flags |= bit,
                None => return Err(format!("Unexpected flag in script shebang: {name}")),
            }
        }
    }
    Ok(Header { flags, declared: true, len })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_gives_flags_and_says_what_is_wrong_with_it() {
        let flags = |text: &str| read(text.as_bytes()).map(|header| (header.flags, header.declared, header.len));
        assert_eq!(flags("return 1"), Ok((0, false, 0)));
        assert_eq!(flags("#!lua\nreturn 1"), Ok((0, true, 5)));
        assert_eq!(flags("#!lua flags=no-writes,allow-oom\n"), Ok((flag::NO_WRITES | flag::ALLOW_OOM, true, 31)));
        for (text, error) in [
            ("#!lua", "Invalid script shebang"),
            ("#!py\n", "Unexpected engine in script shebang: #!py"),
            ("#!lua flags=x\n", "Unexpected flag in script shebang: x"),
            ("#!lua name=x\n", "Unknown lua shebang option: name=x"),
        ] {
            assert_eq!(flags(text), Err(error.into()));
        }
    }
}
