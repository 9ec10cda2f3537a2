//! Every error text that Redis has, in one place. A text starts with its code; the `-` and CRLF are added on writing.

#[path = "error_hash.rs"]
mod hash;

pub use hash::*;

pub const SYNTAX: &str = "ERR syntax error";
pub const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
pub const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
pub const NOT_FLOAT: &str = "ERR value is not a valid float";
pub const NAN_OR_INFINITY: &str = "ERR increment would produce NaN or Infinity";
pub const OVERFLOW: &str = "ERR increment or decrement would overflow";
pub const DECREMENT_OVERFLOW: &str = "ERR decrement would overflow";
pub const LCS_NOT_STRINGS: &str = "ERR The specified keys must contain string values";
pub const LCS_LEN_AND_IDX: &str = "ERR If you want both the length and indexes, please just use IDX.";
pub const LCS_TOO_LARGE: &str = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
pub const BIT_OFFSET: &str = "ERR bit offset is not an integer or out of range";
pub const BIT_VALUE: &str = "ERR bit is not an integer or out of range";
pub const BIT_ARGUMENT: &str = "ERR The bit argument must be 1 or 0.";
pub const BITOP_NOT: &str = "ERR BITOP NOT must be called with a single source key.";
pub const BITFIELD_TYPE: &str =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
pub const BITFIELD_OVERFLOW: &str = "ERR Invalid OVERFLOW type specified";
pub const BITFIELD_RO: &str = "ERR BITFIELD_RO only supports the GET subcommand";
pub const OUT_OF_RANGE: &str = "ERR index out of range";
pub const OFFSET_OUT_OF_RANGE: &str = "ERR offset is out of range";
pub const STRING_TOO_LONG: &str = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
pub const NO_SUCH_KEY: &str = "ERR no such key";
pub const UNBLOCKED: &str = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
pub const LOADING: &str = "LOADING Redis is loading the dataset in memory";
pub const BUSY_KEY: &str = "BUSYKEY Target key name already exists.";
pub const SAME_OBJECT: &str = "ERR source and destination objects are the same";
pub const INVALID_DB: &str = "ERR DB index is out of range";
pub const NO_SCORES_OF_ZSCAN: &str = "ERR NOSCORES option can only be used in ZSCAN";
pub const NO_VALUES_OF_HSCAN: &str = "ERR NOVALUES option can only be used in HSCAN";
pub const INVALID_CURSOR: &str = "ERR invalid cursor";
pub const IS_NAN_OR_INFINITY: &str = "ERR value is NaN or Infinity";
pub const VALUE_OUT_OF_RANGE: &str = "ERR value is out of range";
pub const OUT_OF_LONG_RANGE: &str =
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
pub const NESTED_MULTI: &str = "ERR MULTI calls can not be nested";
pub const EXEC_WITHOUT_MULTI: &str = "ERR EXEC without MULTI";
pub const DISCARD_WITHOUT_MULTI: &str = "ERR DISCARD without MULTI";
pub const WATCH_IN_MULTI: &str = "ERR WATCH inside MULTI is not allowed";
pub const EXEC_ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";
pub const NO_AUTH: &str = "NOAUTH Authentication required.";
pub const WRONG_PASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";
pub const AUTH_WITHOUT_PASSWORD: &str = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
pub const HELLO_NO_AUTH: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
pub const BAD_CLIENT_NAME: &str = "ERR Client names cannot contain spaces, newlines or special characters.";
pub const CACHING_WITHOUT_TRACKING: &str =
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
pub const NO_PROTO: &str = "NOPROTO unsupported protocol version";
/// Of a script or function that has not said that it may run all the same.
pub const OOM_CALL: &str = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
pub const OOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";
pub const MAX_CLIENTS: &str = "ERR max number of clients reached";
pub const PROTECTED: &str = "DENIED Zedis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. To let other computers in, do one of these: give the default user a password (requirepass, or ACL SETUSER default); send CONFIG SET protected-mode no from this machine, and CONFIG REWRITE to keep it; put protected-mode no into the configuration file, or --protected-mode no on the command line, and restart. Without a password anybody who reaches the port may do everything, so see to it that it cannot be reached from the internet.";
pub const NOT_POSITIVE: &str = "ERR value is out of range, must be positive";
pub const TIMEOUT_NOT_INTEGER: &str = "ERR timeout is not an integer or out of range";
pub const TIMEOUT_NOT_FLOAT: &str = "ERR timeout is not a float or out of range";
pub const TIMEOUT_OUT_OF_RANGE: &str = "ERR timeout is out of range";
pub const TIMEOUT_NEGATIVE: &str = "ERR timeout is negative";
pub const EXPIRE_NX_WITH_OTHERS: &str = "ERR NX and XX, GT or LT options at the same time are not compatible";
pub const EXPIRE_GT_WITH_LT: &str = "ERR GT and LT options at the same time are not compatible";
pub const NO_LFU: &str = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
pub const LFU: &str = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
pub const WAITAOF_WITHOUT_AOF: &str = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
pub const DEBUG_NOT_ALLOWED: &str = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";
pub const MODULE_NOT_ALLOWED: &str = "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";
pub use super::script_error::*;

