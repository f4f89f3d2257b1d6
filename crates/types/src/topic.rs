//! Topic names and the rules they obey.

use std::fmt;
use std::sync::Arc;

/// Longest legal topic name. *Units*: bytes.
pub const MAX_TOPIC_NAME_BYTES: usize = 249;

/// A legal topic name: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`. *Source*: Kafka's Topic.validate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why a text is no topic name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TopicNameError {
    /// No characters.
    #[error("the topic name is empty")]
    Empty,
    /// `.` or `..`.
    #[error("the topic name cannot be '.' or '..'")]
    Dots,
    /// More than 249 bytes.
    #[error("the topic name is longer than {MAX_TOPIC_NAME_BYTES} characters")]
    TooLong,
    /// A character outside `[a-zA-Z0-9._-]`.
    #[error("the topic name has a character other than ASCII letters, digits, '.', '_' and '-'")]
    BadCharacter,
}

impl TopicName {
    /// Checks a text against the rules.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn new(text: &str) -> Result<TopicName, TopicNameError> {
        match text {
            "" => Err(TopicNameError::Empty),
            "." | ".." => Err(TopicNameError::Dots),
            _ if text.len() > MAX_TOPIC_NAME_BYTES => Err(TopicNameError::TooLong),
            _ if !text.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c)) => {
                Err(TopicNameError::BadCharacter)
            }
            _ => Ok(TopicName(text.into())),
        }
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether the two names would share a metric name (`.` and `_` are equal there).
    pub fn collides_with(&self, other: &TopicName) -> bool {
        self != other
            && self.0.len() == other.0.len()
            && self
                .0
                .bytes()
                .zip(other.0.bytes())
                .all(|(a, b)| a == b || (b"._".contains(&a) && b"._".contains(&b)))
    }
}

impl std::borrow::Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&TopicName> for Arc<str> {
    fn from(name: &TopicName) -> Arc<str> {
        name.0.clone()
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: names that could escape a folder or confuse a tool are refused (A10).
    #[test]
    fn hostile_names_are_refused() {
        for bad in ["", ".", "..", "a/b", "../x", "a\0b", "a\nb", "ü", &"x".repeat(250)] {
            assert!(TopicName::new(bad).is_err(), "{bad:?}");
        }
        assert!(TopicName::new(&"x".repeat(249)).is_ok());
    }

    /// Protects: `a.b` and `a_b` are told apart as a collision, not as the same topic.
    #[test]
    fn dots_and_underscores_collide() {
        let name = |t: &str| TopicName::new(t).unwrap();
        assert!(name("a.b").collides_with(&name("a_b")));
        assert!(!name("a.b").collides_with(&name("a.b")));
        assert!(!name("a.b").collides_with(&name("a-b")));
    }
}
