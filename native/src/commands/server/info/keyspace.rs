//! The section Keyspace: a line per database that has keys.

use super::text::Text;
use crate::session::handle::Session;

pub fn keyspace(session: &mut Session, text: &mut Text) {
    let store = &session.server.store;
    for db in 0..store.databases as u32 {
        let keys = store.counters.keys(db);
        if keys == 0 {
            continue;
        }
        let (expires, due) = (store.counters.expires(db), store.counters.due(db));
        let ttl_ms = if expires == 0 { 0 } else { store.average_ttl_ms(db) };
        text.field(&format!("db{db}"), format_args!("keys={keys},expires={expires},avg_ttl={ttl_ms},subexpiry={due}"));
    }
}
