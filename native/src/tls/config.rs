//! The TLS directives, made into what rustls wants. What it cannot do is an error that says so.

use std::sync::Arc;

use pkcs8::EncryptedPrivateKeyInfo;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use serde::Deserialize;

use super::resumption::Resumption;
use super::subject::{Term, term};

/// Values of the directives; files by their contents.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Directives {
    /// PEM: the server's certificate, and those between it and a root.
    pub certificate: String,
    /// PEM
    pub key: String,
    pub key_password: String,
    /// PEM, of one or several files.
    pub authorities: Vec<String>,
    /// `yes`, `no`, `optional`
    pub auth_clients: String,
    /// `TLSv1.2 TLSv1.3`; empty: both.
    pub protocols: String,
    /// Of TLS 1.2, as OpenSSL names them: `ECDHE-RSA-AES128-GCM-SHA256:…`; empty: all.
    pub ciphers: String,
    /// Of TLS 1.3: `TLS_AES_128_GCM_SHA256:…`; empty: all.
    pub ciphersuites: String,
    pub prefer_server_ciphers: bool,
    pub session_caching: bool,
    pub session_cache_size: usize,
    pub session_cache_timeout_s: u64,
    /// Which name of a client's certificate is a user: `off`, `cn`, `uri`.
    pub user_field: String,
}

/// Where a client's certificate names a user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserField {
    Off,
    CommonName,
    Uri,
}

pub struct Config {
    pub(super) rustls: Arc<ServerConfig>,
    pub user_field: UserField,
    /// Of the server's own certificate.
    pub own: Option<Term>,
    /// Of the authority whose certificate ends first.
    pub authority: Option<Term>,
}

impl Config {
    /// Err: the text to show the user.
    pub fn new(directives: &Directives) -> Result<Config, String> {
        let provider = Arc::new(CryptoProvider {
            cipher_suites: cipher_suites(&directives.ciphers, &directives.ciphersuites)?,
            ..ring::default_provider()
        });
        let versions = versions(&directives.protocols)?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(|error| format!("tls-protocols and tls-ciphers do not go together: {error}"))?;
        let builder = if directives.auth_clients == "no" {
            builder.with_no_client_auth()
        } else {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(directives)?), provider);
            let optional = directives.auth_clients == "optional";
            let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| format!("tls-ca-cert-file: {error}"))?)
        };
        let chain = certificates(&directives.certificate, "tls-cert-file")?;
        let own = chain.first().and_then(|certificate| term(certificate));
        let key = private_key(&directives.key, &directives.key_password)?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| format!("tls-cert-file and tls-key-file do not go together: {error}"))?;
        config.ignore_client_order = directives.prefer_server_ciphers;
        if directives.session_caching {
            config.session_storage =
                Arc::new(Resumption::new(directives.session_cache_size, directives.session_cache_timeout_s));
        } else {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let user_field = match directives.user_field.as_str() {
            "cn" => UserField::CommonName,
            "uri" => UserField::Uri,
            _ => UserField::Off,
        };
        let authority = directives
            .authorities
            .iter()
            .flat_map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes()))
            .filter_map(|certificate| term(&certificate.ok()?))
            .min_by_key(|term| term.until_s);
        Ok(Config { rustls: Arc::new(config), user_field, own, authority })
    }
}

fn roots(directives: &Directives) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for pem in &directives.authorities {
        for certificate in certificates(pem, "tls-ca-cert-file")? {
            roots.add(certificate).map_err(|error| format!("tls-ca-cert-file: {error}"))?;
        }
    }
    if roots.is_empty() {
        return Err(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-auth-clients is enabled!".into()
        );
    }
    Ok(roots)
}

fn certificates(pem: &str, directive: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|error| format!("{directive}: {error}"))?;
    if found.is_empty() { Err(format!("{directive} holds no certificate in PEM")) } else { Ok(found) }
}

fn private_key(pem: &str, password: &str) -> Result<PrivateKeyDer<'static>, String> {
    const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    if let (Some(begin), Some(end)) = (pem.find(BEGIN), pem.find(END)) {
        let (_, document) = pkcs8::Document::from_pem(&pem[begin..end + END.len()])
            .map_err(|error| format!("tls-key-file: {error}"))?;
        let key = EncryptedPrivateKeyInfo::try_from(document.as_bytes())
            .and_then(|key| key.decrypt(password))
            .map_err(|error| format!("tls-key-file cannot be opened with tls-key-file-pass: {error}"))?;
        return Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into());
    }
    if pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(
            "tls-key-file is encrypted in OpenSSL's old form; `openssl pkcs8 -topk8 -v2 aes-256-cbc` makes one \
                    that can be read"
                .into(),
        );
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| format!("tls-key-file holds no usable key: {error}"))
}

