//! What searches are asked: their many words, in Redis's order of checks.

use super::hash::decode;
use super::shape::{Kind, Shape};
use super::{position, unit};
use crate::resp::args::Args;
use crate::resp::{error, number};
use crate::types::zset::value::ZsetValue;

/// Which command asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// GEORADIUS, and GEORADIUS_RO, which stores nothing.
    Radius { may_store: bool },
    /// GEORADIUSBYMEMBER and GEORADIUSBYMEMBER_RO.
    RadiusByMember { may_store: bool },
    /// GEOSEARCH
    Search,
    /// GEOSEARCHSTORE
    SearchStore,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    None,
    Ascending,
    Descending,
}

pub struct Options<'a> {
    pub shape: Shape,
    pub with_distance: bool,
    pub with_hash: bool,
    pub with_position: bool,
    pub sort: Sort,
    /// 0: all.
    pub count: usize,
    /// Any members will do, not the nearest.
    pub any: bool,
    /// Where the result goes, instead of the reply.
    pub store: Option<&'a [u8]>,
    /// Stored are distances, instead of positions.
    pub store_distances: bool,
}

/// What an error says, or bytes of the client within it.
pub type Refusal = Vec<u8>;

struct Parser<'a, 'z> {
    args: Args<'a>,
    zset: Option<&'z ZsetValue>,
    /// GEOSEARCH and GEOSEARCHSTORE name centre and shape by words.
    by_words: bool,
    has_member: bool,
    has_position: bool,
    options: Options<'a>,
    has_radius: bool,
    has_box: bool,
    has_polygon: bool,
}

/// Reads a request whose source is `zset`; None: there is none, so that no member has a position.
pub fn parse<'a>(args: Args<'a>, form: Form, zset: Option<&ZsetValue>) -> Result<Options<'a>, Refusal> {
    let by_words = matches!(form, Form::Search | Form::SearchStore);
    let shape = Shape {
        center: super::hash::Position { longitude: 0.0, latitude: 0.0 },
        kind: Kind::Circle { radius_m: 0.0 },
        unit_m: 1.0,
    };
    let options = Options {
        shape,
        with_distance: false,
        with_hash: false,
        with_position: false,
        sort: Sort::None,
        count: 0,
        any: false,
        store: None,
        store_distances: false,
    };
    let mut parser = Parser {
        args,
        zset,
        by_words,
        has_member: false,
        has_position: false,
        options,
        has_radius: false,
        has_box: false,
        has_polygon: false,
    };
    let first = parser.fixed(form)?;
    parser.words(first, form)?;
    parser.check(form)?;
    Ok(parser.options)
}

