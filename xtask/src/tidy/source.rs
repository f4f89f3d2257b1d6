//! The sources that tidy looks at: where they are, and which of their lines are tests.

use super::blank::blank;
use crate::run;
use std::path::Path;

/// One Rust file.
pub(crate) struct Source {
    /// Path below the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its text without comments and the insides of strings, line for line.
    pub(crate) code: String,
    /// Lines (from 0, end excluded) that inline test modules take.
    pub(crate) test_lines: Vec<std::ops::Range<usize>>,
}

/// A line of code: number from 1, text without comments and strings.
pub(crate) type Line<'a> = (usize, &'a str);

impl Source {
    /// Takes a file's text.
    pub(crate) fn new(path: String, text: String) -> Source {
        let code = blank(&text);
        let test_lines = inline_tests(&code);
        Source { path, text, code, test_lines }
    }

    /// Returns the crate's folder name, `xtask` for the tasks.
    pub(crate) fn crate_name(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or(""),
            other => other.unwrap_or(""),
        }
    }

    /// Says whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/benches/")
    }

    /// Says whether the file is written by a machine.
    pub(crate) fn is_generated(&self) -> bool {
        self.path.contains("/generated/") || self.path.ends_with("/tests/wire/samples.rs")
    }

    /// Lists the lines of code that are not in inline test modules.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = Line<'_>> {
        let in_test = |n: usize| self.test_lines.iter().any(|range| range.contains(&n));
        let lines = self.code.lines().enumerate().filter(move |(n, _)| !in_test(*n));
        lines.map(|(n, line)| (n + 1, line))
    }

    /// Lists the lines of code in tests: all of a test file, else the inline test modules.
    pub(crate) fn tests(&self) -> impl Iterator<Item = Line<'_>> {
        let whole = self.is_test();
        let in_test = move |n: usize| whole || self.test_lines.iter().any(|range| range.contains(&n));
        self.code.lines().enumerate().filter(move |(n, _)| in_test(*n)).map(|(n, line)| (n + 1, line))
    }

    /// Names a line for a finding.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// Reads every Rust file of the crates and of the tasks.
pub(crate) fn all() -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&run::root(), folder, &mut sources)?;
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn collect(root: &Path, folder: &str, sources: &mut Vec<Source>) -> Result<(), String> {
    let entries = std::fs::read_dir(root.join(folder)).map_err(|e| format!("{folder}: {e}"))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("{folder}: {e}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if entry.path().is_dir() && name != "target" && !name.starts_with('.') {
            collect(root, &path, sources)?;
        } else if name.ends_with(".rs") {
            sources.push(Source::new(path.clone(), run::read(&path)?));
        }
    }
    Ok(())
}

/// Finds the inline modules behind `#[cfg(test)]`: rustfmt closes each at its own indentation.
fn inline_tests(code: &str) -> Vec<std::ops::Range<usize>> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (n, line) in lines.iter().enumerate().filter(|(_, l)| l.trim() == "#[cfg(test)]") {
        let opens =
            lines[n..].iter().take(4).position(|l| l.trim_start().starts_with("mod ") && l.ends_with('{'));
        let indent = line.len() - line.trim_start().len();
        let closes = |l: &&str| l.trim_end() == format!("{}}}", " ".repeat(indent));
        if let (Some(_), Some(end)) = (opens, lines[n..].iter().position(closes)) {
            found.push(n..n + end + 1);
        }
    }
    found
}