// ---- string ----
pub const DIGEST_LENGTH: &str = "ERR must be exactly 16 hexadecimal characters";
pub const DELEX_CONDITION: &str = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE";
pub const DELEX_NOT_STRING: &str = "ERR Key should be of string type if conditions are specified";
pub const MSETEX_NUMKEYS: &str = "ERR invalid numkeys value";
pub const MSETEX_PAIRS: &str = "ERR wrong number of key-value pairs";
pub const INCREMENT_NOT_INTEGER: &str = "ERR Increment is not an integer or out of range";
pub const INCREMENT_NOT_FLOAT: &str = "ERR Increment is not a valid float";
pub const INCREMENT_INFINITE: &str = "ERR BYFLOAT increment cannot be Infinity";
pub const LOWER_NOT_INTEGER: &str = "ERR LBOUND is not an integer or out of range";
pub const LOWER_NOT_FLOAT: &str = "ERR LBOUND is not a valid float";
pub const UPPER_NOT_INTEGER: &str = "ERR UBOUND is not an integer or out of range";
pub const UPPER_NOT_FLOAT: &str = "ERR UBOUND is not a valid float";
pub const BOUNDS_CROSSED: &str = "ERR LBOUND can't be greater than UBOUND";
pub const ENX_WITHOUT_EXPIRY: &str = "ERR ENX flag requires an expiration option (EX, PX, EXAT or PXAT)";
pub const VALUE_INFINITE: &str = "ERR value cannot be Infinity";
pub const APPLIED_OVERFLOW: &str = "ERR applied increment would overflow";
pub const APPLIED_INFINITE: &str = "ERR applied increment would be Infinity";
// ---- bitmaps ----
/// For an operation of BITOP that needs another source; its name as it was sent.
pub fn bitop_of_two(operation: &[u8]) -> String {
    let name = String::from_utf8_lossy(operation).to_uppercase();
    format!("ERR BITOP {name} must be called with at least two source keys.")
}

// ---- HyperLogLog ----
pub const NOT_HYPERLOGLOG: &str = "WRONGTYPE Key is not a valid HyperLogLog string value.";
pub const HYPERLOGLOG_CORRUPTED: &str = "INVALIDOBJ Corrupted HLL object detected";
// ---- list ----
pub const COUNT_NOT_POSITIVE: &str = "ERR count should be greater than 0";
pub const COUNT_NEGATIVE: &str = "ERR COUNT can't be negative";
pub const MAXLEN_NEGATIVE: &str = "ERR MAXLEN can't be negative";
pub const RANK_ZERO: &str = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list";

// ---- set ----
pub const NUMKEYS_NOT_POSITIVE: &str = "ERR numkeys should be greater than 0";
pub const LIMIT_NEGATIVE: &str = "ERR LIMIT can't be negative";
pub const SORT_NOT_DOUBLE: &str = "ERR One or more scores can't be converted into double";
pub const SORT_BY_DENIED: &str = "ERR BY option of SORT denied due to insufficient ACL permissions.";
pub const SORT_GET_DENIED: &str = "ERR GET option of SORT denied due to insufficient ACL permissions.";

// ---- geo ----

