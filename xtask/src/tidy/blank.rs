//! Blanks comments and the insides of strings out of Rust text, keeping every line where it is.
//!
//! Knows `//`, nested `/* */`, strings with escapes, raw strings, character literals and lifetimes.
//! Tests: below.

/// Returns the text with comments and the insides of strings replaced by spaces.
pub(crate) fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match token(&chars, at) {
            Token::Code => {
                out.push(chars[at]);
                at += 1;
                continue;
            }
            Token::Hidden(end) => end.min(chars.len()),
        };
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

enum Token {
    /// One character of code.
    Code,
    /// Hidden text up to this position.
    Hidden(usize),
}

fn token(chars: &[char], at: usize) -> Token {
    let next = chars.get(at + 1).copied();
    match (chars[at], next) {
        ('/', Some('/')) => Token::Hidden(line_end(chars, at)),
        ('/', Some('*')) => Token::Hidden(block_end(chars, at)),
        ('"', _) => Token::Hidden(string_end(chars, at + 1)),
        ('r', Some('"' | '#')) if !follows_word(chars, at) => {
            raw_end(chars, at).map_or(Token::Code, Token::Hidden)
        }
        ('\'', _) => char_end(chars, at).map_or(Token::Code, Token::Hidden),
        _ => Token::Code,
    }
}

fn follows_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0usize, start);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Finds the end of `r#"..."#`, if one starts here.
fn raw_end(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |at: &usize| {
        chars[*at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (open + 1..chars.len()).find(closes).map(|at| at + 1 + hashes)
}

/// Finds the end of a character literal; a lifetime is none.
fn char_end(chars: &[char], start: usize) -> Option<usize> {
    match chars.get(start + 1)? {
        '\\' => (start + 3..chars.len().min(start + 14)).find(|at| chars[*at] == '\'').map(|at| at + 1),
        _ => (chars.get(start + 2) == Some(&'\'')).then_some(start + 3),
    }
}

#[cfg(test)]
mod tests {
    use super::blank;

    /// Protects: words in comments and strings are not code, and lines keep their numbers.
    #[test]
    fn hides_what_is_no_code() {
        assert_eq!(blank("a // b\nc"), "a     \nc");
        assert_eq!(blank("a /* b /* c */ d\n */ e"), "a               \n    e");
        assert_eq!(blank(r#"f("x\"y") g"#).replace(' ', ""), "f()g");
        assert_eq!(blank("f(r#\"x\"y\"#) g").replace(' ', ""), "f()g");
        assert_eq!(blank("'\\'' 'x' <'a> '\"'").replace(' ', ""), "<'a>");
        assert_eq!(blank("for r in x").replace(' ', ""), "forrinx");
    }
}
