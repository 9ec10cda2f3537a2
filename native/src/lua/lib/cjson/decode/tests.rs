use crate::lua::lib::tests::{run, table};

#[test]
fn values_are_read_as_lua_cjson_reads_them() {
    table(&[
        (
            "local t = cjson.decode('{\"a\":[1,2.5,-3e2],\"b\":{\"c\":true},\"d\":null}') return t.a[1], t.a[2], t.a[3], t.b.c, t.d == cjson.null",
            "1 2.5 -300 true true",
        ),
        (
            "return #cjson.decode('[]'), next(cjson.decode(' { } ')), cjson.decode('\"x\"'), cjson.decode(' 1 '), cjson.decode(2)",
            "0 nil x 1 2",
        ),
        ("return cjson.decode('\"\\\\u0041\\\\u00e9\\\\u20ac\\\\ud83d\\\\ude00\\\\/\\\\b\\\\t\"')", "Aé€😀/\u{8}\t"),
        ("return cjson.decode('\"\\255\\128\"') == '\\255\\128', cjson.decode('{\"\\255\":1}')['\\255']", "true 1"),
        (
            "return cjson.decode('0x1F'), cjson.decode('inf'), cjson.decode('-Infinity'), cjson.decode('007'), cjson.decode('+5')",
            "31 inf -inf 7 5",
        ),
        ("return cjson.decode('{\"a\":1,\"a\":2}').a, cjson.decode('12\\0x')", "2 12"),
        ("local t = cjson.decode('{\"\\\\u0061\":\"\\\\u0062\",\"c\\\\n\":[[],{}]}') return t.a, #t['c\\n']", "b 2"),
        (
            "local s = '{\"a\":[{\"b\":[]},[],{}],\"c\":{}}' return cjson.encode(cjson.decode(s))",
            r#"{"a":[{"b":{}},{},{}],"c":{}}"#,
        ),
    ]);
}

#[test]
fn what_is_no_json_is_an_error_that_says_where() {
    for (text, expected) in [
        ("", "Expected value but found T_END at character 1"),
        ("x", "Expected value but found invalid token at character 1"),
        ("nul", "Expected value but found invalid token at character 1"),
        ("[1,]", "Expected value but found T_ARR_END at character 4"),
        ("[1 2]", "Expected comma or array end but found T_NUMBER at character 4"),
        ("{\"a\" 1}", "Expected colon but found T_NUMBER at character 6"),
        ("{\"a\":1 2}", "Expected comma or object end but found T_NUMBER at character 8"),
        ("{1:2}", "Expected object key string but found T_NUMBER at character 2"),
        ("{,}", "Expected object key string but found T_COMMA at character 2"),
        ("1 {", "Expected the end but found T_OBJ_BEGIN at character 3"),
        ("true]", "Expected the end but found T_ARR_END at character 5"),
        ("\"abc", "Expected value but found unexpected end of string at character 5"),
        ("\"ab\\\\x\"", "Expected value but found invalid escape code at character 4"),
        ("\"\\\\u12g4\"", "Expected value but found invalid unicode escape code at character 2"),
        ("\"\\\\ud800\"", "Expected value but found invalid unicode escape code at character 2"),
        ("\"\\\\udc00\\\\ud800\"", "Expected value but found invalid unicode escape code at character 2"),
        ("\"\\\\ud800\\\\u0041\"", "Expected value but found invalid unicode escape code at character 2"),
        ("-", "Expected value but found invalid number at character 1"),
        ("[null,\"a\":]", "Expected comma or array end but found T_COLON at character 10"),
        ("\\0\\0", "JSON parser does not support UTF-16 or UTF-32"),
    ] {
        assert_eq!(
            run(&format!("return cjson.decode('{text}')")),
            format!("error: user_script:1: {expected}"),
            "{text}"
        );
    }
    table(&[
        ("return cjson.decode()", "error: user_script:1: bad argument #1 to 'decode' (expected 1 argument)"),
        ("return cjson.decode({})", "error: user_script:1: bad argument #1 to 'decode' (string expected, got table)"),
        (
            "cjson.decode_invalid_numbers(false) return cjson.decode('0x1F')",
            "error: user_script:1: Expected value but found invalid number at character 1",
        ),
        (
            "cjson.decode_invalid_numbers(false) return cjson.decode('inf')",
            "error: user_script:1: Expected value but found invalid token at character 1",
        ),
        (
            "cjson.decode_invalid_numbers(false) return cjson.decode('[01]')",
            "error: user_script:1: Expected value but found invalid number at character 2",
        ),
    ]);
}

#[test]
fn depth_has_a_limit() {
    table(&[
        ("return cjson.decode(('['):rep(1000) .. (']'):rep(1000)) ~= nil", "true"),
        (
            "return cjson.decode(('['):rep(1001))",
            "error: user_script:1: Found too many nested data structures (1001) at character 1001",
        ),
        (
            "cjson.decode_max_depth(1) return cjson.decode('{\"a\":{}}')",
            "error: user_script:1: Found too many nested data structures (2) at character 6",
        ),
        // 7999 in Redis: our references have a little less room than its values.
        (
            "cjson.decode_max_depth(2147483647) local _, e = pcall(cjson.decode, ('['):rep(1e6)) return e:match('(.*%d%d)%d%d%) at')",
            "Found too many nested data structures (79",
        ),
        (
            "cjson.decode_max_depth(2147483647) return cjson.decode(('{\"a\":'):rep(1e6))",
            "error: user_script:1: Found too many nested data structures (4000) at character 19996",
        ),
    ]);
}
