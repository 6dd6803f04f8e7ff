//! Heads of requests, and the bodies after them, that two readers may read in two ways. What each is to come to say the suites that send them.

/// Whose end is not said, or said in two ways: refused.
pub const TWO_ENDS: &[(&str, &str)] = &[
    // Two ways to say where it ends.
    ("content-length: 3\r\ncontent-length: 4\r\n", "abc"),
    ("content-length: 3, 4\r\n", "abc"),
    ("content-length: 3, 3\r\n", "abc"),
    // Lengths that some read and some do not.
    ("content-length: +3\r\n", "abc"),
    ("content-length: -1\r\n", "abc"),
    ("content-length: 0x3\r\n", "abc"),
    ("content-length: 3 3\r\n", "abc"),
    ("content-length: 3;\r\n", "abc"),
    ("content-length: 3.0\r\n", "abc"),
    ("content-length: \"3\"\r\n", "abc"),
    ("content-length: \r\n", "abc"),
    ("content-length: 99999999999999999999999\r\n", "abc"),
    ("content-length: 18446744073709551616\r\n", "abc"),
    // Codings that some take for `chunked`.
    ("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
    ("transfer-encoding: identity\r\n", "0\r\n\r\n"),
    ("transfer-encoding: identity, chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: chunked, chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", "0\r\n\r\n"),
    ("transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: \x0bchunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n"),
    ("transfer-encoding: chunked;q=1\r\n", "0\r\n\r\n"),
    ("transfer-encoding:\r\n chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding:\r\n", "0\r\n\r\n"),
    // Names that some trim.
    ("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
    (" transfer-encoding: chunked\r\n", "0\r\n\r\n"),
    ("content-length : 3\r\n", "abc"),
    ("content-length\t: 3\r\n", "abc"),
    ("content\0-length: 3\r\n", "abc"),
    ("x: a\0b\r\n", ""),
    ("x: a\r\n folded: b\r\n", ""),
    ("x: a\rcontent-length: 3\r\n", "abc"),
    (": 3\r\n", ""),
    ("content-length\r\n", ""),
    ("x: \x7f\r\n", ""),
];

/// In chunks, some with a length beside them.
pub const CHUNKED: &[(&str, &str)] = &[
    ("transfer-encoding: chunked\r\ncontent-length: 6\r\n", "0\r\n\r\n"),
    ("content-length: 6\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\nG"),
    ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("transfer-encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: Chunked \r\n", "3\r\nabc\r\n0\r\n\r\n"),
    ("transfer-encoding:\tchunked\r\n", "3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n"),
    ("transfer-encoding: chunked\r\nconnection: keep-alive\r\n", "0\r\n\r\n"),
];

/// Lines that end with a line feed alone, which a reader may take for a line's end (RFC 9112 §2.2) or for a part of a value.
pub const BARE_LINE_FEEDS: &[(&str, &str)] = &[
    ("x: a\ncontent-length: 3\r\n", "abc"),
    ("x: a\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
    ("x: a\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n"),
    ("content-length: 3\n", "abc"),
    ("x: a\n\n", ""),
    ("x: a\n\nGET /smuggled HTTP/1.1\nhost: hello--demo.localhost\n\n", ""),
];
