//! Frees large values and whole tables on a thread of its own, so that no client waits for it.

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};

/// Values with more elements than this are freed by the thread; freeing fewer is cheaper than the hand-over.
pub const ELEMENTS_MIN: usize = 64;
/// Strings above this many bytes are freed by the thread.
pub const BYTES_MIN: usize = 64 * 1024;

pub struct LazyFree {
    queue: Mutex<Sender<(u64, Box<dyn Any + Send>)>>,
    figures: &'static Figures,
}

#[derive(Default)]
struct Figures {
    pending: AtomicU64,
    pending_bytes: AtomicU64,
    freed: AtomicU64,
}

/// Something that is dropped by the thread, if it is dropped at all: what an undo log may give back.
pub struct Later<T: Send + 'static> {
    thing: Option<T>,
    /// None: it is small, and dropped where it is.
    by: Option<&'static LazyFree>,
}

/// Bytes on their way to be free, until they are.
struct Counted {
    bytes: u64,
    thing: Option<Box<dyn Any + Send>>,
    figures: &'static Figures,
}

impl Drop for Counted {
    fn drop(&mut self) {
        drop(self.thing.take());
        self.figures.pending_bytes.fetch_sub(self.bytes, Relaxed);
    }
}

impl<T: Send + 'static> Later<T> {
    pub fn new(thing: T, by: Option<&'static LazyFree>) -> Later<T> {
        Later { thing: Some(thing), by }
    }

    pub fn into_inner(mut self) -> T {
        self.thing.take().expect("it is taken once")
    }
}

impl<T: Send + 'static> std::ops::Deref for Later<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("it is there until it is taken")
    }
}

impl<T: Send + 'static> Drop for Later<T> {
    fn drop(&mut self) {
        if let (Some(thing), Some(by)) = (self.thing.take(), self.by) {
            by.free(1, Box::new(thing));
        }
    }
}

impl LazyFree {
    pub fn start() -> LazyFree {
        let (queue, work) = channel::<(u64, Box<dyn Any + Send>)>();
        let figures: &'static Figures = Box::leak(Box::default());
        std::thread::Builder::new()
            .name("zedis-lazyfree".into())
            .spawn(move || {
                while let Ok((objects, thing)) = work.recv() {
                    drop(thing);
                    crate::sys::usage::tell_rest();
                    figures.pending.fetch_sub(objects, Relaxed);
                    figures.freed.fetch_add(objects, Relaxed);
                }
            })
            .expect("a thread can be started");
        LazyFree { queue: Mutex::new(queue), figures }
    }

    /// Takes `thing`, which counts as `objects` keys, to be dropped soon.
    pub fn free(&self, objects: u64, thing: Box<dyn Any + Send>) {
        self.figures.pending.fetch_add(objects, Relaxed);
        let queue = self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // The thread lives as long as the process; were it gone, the value would be dropped here instead.
        let _ = queue.send((objects, thing));
    }

    /// The same for one key of so many bytes that goes to make room: see [`LazyFree::pending_bytes`].
    pub fn free_counted(&self, bytes: u64, thing: Box<dyn Any + Send>) {
        self.figures.pending_bytes.fetch_add(bytes, Relaxed);
        self.free(1, Box::new(Counted { bytes, thing: Some(thing), figures: self.figures }));
    }

    /// Bytes in use that are as good as free.
    pub fn pending_bytes(&self) -> u64 {
        self.figures.pending_bytes.load(Relaxed)
    }

    pub fn pending(&self) -> u64 {
        self.figures.pending.load(Relaxed)
    }

    pub fn freed(&self) -> u64 {
        self.figures.freed.load(Relaxed)
    }

    pub fn reset_freed(&self) {
        self.figures.freed.store(0, Relaxed);
    }
}
