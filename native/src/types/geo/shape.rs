//! What a search looks for: positions within a circle, a box or a polygon. Distances are along great circles of a sphere.

use super::hash::{Cell, LATITUDES, LONGITUDES, Position, STEPS_MAX};

/// Meters. The quadratic mean radius of WGS 84, as Redis has it.
const EARTH_RADIUS_M: f64 = 6372797.560856;
/// Half the length of the equator on the map, meters.
const MAP_HALF_M: f64 = 20037726.37;
const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// What is surely inside or outside keeps away so much from the edge: a hundred thousand times what rounding can do.
const MARGIN_M: f64 = 0.001;

#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    Circle {
        radius_m: f64,
    },
    /// Sides along meridians and parallels, measured through the centre.
    Box {
        width_m: f64,
        height_m: f64,
    },
    /// Corners, at least three; the last is joined with the first.
    Polygon(Vec<Position>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Shape {
    pub center: Position,
    pub kind: Kind,
    /// Meters of the unit that distances are replied in.
    pub unit_m: f64,
}

/// Where a cell lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// No position in it is in the shape.
    Outside,
    /// All are.
    Inside,
    Across,
}

fn latitude_distance(from: f64, to: f64) -> f64 {
    EARTH_RADIUS_M * (to * DEGREE - from * DEGREE).abs()
}

/// Meters between two positions (haversine formula).
pub fn distance(from: Position, to: Position) -> f64 {
    let (from_longitude, to_longitude) = (from.longitude * DEGREE, to.longitude * DEGREE);
    let v = ((to_longitude - from_longitude) / 2.0).sin();
    if v == 0.0 {
        return latitude_distance(from.latitude, to.latitude);
    }
    let (from_latitude, to_latitude) = (from.latitude * DEGREE, to.latitude * DEGREE);
    let u = ((to_latitude - from_latitude) / 2.0).sin();
    let a = u * u + from_latitude.cos() * to_latitude.cos() * v * v;
    2.0 * EARTH_RADIUS_M * a.sqrt().asin()
}

/// West, south, east and north of what a shape reaches, degrees; not cut at the map's edges.
struct Bounds {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Shape {
    /// A polygon, whose centre is that of its corners on the sphere.
    pub fn polygon(corners: Vec<Position>) -> Shape {
        let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
        for corner in &corners {
            let (longitude, latitude) = (corner.longitude * DEGREE, corner.latitude * DEGREE);
            x += latitude.cos() * longitude.cos();
            y += latitude.cos() * longitude.sin();
            z += latitude.sin();
        }
        let center = Position {
            longitude: y.atan2(x) / DEGREE,
            latitude: (z.atan2((x * x + y * y).sqrt()) / DEGREE).clamp(LATITUDES.min, LATITUDES.max),
        };
        Shape { center, kind: Kind::Polygon(corners), unit_m: 1.0 }
    }

    /// Meters from the centre, where the position is inside.
    #[inline]
    pub fn distance_to(&self, position: Position) -> Option<f64> {
        match &self.kind {
            Kind::Circle { radius_m } => {
                // Farther north or south than the radius: most of what is outside is told so.
                if latitude_distance(self.center.latitude, position.latitude) > radius_m + MARGIN_M {
                    return None;
                }
                Some(distance(self.center, position)).filter(|distance| distance <= radius_m)
            }
            Kind::Box { width_m, height_m } => {
                let beside = Position { longitude: self.center.longitude, latitude: position.latitude };
                let inside = latitude_distance(position.latitude, self.center.latitude) <= height_m / 2.0
                    && distance(position, beside) <= width_m / 2.0;
                inside.then(|| distance(self.center, position))
            }
            Kind::Polygon(corners) => is_within(corners, position).then(|| distance(self.center, position)),
        }
    }

