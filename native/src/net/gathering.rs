//! Questions to all cores, seen from the core whose connection asks: sent out by mail, answers put together.

use super::core::Core;
use crate::resp::reply::Reply;
use crate::session::conn::Conns;
use crate::session::gather::Gather;
use crate::session::server::Mail;

/// One question in progress.
pub(super) struct Gathering {
    gather: Gather,
    /// The cores' answers so far.
    texts: Vec<Option<Vec<u8>>>,
    number: i64,
    /// Of the connection that asks.
    slot: usize,
}

impl Core {
    /// Takes over what the connection in `slot` asks.
    pub(super) fn take_gather(&mut self, id: u64, slot: usize, client: u64) {
        if let Some(at) = self.executor.asked.iter().position(|(asked, _)| *asked == id) {
            let (_, gather) = self.executor.asked.swap_remove(at);
            let texts = vec![None; self.server.serving];
            self.gatherings.insert((client, id), Gathering { gather, texts, number: 0, slot });
        }
    }

    /// Sends the questions of new gatherings to all cores, this one included.
    pub(super) fn start_gatherings(&mut self) {
        let server = self.server;
        let home = self.id;
        for ((client, id), gathering) in &mut self.gatherings {
            let Some(question) = gathering.gather.question.take() else { continue };
            let question = std::sync::Arc::new(question);
            for core in 0..server.serving {
                let (question, client, id) = (question.clone(), *client, *id);
                let visit = move |conns: &mut Conns| {
                    let (text, number) = question(conns);
                    server.send(home, Mail::Answer { client, id, core, text, number });
                };
                server.send(core, Mail::Visit(Box::new(visit)));
            }
        }
    }

    /// One core's answer; the last one makes the reply.
    pub(super) fn answer(&mut self, client: u64, id: u64, core: usize, text: Vec<u8>, number: i64) {
        let Some(gathering) = self.gatherings.get_mut(&(client, id)) else { return };
        gathering.texts[core] = Some(text);
        gathering.number += number;
        if gathering.texts.iter().any(Option::is_none) {
            return;
        }
        let Some(done) = self.gatherings.remove(&(client, id)) else { return };
        let text = done.texts.into_iter().flatten().flatten().collect();
        if let Some(mut conn) = self.conns.take(done.slot) {
            let mark = conn.output.len();
            let mut reply = Reply::new(&mut conn.output, conn.client.proto);
            (done.gather.combine)(&mut reply, text, done.number);
            self.executor.book_walk(&mut conn);
            self.unpark(done.slot, &mut conn, mark);
            self.finish(done.slot, conn);
        }
    }
}
