//! What the main thread is asked.

use super::execute::{Executor, Outcome};
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Reply;
use crate::session::conn::{Conn, Wait};
use crate::session::control::Asker;

pub(super) const CONTROL_FULL: &str = "ERR too many administrative requests are waiting, try again later";

impl Executor {
    /// Has the connection wait for the main thread's answer. False: too many wait for one.
    pub(super) fn ask_main(&mut self, conn: &mut Conn, argv: OwnedArgs, since_ns: u64) -> bool {
        let asker = Asker { core: self.core, client: conn.client.id };
        let Some(id) = self.server.control.ask(asker, argv, &conn.client) else { return false };
        self.noted = true;
        conn.wait = Wait::Control { id, since_ns };
        true
    }

    /// The same; replies an error where that is so. `asked`: the outcome otherwise.
    pub(super) fn ask_main_or_fail(
        &mut self,
        conn: &mut Conn,
        argv: OwnedArgs,
        since_ns: u64,
        asked: Outcome,
    ) -> Outcome {
        if self.ask_main(conn, argv, since_ns) {
            return asked;
        }
        Reply::new(&mut conn.output, conn.client.proto).error(CONTROL_FULL);
        Outcome::Failed
    }
}
