//! Searches against a look at every member, over both encodings.

use crate::sys::random::step;
use std::sync::atomic::Ordering::Relaxed;

use super::hash::{Position, decode, encode};
use super::shape::{Kind, Shape};
use super::walk::Walk;
use crate::commands::stage::{run, run_as};
use crate::resp::args::OwnedArgs;
use crate::resp::reply::Protocol;
use crate::sys::random;
use crate::txn::stage;
use crate::txn::{Effect, Txn};
use crate::types::zset::value::ZsetValue;

fn txn(listpack_entries: u64) -> Txn {
    let txn = stage::txn();
    txn.store.settings.zset_max_listpack_entries.store(listpack_entries, Relaxed);
    txn
}

#[test]
fn walks_find_what_a_look_at_every_member_finds() {
    walks_agree(random::next_u64());
}

pub(crate) fn walks_agree(seed: u64) {
    println!("seed {seed}");
    let mut state = seed;
    let mut part = |of: f64| {
        state = step(state);
        (state >> 11) as f64 / (1u64 << 53) as f64 * of
    };
    for turn in 0..60 {
        let mut txn = txn([0, 100_000][turn % 2]);
        let crowded = part(1.0) < 0.5;
        let middle = Position { longitude: part(300.0) - 150.0, latitude: part(120.0) - 60.0 };
        for index in 0..if turn % 2 == 0 { 6000 } else { 400 } {
            let spread = if crowded { 4.0 } else { 20.0 };
            let longitude = middle.longitude + part(spread) - spread / 2.0;
            let latitude = middle.latitude + part(spread) - spread / 2.0;
            run(&mut txn, &format!("GEOADD g {longitude} {latitude} m{index}"));
        }
        let zset = txn.get_object::<ZsetValue>(b"g").expect("a sorted set").expect("there");
        for _ in 0..20 {
            let center =
                Position { longitude: middle.longitude + part(4.0) - 2.0, latitude: middle.latitude + part(4.0) - 2.0 };
            let size_m = 10f64.powf(2.0 + part(3.5));
            let shape = match part(3.0) as u32 {
                0 => Shape { center, kind: Kind::Circle { radius_m: size_m }, unit_m: 1.0 },
                1 => {
                    let kind = Kind::Box { width_m: size_m * 2.0, height_m: size_m * (0.2 + part(2.0)) };
                    Shape { center, kind, unit_m: 1.0 }
                }
                _ => Shape::polygon(
                    (0..3 + part(6.0) as usize)
                        .map(|_| Position {
                            longitude: center.longitude + part(2.0) - 1.0,
                            latitude: center.latitude + part(2.0) - 1.0,
                        })
                        .collect(),
                ),
            };
            for distances in [false, true] {
                let mut found = Vec::new();
                let mut walk = Walk::new(shape.clone(), distances);
                let mut turns = 0;
                while walk.run(
                    zset,
                    || {
                        turns += 1;
                        turns % 3 == 0
                    },
                    |hit| {
                        if distances {
                            assert_eq!(shape.distance_to(decode(hit.score)), Some(hit.distance_m));
                        }
                        found.push(hit.member.to_vec());
                        true
                    },
                ) {}
                found.sort();
                let mut expected: Vec<Vec<u8>> = zset
                    .iter()
                    .filter(|(_, score)| shape.distance_to(decode(*score)).is_some())
                    .map(|(member, _)| member.to_vec())
                    .collect();
                expected.sort();
                assert!(found == expected, "{} of {} by {shape:?}", found.len(), expected.len());
            }
        }
        txn.commit();
    }
}

