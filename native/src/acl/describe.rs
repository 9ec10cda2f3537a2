//! A user as rules that make the same one again: what ACL LIST shows and files hold.

use std::fmt::Write;

use super::pattern::{READ, WRITE};
use super::user::{Databases, PasswordHash, Selector, User};

impl User {
    /// The words of the flags, in Redis's order.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.enabled { "on" } else { "off" }];
        if self.nopass {
            flags.push("nopass");
        }
        flags.push(if self.skip_sanitize { "skip-sanitize-payload" } else { "sanitize-payload" });
        flags
    }

    /// The hashes of the passwords in hexadecimal.
    pub fn password_texts(&self) -> impl Iterator<Item = String> {
        self.passwords.iter().map(hex)
    }

    /// `on nopass sanitize-payload ~* &* +@all (~other:* resetchannels -@all +get)`
    pub fn rules(&self) -> Vec<u8> {
        let mut text = self.flags().join(" ").into_bytes();
        for password in self.password_texts() {
            text.extend_from_slice(b" #");
            text.extend_from_slice(password.as_bytes());
        }
        for (at, selector) in self.selectors.iter().enumerate() {
            text.extend_from_slice(if at == 0 { b" " } else { b" (" });
            selector.describe(&mut text);
            if at > 0 {
                text.push(b')');
            }
        }
        text
    }

    /// `user alice on …`
    pub fn line(&self) -> Vec<u8> {
        [b"user ", &*self.name, b" ", &self.rules()].concat()
    }
}

impl Selector {
    fn describe(&self, text: &mut Vec<u8>) {
        let keys = self.keys_text();
        text.extend_from_slice(&keys);
        if !keys.is_empty() {
            text.push(b' ');
        }
        if !self.all_channels {
            text.extend_from_slice(b"resetchannels ");
        }
        let channels = self.channels_text();
        text.extend_from_slice(&channels);
        if !channels.is_empty() {
            text.push(b' ');
        }
        if self.databases != Databases::All {
            text.extend_from_slice(self.databases_text().as_bytes());
            text.push(b' ');
        }
        text.extend_from_slice(&self.commands_text());
    }

    /// `~app:* %R~other:*`
    pub fn keys_text(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let words: Vec<Vec<u8>> = self
            .keys
            .iter()
            .map(|pattern| {
                let sign: &[u8] = match pattern.access {
                    READ => b"%R~",
                    WRITE => b"%W~",
                    _ => b"~",
                };
                [sign, &*pattern.text].concat()
            })
            .collect();
        words.join(&b' ')
    }

    /// `&news:* &chat`
    pub fn channels_text(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let words: Vec<Vec<u8>> = self.channels.iter().map(|channel| [b"&", &**channel].concat()).collect();
        words.join(&b' ')
    }

    /// `db=0,1`; nothing where every database is allowed.
    pub fn databases_text(&self) -> String {
        match &self.databases {
            Databases::All => String::new(),
            Databases::Only(some) if some.is_empty() => "resetdbs".into(),
            Databases::Only(some) => {
                let numbers: Vec<String> = some.iter().map(u32::to_string).collect();
                format!("db={}", numbers.join(","))
            }
        }
    }

    /// `-@all +@read -get`
    pub fn commands_text(&self) -> Vec<u8> {
        let mut text = if self.future { b"+@all".to_vec() } else { b"-@all".to_vec() };
        for rule in &self.command_rules {
            text.extend_from_slice(if rule.allow { b" +" } else { b" -" });
            text.extend_from_slice(&rule.text);
        }
        text
    }
}

fn hex(hash: &PasswordHash) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
