//! Patterns over topic names, as a member of KIP-848 subscribes to them.
//!
//! Written in RE2 as Kafka's brokers read it (RE2/J), matched by the crate `regex` in time linear in the name. What
//! `regex` would read in another sense is rewritten first ([`in_our_syntax`]); what is left of the differences is in
//! docs/book/topic-patterns.md. *Invariant*: the pattern's length and what is compiled out of it are bounded, so that none
//! costs more than some hundred KiB. Tests: tests/assign.rs, against recorded answers of RE2/J.

use regex::{Regex, RegexBuilder};

/// How long a pattern may be. *Units*: bytes.
pub const PATTERN_MAX_BYTES: usize = 4096;
/// What a compiled pattern may take, and again what is remembered while it matches. *Units*: bytes.
const COMPILED_MAX: usize = 512 * 1024;

/// Why a pattern is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternFault {
    /// More than [`PATTERN_MAX_BYTES`].
    #[error("the pattern has {0} bytes; at most {PATTERN_MAX_BYTES} are read")]
    TooLong(usize),
    /// It would take too much memory.
    #[error("the pattern is too large when its repetitions are written out")]
    TooLarge,
    /// It is no regular expression.
    #[error("{0}")]
    Syntax(String),
}

/// A checked regular expression over topic names.
#[derive(Clone, Debug)]
pub struct TopicPattern {
    regex: Regex,
}

impl TopicPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// It is no regular expression, or too long or too large.
    pub fn new(text: &str) -> Result<TopicPattern, PatternFault> {
        if text.len() > PATTERN_MAX_BYTES {
            return Err(PatternFault::TooLong(text.len()));
        }
        let text = in_our_syntax(text);
        // By itself first: a parenthesis too many must not close the one around it.
        compiled(&text)?;
        Ok(TopicPattern { regex: compiled(&format!(r"\A(?:{text})\z"))? })
    }

    /// Says whether the whole name matches.
    pub fn matches(&self, topic: &str) -> bool {
        self.regex.is_match(topic)
    }
}

fn compiled(text: &str) -> Result<Regex, PatternFault> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(COMPILED_MAX).dfa_size_limit(COMPILED_MAX);
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternFault::TooLarge,
        other => PatternFault::Syntax(reason(&other.to_string())),
    })
}

/// Returns the sentence of an error that also draws the pattern.
fn reason(text: &str) -> String {
    text.rsplit("error: ").next().unwrap_or(text).trim().to_owned()
}

/// Rewrites what both syntaxes have, but in another sense: `\Q..\E`, `\<`, braces that repeat nothing, and in classes
/// `[`, `&`, `~` and `-`, out of which `regex` makes operations on sets.
fn in_our_syntax(text: &str) -> String {
    let mut rewrite = Rewrite { rest: text, out: String::new(), is_in_class: false };
    while rewrite.step() {}
    rewrite.out
}

struct Rewrite<'a> {
    rest: &'a str,
    out: String,
    is_in_class: bool,
}

impl Rewrite<'_> {
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        match (first, self.is_in_class) {
            ('\\', _) => self.escape(),
            ('[', false) => self.open_class(),
            ('{', false) => self.brace(),
            (_, false) => self.copy(first.len_utf8()),
            (_, true) => self.in_class(first),
        }
        true
    }

    fn copy(&mut self, bytes: usize) {
        let (head, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.out.push_str(head);
        self.rest = rest;
    }

    /// Copies up to and with what ends it, or everything if nothing does.
    fn copy_through(&mut self, end: &str) {
        self.copy(self.rest.find(end).map_or(self.rest.len(), |at| at + end.len()));
    }

    fn literal(&mut self, bytes: usize) {
        let (head, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.out.push_str(&regex::escape(head));
        self.rest = rest;
    }

    fn escape(&mut self) {
        let after = &self.rest[1..];
        match after.chars().next() {
            Some('Q') if !self.is_in_class => self.quotation(),
            Some('<' | '>') => {
                self.rest = after;
                self.literal(1);
            }
            Some('p' | 'P' | 'x') if after[1..].starts_with('{') => self.copy_through("}"),
            next => self.copy(1 + next.map_or(0, char::len_utf8)),
        }
    }

    fn quotation(&mut self) {
        self.rest = &self.rest[2..];
        let end = self.rest.find(r"\E");
        self.literal(end.unwrap_or(self.rest.len()));
        self.rest = self.rest.strip_prefix(r"\E").unwrap_or(self.rest);
    }

    fn open_class(&mut self) {
        self.is_in_class = true;
        self.copy(if self.rest.starts_with("[^") { 2 } else { 1 });
        if self.rest.starts_with([']', '-']) {
            self.literal_of_class();
        }
    }

    fn in_class(&mut self, first: char) {
        match first {
            ']' => {
                self.is_in_class = false;
                self.copy(1);
            }
            '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => self.copy_through(":]"),
            '[' | '&' | '~' => self.literal_of_class(),
            '-' if self.rest.starts_with("--") => {
                self.copy(1);
                self.literal_of_class();
            }
            other => self.copy(other.len_utf8()),
        }
    }

    fn literal_of_class(&mut self) {
        self.out.push('\\');
        self.copy(1);
    }

    fn brace(&mut self) {
        match repetition(self.rest) {
            Some(bytes) => self.copy(bytes),
            None => self.literal(1),
        }
    }
}

/// Returns how long the repetition `{n}`, `{n,}` or `{n,m}` is with which a text begins.
fn repetition(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('{')?.split_once('}')?.0;
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then_some(inner.len() + 2)
}