#[test]
fn what_is_found_comes_in_the_order_of_cells_and_scores() {
    let mut txn = txn(0);
    let mut seed = 5u64;
    for index in 0..3000 {
        seed = step(seed);
        let (x, y) = ((seed >> 33) % 1000, (seed >> 43) % 1000);
        run(&mut txn, &format!("GEOADD g {} {} m{index}", 10.0 + x as f64 / 1000.0, 45.0 + y as f64 / 1000.0));
    }
    let zset = txn.get_object::<ZsetValue>(b"g").expect("a sorted set").expect("there");
    let center = Position { longitude: 10.5, latitude: 45.5 };
    let shape = Shape { center, kind: Kind::Circle { radius_m: 30_000.0 }, unit_m: 1.0 };
    let mut expected = Vec::new();
    for cell in shape.cells() {
        let (min, max) = cell.scores();
        let inside = zset.iter().filter(|(_, score)| (min..max).contains(score));
        let hits = inside.filter(|(_, score)| shape.distance_to(decode(*score)).is_some());
        expected.extend(hits.map(|(member, _)| member.to_vec()));
    }
    let mut found = Vec::new();
    Walk::new(shape, false).run(
        zset,
        || true,
        |hit| {
            found.push(hit.member.to_vec());
            true
        },
    );
    assert!(found.len() > 500 && found == expected);
    txn.commit();
}

#[test]
fn numbers_print_as_in_redis() {
    let mut txn = txn(128);
    let sicily = "GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania";
    assert_eq!(run(&mut txn, sicily), ":2\r\n");
    assert_eq!(run(&mut txn, "GEODIST Sicily Palermo Catania"), "$11\r\n166274.1516\r\n");
    assert_eq!(run(&mut txn, "GEODIST Sicily Palermo Catania km"), "$8\r\n166.2742\r\n");
    assert_eq!(run(&mut txn, "GEODIST Sicily Palermo Catania mi"), "$8\r\n103.3182\r\n");
    assert_eq!(run(&mut txn, "GEODIST Sicily Palermo Palermo"), "$6\r\n0.0000\r\n");
    assert_eq!(run(&mut txn, "GEOHASH Sicily Palermo none"), "*2\r\n$11\r\nsqc8b49rny0\r\n$-1\r\n");
    let request: &[&[u8]] = &[b"GEOPOS", b"Sicily", b"Palermo", b"none"];
    let text = ["13.36138933897018433", "38.11555639549629859"];
    let resp2 = format!("*2\r\n*2\r\n$20\r\n{}\r\n$20\r\n{}\r\n*-1\r\n", text[0], text[1]);
    assert_eq!(run_as(&mut txn, Protocol::Resp2, request).0, resp2);
    let resp3 = format!("*2\r\n*2\r\n,{}\r\n,{}\r\n_\r\n", text[0], text[1]);
    assert_eq!(run_as(&mut txn, Protocol::Resp3, request).0, resp3);
    let found = run(&mut txn, "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHHASH COUNT 1");
    assert_eq!(found, "*1\r\n*3\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n");
    txn.commit();
}

#[test]
fn positions_travel_as_scores_and_stored_members_count() {
    let mut txn = txn(128);
    txn.record = true;
    let request: &[&[u8]] = &[b"GEOADD", b"g", b"CH", b"13.361389", b"38.115556", b"a"];
    let Effect::Rewrite(commands) = run_as(&mut txn, Protocol::Resp2, request).1 else { panic!("rewritten") };
    assert_eq!(commands, [OwnedArgs::of(&[b"ZADD", b"g", b"CH", b"3479099956230698", b"a"])]);
    assert!(matches!(run_as(&mut txn, Protocol::Resp2, request).1, Effect::None));
    run(&mut txn, "GEOADD g 13.4 38.1 b 13.5 38 c");
    let before = txn.dirty;
    assert_eq!(run(&mut txn, "GEOSEARCHSTORE d g FROMLONLAT 13.4 38.1 BYRADIUS 100 km COUNT 2"), ":2\r\n");
    assert_eq!(txn.dirty - before, 2);
    assert_eq!(encode(Position { longitude: 13.4, latitude: 38.1 }).fract(), 0.0);
    txn.commit();
}
