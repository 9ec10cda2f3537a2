//! The way up: which files there are, what is in them, and which one is appended to.
//!
//! ```text
//!   appendonlydir/  appendonly.aof.manifest
//!                   appendonly.aof.1.base.rdb · .1.incr.aof · .2.incr.aof …
//!   or, from before Redis 7, appendonly.aof alone: it is moved in there and becomes the base
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Instant;

use super::manifest::{Manifest, Part};
use super::reload;
use super::replay::{End, Replay};
use super::writer::{self, Disk};
use crate::session::server::Server;
use crate::snapshot::crc64::crc64;
use crate::snapshot::load;
use crate::sys::clock;
use crate::sys::files::Mapped;
use crate::txn::Txn;

const NOTICE: u8 = 2;
const WARNING: u8 = 3;

/// The directives that say where it is and how it is read.
#[derive(Clone, serde::Deserialize)]
pub struct Place {
    pub dir: PathBuf,
    /// `appenddirname` and `appendfilename`.
    pub folder: String,
    pub name: String,
    /// A new base is an RDB file (`aof-use-rdb-preamble`).
    pub rdb_base: bool,
    /// `aof-load-truncated`.
    pub load_truncated: bool,
    pub check_sum: bool,
}

impl Place {
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(&self.folder).join(name)
    }

    fn manifest_name(&self) -> String {
        format!("{}.manifest", self.name)
    }

    pub fn increment(&self, seq: u64) -> Part {
        Part { name: format!("{}.{seq}.incr.aof", self.name), seq }
    }

    pub fn base(&self, seq: u64) -> Part {
        let kind = if self.rdb_base { "rdb" } else { "aof" };
        Part { name: format!("{}.{seq}.base.{kind}", self.name), seq }
    }
}

/// Opens the append-only file before the cores run: loads what is there, on a thread of its own, and appends to it from then on. True:
/// something is being loaded, and requests are refused until [`Server::end_loading`]. Err: the text for the log.
pub fn start(server: &'static Server, place: Place) -> Result<bool, String> {
    make_folder(&place)?;
    let manifest = read_manifest(&place)?;
    remember(server, &place);
    // From here on: what is recorded before the writer runs waits in the log.
    server.store.log.switch_on(server.cores.len());
    let Some(manifest) = manifest else {
        append(server, &place, Manifest::default())?;
        return Ok(false);
    };
    let bytes = parts(&manifest).map(|part| size_of(&place.path(&part.name))).sum::<u64>();
    server.begin_loading(bytes);
    let load = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| load_all(server, &place, &manifest)))
            .unwrap_or_else(|_| Err("Loading the append only file failed by a fault of this program".into()))
            .and_then(|libraries| append(server, &place, manifest).map(|()| libraries));
        server.loading.finish(outcome);
    };
    thread::Builder::new().name("zedis-load".into()).spawn(load).map_err(|error| error.to_string())?;
    Ok(true)
}

/// Makes the folder of the files, if there is none, and sees to it that its name is on disk.
pub(super) fn make_folder(place: &Place) -> Result<(), String> {
    let folder = place.dir.join(&place.folder);
    if folder.is_dir() {
        return Ok(());
    }
    let made = fs::create_dir_all(&folder).and_then(|()| File::open(folder.parent().unwrap_or(&place.dir))?.sync_all());
    made.map_err(|error| format!("Can't create the append-only directory {}: {error}", place.folder))
}

pub(super) fn parts(manifest: &Manifest) -> impl Iterator<Item = &Part> {
    manifest.base.iter().chain(&manifest.increments)
}

fn size_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// DEBUG LOADAOF reads what is here.
pub(super) fn remember(server: &'static Server, place: &Place) {
    let place = place.clone();
    server.durability.set_load_log(Box::new(move |txn| reload::reload(server, &place, txn)));
}