pub const GEO_UNIT: &str = "ERR unsupported unit provided. please use M, KM, FT, MI";
pub const GEO_MEMBER: &str = "ERR could not decode requested zset member";
pub const GEO_RADIUS: &str = "ERR need numeric radius";
pub const GEO_RADIUS_NEGATIVE: &str = "ERR radius cannot be negative";
pub const GEO_WIDTH: &str = "ERR need numeric width";
pub const GEO_HEIGHT: &str = "ERR need numeric height";
pub const GEO_SIDE_NEGATIVE: &str = "ERR height or width cannot be negative";
pub const GEO_COUNT: &str = "ERR COUNT must be > 0";
pub const GEO_VERTICES: &str = "ERR invalid number of vertices";
pub const GEO_TOO_FEW_VERTICES: &str = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
pub const GEO_ANY_WITHOUT_COUNT: &str = "ERR the ANY argument requires COUNT argument";
pub const GEOSEARCHSTORE_WITH: &str =
    "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
pub const GEORADIUS_STORE_WITH: &str =
    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
/// The command's name follows, as it was sent.
pub const GEO_ONE_CENTER: &str = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
pub const GEO_ONE_SHAPE: &str = "ERR exactly one of BYRADIUS and BYBOX can be specified for ";

/// A position off the map.
pub fn invalid_position(longitude: f64, latitude: f64) -> String {
    format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}")
}

// ---- sorted sets ----
pub const NOT_SCORE_RANGE: &str = "ERR min or max is not a float";
pub const NOT_LEX_RANGE: &str = "ERR min or max not valid string range item";
pub const SCORE_IS_NAN: &str = "ERR resulting score is not a number (NaN)";
pub const ZADD_NX_WITH_XX: &str = "ERR XX and NX options at the same time are not compatible";
pub const ZADD_GT_LT_NX: &str = "ERR GT, LT, and/or NX options at the same time are not compatible";
pub const LIMIT_BY_RANK: &str = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
pub const WITHSCORES_BY_LEX: &str = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
pub const WEIGHT_NOT_FLOAT: &str = "ERR weight value is not a float";
pub const ZADD_INCR_PAIRS: &str = "ERR INCR option supports a single increment-element pair";
// ---- stream ----
pub const STREAM_ID: &str = "ERR Invalid stream ID specified as stream command argument";
pub const STREAM_ID_ZERO: &str = "ERR The ID specified in XADD must be greater than 0-0";
pub const STREAM_ID_SMALL: &str = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
pub const STREAM_EXHAUSTED: &str = "ERR The stream has exhausted the last possible ID, unable to add more items";
pub const STREAM_ENTRY_TOO_LARGE: &str = "ERR Elements are too large to be stored";
pub const STREAM_TRIM_TWICE: &str = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
pub const STREAM_MAXLEN: &str = "ERR The MAXLEN argument must be >= 0.";
pub const STREAM_LIMIT: &str = "ERR The LIMIT argument must be >= 0.";
pub const STREAM_LIMIT_ALONE: &str = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
pub const STREAM_LIMIT_EXACT: &str = "ERR syntax error, LIMIT cannot be used without the special ~ option";
pub const STREAM_NO_TRIM: &str = "ERR syntax error, XTRIM must be called with a trimming strategy";
pub const STREAM_IDMP_TWICE: &str = "ERR syntax error, IDMP/IDMPAUTO specified multiple times";
pub const STREAM_IDMP_AUTO_PRODUCER: &str = "ERR syntax error, IDMPAUTO requires a non-empty producer ID";
pub const STREAM_IDMP_PRODUCER: &str = "ERR syntax error, IDMP requires a non-empty producer ID";
pub const STREAM_IDMP_IID: &str = "ERR syntax error, IDMP requires a non-empty idempotent ID";
pub const STREAM_IDMP_WITH_ID: &str = "ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs";
pub const STREAM_INTERVAL_START: &str = "ERR invalid start ID for the interval";
pub const STREAM_INTERVAL_END: &str = "ERR invalid end ID for the interval";
pub const STREAM_GROUP_OPTION: &str = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
pub const STREAM_NOACK_OPTION: &str = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
pub const STREAM_CLAIM_OPTION: &str = "ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.";
pub const STREAM_CLAIM_IDLE: &str = "ERR min-idle-time is not an integer or out of range";
pub const STREAM_CLAIM_NEGATIVE: &str = "ERR min-idle-time must be a positive integer";
pub const STREAM_MAXCOUNT: &str = "ERR MAXCOUNT must be a positive integer";
pub const STREAM_MAXSIZE: &str = "ERR MAXSIZE must be a positive integer";
pub const STREAM_MAXCOUNT_BELOW_COUNT: &str = "ERR MAXCOUNT must be greater than or equal to COUNT";
pub const STREAM_NO_GROUP_OPTION: &str = "ERR Missing GROUP option for XREADGROUP";
pub const STREAM_NEW_OF_XREAD: &str =
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
pub const STREAM_GROUP_EXISTS: &str = "BUSYGROUP Consumer Group name already exists";
pub const STREAM_GROUP_NO_KEY: &str = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.";
pub const STREAM_ENTRIES_READ: &str = "ERR value for ENTRIESREAD must be positive or -1";
pub const STREAM_ENTRIES_ADDED: &str = "ERR entries_added must be positive";
pub const STREAM_SETID_DELETED: &str =
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
pub const STREAM_SETID_NOW_DELETED: &str =
    "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
