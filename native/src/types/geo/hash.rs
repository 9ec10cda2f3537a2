//! Positions as 52 bits, which are the scores of a sorted set.
//!
//! ```text
//!   the world, longitude -180 to 180 by latitude -85.05 to 85.05, is cut in four again and again:
//!
//!     +------+------+       bits, from the top: longitude, latitude, longitude, latitude, …
//!     |  01  |  11  |       one pair a step; 26 steps, 52 bits, which a double holds exactly
//!     +------+------+
//!     |  00  |  10  |       cell of 3 steps:   10 11 01           all positions in it have scores from
//!     +------+------+                                             101101 << 46 up to, not with, 101110 << 46
//! ```
//!
//! Numbers are computed in Redis's order of operations, so that distances and coordinates print alike to the last digit.

/// 2 bits each: all that a score holds.
pub const STEPS_MAX: u32 = 26;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// Degrees.
    pub longitude: f64,
    pub latitude: f64,
}

/// From least to greatest, degrees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Span {
    pub min: f64,
    pub max: f64,
}

pub const LONGITUDES: Span = Span { min: -180.0, max: 180.0 };
/// Those of the web's map projection (EPSG:3857); scores do not reach the poles.
pub const LATITUDES: Span = Span { min: -85.05112878, max: 85.05112878 };
/// Those of geohash strings.
const ALL_LATITUDES: Span = Span { min: -90.0, max: 90.0 };

/// A part of the world: a square of the grid of 2^steps by 2^steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    pub steps: u32,
    /// Column, from west to east.
    pub column: u32,
    /// Row, from south to north.
    pub row: u32,
}

impl Span {
    fn width(self) -> f64 {
        self.max - self.min
    }

    pub fn contains(self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// Which of 2^steps parts `value` is in.
    fn part(self, value: f64, steps: u32) -> u32 {
        ((value - self.min) / self.width() * (1u64 << steps) as f64) as u32
    }

    /// Where one of those parts begins and ends.
    #[inline]
    fn of_part(self, part: u32, steps: u32) -> Span {
        let parts = (1u64 << steps) as f64;
        Span {
            min: self.min + (part as f64 / parts) * self.width(),
            max: self.min + (part.wrapping_add(1) as f64 / parts) * self.width(),
        }
    }

    #[inline]
    fn middle(self) -> f64 {
        (self.min + self.max) / 2.0
    }
}

/// The bits of `number` in the even places. (Anderson, Bit Twiddling Hacks: interleaving by binary magic numbers.)
#[inline]
fn spread(number: u32) -> u64 {
    let mut wide = number as u64;
    wide = (wide | wide << 16) & 0x0000_ffff_0000_ffff;
    wide = (wide | wide << 8) & 0x00ff_00ff_00ff_00ff;
    wide = (wide | wide << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    wide = (wide | wide << 2) & 0x3333_3333_3333_3333;
    (wide | wide << 1) & 0x5555_5555_5555_5555
}

/// The bits in the even places of `wide`.
#[inline]
fn gather(wide: u64) -> u32 {
    let mut bits = wide & 0x5555_5555_5555_5555;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits >> 4) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits >> 8) & 0x0000_ffff_0000_ffff;
    (bits | bits >> 16) as u32
}

impl Cell {
    /// The cell of so many steps that a position is in.
    pub fn of(position: Position, steps: u32) -> Cell {
        Cell {
            steps,
            column: LONGITUDES.part(position.longitude, steps),
            row: LATITUDES.part(position.latitude, steps),
        }
    }

    /// The cell so many columns to the east and rows to the north; beyond an edge of the map it is at the other one.
    pub fn beside(self, east: i32, north: i32) -> Cell {
        let mask = ((1u64 << self.steps) - 1) as u32;
        let column = self.column.wrapping_add_signed(east) & mask;
        Cell { column, row: self.row.wrapping_add_signed(north) & mask, ..self }
    }

    pub fn longitudes(self) -> Span {
        LONGITUDES.of_part(self.column, self.steps)
    }

    pub fn latitudes(self) -> Span {
        LATITUDES.of_part(self.row, self.steps)
    }

