//! Reader of Java's `.properties` syntax, in which Kafka's `server.properties` is written.
//!
//! Format: one entry per logical line, `key = value`, `key : value` or `key value`; `#` and `!` start
//! a comment line; a line that ends in an odd number of backslashes goes on in the next one, whose
//! leading blanks are dropped; `\t \n \r \f \uXXXX` are escapes, any other escaped character stands for
//! itself. *Source*: java.util.Properties.load. As there, the last of
//! several entries for one key counts.

use crate::error::ConfigError;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// Reads a properties file into its entries.
///
/// *Shape*: key to value, both unescaped; values keep their trailing blanks, as in Java.
///
/// # Errors
/// `Syntax` with the line's number: a broken `\u` escape, or an empty key.
pub fn parse_properties(text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut entries = BTreeMap::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, first)) = lines.next() {
        let first = first.trim_start_matches(is_blank);
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let logical = join_continued(first, &mut lines);
        let (key, value) = split_entry(&logical).map_err(|problem| at(index, problem))?;
        entries.insert(key, value);
    }
    Ok(entries)
}

fn at(index: usize, problem: &'static str) -> ConfigError {
    ConfigError::Syntax { line: index + 1, problem }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

/// Appends the following lines as long as the last one ends in an odd number of backslashes.
fn join_continued<'a>(first: &str, lines: &mut impl Iterator<Item = (usize, &'a str)>) -> String {
    let mut logical = first.to_owned();
    while logical.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1 {
        logical.pop();
        match lines.next() {
            Some((_, next)) => logical.push_str(next.trim_start_matches(is_blank)),
            None => break,
        }
    }
    logical
}

fn split_entry(line: &str) -> Result<(String, String), &'static str> {
    let mut chars = line.chars().peekable();
    let key = read_key(&mut chars)?;
    skip_separator(&mut chars);
    let mut value = String::new();
    while let Some(c) = chars.next() {
        value.push(if c == '\\' { unescape(&mut chars)? } else { c });
    }
    if key.is_empty() { Err("there is no key before the separator") } else { Ok((key, value)) }
}

fn read_key(chars: &mut Peekable<Chars<'_>>) -> Result<String, &'static str> {
    let mut key = String::new();
    while let Some(c) = chars.next_if(|c| !is_blank(*c) && !matches!(c, '=' | ':')) {
        key.push(if c == '\\' { unescape(chars)? } else { c });
    }
    Ok(key)
}

/// Skips blanks, at most one `=` or `:`, and blanks.
fn skip_separator(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| is_blank(*c)).is_some() {}
    if chars.next_if(|c| matches!(c, '=' | ':')).is_some() {
        while chars.next_if(|c| is_blank(*c)).is_some() {}
    }
}

/// Reads what follows a backslash. A backslash at the very end of the file stands for nothing in
/// Java; it cannot be seen here, because joining lines has removed it.
fn unescape(chars: &mut Peekable<Chars<'_>>) -> Result<char, &'static str> {
    match chars.next() {
        Some('t') => Ok('\t'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('f') => Ok('\x0c'),
        Some('u') => unicode(chars),
        Some(other) => Ok(other),
        None => Err("a backslash stands at the end"),
    }
}

fn unicode(chars: &mut Peekable<Chars<'_>>) -> Result<char, &'static str> {
    const BROKEN: &str = "\\u must be followed by four hexadecimal digits";
    let high = hex4(chars).ok_or(BROKEN)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high).ok_or("\\u names half of a surrogate pair");
    }
    let paired = chars.next() == Some('\\') && chars.next() == Some('u');
    let low = if paired { hex4(chars).ok_or(BROKEN)? } else { 0 };
    if !(0xdc00..0xe000).contains(&low) {
        return Err("\\u names half of a surrogate pair");
    }
    char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(BROKEN)
}

fn hex4(chars: &mut Peekable<Chars<'_>>) -> Option<u32> {
    (0..4).try_fold(0, |word, _| Some(word << 4 | chars.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> (String, String) {
        parse_properties(text).unwrap().into_iter().next().unwrap()
    }

    /// Protects: every separator that Java takes is taken, and only the first one separates.
    #[test]
    fn separators() {
        for text in ["a=b", "a:b", "a b", "  a  =  b", "a\t:b", "a \t b", "a = b\r\n"] {
            assert_eq!(one(text), ("a".into(), "b".into()), "{text:?}");
        }
        assert_eq!(one("listeners=PLAINTEXT://:9092"), ("listeners".into(), "PLAINTEXT://:9092".into()));
        assert_eq!(one("a = = b"), ("a".into(), "= b".into()));
        assert_eq!(one("a"), ("a".into(), String::new()));
        assert_eq!(one("a=b  "), ("a".into(), "b  ".into()));
    }

    /// Protects: escapes and continued lines mean what they mean in Java.
    #[test]
    fn escapes_and_continuation() {
        assert_eq!(one("a\\=\\:\\ b=c"), ("a=: b".into(), "c".into()));
        assert_eq!(one("a=\\t\\u00e9\\\\x\\q"), ("a".into(), "\té\\xq".into()));
        assert_eq!(one("a=\\ud83d\\ude00"), ("a".into(), "\u{1f600}".into()));
        assert_eq!(one("a=b,\\\n   c,\\\n\td"), ("a".into(), "b,c,d".into()));
        assert_eq!(one("a=b\\\\\nc=d"), ("a".into(), "b\\".into()));
        assert_eq!(one("a=b\\"), ("a".into(), "b".into()));
        assert_eq!(one("a=b\\\n# not a comment"), ("a".into(), "b# not a comment".into()));
    }

    /// Protects: an entry appended to a file replaces the one above it.
    #[test]
    fn the_last_entry_counts() {
        assert_eq!(one("a=1\na=2"), ("a".into(), "2".into()));
    }

    /// Protects: comments and blank lines are no entries.
    #[test]
    fn comments() {
        assert!(parse_properties("# x=y\n  ! z\n\n \t \n").unwrap().is_empty());
    }

    /// Protects: an error names the line at which the reader has to look.
    #[test]
    fn errors_name_the_line() {
        let line = |text: &str| match parse_properties(text) {
            Err(ConfigError::Syntax { line, .. }) => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line("a=b\n\nc=\\u12g4"), 3);
        assert_eq!(line("# x\n=b"), 2);
        assert_eq!(line("a=1\nb=\\\n2\nc=\\u"), 4);
        assert_eq!(line("a=\\ud83dx"), 1);
    }
}