pub const STREAM_SETID_SMALL: &str = "ERR The ID specified in XSETID is smaller than the target stream top item";
pub const STREAM_SETID_ADDED: &str =
    "ERR The entries_added specified in XSETID is smaller than the target stream length";
pub const STREAM_CLAIM_MIN_IDLE: &str = "ERR Invalid min-idle-time argument for XCLAIM";
pub const STREAM_AUTOCLAIM_MIN_IDLE: &str = "ERR Invalid min-idle-time argument for XAUTOCLAIM";
pub const STREAM_AUTOCLAIM_COUNT: &str = "ERR COUNT must be > 0";
pub const STREAM_NACK_MODE: &str = "ERR mode must be SILENT, FAIL, or FATAL";
pub const STREAM_NACK_NUMIDS: &str = "ERR numids must be a positive integer";
pub const STREAM_NACK_FEW_IDS: &str = "ERR number of IDs doesn't match numids";
pub const STREAM_NACK_RETRYCOUNT: &str = "ERR Invalid RETRYCOUNT value, must be >= 0";
pub const STREAM_NACK_NO_IDS: &str = "ERR syntax error, expected IDS keyword";
pub const STREAM_IDS_COUNT: &str = "ERR Number of IDs must be a positive integer";
pub const STREAM_IDS_FEW: &str = "ERR The `numids` parameter must match the number of arguments";
pub const STREAM_IDS_MISSING: &str = "ERR IDS option is required";
pub const STREAM_IDMP_NO_ENTRY: &str = "ERR No such message in stream";
pub const STREAM_IDMP_OTHER_ENTRY: &str = "ERR IID already exists for this producer with a different stream ID";
pub const STREAM_IDMP_RECORD_PRODUCER: &str = "ERR producer ID must be non-empty";
pub const STREAM_IDMP_RECORD_IID: &str = "ERR idempotent ID must be non-empty";
pub const STREAM_IDMP_DURATION_TWICE: &str = "ERR IDMP-DURATION specified multiple times";
pub const STREAM_IDMP_MAXSIZE_TWICE: &str = "ERR IDMP-MAXSIZE specified multiple times";
pub const STREAM_IDMP_DURATION: &str = "ERR IDMP-DURATION must be between 1 and 86400 seconds";
pub const STREAM_IDMP_MAXSIZE: &str = "ERR IDMP-MAXSIZE must be between 1 and 10000 entries";
pub const STREAM_CFG_NOTHING: &str = "ERR At least one parameter must be specified";

/// An id that means something to XREAD only, given to XREADGROUP.
pub fn stream_meaningless(id: char) -> String {
    format!(
        "ERR The {id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The {id} ID would just return an empty result set."
    )
}

/// A word that XCLAIM or XNACK does not know.
pub fn stream_option(command: &str, word: &[u8]) -> Vec<u8> {
    [b"ERR Unrecognized ", command.as_bytes(), b" option '", quotable(word, usize::MAX), b"'"].concat()
}

/// XREAD and XREADGROUP with a key too many or too few.
pub fn stream_unbalanced(command: &str) -> String {
    let id = if command == "xread" { '$' } else { '>' };
    format!("ERR Unbalanced '{command}' list of streams: for each stream key an ID or '{id}' must be specified.")
}