impl<'a> Parser<'a, '_> {
    /// The arguments at fixed places; gives where the words begin.
    fn fixed(&mut self, form: Form) -> Result<usize, Refusal> {
        let args = self.args;
        match form {
            Form::Radius { .. } => {
                self.options.shape.center = position(args.get(2), args.get(3))?;
                self.radius(4)?;
                Ok(6)
            }
            Form::RadiusByMember { .. } => {
                if self.zset.is_some() {
                    self.member(args.get(2))?;
                    self.radius(3)?;
                }
                Ok(5)
            }
            Form::Search => Ok(2),
            Form::SearchStore => {
                self.options.store = Some(args.get(1));
                Ok(3)
            }
        }
    }

    fn member(&mut self, member: &[u8]) -> Result<(), Refusal> {
        if let Some(zset) = self.zset {
            let score = zset.score(member).ok_or(error::GEO_MEMBER)?;
            self.options.shape.center = decode(score);
        }
        Ok(())
    }

    /// `radius unit` at argument `at`.
    fn radius(&mut self, at: usize) -> Result<(), Refusal> {
        let radius = number::double(self.args.get(at)).ok_or(error::GEO_RADIUS)?;
        if radius < 0.0 {
            return Err(error::GEO_RADIUS_NEGATIVE.into());
        }
        let unit_m = unit(self.args.get(at + 1))?;
        self.options.shape.kind = Kind::Circle { radius_m: radius * unit_m };
        self.options.shape.unit_m = unit_m;
        Ok(())
    }

    /// `width height unit` at argument `at`.
    fn sides(&mut self, at: usize) -> Result<(), Refusal> {
        let width = number::double(self.args.get(at)).ok_or(error::GEO_WIDTH)?;
        let height = number::double(self.args.get(at + 1)).ok_or(error::GEO_HEIGHT)?;
        if width < 0.0 || height < 0.0 {
            return Err(error::GEO_SIDE_NEGATIVE.into());
        }
        let unit_m = unit(self.args.get(at + 2))?;
        self.options.shape.kind = Kind::Box { width_m: width * unit_m, height_m: height * unit_m };
        self.options.shape.unit_m = unit_m;
        Ok(())
    }

    /// `num-vertices longitude latitude …` at argument `at`; gives how many arguments that are.
    fn polygon(&mut self, at: usize) -> Result<usize, Refusal> {
        let corners = number::integer(self.args.get(at)).and_then(|number| i32::try_from(number).ok());
        let corners = corners.ok_or(error::GEO_VERTICES)?;
        let there = (self.args.len() - at - 1) / 2;
        if corners < 3 || there < corners as usize {
            return Err(error::GEO_TOO_FEW_VERTICES.into());
        }
        let args = self.args;
        let corner = |number: usize| position(args.get(at + 1 + number * 2), args.get(at + 2 + number * 2));
        let corners = (0..corners as usize).map(corner).collect::<Result<Vec<_>, _>>()?;
        let words = 1 + corners.len() * 2;
        self.options.shape = Shape::polygon(corners);
        Ok(words)
    }

    fn words(&mut self, first: usize, form: Form) -> Result<(), Refusal> {
        let args = self.args;
        let may_store = matches!(form, Form::Radius { may_store: true } | Form::RadiusByMember { may_store: true });
        let mut at = first;
        while at < args.len() {
            let left = args.len() - at - 1;
            let word = args.get(at).to_ascii_lowercase();
            match word.as_slice() {
                b"withdist" => self.options.with_distance = true,
                b"withhash" => self.options.with_hash = true,
                b"withcoord" => self.options.with_position = true,
                b"any" => self.options.any = true,
                b"asc" => self.options.sort = Sort::Ascending,
                b"desc" => self.options.sort = Sort::Descending,
                b"count" if left >= 1 => {
                    let count = number::integer(args.get(at + 1)).ok_or(error::NOT_INTEGER)?;
                    if count <= 0 {
                        return Err(error::GEO_COUNT.into());
                    }
                    self.options.count = count as usize;
                    at += 1;
                }
                b"store" | b"storedist" if left >= 1 && may_store => {
                    self.options.store = Some(args.get(at + 1));
                    self.options.store_distances = word == b"storedist";
                    at += 1;
                }
                b"storedist" if form == Form::SearchStore => self.options.store_distances = true,
                b"frommember" if left >= 1 && self.by_words && !self.has_position && !self.has_polygon => {
                    self.member(args.get(at + 1))?;
                    self.has_member = true;
                    at += 1;
                }
                b"fromlonlat" if left >= 2 && self.by_words && !self.has_member && !self.has_polygon => {
                    self.options.shape.center = position(args.get(at + 1), args.get(at + 2))?;
                    self.has_position = true;
                    at += 2;
                }
                b"byradius" if left >= 2 && self.by_words && !self.has_box && !self.has_polygon => {
                    self.radius(at + 1)?;
                    self.has_radius = true;
                    at += 2;
                }
                b"bybox" if left >= 3 && self.by_words && !self.has_radius && !self.has_polygon => {
                    self.sides(at + 1)?;
                    self.has_box = true;
                    at += 3;
                }
                b"bypolygon"
                    if left >= 2
                        && self.by_words
                        && !(self.has_radius || self.has_box || self.has_member || self.has_position) =>
                {
                    at += self.polygon(at + 1)?;
                    self.has_polygon = true;
                }
                _ => return Err(error::SYNTAX.into()),
            }
            at += 1;
        }
        Ok(())
    }

    /// What only shows at the end.
    fn check(&mut self, form: Form) -> Result<(), Refusal> {
        let Options { with_distance, with_hash, with_position, store, any, count, .. } = self.options;
        if store.is_some() && (with_distance || with_hash || with_position) {
            let text = if form == Form::SearchStore { error::GEOSEARCHSTORE_WITH } else { error::GEORADIUS_STORE_WITH };
            return Err(text.into());
        }
        let named = |text: &str| [text.as_bytes(), self.args.get(0)].concat();
        if self.by_words && !(self.has_member || self.has_position || self.has_polygon) {
            return Err(named(error::GEO_ONE_CENTER));
        }
        if self.by_words && !(self.has_radius || self.has_box || self.has_polygon) {
            return Err(named(error::GEO_ONE_SHAPE));
        }
        if any && count == 0 {
            return Err(error::GEO_ANY_WITHOUT_COUNT.into());
        }
        // The nearest are meant, unless any will do.
        if count != 0 && self.options.sort == Sort::None && !any {
            self.options.sort = Sort::Ascending;
        }
        Ok(())
    }
}
