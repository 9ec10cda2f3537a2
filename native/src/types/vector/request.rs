//! Vectors in requests: `[REDUCE dim] FP32 blob` or `[REDUCE dim] VALUES count value …`.

use crate::resp::args::Args;
use crate::resp::number;

/// Dimensions of a vector, at most.
pub const DIMENSIONS_MAX: usize = 1 << 16;

pub struct Given {
    pub vector: Vec<f32>,
    /// Dimensions to reduce to.
    pub reduce: Option<usize>,
    /// Arguments it took.
    pub taken: usize,
}

impl Given {
    /// The vector that begins at argument `at`. None: it makes no sense.
    pub fn parse(args: Args, at: usize, may_reduce: bool) -> Option<Given> {
        let mut rest = args.from(at);
        let mut reduce = None;
        if may_reduce && rest.len() > 2 && rest.is(0, "reduce") {
            let dimensions = number::integer(rest.get(1)).and_then(|value| usize::try_from(value).ok());
            reduce = Some(dimensions.filter(|dimensions| *dimensions > 0)?);
            rest = rest.from(2);
        }
        if rest.len() < 2 {
            return None;
        }
        let (vector, taken) = if rest.is(0, "fp32") {
            let (values, odd) = rest.get(1).as_chunks::<4>();
            if values.is_empty() || !odd.is_empty() || values.len() > DIMENSIONS_MAX {
                return None;
            }
            // Clients send the bytes as their processors have them; all that matter here have the lowest first.
            (values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(), 2)
        } else if rest.is(0, "values") {
            let count = usize::try_from(number::integer(rest.get(1))?).ok()?;
            if count == 0 || count > DIMENSIONS_MAX || rest.len() < count + 2 {
                return None;
            }
            let values = rest.from(2).iter().take(count);
            (
                values.map(|text| number::double(text).map(|value| value as f32)).collect::<Option<Vec<f32>>>()?,
                count + 2,
            )
        } else {
            return None;
        };
        if reduce.is_some_and(|reduce| reduce > vector.len()) {
            return None;
        }
        Some(Given { vector, reduce, taken: if reduce.is_some() { taken + 2 } else { taken } })
    }
}
