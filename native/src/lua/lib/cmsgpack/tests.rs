//! Tests of cmsgpack.rs.

use crate::lua::lib::tests::{run, table};

const HEX: &str = "local function hex(s) return (s:gsub('.', function(c) return ('%02x'):format(c:byte()) end)) end ";

#[test]
fn values_are_packed_in_their_shortest_form() {
    for (value, expected) in [
        ("0, 127, 128, 255, 256", "007fcc80ccffcd0100"),
        ("65536, 2^32", "ce00010000cf0000000100000000"),
        ("-1, -32, -33, -129, -32769", "ffe0d0dfd1ff7fd2ffff7fff"),
        ("-2^31 - 1, -2^63, 2^63", "d3ffffffff7fffffffd38000000000000000ca5f000000"),
        ("1.5, 0.1, 1/0", "ca3fc00000cb3fb999999999999aca7f800000"),
        ("'', 'abc', true, false, nil", "a0a3616263c3c2c0"),
        ("('x'):rep(32):sub(1, 0) .. ('x'):rep(32)", "d920 + 32"),
        ("{}, {1, 2, 3}, {a = 1}, {[2] = 1}, {1.5}", "9093010203" /* maps */),
        ("tostring, cjson.null", "c0c0"),
    ] {
        let expected = match expected {
            "d920 + 32" => format!("d920{}", "78".repeat(32)),
            "9093010203" => "909301020381a16101810201 91ca3fc00000".replace(' ', ""),
            expected => expected.into(),
        };
        assert_eq!(run(&format!("{HEX} return hex(cmsgpack.pack({value}))")), expected, "{value}");
    }
    table(&[
        ("return cmsgpack.pack()", "error: user_script:1: bad argument #0 to 'pack' (MessagePack pack needs input.)"),
        ("return cmsgpack._NAME, cmsgpack._VERSION", "cmsgpack lua-cmsgpack 0.4.0"),
    ]);
    let nested = format!("{HEX} local t = 1 for i = 1, 20 do t = {{t}} end return hex(cmsgpack.pack(t))");
    assert_eq!(run(&nested), format!("{}c0", "91".repeat(16)));
    let endless = "local t = {} for i = 1, 20 do t[i] = t end return cmsgpack.pack(t)";
    assert!(run(endless).starts_with("error: user_script:1: encoded value is longer than 1048576 bytes"));
}

#[test]
fn what_was_packed_is_unpacked() {
    table(&[
        (
            "return cmsgpack.unpack(cmsgpack.pack(1, -1, 'x', 1.5, true, nil, 300, -300, 2^40, -2^40))",
            "1 -1 x 1.5 true nil 300 -300 1099511627776 -1099511627776",
        ),
        (
            "local t = cmsgpack.unpack(cmsgpack.pack({1, {a = {2, 3}}, 'z'})) return t[1], t[2].a[2], t[3], #t",
            "1 3 z 3",
        ),
        (
            "local t = cmsgpack.unpack('\\130\\145\\1\\2\\161a\\147\\192\\1\\192') local n = 0 for k, v in pairs(t) do n = n + 1 end return n, t.a[2], t.a[1]",
            "2 1",
        ),
        ("return cmsgpack.unpack('\\207\\255\\255\\255\\255\\255\\255\\255\\255'), cmsgpack.unpack('')", "-1"),
        ("return cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))", "1 1"),
        ("return cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 2)", "-1 3"),
        ("return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)", "2 1 2"),
        ("return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 0)", "1 2 3"),
        ("return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 5, 1)", "-1 2 3"),
    ]);
}

#[test]
fn what_is_no_messagepack_is_an_error() {
    table(&[
        ("return cmsgpack.unpack('\\193')", "error: user_script:1: Bad data format in input."),
        ("return cmsgpack.unpack('\\199\\1\\1\\1')", "error: user_script:1: Bad data format in input."),
        ("return cmsgpack.unpack('\\217')", "error: user_script:1: Missing bytes in input."),
        ("return cmsgpack.unpack('\\219\\255\\255\\255\\255x')", "error: user_script:1: Missing bytes in input."),
        ("return cmsgpack.unpack('\\221\\255\\255\\255\\255\\1')", "error: user_script:1: Missing bytes in input."),
        ("return cmsgpack.unpack('\\223\\255\\255\\255\\255\\1\\2')", "error: user_script:1: Missing bytes in input."),
        ("return cmsgpack.unpack('\\129\\192\\1')", "error: table index is nil"),
        ("return cmsgpack.unpack('\\129\\203\\127\\248\\0\\0\\0\\0\\0\\0\\1')", "error: table index is NaN"),
        (
            "return cmsgpack.unpack()",
            "error: user_script:1: bad argument #1 to 'unpack' (string expected, got no value)",
        ),
        (
            "return cmsgpack.unpack_limit('abc')",
            "error: user_script:1: bad argument #2 to 'unpack_limit' (number expected, got no value)",
        ),
        ("return cmsgpack.unpack_one('abc', 5)", "error: user_script:1: Start offset 5 greater than input length 3."),
        (
            "return cmsgpack.unpack_one('abc', -1)",
            "error: user_script:1: Invalid request to unpack with offset of -1 and limit of 3.",
        ),
        (
            "return cmsgpack.unpack_limit('abc', -5)",
            "error: user_script:1: Invalid request to unpack with offset of 0 and limit of 3.",
        ),
        (
            "return cmsgpack.unpack(('\\145'):rep(1e6))",
            "error: user_script:1: stack overflow (in function mp_decode_to_lua_array)",
        ),
        (
            "return cmsgpack.unpack(('x'):rep(8000))",
            "error: user_script:1: stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)",
        ),
        ("return select('#', cmsgpack.unpack(('x'):rep(7000)))", "7000"),
    ]);
}
