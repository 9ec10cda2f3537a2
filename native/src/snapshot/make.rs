//! Values that were read, in the encodings that the settings ask for.

use super::value::Loaded;
use crate::ds::entry::{NewValue, Object};
use crate::ds::item::Item;
use crate::ds::scored::Scored;
use crate::ds::scored::member::{Member, order_of};
use crate::store::Settings;
use crate::txn::edit::Inverses;
use crate::types::hash::value::{HashValue, Limits as HashLimits, Ttl};
use crate::types::list::Limits as ListLimits;
use crate::types::list::value::ListValue;
use crate::types::set::value::SetValue;
use crate::types::stream::value::{Limits as StreamLimits, Policy};
use crate::types::zset::value::{Limits as ZsetLimits, ZsetValue};

impl Loaded {
    /// Hands the value to `with`, which puts it under a key.
    pub fn make<R>(self, settings: &Settings, with: impl FnOnce(NewValue) -> R) -> R {
        let object: Box<dyn Object> = match self {
            Loaded::Text(text) => return with(NewValue::Text(&text)),
            Loaded::List(elements) => {
                Box::new(ListValue::of(elements.iter().map(Vec::as_slice), &ListLimits::of(settings)))
            }
            Loaded::Set(members) => Box::new(SetValue::of(&members, settings)),
            Loaded::Hash(pairs) => {
                Box::new(hash(pairs.iter().map(|(field, value)| (&field[..], &value[..], None)), settings))
            }
            Loaded::Expiring(triples) => {
                let fields = triples.iter().map(|(field, value, at_ms)| (&field[..], &value[..], *at_ms));
                Box::new(hash(fields, settings))
            }
            Loaded::Zset(mut members) => {
                members.sort_unstable_by(|a, b| (order_of(a.1), &a.0).cmp(&(order_of(b.1), &b.0)));
                let scored = Scored::load(members.iter().map(|(member, score)| Member::new(member, *score)));
                Box::new(ZsetValue::of(scored, ZsetLimits::of(settings)))
            }
            Loaded::Stream(stream) => Box::new(stream.make(Policy::of(settings), StreamLimits::of(settings))),
            Loaded::Made(made) => made.0,
        };
        with(NewValue::Object(object))
    }
}

fn hash<'v>(
    fields: impl ExactSizeIterator<Item = (&'v [u8], &'v [u8], Option<i64>)> + Clone,
    settings: &Settings,
) -> HashValue {
    let (limits, mut off) = (HashLimits::of(settings), Inverses::off());
    let mut hash = HashValue::default();
    let items = fields.clone().flat_map(|(field, value, _)| [field, value]);
    hash.make_room(fields.len(), items, limits, &mut off);
    for (field, value, at_ms) in fields {
        hash.set(field, Item::Text(value), at_ms.map_or(Ttl::Clear, Ttl::At), limits, &mut off);
    }
    hash
}
