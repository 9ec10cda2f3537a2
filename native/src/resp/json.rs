//! Replies as JSON text, for the HTTP API: what is plain, in one pass. `src/admin/json.ts` says what a reply is as JSON, and does what is left to
//! it here: errors, bytes that are no UTF-8, maps some of whose keys are no text, a reply that is not whole.
//!
//! ```text
//!   Form::Reply   %1 $4 name $3 ann                  {"name":"ann"}
//!   Form::Info    $.. # Server⏎ redis_version:7.2⏎   {"server":{"redis_version":"7.2"}}
//!   Form::Lines   $.. id=3 name=⏎ id=4 name=x⏎       [{"id":"3","name":""},{"id":"4","name":"x"}]
//! ```

/// What the reply is taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Reply,
    /// A text like INFO's: by sections.
    Info,
    /// A text of lines of `name=value` with spaces between, like CLIENT LIST's.
    Lines,
}

/// What is nested deeper is left to TypeScript.
const DEPTH_MAX: usize = 32;
/// The integers that JSON's readers hold exactly.
const SAFE_MAX: i64 = (1 << 53) - 1;

/// Appends the JSON of one whole RESP3 reply that is all of `bytes`. None: this is left to TypeScript, and `out` is worth nothing.
pub fn write(bytes: &[u8], form: Form, out: &mut Vec<u8>) -> Option<()> {
    let mut reader = Reader { bytes, at: 0, out };
    match form {
        Form::Reply => reader.reply(0)?,
        Form::Info => info(reader.whole_text()?, reader.out),
        Form::Lines => lines(reader.whole_text()?, reader.out),
    }
    (reader.at == bytes.len()).then_some(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    out: &'a mut Vec<u8>,
}

impl<'a> Reader<'a> {
    /// The line that begins here, without its end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = memchr::memchr(b'\r', rest)?;
        if rest.get(end + 1) != Some(&b'\n') {
            return None;
        }
        self.at += end + 2;
        Some(&rest[..end])
    }

    /// The text of a bulk string or verbatim string whose first line has been read.
    fn bulk(&mut self, length: &[u8], is_verbatim: bool) -> Option<&'a str> {
        let length = number(length).filter(|length| *length >= 0)? as usize;
        let body = self.bytes.get(self.at..)?.get(..length.checked_add(2)?)?;
        self.at += length + 2;
        let from = if is_verbatim { length.min(4) } else { 0 };
        std::str::from_utf8(&body[from..length]).ok()
    }

    fn whole_text(&mut self) -> Option<&'a str> {
        let (kind, rest) = self.line()?.split_first()?;
        match kind {
            b'$' => self.bulk(rest, false),
            b'=' => self.bulk(rest, true),
            _ => None,
        }
    }

    fn reply(&mut self, depth: usize) -> Option<()> {
        let (kind, rest) = self.line()?.split_first()?;
        match kind {
            b'$' | b'*' if rest == b"-1" => self.out.extend_from_slice(b"null"),
            b'$' | b'=' => {
                let text = self.bulk(rest, *kind == b'=')?;
                string(text, self.out);
            }
            b'+' | b'(' => string(std::str::from_utf8(rest).ok()?, self.out),
            b':' => match number(rest)? {
                number if (-SAFE_MAX..=SAFE_MAX).contains(&number) => self.out.extend_from_slice(rest),
                _ => string(std::str::from_utf8(rest).ok()?, self.out),
            },
            b',' => double(rest, self.out)?,
            b'#' => self.out.extend_from_slice(if rest == b"t" { b"true" } else { b"false" }),
            b'_' => self.out.extend_from_slice(b"null"),
            b'*' | b'~' => {
                let count = self.open(rest, depth, b'[')?;
                for at in 0..count {
                    self.comma(at);
                    self.reply(depth + 1)?;
                }
                self.out.push(b']');
            }
            b'%' => self.map(rest, depth)?,
            _ => return None,
        }
        Some(())
    }

    /// An object; pairs where the first key is no text. Keys of both kinds in one map are left to TypeScript: the pairs before would be read
    /// twice, and so would those of each map within.
    fn map(&mut self, count: &[u8], depth: usize) -> Option<()> {
        let opened = self.out.len();
        let count = self.open(count, depth, b'{')?;
        let mut has_names = true;
        for at in 0..count {
            self.comma(at);
            let key = self.out.len();
            self.reply(depth + 1)?;
            let is_name = self.out[key] == b'"';
            if at == 0 && !is_name {
                has_names = false;
                self.out[opened] = b'[';
            }
            if has_names && !is_name {
                return None;
            }
            if has_names {
                self.out.push(b':');
                self.reply(depth + 1)?;
            } else {
                self.out.insert(key, b'[');
                self.out.push(b',');
                self.reply(depth + 1)?;
                self.out.push(b']');
            }
        }
        self.out.push(if has_names { b'}' } else { b']' });
        Some(())
    }

    fn open(&mut self, count: &[u8], depth: usize, bracket: u8) -> Option<i64> {
        self.out.push(bracket);
        number(count).filter(|count| *count >= 0 && depth < DEPTH_MAX)
    }

    fn comma(&mut self, at: i64) {
        if at > 0 {
            self.out.push(b',');
        }
    }
}