    /// Where a cell lies; `Across` where that is not sure.
    pub fn place(&self, cell: Cell) -> Place {
        let (longitudes, latitudes) = (cell.longitudes(), cell.latitudes());
        let middle = Position {
            longitude: (longitudes.min + longitudes.max) / 2.0,
            latitude: (latitudes.min + latitudes.max) / 2.0,
        };
        // From its middle to any position in a cell it is no farther than along the meridian and then along the parallel that
        // is longest, the one nearest to the equator.
        let nearest = if latitudes.contains(0.0) { 0.0 } else { latitudes.min.abs().min(latitudes.max.abs()) };
        let half_height = latitude_distance(latitudes.min, latitudes.max) / 2.0;
        let half_width = EARTH_RADIUS_M * (longitudes.max - longitudes.min) / 2.0 * DEGREE * (nearest * DEGREE).cos();
        let reach = half_height + half_width + MARGIN_M;
        match &self.kind {
            Kind::Circle { radius_m } => {
                let away = distance(self.center, middle);
                if away - reach > *radius_m {
                    Place::Outside
                } else if away + reach < *radius_m {
                    Place::Inside
                } else {
                    Place::Across
                }
            }
            Kind::Box { width_m, height_m } => {
                let (high, wide) = (height_m / 2.0, width_m / 2.0);
                let away_north = latitude_distance(middle.latitude, self.center.latitude);
                let away_east =
                    distance(middle, Position { longitude: self.center.longitude, latitude: middle.latitude });
                // The way to the centre's meridian differs from that of the middle by no more than the reach, and the
                // same way back on another parallel, once more.
                if away_north - half_height - MARGIN_M > high || away_east - 2.0 * reach > wide {
                    Place::Outside
                } else if away_north + half_height + MARGIN_M < high && away_east + 2.0 * reach < wide {
                    Place::Inside
                } else {
                    Place::Across
                }
            }
            Kind::Polygon(corners) => {
                let least = |of: fn(&Position) -> f64| corners.iter().map(of).fold(f64::INFINITY, f64::min);
                let most = |of: fn(&Position) -> f64| corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
                let outside = longitudes.max < least(|corner| corner.longitude)
                    || longitudes.min > most(|corner| corner.longitude)
                    || latitudes.max < least(|corner| corner.latitude)
                    || latitudes.min > most(|corner| corner.latitude);
                if outside { Place::Outside } else { Place::Across }
            }
        }
    }

    /// The cells that cover the shape, as Redis picks and orders them: one about the centre, then its neighbours to the
    /// north, south, east, west, north-east, north-west, south-east and south-west, those without that cannot hold any.
    pub fn cells(&self) -> Vec<Cell> {
        let bounds = self.bounds();
        let mut steps = steps_for(self.radius(&bounds), self.center.latitude);
        let mut center = Cell::of(self.center, steps);
        let beyond = center.beside(0, 1).latitudes().max < bounds.north
            || center.beside(0, -1).latitudes().min > bounds.south
            || center.beside(1, 0).longitudes().max < bounds.east
            || center.beside(-1, 0).longitudes().min > bounds.west;
        if steps > 1 && beyond {
            steps -= 1;
            center = Cell::of(self.center, steps);
        }
        let (longitudes, latitudes) = (center.longitudes(), center.latitudes());
        let covered = |east: i32, north: i32| {
            steps >= 2
                && (north < 0 && latitudes.min < bounds.south
                    || north > 0 && latitudes.max > bounds.north
                    || east < 0 && longitudes.min < bounds.west
                    || east > 0 && longitudes.max > bounds.east)
        };
        let mut cells: Vec<Cell> = vec![center];
        let mut last = None;
        for (east, north) in [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
            let cell = center.beside(east, north);
            // Where cells are large, two neighbours can be the same one. Redis compares with the last, but never with the
            // centre, so what is there twice comes twice.
            if !covered(east, north) && last != Some(cell) {
                cells.push(cell);
                last = Some(cell);
            }
        }
        cells
    }

    fn bounds(&self) -> Bounds {
        let (height_m, width_m) = match &self.kind {
            Kind::Circle { radius_m } => (*radius_m, *radius_m),
            Kind::Box { width_m, height_m } => (height_m / 2.0, width_m / 2.0),
            Kind::Polygon(corners) => {
                let fold = |of: fn(&Position) -> f64, from: f64, with: fn(f64, f64) -> f64| {
                    corners.iter().map(of).fold(from, with)
                };
                return Bounds {
                    west: fold(|corner| corner.longitude, LONGITUDES.max, f64::min),
                    south: fold(|corner| corner.latitude, LATITUDES.max, f64::min),
                    east: fold(|corner| corner.longitude, LONGITUDES.min, f64::max),
                    north: fold(|corner| corner.latitude, LATITUDES.min, f64::max),
                };
            }
        };
        let Position { longitude, latitude } = self.center;
        let latitude_delta = height_m / EARTH_RADIUS_M / DEGREE;
        // On the side towards the pole the same width is more degrees.
        let towards_pole = if latitude < 0.0 { latitude - latitude_delta } else { latitude + latitude_delta };
        let longitude_delta = width_m / EARTH_RADIUS_M / (towards_pole * DEGREE).cos() / DEGREE;
        Bounds {
            west: longitude - longitude_delta,
            south: latitude - latitude_delta,
            east: longitude + longitude_delta,
            north: latitude + latitude_delta,
        }
    }