/// A group that is not there, or its key; as XREADGROUP says it if `of_read`.
pub fn no_group(key: &[u8], group: &[u8], of_read: bool) -> Vec<u8> {
    let tail: &[u8] = if of_read { b"' in XREADGROUP with GROUP option" } else { b"'" };
    [b"NOGROUP No such key '", quotable(key, usize::MAX), b"' or consumer group '", quotable(group, usize::MAX), tail]
        .concat()
}

/// The same, of a key that is there.
pub fn no_group_of(key: &[u8], group: &[u8]) -> Vec<u8> {
    let (key, group) = (quotable(key, usize::MAX), quotable(group, usize::MAX));
    [b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"].concat()
}

/// `wrong number of arguments`, for a command's full name (`client|kill` for a subcommand). Redis has vector sets in a module, which
/// names its commands in capitals.
pub fn wrong_arity(name: &str) -> String {
    let shown = if name.starts_with('v') { name.to_ascii_uppercase() } else { name.into() };
    format!("ERR wrong number of arguments for '{shown}' command")
}

/// A count of keys below 1, for a command's name.
pub fn no_input_key(name: &str) -> String {
    format!("ERR at least 1 input key is needed for '{name}' command")
}

/// What a refused EXEC replies, from the text it would have had otherwise.
pub fn exec_aborted_by(text: &[u8]) -> Vec<u8> {
    let reason = text.strip_prefix(b"ERR ").unwrap_or(text);
    [b"EXECABORT Transaction discarded because of: ", reason].concat()
}

/// As Redis 7 quotes an unknown command: at most 128 bytes of the name, and as much of all arguments; the bytes as they
/// came, up to a zero byte.
pub fn unknown_command(name: &[u8], arguments: super::args::Args<'_>) -> Vec<u8> {
    let mut text = [b"ERR unknown command '", quotable(name, 128), b"', with args beginning with: "].concat();
    let start = text.len();
    for argument in arguments.iter() {
        let quoted = text.len() - start;
        if quoted >= 128 {
            break;
        }
        text.push(b'\'');
        text.extend_from_slice(quotable(argument, 128 - quoted));
        text.extend_from_slice(b"' ");
    }
    text
}

/// A word after the time of EXPIRE and its like that they do not know.
pub fn unsupported_option(word: &[u8]) -> Vec<u8> {
    [b"ERR Unsupported option ", word.split(|byte| *byte == 0).next().unwrap_or(word)].concat()
}

fn quotable(bytes: &[u8], max: usize) -> &[u8] {
    let cut = &bytes[..bytes.len().min(max)];
    cut.split(|byte| *byte == 0).next().unwrap_or(cut)
}

/// As Redis 7 names an unknown subcommand.
pub fn unknown_subcommand(subcommand: &[u8], container: &[u8]) -> Vec<u8> {
    let container = container.to_ascii_uppercase();
    [b"ERR unknown subcommand '", quotable(subcommand, 128), b"'. Try ", quotable(&container, 128), b" HELP."].concat()
}

/// A number outside of the range that an argument has.
pub fn not_between(low: i64, high: i64) -> String {
    format!("ERR value is out of range, value must between {low} and {high}")
}

/// An expiry that does not fit 64 bits of milliseconds, or is not allowed, for a command's name.
pub fn invalid_expire(name: &str) -> String {
    format!("ERR invalid expire time in '{name}' command")
}

/// As a container's own parser refuses: too many arguments, mostly.
pub fn subcommand_syntax(subcommand: &[u8], container: &str) -> Vec<u8> {
    let text = quoting("ERR unknown subcommand or wrong number of arguments for", subcommand);
    [&text, b". Try ".as_slice(), container.to_uppercase().as_bytes(), b" HELP."].concat()
}

/// `before 'word'`, the word as it was sent, up to a zero byte.
pub fn quoting(before: &str, word: &[u8]) -> Vec<u8> {
    [before.as_bytes(), b" '", quotable(word, 128), b"'"].concat()
}

/// What a RESP2 client gets that has subscribed and sends something else.
pub fn listening_only(name: &str) -> String {
    format!(
        "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    )
}

// ---- vector sets ----
pub const VECTOR_SPECIFICATION: &str = "ERR invalid vector specification";
pub const VECTOR_EF: &str = "ERR invalid EF";
pub const VECTOR_M: &str = "ERR invalid M";
pub const VECTOR_OPTION: &str = "ERR invalid option after element";
pub const VECTOR_CODING_MISMATCH: &str = "ERR asked quantization mismatch with existing vector set";
pub const VECTOR_M_MISMATCH: &str = "ERR asked M value mismatch with existing vector set";
pub const VECTOR_NO_PROJECTION: &str = "ERR cannot add projection to existing set without projection";
pub const VECTOR_NO_ELEMENT: &str = "ERR element not found in set";
pub const VECTOR_COUNT: &str = "ERR invalid COUNT";
pub const VECTOR_EPSILON: &str = "ERR invalid EPSILON";
pub const VECTOR_FILTER_EF: &str = "ERR invalid FILTER-EF";
pub const VECTOR_SIM_SYNTAX: &str = "ERR syntax error in VSIM command";
pub const VECTOR_EMB_OPTION: &str = "ERR invalid option";
pub const VECTOR_RANDOM_COUNT: &str = "ERR COUNT value is not an integer";
pub const VECTOR_RANDOM_RANGE: &str = "ERR COUNT value is out of range";
pub const VECTOR_RANGE_COUNT: &str = "ERR invalid COUNT value";
pub const VECTOR_RANGE_START: &str = "ERR invalid start range format";
pub const VECTOR_RANGE_END: &str = "ERR invalid end range format";
pub const VECTOR_RANGE_ORDER: &str = "ERR '-' can only be used as first argument, '+' only as second";
pub const KEY_DOES_NOT_EXIST: &str = "ERR key does not exist";

/// A vector has another number of dimensions than those of its set.
pub fn vector_dimension(given: usize, has: usize) -> String {
    format!("ERR Vector dimension mismatch - got {given} but set has {has}")
}

/// A vector has another number of dimensions than the projection of its set takes.
pub fn vector_projection_dimension(given: usize, expected: usize) -> String {
    format!("ERR Input dimension mismatch for projection - got {given} but projection expects {expected}")
}

/// A filter does not compile; `rest` is its text from where that was noticed.
pub fn vector_filter(rest: &str) -> String {
    format!("ERR syntax error in FILTER expression near: {rest}")
}

// ---- arrays ----
pub const ARRAY_INDEX: &str = "ERR invalid array index";
pub const ARRAY_OVERFLOW: &str = "ERR array index overflow";
pub const ARRAY_INSERT_OVERFLOW: &str = "ERR insert index overflow";
pub const ARRAY_LIMIT: &str = "ERR LIMIT must be positive";
pub const ARRAY_OPERATION: &str = "ERR unknown operation";
pub const ARRAY_MATCH_VALUE: &str = "ERR MATCH requires a value argument";
pub const ARRAY_RING_SIZE: &str = "ERR invalid size";
pub const ARRAY_RING_SIZE_NOT_POSITIVE: &str = "ERR size must be positive";
pub const ARRAY_COUNT: &str = "ERR invalid COUNT";
pub const EXPRESSION_EMPTY: &str = "ERR regular expression is empty";
pub const EXPRESSION_BACKREFERENCE: &str = "ERR regular expression backreferences are not supported";

/// A range has more places than a reply may have.
pub fn array_range(places_max: u64) -> String {
    format!("ERR range exceeds maximum of {places_max} items")
}

/// As many of the last items have more places than a reply may have.
pub fn array_count(places_max: u64) -> String {
    format!("ERR count exceeds maximum of {places_max} items")
}

pub fn predicates(most: usize) -> String {
    format!("ERR too many predicates, maximum is {most}")
}

pub fn expression_length(bytes_max: usize) -> String {
    format!("ERR regular expression is too long, maximum is {bytes_max} bytes")
}

/// An expression's program is larger than allowed; an error of our own.
pub fn expression_size(bytes_max: usize) -> String {
    format!("ERR regular expression is too complex, maximum is a program of {bytes_max} bytes")
}

/// A regular expression that is none; `why` as regerror of C words it.
pub fn expression(why: &str) -> String {
    format!("ERR invalid regular expression: {why}")
}
pub const FUNCTION_KILLED: &str = "ERR Error running script: Script killed by user with FUNCTION KILL.";