/// An integer as servers write it, and JSON too: no sign but `-`, no zeros ahead.
fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) || (digits[0] == b'0' && text.len() > 1) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn double(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = std::str::from_utf8(text).ok()?;
    if matches!(text, "inf" | "-inf" | "nan") {
        string(text, out);
        return Some(());
    }
    // What both take for a number: Rust's parser knows more than JSON's, of which a digit before and behind the point is the difference.
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let zero_ahead = digits.first() == Some(&b'0') && digits.get(1).is_some_and(u8::is_ascii_digit);
    let point = digits.iter().position(|byte| *byte == b'.');
    let bare = point.is_some_and(|at| !digits.get(at + 1).is_some_and(u8::is_ascii_digit));
    if !digits.first()?.is_ascii_digit() || zero_ahead || bare || !text.parse::<f64>().ok()?.is_finite() {
        return None;
    }
    out.extend_from_slice(text.as_bytes());
    Some(())
}

/// A string with its quotes, escaped as JSON.stringify does.
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            8 => b"\\b",
            12 => b"\\f",
            0..=31 => b"",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[from..at]);
        if escaped.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escaped);
        }
        from = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[from..]);
    out.push(b'"');
}

fn info(text: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    let (mut sections, mut fields) = (0, 0);
    for line in text.split("\r\n") {
        if let Some(name) = line.strip_prefix("# ") {
            if sections > 0 {
                out.extend_from_slice(b"},");
            }
            string(&name.to_lowercase(), out);
            out.extend_from_slice(b":{");
            (sections, fields) = (sections + 1, 0);
            continue;
        }
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.is_empty() && sections > 0) else {
            continue;
        };
        pair(name, value, fields, out);
        fields += 1;
    }
    out.extend_from_slice(if sections > 0 { b"}}" } else { b"}" });
}

fn lines(text: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, line) in text.split('\n').filter(|line| !line.is_empty()).enumerate() {
        out.extend_from_slice(if at > 0 { b",{" } else { b"{" });
        for (at, field) in line.split(' ').enumerate() {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            pair(name, value, at, out);
        }
        out.push(b'}');
    }
    out.push(b']');
}

fn pair(name: &str, value: &str, at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
    string(name, out);
    out.push(b':');
    string(value, out);
}

#[cfg(test)]
mod tests {
    use super::{Form, write};

    fn json(bytes: &str, form: Form) -> Option<String> {
        let mut out = Vec::new();
        write(bytes.as_bytes(), form, &mut out).map(|()| String::from_utf8(out).expect("JSON is text"))
    }

    #[test]
    fn every_plain_kind_of_reply() {
        let reply = "*9\r\n+OK\r\n$3\r\na\"\n\r\n:-7\r\n:9007199254740992\r\n,1.5e-7\r\n,inf\r\n#t\r\n_\r\n%1\r\n=5\r\ntxt:k\r\n~1\r\n(12\r\n";
        let expected = r#"["OK","a\"\n",-7,"9007199254740992",1.5e-7,"inf",true,null,{"k":["12"]}]"#;
        assert_eq!(json(reply, Form::Reply).as_deref(), Some(expected));
        assert_eq!(json("%2\r\n:1\r\n:2\r\n+a\r\n%0\r\n", Form::Reply).as_deref(), Some(r#"[[1,2],["a",{}]]"#));
        assert_eq!(json("$4\r\n\u{1}\u{e9}\u{7f}\r\n", Form::Reply).as_deref(), Some("\"\\u0001\u{e9}\u{7f}\""));
    }

    #[test]
    fn what_is_not_plain_is_left() {
        for reply in [
            "",
            "$3\r\nab",
            "*2\r\n:1\r\n",
            "-ERR\r\n",
            "*1\r\n-ERR\r\n",
            "%2\r\n+a\r\n:2\r\n:1\r\n:2\r\n",
            "%2\r\n:1\r\n+a\r\n-ERR\r\n:2\r\n",
            ":1\r\n:2\r\n",
            ">0\r\n",
            "?\r\n",
            ",1.\r\n",
            ",.5\r\n",
        ] {
            assert_eq!(json(reply, Form::Reply), None, "{reply:?}");
        }
        assert_eq!(write(b"$1\r\n\xff\r\n", Form::Reply, &mut Vec::new()), None);
        assert_eq!(json(&"*1\r\n".repeat(100_000), Form::Reply), None);
    }

    #[test]
    fn texts_by_sections_and_by_lines() {
        let text = "a:1\r\n# Server\r\nv:1:2\r\n\r\n# Empty\r\n";
        let bulk = format!("={}\r\ntxt:{text}\r\n", text.len() + 4);
        assert_eq!(json(&bulk, Form::Info).as_deref(), Some(r#"{"server":{"v":"1:2"},"empty":{}}"#));
        assert_eq!(
            json("$18\r\nid=3 name= x\nid=4\n\r\n", Form::Lines).as_deref(),
            Some(r#"[{"id":"3","name":"","x":""},{"id":"4"}]"#)
        );
        assert_eq!(json("$0\r\n\r\n", Form::Lines).as_deref(), Some("[]"));
    }
}
