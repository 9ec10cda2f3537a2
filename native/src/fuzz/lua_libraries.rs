//! What scripts read with the libraries that Redis gives them: JSON, MessagePack, packed structures, with and without damage.

use mlua::{Function, Lua, LuaString, MultiValue};

use super::{Draw, run};
use crate::lua::lib::open_all;

/// Bytes that mean something to one of the formats.
const TELLING: &[u8] = b"{}[]\",:\\/eE+-.0123456789untrlfasx<>=!I\x80\x90\x9f\xa1\xc0\xc1\xc4\xca\xcb\xcc\xcf\xd0\xd3\xd9\xdb\xdc\xdd\xde\xdf\xff\0";

#[test]
fn bytes_are_read_or_refused_and_what_was_read_can_be_written() {
    let lua = Lua::new();
    open_all(&lua).expect("libraries open");
    let function = |text: &str| -> Function { lua.load(text).into_function().expect("compiles") };
    let readers = [
        function("return cjson.decode(...)"),
        function("return cmsgpack.unpack(...)"),
        function("return cmsgpack.unpack_limit((...), 3, select(2, ...))"),
        function("local bytes, format = ... return struct.unpack(format, bytes)"),
        function("local bytes, format = ... return struct.pack(format, bytes, #bytes, bytes)"),
    ];
    let encode = function("return cjson.encode((...))");
    let decode = function("return cjson.decode(...) ~= nil");
    let pack = function("return cmsgpack.pack((...))");
    run("lua libraries", 20_000, |draw: &mut Draw| {
        let mut bytes = |most: usize| -> LuaString {
            let mut drawn = draw.bytes(TELLING, most);
            draw.damage(&mut drawn, TELLING);
            lua.create_string(drawn).expect("there is memory")
        };
        let (text, format) = (bytes(40), bytes(6));
        for reader in &readers {
            let Ok(read) = reader.call::<MultiValue>((&text, &format)) else { continue };
            if let Ok(json) = encode.call::<LuaString>(&read) {
                assert!(decode.call::<bool>(json).expect("what was read as JSON is JSON again"));
            }
            let _ = pack.call::<LuaString>(&read);
        }
    });
}
