//! Processors: how many, and pinning a thread to one.

/// Numbers of the processors this process may use, ascending.
pub fn allowed() -> Vec<usize> {
    // SAFETY: cpu_set_t is plain bits; all-zero is its empty value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is a valid out pointer of the size passed.
    let rc = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    if rc != 0 {
        return vec![0];
    }
    // SAFETY: every index is below CPU_SETSIZE, the capacity of the set.
    let cpus: Vec<usize> =
        (0..libc::CPU_SETSIZE as usize).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect();
    if cpus.is_empty() { vec![0] } else { cpus }
}

/// Pins the calling thread to one processor; false where the kernel refuses.
pub fn pin(cpu: usize) -> bool {
    // SAFETY: cpu_set_t is plain bits; all-zero is its empty value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if cpu >= libc::CPU_SETSIZE as usize {
        return false;
    }
    // SAFETY: `cpu` is below CPU_SETSIZE.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: `set` is valid for reads of the size passed; 0 names the calling thread.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) == 0 }
}

/// The system's number of the calling thread, as in /proc/self/task.
pub fn thread_id() -> i32 {
    // SAFETY: it has no conditions.
    unsafe { libc::gettid() }
}

/// Whether a thread that wakes up interrupts one that runs. Threads begin as the one was that started them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waking {
    /// SCHED_OTHER of sched(7): it may.
    Interrupts,
    /// SCHED_BATCH: it waits for the end of the other's slice, and gets the same share of the processor.
    Waits,
}

/// Decides it for the calling thread; false where the kernel refuses.
pub fn on_waking(waking: Waking) -> bool {
    let policy = if waking == Waking::Waits { libc::SCHED_BATCH } else { libc::SCHED_OTHER };
    let none = libc::sched_param { sched_priority: 0 };
    // SAFETY: `none` is a valid parameter for both; 0 names the calling thread.
    unsafe { libc::sched_setscheduler(0, policy, &none) == 0 }
}

/// How much less than others a thread that gives way is worth: a tenth of their share.
const GIVEN_WAY: i32 = 10;

/// Others go first where processors are scarce: the calling thread's priority is lowered, for good.
pub fn give_way() {
    // SAFETY: no memory is involved; 0 names the calling thread, as Linux has priorities by thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, GIVEN_WAY) };
}

/// Starts loading the cache line at an address; any address will do.
#[inline]
pub fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast())
    };
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a prefetch never faults, whatever the address.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) at, options(nostack, preserves_flags))
    };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> i32 {
        // SAFETY: it has no conditions; 0 names the calling thread.
        unsafe { libc::sched_getscheduler(0) }
    }

    #[test]
    fn a_thread_wakes_as_its_starter_until_it_says_otherwise() {
        let starter = std::thread::spawn(|| {
            assert!(on_waking(Waking::Waits));
            std::thread::spawn(|| {
                let before = policy();
                assert!(on_waking(Waking::Interrupts));
                (before, policy())
            })
            .join()
        });
        let policies = starter.join().unwrap().unwrap();
        assert_eq!(policies, (libc::SCHED_BATCH, libc::SCHED_OTHER));
    }
}
