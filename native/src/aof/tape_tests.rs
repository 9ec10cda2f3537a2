use super::*;
use crate::sys::random::{Seeded, step};

/// A disk that may fail, write a part, fill up, and lose at a crash what was not synced.
struct Faulty {
    content: Vec<u8>,
    /// So many bytes are sure to survive a crash.
    synced: usize,
    seed: u64,
    faults: bool,
}

impl Faulty {
    fn chance(&mut self, percent: u64) -> bool {
        self.seed = step(self.seed);
        self.faults && (self.seed >> 33) % 100 < percent
    }
}

impl LogFile for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chance(10) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.seed = step(self.seed);
        let some = if self.chance(30) { (self.seed >> 33) as usize % bytes.len() + 1 } else { bytes.len() };
        self.content.extend_from_slice(&bytes[..some]);
        Ok(some)
    }

    /// After a failure the system may have dropped what was not on disk, and says nothing of it the next time.
    fn sync(&mut self) -> io::Result<()> {
        if self.chance(10) {
            let lost = self.synced..self.content.len();
            self.content[lost].fill(0);
            return Err(io::ErrorKind::Other.into());
        }
        self.synced = self.content.len();
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.content.truncate(bytes as usize);
        self.synced = self.synced.min(bytes as usize);
        Ok(())
    }
}

/// A record as the log holds it, and what it stands for.
fn record(number: u64, db: u32) -> (Vec<u8>, String) {
    let body = format!("*2\r\n$4\r\nINCR\r\n${}\r\n{number}\r\n", number.to_string().len());
    let mut bytes = Head { bytes: body.len() as u64, first_db: db, last_db: db }.to_bytes().to_vec();
    bytes.extend_from_slice(body.as_bytes());
    (bytes, body)
}

/// Requests but SELECT, each with its database.
fn requests_of(content: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(content.to_vec()).expect("nothing but text was written");
    let (mut db, mut found) = (String::from("none"), Vec::new());
    for request in text.split('*').skip(1) {
        let words: Vec<&str> = request.split("\r\n").collect();
        if words[2] == "SELECT" {
            db = words[4].into();
        } else {
            found.push((db.clone(), format!("*{request}")));
        }
    }
    found
}

#[test]
fn what_a_sync_has_promised_survives_every_fault_and_crash() {
    for round in 0..3000u64 {
        let mut draws = Seeded(round + 1);
        let mut below = |bound: u64| draws.below(bound);
        let file = Faulty { content: Vec::new(), synced: 0, seed: round * 77 + 5, faults: true };
        let mut tape = Tape::new(file, 0);
        let (mut wanted, mut promised) = (Vec::new(), 0);
        for number in 0..below(30) {
            let db = below(3) as u32;
            let (bytes, body) = record(number, db);
            wanted.push((db.to_string(), body));
            // The log hands over what it has, cut anywhere.
            let cut = below(bytes.len() as u64 + 1) as usize;
            tape.take(&bytes[..cut], 0);
            if below(2) == 0 {
                let _ = tape.write(true);
            }
            tape.take(&bytes[cut..], 0);
            if below(3) > 0 && tape.write(true).is_ok() && tape.sync().is_ok() {
                promised = wanted.len();
                assert!(!tape.is_dirty() && tape.backlog() == 0);
            }
        }
        // A crash: of what was not synced some may be there.
        let file = tape.into_file();
        let end = file.synced + below((file.content.len() - file.synced) as u64 + 1) as usize;
        let survived = &file.content[..end];
        let found = requests_of(&survived[..file.synced]);
        assert!(found.len() >= promised, "round {round}: {promised} were promised, {} are there", found.len());
        assert_eq!(found[..promised], wanted[..promised], "round {round}");
    }
}

#[test]
fn everything_arrives_once_and_in_order_when_the_disk_is_well_again() {
    for round in 0..500u64 {
        let file = Faulty { content: Vec::new(), synced: 0, seed: round * 13 + 3, faults: true };
        let mut tape = Tape::new(file, 0);
        let mut wanted = Vec::new();
        for number in 0..20 {
            let (bytes, body) = record(number, (number % 2) as u32);
            wanted.push(((number % 2).to_string(), body));
            tape.take(&bytes, 0);
            let _ = tape.write(true);
            let _ = tape.sync();
        }
        tape.file.faults = false;
        tape.write(true).expect("it is well again");
        tape.sync().expect("it is well again");
        assert_eq!(tape.length() as usize, tape.file().content.len());
        assert_eq!(requests_of(&tape.file().content), wanted, "round {round}");
    }
}

#[test]
fn the_database_is_named_where_it_changes_and_the_time_where_it_is_wanted() {
    let file = Faulty { content: Vec::new(), synced: 0, seed: 1, faults: false };
    let mut tape = Tape::new(file, 0);
    tape.stamps = true;
    for (number, db, second) in [(1, 0, 100), (2, 0, 100), (3, 9, 101), (4, 9, 101)] {
        tape.take(&record(number, db).0, second);
    }
    tape.write(false).expect("it is well");
    let text = String::from_utf8(tape.file().content.clone()).expect("it is text");
    assert_eq!(text.matches("SELECT").count(), 2);
    assert_eq!(text.matches("#TS:").count(), 2);
    assert!(text.starts_with("#TS:100\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$4\r\nINCR"));
}