    fn bits(self) -> u64 {
        spread(self.row) | spread(self.column) << 1
    }

    /// The least score of positions in it, and the least above it.
    pub fn scores(self) -> (f64, f64) {
        let shift = 2 * (STEPS_MAX - self.steps);
        ((self.bits() << shift) as f64, ((self.bits() + 1) << shift) as f64)
    }

    /// The four cells it is made of, in the order of their scores.
    pub fn quarters(self) -> [Cell; 4] {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(east, north)| Cell {
            steps: self.steps + 1,
            column: self.column * 2 + east,
            row: self.row * 2 + north,
        })
    }
}

/// The score of a position.
pub fn encode(position: Position) -> f64 {
    Cell::of(position, STEPS_MAX).bits() as f64
}

/// The position that a score stands for: the middle of its cell.
#[inline]
pub fn decode(score: f64) -> Position {
    // Scores need not be of positions. This is how C converts what is no u64, on x86-64.
    let bits = if score < 0.0 {
        score as i64 as u64
    } else if score >= 18_446_744_073_709_551_616.0 {
        0
    } else {
        score as u64
    };
    let (row, column) = (gather(bits), gather(bits >> 1));
    Position {
        longitude: LONGITUDES.of_part(column, STEPS_MAX).middle().clamp(LONGITUDES.min, LONGITUDES.max),
        latitude: LATITUDES.of_part(row, STEPS_MAX).middle().clamp(LATITUDES.min, LATITUDES.max),
    }
}

/// A position as other systems write it: eleven characters. The last is 0, since 52 bits make ten and a bit.
pub fn text(position: Position) -> [u8; 11] {
    const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let bits = spread(ALL_LATITUDES.part(position.latitude, STEPS_MAX))
        | spread(LONGITUDES.part(position.longitude, STEPS_MAX)) << 1;
    let mut text = [b'0'; 11];
    for (at, letter) in text[..10].iter_mut().enumerate() {
        *letter = ALPHABET[(bits >> (52 - (at + 1) * 5)) as usize & 0x1f];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;

    const PALERMO: Position = Position { longitude: 13.361389, latitude: 38.115556 };

    #[test]
    fn palermo_is_where_redis_has_it() {
        let score = encode(PALERMO);
        assert_eq!(score, 3479099956230698.0);
        let back = decode(score);
        assert_eq!(
            format!("{:.17} {:.17}", back.longitude, back.latitude),
            "13.36138933897018433 38.11555639549629859"
        );
        assert_eq!(&text(back), b"sqc8b49rny0");
    }

    #[test]
    fn bits_spread_and_gather() {
        let mut seed = 1u64;
        for _ in 0..1000 {
            seed = step(seed);
            let number = (seed >> 32) as u32;
            assert_eq!(gather(spread(number)), number);
            assert_eq!(spread(number) & 0xaaaa_aaaa_aaaa_aaaa, 0);
        }
    }

    #[test]
    fn quarters_cover_their_cell_in_the_order_of_scores() {
        let cell = Cell::of(PALERMO, 7);
        let (from, to) = cell.scores();
        let quarters = cell.quarters().map(Cell::scores);
        assert_eq!((quarters[0].0, quarters[3].1), (from, to));
        assert!(quarters.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert!(from <= encode(PALERMO) && encode(PALERMO) < to);
    }

    #[test]
    fn neighbours_wrap_round_the_world() {
        let west = Cell { steps: 3, column: 0, row: 0 };
        assert_eq!(west.beside(-1, -1), Cell { steps: 3, column: 7, row: 7 });
        assert_eq!(west.beside(-1, -1).beside(1, 1), west);
    }

    #[test]
    fn scores_that_are_no_positions_decode_to_some() {
        for score in [-1.0, -1e300, f64::INFINITY, f64::NEG_INFINITY, 1.5, 2f64.powi(63), 2f64.powi(64), 1e300] {
            let position = decode(score);
            assert!(LONGITUDES.contains(position.longitude) && LATITUDES.contains(position.latitude), "{score}");
        }
    }
}
