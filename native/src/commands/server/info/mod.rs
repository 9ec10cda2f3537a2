//! INFO: the server in sections of `field:value` lines.

mod clients;
mod cores;
mod keysizes;
mod keyspace;
mod memory;
mod persistence;
mod server;
mod stats;
mod text;

use super::SERVER;
use crate::commands::row::{Row, Run, category, flag::*};
use crate::resp::args::Args;
use crate::resp::reply::Reply;
use crate::session::handle::{Flow, Session};
use crate::txn::Effect;
use keysizes::Keysizes;
use text::Text;

pub const ROWS: &[Row] = &[Row {
    name: "info",
    arity: -1,
    // Inside MULTI all shards are latched for the walk of Keysizes.
    flags: LOADING | STALE | WALKS,
    categories: category::DANGEROUS,
    summary: "Returns facts and figures about the server, in sections.",
    args: "[section [section ...]]",
    reply: "string",
    run: Run::Session(info),
    ..SERVER
}];

struct Section {
    name: &'static str,
    /// Shown without being asked for.
    default: bool,
    write: fn(&mut Session, &mut Text),
}

/// In the order they are shown.
const SECTIONS: &[Section] = &[
    Section { name: "Server", default: true, write: server::server },
    Section { name: "TLS", default: true, write: server::tls },
    Section { name: "Clients", default: true, write: clients::clients },
    Section { name: "Memory", default: true, write: memory::memory },
    Section { name: "Persistence", default: true, write: persistence::persistence },
    Section { name: "Stats", default: true, write: stats::stats },
    Section { name: "Replication", default: true, write: persistence::replication },
    Section { name: "CPU", default: true, write: server::cpu },
    Section { name: "Modules", default: true, write: |_, _| () },
    Section { name: "Procedures", default: true, write: stats::procedures },
    Section { name: "Procedurestats", default: false, write: stats::procedurestats },
    Section { name: "Cores", default: false, write: cores::cores },
    Section { name: "Commandstats", default: false, write: stats::commandstats },
    Section { name: "Errorstats", default: true, write: stats::errorstats },
    Section { name: "Latencystats", default: false, write: stats::latencystats },
    Section { name: "Cluster", default: true, write: persistence::cluster },
    Section { name: "Keyspace", default: true, write: keyspace::keyspace },
];

fn info(session: &mut Session, args: Args, reply: &mut Reply) -> Flow {
    // What this core has counted since its last look, so that a client finds its own requests in the figures.
    session.server.cores[session.core].figures.collect(session.txn);
    let asked = |name: &str| args.from(1).iter().any(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    let all = asked("all") || asked("everything");
    let wanted = |section: &Section| all || asked(section.name) || (section.default && asked("default"));
    // Before the text grows, which is in memory too.
    let mut text = Text::of(session.server.used_memory());
    for section in SECTIONS {
        if if args.len() == 1 { section.default } else { wanted(section) } {
            text.section(section.name);
            (section.write)(session, &mut text);
        }
    }
    if all || asked("keysizes") {
        return Flow::Effect(Effect::Slices(Box::new(Keysizes::after(text))));
    }
    reply.verbatim(*b"txt", text.finish().as_bytes());
    Flow::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::args::OwnedArgs;
    use crate::resp::reply::Protocol;
    use crate::session::client::Client;
    use crate::session::local::Local;
    use crate::session::server::Server;
    use crate::txn::{Progress, Txn};

    fn ask(words: &[&[u8]]) -> String {
        let catalog = crate::commands::table::table().catalog();
        let server: &'static Server = Box::leak(Box::new(Server::new(1, 0, 16, 16, catalog)));
        let mut txn = Txn::new(&server.store, 0, true);
        let mut client = Client::new(1, 0, Default::default(), false, 0, server.acl.default_now());
        let mut local = Local::default();
        let mut session = Session { client: &mut client, txn: &mut txn, server, core: 0, local: &mut local };
        let mut out = Vec::new();
        let mut reply = Reply::new(&mut out, Protocol::Resp2);
        if let Flow::Effect(Effect::Slices(mut work)) = info(&mut session, OwnedArgs::of(words).borrow(), &mut reply) {
            while work.step(&mut txn, &mut reply) != Ok(Progress::Done) {}
        }
        let text = String::from_utf8(out).expect("text");
        text.split_once("\r\n").expect("a bulk string").1.to_string()
    }

    fn titles(text: &str) -> Vec<&str> {
        text.lines().filter_map(|line| line.strip_prefix("# ")).collect()
    }

    #[test]
    fn sections_come_in_their_order_once_each_however_they_are_asked_for() {
        assert_eq!(titles(&ask(&[b"INFO", b"memory", b"CLIENTS", b"memory"])), ["Clients", "Memory"]);
        assert_eq!(titles(&ask(&[b"INFO", b"nosuch"])), Vec::<&str>::new());
        let all = ask(&[b"INFO", b"all"]);
        assert_eq!(titles(&all).len(), SECTIONS.len() + 1);
        assert_eq!(titles(&all).last(), Some(&"Keysizes"));
        assert_eq!(titles(&ask(&[b"INFO"])), titles(&ask(&[b"INFO", b"default"])));
        assert!(!titles(&ask(&[b"INFO"])).contains(&"Commandstats"));
    }

    #[test]
    fn every_line_is_a_title_a_field_or_empty() {
        for line in ask(&[b"INFO", b"everything"]).trim_end().split("\r\n") {
            let fine = line.is_empty() || line.starts_with("# ") || line.split_once(':').is_some();
            assert!(fine, "{line:?}");
        }
    }
}
