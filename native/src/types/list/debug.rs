//! What DEBUG tells of lists.

use std::fmt::Write;

use super::Side;
use super::limits::Limits;
use super::value::ListValue;
use crate::store::Settings;

/// The fields that DEBUG OBJECT has for quicklists; nothing for a listpack.
pub fn fields(list: &ListValue, settings: &Settings) -> String {
    let Some(figures) = list.figures() else { return String::new() };
    let limits = Limits::of(settings);
    format!(
        " ql_nodes:{} ql_avg_node:{:.2} ql_listpack_max:{} ql_compressed:{} ql_uncompressed_size:{}",
        figures.nodes,
        list.count() as f64 / figures.nodes.max(1) as f64,
        settings.list_max_listpack_size.load(std::sync::atomic::Ordering::Relaxed),
        (limits.depth > 0 || figures.squeezed) as u8,
        figures.listpack_bytes
    )
}

/// A line per node and, if `elements`, a line per element: for a person to read.
pub fn picture(list: &ListValue, elements: bool) -> String {
    let mut text = format!("{} elements, {} bytes\n", list.count(), crate::ds::entry::Object::memory_bytes(list));
    let mut index = 0;
    list.visit(0, list.count(), Side::Left, &mut |view, skip, take| {
        let kind = if view.is_plain() { "plain" } else { "packed" };
        let _ = writeln!(text, "node {kind}: {take} elements, {} bytes as a listpack", view.listpack_bytes());
        if elements {
            for item in view.items(skip, take) {
                let _ = writeln!(text, "  {index}: {}", String::from_utf8_lossy(&item.to_vec()).escape_debug());
                index += 1;
            }
        }
        true
    });
    text
}
