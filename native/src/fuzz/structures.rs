//! Every structure under sequences of operations, beside a plain model: the rounds are those of the structures' own tests, which know
//! their insides, each with a seed of its own.
//!
//! ```text
//!   tables                hash map; clones keep what they were        packed and annexed runs     vector
//!   members by score      ordered set, by rank and by name            graphs                      what must always hold, undo
//!   lists                 vector; nodes: vector of vectors; runs      sets, sorted sets           ordered set, map; undo
//!   streams               map; ladder: sorted list; pending: map      registers, bits, shapes     a look at every one
//! ```

use super::run_heavy;
use crate::ds::{hnsw, packed, scored, segments, table};
use crate::types::{bitmap, geo, hyperloglog, list, set, stream, vector, zset};

/// A target of its own for each: `name: rounds in a short run, weight, the round`.
macro_rules! targets {
    ($($name:ident: $usual:literal, $weight:literal, $round:path;)*) => {
        $(#[test]
        fn $name() {
            run_heavy(stringify!($name), $usual, $weight, |draw| $round(draw.next()));
        })*
    };
}

targets! {
    table: 3, 1000, table::tests::changes_agree;
    table_in_segments: 3, 2000, segments::tests::changes_agree;
    packed_runs: 100, 20, packed::tests::splices_agree;
    members_by_score: 1, 10_000, scored::tests::changes_agree;
    graphs_of_vectors: 1, 10_000, hnsw::tests::changes_keep_graphs_whole;
    lists: 1, 5000, list::tests::changes_agree;
    trees_of_nodes: 1, 2000, list::node_tests::edits_agree;
    runs_of_elements: 2, 1000, list::run_tests::edits_agree;
    sets: 1, 10_000, set::tests::changes_agree;
    sets_combined: 1, 10_000, set::tests::combinations_agree;
    sets_of_integers: 5, 500, set::int_tests::changes_agree;
    sorted_sets: 1, 5000, zset::tests::changes_agree;
    sorted_sets_combined: 1, 5000, zset::tests::combinations_agree_with;
    streams: 1, 5000, stream::tests::changes_agree;
    ladders_of_blocks: 3, 1000, stream::ladder_tests::changes_agree;
    pending_entries: 1, 5000, stream::pending_tests::pending_agrees;
    consumer_groups: 3, 1000, stream::pending_tests::group_undoes;
    registers: 1, 2000, hyperloglog::tests::registers_agree;
    bitmaps: 3, 1000, bitmap::tests::changes_agree;
    bits_combined: 3, 500, bitmap::combine_tests::operations_agree;
    bits_counted: 2, 1000, bitmap::count_tests::counts_agree;
    shapes_and_cells: 1, 10_000, geo::tests::walks_agree;
    vector_sets: 1, 5000, vector::tests::changes_agree;
}
