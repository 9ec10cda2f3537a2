//! Names in a certificate: the subject's common name, and addresses that stand for the subject.
//!
//! A certificate in DER is values within values, each a tag, a length and so many bytes (X.690, 8.1); only those on the way
//! are looked at. The certificate has been verified, but nothing here relies on that.
//!
//! ```text
//!   Certificate ─ TBSCertificate ─┬ [0] version?  serial  signature  issuer  validity
//!                                 ├ subject ─ SET ─ SEQUENCE { 2.5.4.3, "alice" }
//!                                 ├ public key  [1]? [2]?
//!                                 └ [3] extensions ─ SEQUENCE { 2.5.29.17, OCTET STRING ─ SEQUENCE { [6] "spiffe://…" } }
//! ```

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const URI: u8 = 0x86;
/// UTF8String, PrintableString, T61String, IA5String: one byte a character, or UTF-8.
const TEXTS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Splits the first value off: its tag, its content, what follows. None: that is not DER.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (first as usize, rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked((first & 0x7f) as usize)?;
            (digits.iter().fold(0, |length, digit| length << 8 | *digit as usize), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The values one behind the other in `der`, until one is none.
fn values(mut der: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, content, rest) = value(der)?;
        der = rest;
        Some((tag, content))
    })
}

/// What stands in the body of a certificate, from the subject on.
fn from_subject(certificate: &[u8]) -> Option<impl Iterator<Item = (u8, &[u8])>> {
    let (_, whole, _) = value(certificate)?;
    let (_, body, _) = value(whole)?;
    let mut parts = values(body);
    // The version may be left out; behind the serial number come the signature, the issuer and the validity.
    let (first, _) = parts.next()?;
    let before = if first == VERSION { 4 } else { 3 };
    for _ in 0..before {
        parts.next()?;
    }
    Some(parts)
}

/// The last common name of the subject, as OpenSSL picks it among several.
pub fn common_name(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, subject) = from_subject(certificate)?.next()?;
    let attributes = values(subject).filter(|(tag, _)| *tag == SET).flat_map(|(_, set)| values(set));
    attributes
        .filter(|(tag, _)| *tag == SEQUENCE)
        .filter_map(|(_, attribute)| {
            let (tag, name, rest) = value(attribute)?;
            let (kind, text, _) = value(rest)?;
            (tag == OID && name == COMMON_NAME && TEXTS.contains(&kind)).then(|| text.to_vec())
        })
        .last()
}

/// The addresses (URI) that the certificate is for.
pub fn uris(certificate: &[u8]) -> Vec<Vec<u8>> {
    let Some(parts) = from_subject(certificate) else { return Vec::new() };
    let Some((_, wrapped)) = parts.into_iter().find(|(tag, _)| *tag == EXTENSIONS) else { return Vec::new() };
    let Some((_, extensions, _)) = value(wrapped) else { return Vec::new() };
    let names = values(extensions).filter_map(|(_, extension)| {
        let mut parts = values(extension);
        (parts.next()? == (OID, SUBJECT_ALT_NAME)).then_some(())?;
        // A boolean may stand between: whether the extension is critical.
        let (_, octets) = parts.find(|(tag, _)| *tag == OCTETS)?;
        Some(value(octets)?.1)
    });
    names.flat_map(values).filter(|(tag, _)| *tag == URI).map(|(_, uri)| uri.to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head =
            if length < 0x80 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [head, content.to_vec()].concat()
    }

    fn attribute(oid: &[u8], kind: u8, text: &[u8]) -> Vec<u8> {
        der(SET, &der(SEQUENCE, &[der(OID, oid), der(kind, text)].concat()))
    }

    fn certificate(with_version: bool, subject: &[u8], alternatives: &[u8]) -> Vec<u8> {
        let version = if with_version { der(VERSION, &[2, 1, 2]) } else { Vec::new() };
        let alternative = der(
            SEQUENCE,
            &[der(OID, SUBJECT_ALT_NAME), der(1, &[0xff]), der(OCTETS, &der(SEQUENCE, alternatives))].concat(),
        );
        let extensions = der(EXTENSIONS, &der(SEQUENCE, &alternative));
        let parts = [
            version,
            der(2, &[1]),
            der(SEQUENCE, b""),
            der(SEQUENCE, &attribute(COMMON_NAME, 0x0c, b"issuer")),
            der(SEQUENCE, b""),
        ];
        let body = [parts.concat(), der(SEQUENCE, subject), der(SEQUENCE, &[0; 200]), extensions].concat();
        der(SEQUENCE, &[der(SEQUENCE, &body), der(SEQUENCE, b"")].concat())
    }

    #[test]
    fn the_subjects_names_are_found() {
        let subject = [attribute(&[0x55, 4, 10], 0x0c, b"org"), attribute(COMMON_NAME, 0x13, b"alice")].concat();
        let alternatives = [der(0x82, b"host"), der(URI, b"spiffe://a"), der(URI, b"spiffe://b")].concat();
        for with_version in [true, false] {
            let made = certificate(with_version, &subject, &alternatives);
            assert_eq!(common_name(&made), Some(b"alice".to_vec()));
            assert_eq!(uris(&made), [b"spiffe://a".to_vec(), b"spiffe://b".to_vec()]);
        }
        assert_eq!(common_name(&certificate(true, b"", b"")), None);
    }

    #[test]
    fn any_bytes_are_no_danger() {
        let subject = attribute(COMMON_NAME, 0x0c, b"alice");
        let made = certificate(true, &subject, &der(URI, b"u"));
        for cut in 0..made.len() {
            let _ = (common_name(&made[..cut]), uris(&made[..cut]));
        }
        let mut seed = 1u64;
        for _ in 0..100_000 {
            let mut damaged = made.clone();
            for _ in 0..3 {
                seed = step(seed);
                let at = (seed >> 33) as usize % damaged.len();
                damaged[at] = (seed >> 20) as u8;
            }
            let _ = (common_name(&damaged), uris(&damaged));
        }
    }
}
