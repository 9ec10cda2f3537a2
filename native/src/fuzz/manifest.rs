//! The manifest of procedures: any JSON is taken whole or refused.

use super::run;
use crate::session::manifest::Manifest;

const GOOD: &[u8] = br#"{"version":3,"functions":[{"name":"f","library":"l","id":7,"flags":["no-writes","allow-oom"]},
{"name":"\u00fc g","library":"l","id":4294967295,"extra":[[{}]]}]}"#;

#[test]
fn any_json_is_taken_whole_or_refused() {
    run("manifests", 20_000, |draw| {
        let mut json = GOOD.to_vec();
        draw.damage(&mut json, br#"{}[]":,\u0123-e. "#);
        if let Ok(manifest) = Manifest::parse(&json) {
            assert!(manifest.len() <= json.len() && manifest.libraries() <= manifest.len());
        }
    });
}

#[test]
fn nesting_without_end_is_refused() {
    for open in ["[", "{\"functions\":", "{\"version\":1,\"functions\":[{\"extra\":", "{\"a\":["] {
        assert!(Manifest::parse(open.repeat(200_000).as_bytes()).is_err(), "{open}");
    }
}