/// The manifest there is; one made of a file from before Redis 7; or none.
pub(super) fn read_manifest(place: &Place) -> Result<Option<Manifest>, String> {
    let path = place.path(&place.manifest_name());
    let old = place.dir.join(&place.name);
    match fs::read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| format!("The manifest {} is no text", path.display()))?;
            let manifest = Manifest::parse(&text).map_err(|text| format!("{text} (file {})", path.display()))?;
            // Redis writes the manifest first, and then moves the file from before its version 7.
            let moves = manifest.base.as_ref().is_some_and(|base| base.name == place.name);
            if moves && old.is_file() && !place.path(&place.name).exists() {
                fs::rename(&old, place.path(&place.name))
                    .map_err(|error| format!("Can't move {} into {}: {error}", old.display(), place.folder))?;
                sync_folder(place).map_err(|error| format!("Can't write to {}: {error}", place.folder))?;
                return Ok(Some(manifest));
            }
            let missing = parts(&manifest).find(|part| !place.path(&part.name).exists());
            match missing.map(|part| format!("The AOF file {} doesn't exist: No such file or directory", part.name)) {
                Some(text) => Err(text),
                None => Ok(Some(manifest)),
            }
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("Fatal error: can't open the AOF manifest file {} for reading: {error}", path.display()))
        }
        Err(_) if old.is_file() => {
            let manifest = Manifest { base: Some(Part { name: place.name.clone(), seq: 1 }), ..Manifest::default() };
            // First the manifest: a crash between the two leaves one that names a file which is found at its old place.
            let failed = |error| format!("Can't move {} into {}: {error}", old.display(), place.folder);
            fs::rename(&old, place.path(&place.name)).map_err(failed)?;
            write_manifest(place, &manifest).map_err(failed)?;
            Ok(Some(manifest))
        }
        Err(_) if place.path(&place.name).is_file() => {
            // Such a crash, the other way round.
            let manifest = Manifest { base: Some(Part { name: place.name.clone(), seq: 1 }), ..Manifest::default() };
            write_manifest(place, &manifest).map_err(|error| format!("Can't write the AOF manifest: {error}"))?;
            Ok(Some(manifest))
        }
        Err(_) => Ok(None),
    }
}

