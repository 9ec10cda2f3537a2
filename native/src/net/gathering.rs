//! Questions to all cores, seen from the core whose connection asks: sent out by mail, answers put together.

use super::core::Core;
use crate::resp::reply::{Protocol, Reply};
use crate::session::conn::{Conns, Wait};
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

impl Gathering {
    pub(super) fn reply(self, proto: Protocol) -> Vec<u8> {
        let text = self.texts.into_iter().flatten().flatten().collect();
        let mut bytes = Vec::new();
        (self.gather.combine)(&mut Reply::new(&mut bytes, proto), text, self.number);
        bytes
    }
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
        let Some(done) = self.note_answer(client, id, core, text, number) else { return };
        let slot = done.slot;
        if let Some(mut conn) = self.conns.take(slot) {
            let mark = conn.output.len();
            conn.output.extend_from_slice(&done.reply(conn.client.proto));
            self.executor.book_walk(&mut conn);
            self.unpark(slot, &mut conn, mark);
            self.finish(slot, conn);
        }
    }

    /// The gathering, if that was the last answer it waited for.
    pub(super) fn note_answer(
        &mut self,
        client: u64,
        id: u64,
        core: usize,
        text: Vec<u8>,
        number: i64,
    ) -> Option<Gathering> {
        let gathering = self.gatherings.get_mut(&(client, id))?;
        gathering.texts[core] = Some(text);
        gathering.number += number;
        if gathering.texts.iter().any(Option::is_none) {
            return None;
        }
        self.gatherings.remove(&(client, id))
    }

    /// Shows a visit the connection whose transaction or call holds latches beside the others.
    pub(super) fn visit_with_current(&mut self, visit: Box<dyn FnOnce(&mut Conns) + Send>) {
        let Some((slot, conn)) = self.current.take() else { return visit(&mut self.conns) };
        self.conns.put_back(slot, conn);
        visit(&mut self.conns);
        let conn = self.conns.take(slot).expect("a visit takes nobody out");
        self.current = Some((slot, conn));
    }

    /// Connections that a visit marked for closing.
    pub(super) fn sweep_closing(&mut self) {
        let closing: Vec<usize> =
            self.conns.iter().filter(|(_, conn)| conn.dead || conn.closing).map(|(slot, _)| slot).collect();
        for slot in closing {
            if let Some(mut conn) = self.conns.take(slot) {
                // Its reply will never come.
                conn.dead |= matches!(conn.wait, Wait::Block(_) | Wait::Background(_));
                self.finish(slot, conn);
            }
        }
    }
}
