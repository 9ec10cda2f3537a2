//! The title of the process: what `ps` shows of it.

use std::fs;

/// Shows `text` for the command line, cut to the bytes the kernel has for that. False where they cannot be found.
///
/// As every program does that changes its title on Linux: `/proc/PID/cmdline` is read from the process's own memory, between two
/// addresses that the kernel took down when the program began.
pub fn set(text: &[u8]) -> bool {
    let Some((start, end)) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(bounds) else {
        return false;
    };
    // SAFETY: the kernel put the words of the command line there, writable and for as long as the process lives; the runtime has copied
    // them, and this runs on the main thread alone.
    let place = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, end - start) };
    write(place, text);
    true
}

/// Leaves at least one zero at the end, or the kernel would go on reading behind it.
fn write(place: &mut [u8], text: &[u8]) {
    let length = text.len().min(place.len() - 1);
    place[..length].copy_from_slice(&text[..length]);
    place[length..].fill(0);
}

/// Where the command line lies: fields 48 and 49 of proc(5)'s stat, of which the second, the name in brackets, may hold anything.
fn bounds(stat: &str) -> Option<(usize, usize)> {
    let mut rest = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().skip(45);
    let (start, end) = (rest.next()?.parse().ok()?, rest.next()?.parse().ok()?);
    (start != 0 && start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_fits_its_place_and_ends_with_a_zero() {
        let mut place = *b"bun\0main.ts\0";
        write(&mut place, b"zedis");
        assert_eq!(&place, b"zedis\0\0\0\0\0\0\0");
        write(&mut place, b"a title that is too long");
        assert_eq!(&place, b"a title tha\0");
    }

    #[test]
    fn the_place_is_found_whatever_the_name_of_the_program_is() {
        let fields = (3..=52).map(|field| field.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(bounds(&format!("1 (a) b) {fields}\n")), Some((48, 49)));
        assert_eq!(bounds("1 (a) S 2 3"), None);
        assert_eq!(bounds(&format!("1 (a) {}", "0 ".repeat(50))), None);
        let own = fs::read_to_string("/proc/self/stat").unwrap();
        assert!(bounds(&own).is_some());
    }
}