fn versions(words: &str) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let mut versions: Vec<&'static SupportedProtocolVersion> = Vec::new();
    for word in words.split_ascii_whitespace() {
        match word.to_ascii_lowercase().as_str() {
            "tlsv1.2" => versions.push(&TLS12),
            "tlsv1.3" => versions.push(&TLS13),
            // Broken since long; nothing that speaks TLS today needs them.
            "tlsv1" | "tlsv1.1" => return Err(format!("{word} is not offered, only TLSv1.2 and TLSv1.3 are")),
            _ => return Err("Invalid tls-protocols specified. Use a combination of 'TLSv1.2' and 'TLSv1.3'".into()),
        }
    }
    Ok(if versions.is_empty() { vec![&TLS13, &TLS12] } else { versions })
}

/// OpenSSL's names of the suites of TLS 1.2, in the order of preference.
const TLS12_NAMES: [(&str, SupportedCipherSuite); 6] = [
    ("ECDHE-ECDSA-AES256-GCM-SHA384", ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-AES256-GCM-SHA384", ring::cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-AES128-GCM-SHA256", ring::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-CHACHA20-POLY1305", ring::cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

const TLS13_NAMES: [(&str, SupportedCipherSuite); 3] = [
    ("TLS_AES_256_GCM_SHA384", ring::cipher_suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", ring::cipher_suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256),
];

fn cipher_suites(ciphers: &str, ciphersuites: &str) -> Result<Vec<SupportedCipherSuite>, String> {
    let mut suites = chosen(ciphersuites, &TLS13_NAMES, "tls-ciphersuites")?;
    suites.extend(chosen(ciphers, &TLS12_NAMES, "tls-ciphers")?);
    Ok(suites)
}

/// The suites of a list as OpenSSL has it: names, words that mean all of them, and `!NAME` or `-NAME`, which takes one away.
fn chosen(
    list: &str,
    known: &[(&str, SupportedCipherSuite)],
    directive: &str,
) -> Result<Vec<SupportedCipherSuite>, String> {
    let names =
        |suites: &[(&str, SupportedCipherSuite)]| suites.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
    let mut taken: Vec<&str> = Vec::new();
    let words = list.split([':', ',', ' ']).filter(|word| !word.is_empty());
    let none = words.clone().next().is_none();
    for word in words {
        match word.split_at(1) {
            // What is not there anyway is easily taken away.
            ("!" | "-", name) => taken.retain(|taken| !taken.eq_ignore_ascii_case(name)),
            ("+" | "@", _) => (),
            _ if matches!(word.to_ascii_uppercase().as_str(), "DEFAULT" | "ALL" | "HIGH" | "SECURE") => {
                taken = known.iter().map(|(name, _)| *name).collect();
            }
            _ => match known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
                Some((name, _)) if taken.contains(name) => (),
                Some((name, _)) => taken.push(name),
                None => return Err(format!("{directive}: '{word}' is not offered; there are {}", names(known))),
            },
        }
    }
    if none {
        return Ok(known.iter().map(|(_, suite)| *suite).collect());
    }
    if taken.is_empty() {
        return Err(format!("{directive} leaves none of {}", names(known)));
    }
    Ok(taken.iter().filter_map(|name| known.iter().find(|(known, _)| known == name)).map(|(_, suite)| *suite).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(list: &str) -> Result<usize, String> {
        chosen(list, &TLS12_NAMES, "tls-ciphers").map(|suites| suites.len())
    }

    #[test]
    fn lists_of_ciphers_are_read_as_openssl_reads_them() {
        assert_eq!(picked(""), Ok(6));
        assert_eq!(picked("DEFAULT:-AES128-SHA256"), Ok(6));
        assert_eq!(picked("DEFAULT:!ECDHE-RSA-CHACHA20-POLY1305"), Ok(5));
        assert_eq!(picked("ecdhe-rsa-aes128-gcm-sha256:ECDHE-RSA-AES128-GCM-SHA256"), Ok(1));
        assert!(picked("AES128-SHA").is_err_and(|text| text.contains("'AES128-SHA' is not offered; there are ECDHE-")));
        assert!(picked("ALL:!ECDHE-ECDSA-AES256-GCM-SHA384:-x").is_ok());
        assert!(picked("!ECDHE-RSA-AES128-GCM-SHA256").is_err_and(|text| text.contains("leaves none")));
    }

    #[test]
    fn protocols_are_those_that_are_not_broken() {
        assert_eq!(versions("").map(|list| list.len()), Ok(2));
        assert_eq!(versions("tlsv1.3").map(|list| list.len()), Ok(1));
        assert!(versions("TLSv1.1 TLSv1.2").is_err_and(|text| text.starts_with("TLSv1.1 is not offered")));
        assert!(versions("SSLv3").is_err());
    }

    #[test]
    fn what_lacks_is_named() {
        let error = |directives: Directives| Config::new(&directives).err().unwrap_or_default();
        let optional = Directives { auth_clients: "optional".into(), ..Directives::default() };
        assert!(error(optional).starts_with("Either tls-ca-cert-file or tls-ca-cert-dir must be specified"));
        let none = Directives { auth_clients: "no".into(), ..Directives::default() };
        assert_eq!(error(none), "tls-cert-file holds no certificate in PEM");
    }
}