    /// Meters from the centre to the farthest corner.
    fn radius(&self, bounds: &Bounds) -> f64 {
        match &self.kind {
            Kind::Circle { radius_m } => *radius_m,
            Kind::Box { width_m, height_m } => {
                ((width_m / 2.0) * (width_m / 2.0) + (height_m / 2.0) * (height_m / 2.0)).sqrt()
            }
            Kind::Polygon(_) => [bounds.west, bounds.east]
                .into_iter()
                .flat_map(|longitude| [bounds.south, bounds.north].map(|latitude| Position { longitude, latitude }))
                .map(|corner| distance(self.center, corner))
                .fold(0.0, f64::max),
        }
    }
}

/// Steps of cells that nine of cover a circle.
fn steps_for(radius_m: f64, latitude: f64) -> u32 {
    if radius_m == 0.0 {
        return STEPS_MAX;
    }
    let (mut steps, mut range_m) = (1, radius_m);
    while range_m < MAP_HALF_M {
        range_m *= 2.0;
        steps += 1;
    }
    steps -= 2;
    // Towards the poles cells are narrower.
    if latitude.abs() > 66.0 {
        steps -= 1;
    }
    if latitude.abs() > 80.0 {
        steps -= 1;
    }
    steps.clamp(1, STEPS_MAX as i32) as u32
}

/// Is a position within a polygon? Counts the sides that a ray to the east crosses (Franklin's PNPOLY).
fn is_within(corners: &[Position], position: Position) -> bool {
    let mut inside = false;
    let mut before = corners[corners.len() - 1];
    for &corner in corners {
        let crosses = (corner.latitude > position.latitude) != (before.latitude > position.latitude);
        if crosses
            && position.longitude
                < (before.longitude - corner.longitude) * (position.latitude - corner.latitude)
                    / (before.latitude - corner.latitude)
                    + corner.longitude
        {
            inside = !inside;
        }
        before = corner;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::random::step;
    use crate::types::geo::hash::{decode, encode};

    fn position(longitude: f64, latitude: f64) -> Position {
        Position { longitude, latitude }
    }

    fn below(seed: &mut u64, bound: f64) -> f64 {
        *seed = step(*seed);
        (*seed >> 11) as f64 / (1u64 << 53) as f64 * bound
    }

    #[test]
    fn distances_are_those_of_redis() {
        let palermo = decode(encode(position(13.361389, 38.115556)));
        let catania = decode(encode(position(15.087269, 37.502669)));
        assert_eq!(format!("{:.4}", distance(palermo, catania)), "166274.1516");
    }

    /// What is said of a cell holds for every position in it.
    #[test]
    fn cells_lie_where_they_are_said_to_lie() {
        let mut seed = 7u64;
        let mut seen = [0; 3];
        for _ in 0..20_000 {
            let center = position(below(&mut seed, 360.0) - 180.0, below(&mut seed, 170.0) - 85.0);
            let size_m = 10f64.powf(1.0 + below(&mut seed, 6.0));
            let kind = match below(&mut seed, 3.0) as u32 {
                0 => Kind::Circle { radius_m: size_m },
                1 => Kind::Box { width_m: size_m * 2.0, height_m: size_m * below(&mut seed, 3.0) },
                _ => Kind::Polygon(
                    (0..5)
                        .map(|_| {
                            let spread = size_m / 111_000.0;
                            position(
                                (center.longitude + below(&mut seed, spread)).clamp(-180.0, 180.0),
                                (center.latitude + below(&mut seed, spread)).clamp(-85.0, 85.0),
                            )
                        })
                        .collect(),
                ),
            };
            let shape = Shape { center, kind, unit_m: 1.0 };
            let about = size_m / 111_000.0 * 3.0;
            let near = position(
                (center.longitude + below(&mut seed, about) - about / 2.0).clamp(-180.0, 179.9),
                (center.latitude + below(&mut seed, about) - about / 2.0).clamp(-85.0, 85.0),
            );
            let cell = Cell::of(near, 1 + below(&mut seed, 26.0) as u32);
            let place = shape.place(cell);
            seen[place as usize] += 1;
            let (longitudes, latitudes) = (cell.longitudes(), cell.latitudes());
            for _ in 0..8 {
                // Corners, too.
                let part = |seed: &mut u64| (below(seed, 1.4) - 0.2).clamp(0.0, 1.0);
                let inside = position(
                    longitudes.min + part(&mut seed) * (longitudes.max - longitudes.min),
                    latitudes.min + part(&mut seed) * (latitudes.max - latitudes.min),
                );
                let found = shape.distance_to(inside).is_some();
                match place {
                    Place::Outside => assert!(!found, "{shape:?} {cell:?} {inside:?}"),
                    Place::Inside => assert!(found, "{shape:?} {cell:?} {inside:?}"),
                    Place::Across => (),
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 500), "{seen:?}");
    }

    #[test]
    fn a_small_circle_is_covered_by_few_cells() {
        let shape = Shape { center: position(15.0, 37.0), kind: Kind::Circle { radius_m: 200_000.0 }, unit_m: 1000.0 };
        let cells = shape.cells();
        assert!((1..=9).contains(&cells.len()));
        assert_eq!(cells[0], Cell::of(shape.center, cells[0].steps));
    }
}
