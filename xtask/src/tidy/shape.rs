//! Sizes: files, functions, parameters, generic parameters.

use super::Finding;
use super::source::{Line, Source};

const FILE_LINES: usize = 1200;
const LONG_FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 70;
const PARAMETERS: usize = 6;

/// Files that are data: long, and one entry per line or so.
const DATA: &[&str] =
    &["crates/config/src/table/", "crates/broker/src/api/table.rs", "crates/types/src/error_code.rs"];

/// Files over the aim, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// Files of maps of our own, which have a key and a value by nature.
const MAPS: &[&str] = &["crates/metadata/src/image/chunked.rs"];

/// Checks the limits.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().filter(|s| !s.is_generated()).flat_map(check_file).collect()
}

fn is_code(source: &Source) -> bool {
    !source.is_generated() && !source.is_test() && !DATA.iter().any(|path| source.path.starts_with(path))
}

fn check_file(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let count = source.product_lines().count();
    if is_code(source) && count > FILE_LINES {
        findings.push(Finding::new(
            &source.path,
            format!("{count} lines; split it at its nouns (limit {FILE_LINES})"),
        ));
    }
    let is_named = LONG.iter().any(|(path, _)| *path == source.path);
    if is_code(source) && (LONG_FILE_LINES + 1..=FILE_LINES).contains(&count) && !is_named {
        let sentence =
            format!("{count} lines; split it, or name it in LONG of xtask/src/tidy/shape.rs with the reason");
        findings.push(Finding::new(&source.path, sentence));
    }
    if source.is_test() {
        return findings;
    }
    let lines: Vec<Line<'_>> = source.product_lines().collect();
    for at in 0..lines.len() {
        if let Some(name) = function_name(lines[at].1) {
            findings.extend(check_function(source, &lines[at..], name));
        }
        findings.extend(check_generics(source, lines[at]));
    }
    findings
}

/// Returns the name when a line starts a function.
pub(crate) fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_start = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async" | "unsafe" | "extern" | "default")
            || word.starts_with("pub(")
    });
    let name = after.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (is_start && !name.is_empty()).then_some(name)
}

fn check_function(source: &Source, lines: &[Line<'_>], name: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (first, text) = lines[0];
    let indent = text.len() - text.trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    let text: Vec<&str> = lines.iter().map(|(_, l)| *l).take_while(|l| *l != closing).take(40).collect();
    let text = text.join("\n");
    let (signature, has_body) = signature(&text);
    let count = parameters(signature);
    if count > PARAMETERS {
        findings.push(Finding::new(
            source.at(first),
            format!("{name} takes {count} parameters; group them in a struct"),
        ));
    }
    let is_one_line = lines[0].1.trim_end().ends_with('}');
    let end = lines.iter().position(|(_, l)| l.trim_end() == closing).filter(|_| has_body && !is_one_line);
    let length = end.map_or(0, |end| lines[end].0 - first + 1);
    if length > FUNCTION_LINES && !DATA.iter().any(|path| source.path.starts_with(path)) {
        findings.push(Finding::new(
            source.at(first),
            format!("{name} has {length} lines; split it (limit {FUNCTION_LINES})"),
        ));
    }
    findings
}

/// Cuts a function before its body. Returns whether it has one: a trait's method may end with `;`.
fn signature(text: &str) -> (&str, bool) {
    let mut depth = 0i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' | ';' if depth == 0 => return (&text[..at], c == '{'),
            _ => {}
        }
    }
    (text, false)
}

/// Counts the parameters of a signature, the receiver left out.
fn parameters(signature: &str) -> usize {
    let plain = signature.replace("->", "  ").replace("::", "  ");
    let list = generics_end(&plain).and_then(|end| Some(&plain[end + plain[end..].find('(')?..]));
    let (mut depth, mut names) = (0i32, 0);
    for c in list.unwrap_or("").chars() {
        match c {
            '(' | '[' | '<' => depth += 1,
            ')' if depth == 1 => break,
            ')' | ']' | '>' => depth -= 1,
            ':' if depth == 1 => names += 1,
            _ => {}
        }
    }
    names
}

/// Finds the end of a function's name and generic parameters, which may hold brackets of their own.
fn generics_end(signature: &str) -> Option<usize> {
    let at = signature.find("fn ")?;
    let open = at + signature[at..].find(['(', '<'])?;
    let mut depth = 0i32;
    let mut end = open;
    for (n, c) in signature[open..].char_indices() {
        depth += i32::from(c == '<') - i32::from(c == '>');
        end = open + n;
        if depth == 0 {
            break;
        }
    }
    Some(end)
}

/// Types have at most one generic parameter, two in env, sim and maps.
fn check_generics(source: &Source, (n, line): Line<'_>) -> Option<Finding> {
    let is_wide = ["env", "sim"].contains(&source.crate_name()) || MAPS.contains(&source.path.as_str());
    let limit = if is_wide { 2 } else { 1 };
    let declared = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
    let rest = declared.strip_prefix("struct ").or_else(|| declared.strip_prefix("enum "))?;
    let name = rest.split(|c: char| !c.is_alphanumeric()).next()?;
    let list = rest.strip_prefix(name)?.strip_prefix('<')?.split('>').next()?;
    let count =
        list.split(',').filter(|p| !p.trim().starts_with(['\'']) && !p.trim().starts_with("const ")).count();
    (count > limit).then(|| {
        Finding::new(source.at(n), format!("{name} has {count} generic parameters; at most {limit}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a file that crosses 800 lines is found, one of 800 is not; tests and tables may be longer.
    #[test]
    fn a_long_file_is_found() {
        let findings = |path: &str, lines: usize| {
            check(&[Source::new(path.to_owned(), "const A: u8 = 0;\n".repeat(lines))]).len()
        };
        assert_eq!((findings("crates/x/src/a.rs", 800), findings("crates/x/src/a.rs", 801)), (0, 1));
        assert_eq!((findings("crates/x/src/a.rs", 1300), findings("crates/x/tests/a.rs", 1300)), (1, 0));
        assert_eq!(findings("crates/config/src/table/a.rs", 1300), 0);
    }

    /// Protects: functions are found, calls and types are not.
    #[test]
    fn finds_functions() {
        assert_eq!(function_name("    pub(crate) async fn run(&self) {"), Some("run"));
        assert_eq!(function_name("    let f: fn (u8) = g;"), None);
        assert_eq!(function_name("const fn is(name: &str) -> X {"), Some("is"));
    }

    /// Protects: parameters are counted past generics and tuples.
    #[test]
    fn counts_parameters() {
        assert_eq!(parameters("fn f<T: A>(&self, a: Vec<(u8, u8)>, b: fn(x: u8) -> u8) -> Result<(), E>"), 2);
        assert_eq!(parameters("fn f()"), 0);
        assert_eq!(parameters("fn f(a: x::Y<Result<A, B>>, (b, c): (u8, u8), d: z::W)"), 3);
        assert_eq!(parameters("fn f<F: Fn(u8) -> u8>(a: F, b: u8)"), 2);
    }

    /// Protects: a method without a body is not measured up to the end of another one.
    #[test]
    fn cuts_signatures() {
        assert_eq!(signature("fn f(a: [u8; 4])\n-> u8 {\n a"), ("fn f(a: [u8; 4])\n-> u8 ", true));
        assert_eq!(signature("fn f(\n&self,\n) -> u8;\n fn g() {"), ("fn f(\n&self,\n) -> u8", false));
    }
}
