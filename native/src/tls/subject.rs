//! What a certificate says: the subject's common name, addresses that stand for the subject, its number and its end.
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
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// UTF8String, PrintableString, T61String, IA5String: one byte a character, or UTF-8.
const TEXTS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];

/// From the first of March of the year 0, as the calendar of today counts back to it.
const DAYS_TO_1970: i64 = 719_468;

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

/// What is looked at in the body of a certificate.
struct Body<'d, Rest: Iterator<Item = (u8, &'d [u8])>> {
    serial: &'d [u8],
    validity: &'d [u8],
    /// From the subject on.
    rest: Rest,
}

fn body(certificate: &[u8]) -> Option<Body<'_, impl Iterator<Item = (u8, &[u8])>>> {
    let (_, whole, _) = value(certificate)?;
    let (_, body, _) = value(whole)?;
    let mut rest = values(body);
    // The version may be left out.
    let first = rest.next()?;
    let (_, serial) = if first.0 == VERSION { rest.next()? } else { first };
    let (_signature, _issuer) = (rest.next()?, rest.next()?);
    let (_, validity) = rest.next()?;
    Some(Body { serial, validity, rest })
}

/// How INFO names a certificate, and when it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// The serial number in hexadecimal digits, two for each byte, as OpenSSL prints it.
    pub serial: String,
    /// Seconds since the epoch.
    pub until_s: i64,
}

/// None: not a certificate, or one whose end is no time.
pub fn term(certificate: &[u8]) -> Option<Term> {
    let Body { serial, validity, .. } = body(certificate)?;
    let (_, _, rest) = value(validity)?;
    let (kind, text, _) = value(rest)?;
    let digits = serial.iter().skip_while(|byte| **byte == 0).map(|byte| format!("{byte:02X}")).collect::<String>();
    let serial = if digits.is_empty() { "0".to_string() } else { digits };
    Some(Term { serial, until_s: time(kind, text)? })
}

/// `YYMMDDhhmmssZ` (1950 to 2049) or `YYYYMMDDhhmmssZ`, the forms of RFC 5280, 4.1.2.5.
fn time(kind: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z").filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    let (year, rest) = match (kind, digits.len()) {
        (UTC_TIME, 12) => (number(&digits[..2]), &digits[2..]),
        (GENERALIZED_TIME, 14) => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let year = if kind == GENERALIZED_TIME { year } else { year + if year < 50 { 2000 } else { 1900 } };
    let part = |at: usize| number(&rest[at * 2..at * 2 + 2]);
    let (month, day) = (part(0), part(1));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is their last: 153 days are the five months from it on, and from August on.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970;
    Some(((days * 24 + part(2)) * 60 + part(3)) * 60 + part(4))
}

/// The last common name of the subject, as OpenSSL picks it among several.
pub fn common_name(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, subject) = body(certificate)?.rest.next()?;
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
    let Some(Body { mut rest, .. }) = body(certificate) else { return Vec::new() };
    let Some((_, wrapped)) = rest.find(|(tag, _)| *tag == EXTENSIONS) else { return Vec::new() };
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
            der(2, &[0, 0x9a, 0x0b]),
            der(SEQUENCE, b""),
            der(SEQUENCE, &attribute(COMMON_NAME, 0x0c, b"issuer")),
            der(SEQUENCE, &[der(UTC_TIME, b"000101000000Z"), der(GENERALIZED_TIME, b"20510301000001Z")].concat()),
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
            assert_eq!(term(&made), Some(Term { serial: "9A0B".into(), until_s: 2_561_241_601 }));
            assert_eq!(uris(&made), [b"spiffe://a".to_vec(), b"spiffe://b".to_vec()]);
        }
        assert_eq!(common_name(&certificate(true, b"", b"")), None);
    }

    #[test]
    fn any_bytes_are_no_danger() {
        let subject = attribute(COMMON_NAME, 0x0c, b"alice");
        let made = certificate(true, &subject, &der(URI, b"u"));
        for cut in 0..made.len() {
            let _ = (common_name(&made[..cut]), uris(&made[..cut]), term(&made[..cut]));
        }
        let mut seed = 1u64;
        for _ in 0..100_000 {
            let mut damaged = made.clone();
            for _ in 0..3 {
                seed = step(seed);
                let at = (seed >> 33) as usize % damaged.len();
                damaged[at] = (seed >> 20) as u8;
            }
            let _ = (common_name(&damaged), uris(&damaged), term(&damaged));
        }
    }

    #[test]
    fn times_are_seconds_since_1970() {
        for (kind, text, wanted) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "691231235959Z", Some(-1)),
            (UTC_TIME, "000229120000Z", Some(951_825_600)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "20501301000000Z", None),
            (UTC_TIME, "20500101000000Z", None),
            (UTC_TIME, "7001010000+0Z", None),
            (UTC_TIME, "", None),
        ] {
            assert_eq!(time(kind, text.as_bytes()), wanted, "{text}");
        }
    }
}
