//! The libraries that Redis gives its scripts: `cjson`, `cmsgpack`, `struct` and `bit`, with its results, its limits and the
//! texts of its errors. Each module's `open` makes the library's table.
//!
//! A function is given its [`Arguments`] and returns values, or a [`Failure`], which is raised as Redis's C functions raise
//! theirs: a string, with the script's name and line before it or the function's name in it.

pub mod bit;
pub mod cjson;
pub mod cmsgpack;
mod number;
pub mod structs;

use mlua::{Function, IntoLua, IntoLuaMulti, Lua, LuaString, MultiValue, Value, Variadic};

use crate::sys::lua::{outcome, raising};

/// What is raised instead of results.
#[derive(Debug)]
pub enum Failure {
    /// Argument of that number (from 1), and what is wrong with it.
    Argument(i32, Vec<u8>),
    /// Raised behind the script's name and line.
    Text(Vec<u8>),
    /// Raised as it is.
    Plain(&'static str),
    /// What the interpreter itself could not do: it has no memory.
    Lua(mlua::Error),
}

impl Failure {
    fn argument(number: usize, text: impl Into<Vec<u8>>) -> Failure {
        Failure::Argument(number as i32, text.into())
    }

    fn text(text: impl Into<Vec<u8>>) -> Failure {
        Failure::Text(text.into())
    }

    /// `failure` if the interpreter has no room for another reference.
    fn from_depth(error: mlua::Error, failure: impl FnOnce() -> Failure) -> Failure {
        if matches!(error, mlua::Error::StackError) { failure() } else { Failure::Lua(error) }
    }

    /// As the interpreter says that a C function's values have no room on its stack.
    fn stack(what: &str) -> Failure {
        Failure::text(format!("stack overflow ({what})"))
    }
}

impl From<mlua::Error> for Failure {
    fn from(error: mlua::Error) -> Failure {
        Failure::Lua(error)
    }
}

/// Slots that a C function may have on Lua's stack. Functions that would have more there fail as Redis's do, though ours keep
/// their values elsewhere.
const SLOTS: usize = 8000;

/// Bytes that an encoder may write: what Redis takes as one value. A table that holds itself, or a part many times, can ask for
/// any number.
const ENCODED_BYTES_MAX: usize = if cfg!(test) { 1 << 20 } else { 512 << 20 };

fn check_encoded(bytes: usize) -> Result<(), Failure> {
    if bytes <= ENCODED_BYTES_MAX {
        return Ok(());
    }
    Err(Failure::text(format!(
        "encoded value is longer than {ENCODED_BYTES_MAX} bytes: encode its parts one by one, and see that none holds itself"
    )))
}

/// What a function was called with, converted as Lua's auxiliary library converts for C functions.
pub struct Arguments<'a> {
    lua: &'a Lua,
    values: Vec<Value>,
}

impl Arguments<'_> {
    fn count(&self) -> usize {
        self.values.len()
    }

    /// Argument of that number, from 1; None if there are fewer.
    fn value(&self, number: usize) -> Option<&Value> {
        self.values.get(number - 1)
    }

    fn is_nil(&self, number: usize) -> bool {
        matches!(self.value(number), None | Some(Value::Nil))
    }

    /// A number, or a string that reads as one.
    fn number(&self, number: usize) -> Result<f64, Failure> {
        match self.value(number) {
            Some(Value::Integer(integer)) => return Ok(*integer as f64),
            Some(Value::Number(float)) => return Ok(*float),
            Some(value @ Value::String(_)) => {
                if let Some(float) = self.lua.coerce_number(value.clone())? {
                    return Ok(float);
                }
            }
            _ => (),
        }
        Err(self.type_error(number, "number"))
    }

    fn integer(&self, number: usize) -> Result<i64, Failure> {
        self.number(number).map(truncated)
    }

    fn integer_or(&self, number: usize, otherwise: i64) -> Result<i64, Failure> {
        if self.is_nil(number) { Ok(otherwise) } else { self.integer(number) }
    }

    /// A string, or a number as Lua prints it.
    fn string(&self, number: usize) -> Result<LuaString, Failure> {
        match self.value(number) {
            Some(Value::String(string)) => Ok(string.clone()),
            Some(value @ (Value::Integer(_) | Value::Number(_))) => {
                Ok(self.lua.coerce_string(value.clone())?.expect("numbers print"))
            }
            _ => Err(self.type_error(number, "string")),
        }
    }

    fn type_error(&self, number: usize, expected: &str) -> Failure {
        let got = self.value(number).map_or("no value", Value::type_name);
        // mlua has names of its own for numbers without a fraction and for userdata without an owner.
        let got = match got {
            "integer" => "number",
            "lightuserdata" | "error" => "userdata",
            name => name,
        };
        Failure::argument(number, format!("{expected} expected, got {got}"))
    }
}