/// Puts a manifest in place of the one there is: written beside it, on disk, then renamed.
pub fn write_manifest(place: &Place, manifest: &Manifest) -> io::Result<()> {
    let path = place.path(&place.manifest_name());
    let beside = place.path(&format!("temp-{}", place.manifest_name()));
    let mut file = File::create(&beside)?;
    file.write_all(manifest.to_text().as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    sync_folder(place)
}

/// Sees to it that the names in the folder are on disk.
pub fn sync_folder(place: &Place) -> io::Result<()> {
    File::open(place.dir.join(&place.folder))?.sync_all()
}

/// Loads all parts in order; gives the sources of libraries. A part whose end is missing is cut where it is the last.
fn load_all(server: &'static Server, place: &Place, manifest: &Manifest) -> Result<Vec<Vec<u8>>, String> {
    let began = Instant::now();
    let mut txn = Txn::helper(&server.store);
    txn.set_clock(clock::now_ms());
    let mut replay = Replay::new(server, &mut txn, false);
    let (mut libraries, mut loaded) = (Vec::new(), 0);
    let count = parts(manifest).count();
    for (index, part) in parts(manifest).enumerate() {
        let part_began = Instant::now();
        let path = place.path(&part.name);
        let failed = |text: String| format!("{text} (file {})", path.display());
        let mapped = Mapped::open(&path).map_err(|error| {
            format!("Fatal error: can't open the append log file {} for reading: {error}", part.name)
        })?;
        let mut skip = 0;
        if mapped.starts_with(b"REDIS") || mapped.starts_with(b"VALKEY") {
            let found = load::load(server, &mapped, place.check_sum, Some(loaded)).map_err(failed)?;
            replay.add_libraries(&found.libraries);
            libraries.extend(found.libraries);
            skip = found.end;
        }
        if let End::Short { whole } = replay.run(&mapped, skip, loaded).map_err(failed)? {
            loaded += mapped.len() as u64;
            drop(mapped);
            cut_short(server, place, &path, part, whole, index + 1 == count)?;
        } else {
            loaded += mapped.len() as u64;
        }
        server.loading.bytes_loaded.store(loaded, Relaxed);
        let kind = if manifest.base.as_ref() == Some(part) { "base" } else { "incr" };
        let seconds = part_began.elapsed().as_secs_f64();
        server.log.push(NOTICE, format!("DB loaded from {kind} file {}: {seconds:.3} seconds", part.name));
    }
    let seconds = began.elapsed().as_secs_f64();
    server.log.push(NOTICE, format!("DB loaded from append only file: {seconds:.3} seconds"));
    *server.loading.functions() = std::mem::take(&mut replay.functions).into();
    server.durability.aof_base_bytes.store(loaded, Relaxed);
    Ok(libraries)
}

/// A part ends inside a request: what is whole stays, where that is allowed.
fn cut_short(
    server: &Server,
    place: &Place,
    path: &Path,
    part: &Part,
    whole: u64,
    is_last: bool,
) -> Result<(), String> {
    let name = &part.name;
    if !is_last {
        return Err(format!("Fatal error: the truncated file {name} is not the last file"));
    }
    if !place.load_truncated {
        return Err(format!(
            "Unexpected end of file reading the append only file {name}. You can: 1) Make a backup of your AOF file, then use \
             zedis-cli check aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration \
             option to yes and restart the server."
        ));
    }
    let lost = size_of(path).saturating_sub(whole);
    server.log.push(WARNING, format!("!!! Warning: short read while loading the AOF file {name}!!!"));
    server.log.push(
        WARNING,
        format!(
            "AOF {name} loaded anyway because aof-load-truncated is enabled; its last {lost} bytes are no whole request"
        ),
    );
    server.log.push(WARNING, format!("Truncating the AOF {name} at offset {whole}"));
    let cut = || -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        file.set_len(whole)?;
        file.sync_all()
    };
    cut().map_err(|error| format!("Error truncating the AOF file {name}: {error}"))
}

/// Opens the last part for what comes, and starts the thread that writes it. Where there is nothing yet, makes an empty base, as Redis does.
fn append(server: &'static Server, place: &Place, mut manifest: Manifest) -> Result<(), String> {
    let failed = |error: io::Error| format!("Can't open the append-only file: {error}");
    let before_change = manifest.clone();
    if manifest.base.is_none() && manifest.increments.is_empty() {
        let base = place.base(manifest.next_base());
        let mut file = File::create(place.path(&base.name)).map_err(failed)?;
        if place.rdb_base {
            file.write_all(&empty_snapshot()).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        server.log.push(NOTICE, format!("Creating AOF base file {} on server start", base.name));
        manifest.base = Some(base);
    }
    if manifest.increments.is_empty() {
        let increment = place.increment(manifest.next_increment());
        server.log.push(NOTICE, format!("Creating AOF incr file {} on server start", increment.name));
        manifest.increments.push(increment);
    }
    for part in std::mem::take(&mut manifest.history) {
        let _ = fs::remove_file(place.path(&part.name));
    }
    let last = manifest.increments.last().map(|part| place.path(&part.name)).unwrap_or_default();
    let opened = Disk::open(&last).map_err(failed)?;
    if manifest != before_change {
        write_manifest(place, &manifest).map_err(failed)?;
    }
    let before = parts(&manifest).map(|part| size_of(&place.path(&part.name))).sum::<u64>() - opened.1;
    server.durability.aof_base_bytes.store(before + opened.1, Relaxed);
    writer::start(server, opened, before).map_err(failed)
}

/// An RDB file without keys, which says that it is a base.
fn empty_snapshot() -> Vec<u8> {
    let mut bytes = b"REDIS0010\xfa\x08aof-base\xc0\x01\xff".to_vec();
    bytes.extend(crc64(0, &bytes).to_le_bytes());
    bytes
}