/// As a cast of C makes an integer of a number on x86-64: towards zero, and the least integer where there is none.
fn truncated(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// As [`truncated`], of 32 bits.
fn truncated_32(number: f64) -> i32 {
    let number = number.trunc();
    if (-2_147_483_648.0..=2_147_483_647.0).contains(&number) { number as i32 } else { i32::MIN }
}

/// A function with one result.
fn function_of_one<T: IntoLua>(
    lua: &Lua,
    body: impl Fn(Arguments) -> Result<T, Failure> + 'static,
) -> mlua::Result<Function> {
    let function = lua.create_function(move |lua, values: Variadic<Value>| {
        Ok(match body(Arguments { lua, values: values.into() }) {
            Ok(value) => (1, value.into_lua(lua)?, Value::Nil),
            Err(failure) => raised(lua, failure)?,
        })
    })?;
    raising(lua, function)
}

/// A function with any number of results.
fn function_of_many(
    lua: &Lua,
    body: impl Fn(Arguments) -> Result<Vec<Value>, Failure> + 'static,
) -> mlua::Result<Function> {
    let function = lua.create_function(move |lua, values: Variadic<Value>| {
        match body(Arguments { lua, values: values.into() }) {
            Ok(values) => {
                let mut results = Vec::with_capacity(values.len() + 1);
                results.push(Value::Integer(values.len() as i64));
                results.extend(values);
                Ok(MultiValue::from_vec(results))
            }
            Err(failure) => raised(lua, failure)?.into_lua_multi(lua),
        }
    })?;
    raising(lua, function)
}

fn raised(lua: &Lua, failure: Failure) -> mlua::Result<(i32, Value, Value)> {
    let text = |text: &[u8]| lua.create_string(text).map(Value::String);
    Ok(match failure {
        Failure::Argument(number, what) => (outcome::RAISE_ABOUT_ARGUMENT, text(&what)?, Value::Integer(number.into())),
        Failure::Text(what) => (outcome::RAISE_WITH_PLACE, text(&what)?, Value::Nil),
        Failure::Plain(what) => (outcome::RAISE, text(what.as_bytes())?, Value::Nil),
        Failure::Lua(error) => return Err(error),
    })
}

/// All libraries as globals, under their names: what the tests do with them.
#[cfg(test)]
pub fn open_all(lua: &Lua) -> mlua::Result<()> {
    let globals = lua.globals();
    globals.set("bit", bit::open(lua)?)?;
    globals.set("cjson", cjson::open(lua)?)?;
    globals.set("cmsgpack", cmsgpack::open(lua)?)?;
    globals.set("struct", structs::open(lua)?)
}

#[cfg(test)]
mod tests {
    use mlua::Lua;

    /// What a script returns, as `tostring` prints it, or raises, after `error: `; all libraries are open.
    pub fn run(script: &str) -> String {
        let lua = Lua::new();
        super::open_all(&lua).expect("libraries open");
        let chunk = lua.load(script).set_name("@user_script").into_function().expect("compiles");
        let show: mlua::Function = lua
            .load(
                "local f = ... local r = {pcall(f)} local n = table.maxn(r)
                 if not r[1] then return 'error: ' .. tostring(r[2]) end
                 for i = 2, n do r[i] = tostring(r[i]) end return table.concat(r, ' ', 2, n)",
            )
            .into_function()
            .expect("compiles");
        show.call::<mlua::LuaString>(chunk).expect("shows").to_string_lossy()
    }

    /// Each script beside what it gives.
    pub fn table(cases: &[(&str, &str)]) {
        for (script, expected) in cases {
            assert_eq!(run(script), *expected, "{script}");
        }
    }

    #[test]
    fn errors_are_strings_with_the_place_and_the_function_in_them() {
        table(&[
            ("bit.band()", "error: user_script:1: bad argument #1 to 'band' (number expected, got no value)"),
            ("return bit.band()", "error: user_script:1: bad argument #1 to 'band' (number expected, got no value)"),
            ("local f = bit.band f({})", "error: user_script:1: bad argument #1 to 'f' (number expected, got table)"),
            ("bit:band()", "error: user_script:1: calling 'band' on bad self (number expected, got table)"),
            ("return pcall(bit.band)", "false bad argument #1 to '?' (number expected, got no value)"),
            ("return type(select(2, pcall(bit.band, {})))", "string"),
            ("\n\nstruct.size('!3')", "error: user_script:3: alignment 3 is not a power of 2"),
        ]);
    }
}
