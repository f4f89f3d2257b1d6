//! What the table says about one setting, and the check of a value against it.
//!
//! Types, bounds and messages follow Kafka's ConfigDef (*Source*: Kafka 4.3.1, ConfigDef and LogConfig);
//! blanks around a value are dropped, lists are separated by commas. Tests: `tests/table.rs`.

use crate::error::ConfigError;

/// Type of a setting, with the number it has in DescribeConfigs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i8)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean = 1,
    /// Text.
    Text = 2,
    /// 32 bits, signed.
    Int = 3,
    /// 16 bits, signed.
    Short = 4,
    /// 64 bits, signed.
    Long = 5,
    /// A number with a fraction.
    Double = 6,
    /// Texts separated by commas.
    List = 7,
    /// Name of a Java class.
    Class = 8,
    /// A secret, never shown.
    Password = 9,
}

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things, or no number at all.
    Plain,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

/// What a value may be, beyond its type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bounds {
    /// Anything of the type.
    Any,
    /// At least this.
    From(i64),
    /// Both inclusive.
    Within(i64, i64),
    /// Both inclusive, or -1.
    WithinOrMinusOne(i64, i64),
    /// One of these (each entry, for a list).
    OneOf(&'static [&'static str]),
    /// One of these, in capitals or not.
    OneOfInAnyCase(&'static [&'static str]),
    /// `*`, or pairs partition:broker.
    ThrottledReplicas,
}

/// Whether a setting does anything here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It acts.
    Acts,
    /// It acts, but for these values, which are kept and shown; the second text says why.
    ActsExcept(&'static [&'static str], &'static str),
    /// Accepted: what it governs in Kafka does not exist here. The text says why.
    NoSubject(&'static str),
    /// Accepted: it will act when the part named in the text exists.
    Later(&'static str),
    /// Refused unless it is set to its default. The text says why.
    Refused(&'static str),
    /// Refused whatever the value: it asks for a protection that does not exist. The text says why.
    Unprotected(&'static str),
}

/// The four answers to a setting of Kafka. *Invariant*: every setting of Kafka 4.3.1 has exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// It acts.
    Enforced,
    /// Accepted, because what it governs does not exist here; named once in the log.
    NoSubject,
    /// Accepted for later: what it governs is not built yet, and ignoring it weakens no guarantee; named
    /// once in the log.
    Later,
    /// Refused by name, with the reason.
    Refused,
}

/// When a setting can be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Update {
    /// Only at a start, or at the creation of a topic.
    ReadOnly,
    /// While the broker lives, for each broker by itself.
    PerBroker,
    /// While brokers live, for one of them or all; of a topic, while it lives.
    ClusterWide,
}

impl Class {
    /// Returns its name on pages and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Class::Enforced => "enforced",
            Class::NoSubject => "accepted, without a subject",
            Class::Later => "accepted, for later",
            Class::Refused => "refused",
        }
    }
}

impl Update {
    /// Returns Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Update::ReadOnly => "read-only",
            Update::PerBroker => "per-broker",
            Update::ClusterWide => "cluster-wide",
        }
    }
}

/// A broker setting from which a topic setting takes its default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Synonymous {
    /// Name of the broker setting.
    pub name: &'static str,
    /// What its value is multiplied with (hours to milliseconds, for example).
    pub factor: i64,
}

/// One entry of the table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Property {
    /// Kafka's name, or ours beginning with `highwater.`.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Unit where the name does not end in it.
    pub(crate) unit: Option<Unit>,
    /// Default, `None` where there is none.
    pub default: Option<&'static str>,
    /// Bounds.
    pub bounds: Bounds,
    /// Broker settings that give a topic setting its default. *Shape*: most exact first; empty for a
    /// broker setting.
    pub synonyms: &'static [Synonymous],
    /// Whether it can be changed while the broker (or the topic) lives.
    pub update: Update,
    /// Whether it acts.
    pub state: State,
    /// One sentence for people.
    pub text: &'static str,
}

/// A checked value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Of a boolean setting.
    Boolean(bool),
    /// Of a short, int or long setting.
    Number(i64),
    /// Of a double setting.
    Double(f64),
    /// Of a text, class or password setting.
    Text(String),
    /// Of a list.
    List(Vec<String>),
}

/// Starts an entry; the methods below add what it has beyond name, type, default and sentence.
pub(crate) const fn property(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    text: &'static str,
) -> Property {
    Property {
        name,
        kind,
        unit: None,
        default,
        bounds: Bounds::Any,
        synonyms: &[],
        update: Update::ReadOnly,
        state: State::Acts,
        text,
    }
}

impl Property {
    pub(crate) const fn bounds(mut self, bounds: Bounds) -> Property {
        self.bounds = bounds;
        self
    }

    pub(crate) const fn from(self, least: i64) -> Property {
        self.bounds(Bounds::From(least))
    }

    pub(crate) const fn unit_is(mut self, unit: Unit) -> Property {
        self.unit = Some(unit);
        self
    }

    pub(crate) const fn like(mut self, synonyms: &'static [Synonymous]) -> Property {
        self.synonyms = synonyms;
        self
    }

    pub(crate) const fn dynamic(mut self) -> Property {
        self.update = Update::ClusterWide;
        self
    }

    pub(crate) const fn per_broker(mut self) -> Property {
        self.update = Update::PerBroker;
        self
    }

    pub(crate) const fn state(mut self, state: State) -> Property {
        self.state = state;
        self
    }

    /// Returns what its number counts.
    pub fn unit(&self) -> Unit {
        let last = self.name.rsplit('.').next().unwrap_or("");
        self.unit.unwrap_or(match last {
            "bytes" => Unit::Bytes,
            "ms" => Unit::Millis,
            "seconds" | "secs" => Unit::Seconds,
            "minutes" => Unit::Minutes,
            "hours" => Unit::Hours,
            _ => Unit::Plain,
        })
    }

    /// Returns which of the four answers it gets.
    pub fn class(&self) -> Class {
        match self.state {
            State::Acts | State::ActsExcept(..) => Class::Enforced,
            State::NoSubject(_) => Class::NoSubject,
            State::Later(_) => Class::Later,
            State::Refused(_) | State::Unprotected(_) => Class::Refused,
        }
    }

    /// Returns why it does not act, or not with every value.
    pub fn reason(&self) -> Option<&'static str> {
        match self.state {
            State::Acts => None,
            State::ActsExcept(_, why)
            | State::NoSubject(why)
            | State::Later(why)
            | State::Refused(why)
            | State::Unprotected(why) => Some(why),
        }
    }

    /// Says whether the value must never be shown.
    pub fn is_sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    /// Reads and checks a value.
    ///
    /// # Errors
    /// `Invalid` when it has the wrong type or lies outside the bounds.
    pub fn check(&self, text: &str) -> Result<Value, ConfigError> {
        let value = self.read(text)?;
        self.within_bounds(text, &value)?;
        Ok(value)
    }

    /// Reads a value by its type, whatever the bounds.
    pub(crate) fn read(&self, text: &str) -> Result<Value, ConfigError> {
        let trimmed = text.trim();
        match self.kind {
            Kind::Boolean => self.read_boolean(trimmed),
            Kind::Short => self.read_number(trimmed, i64::from(i16::MIN), i64::from(i16::MAX), "SHORT"),
            Kind::Int => self.read_number(trimmed, i64::from(i32::MIN), i64::from(i32::MAX), "INT"),
            Kind::Long => self.read_number(trimmed, i64::MIN, i64::MAX, "LONG"),
            Kind::Double => self.read_double(trimmed),
            Kind::List => Ok(Value::List(split_list(trimmed))),
            Kind::Text | Kind::Class | Kind::Password => Ok(Value::Text(trimmed.to_owned())),
        }
    }

    fn invalid(&self, text: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::invalid(self.name, if self.is_sensitive() { "[hidden]" } else { text }, problem)
    }

    fn read_boolean(&self, text: &str) -> Result<Value, ConfigError> {
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err(self.invalid(text, "Expected value to be either true or false")),
        }
    }

    fn read_number(&self, text: &str, least: i64, most: i64, kind: &str) -> Result<Value, ConfigError> {
        match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Value::Number(number)),
            _ => Err(self.invalid(text, format!("Not a number of type {kind}"))),
        }
    }

    fn read_double(&self, text: &str) -> Result<Value, ConfigError> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Double(number)),
            _ => Err(self.invalid(text, "Not a number of type DOUBLE")),
        }
    }

    fn within_bounds(&self, text: &str, value: &Value) -> Result<(), ConfigError> {
        let problem = match (self.bounds, value) {
            (Bounds::From(least), Value::Number(n)) if *n < least => {
                format!("Value must be at least {least}")
            }
            (Bounds::Within(least, _), Value::Number(n)) if *n < least => {
                format!("Value must be at least {least}")
            }
            (Bounds::Within(_, most), Value::Number(n)) if *n > most => {
                format!("Value must be no more than {most}")
            }
            (Bounds::Within(0, 1), Value::Double(d)) if *d < 0.0 => "Value must be at least 0".into(),
            (Bounds::Within(0, 1), Value::Double(d)) if *d > 1.0 => "Value must be no more than 1".into(),
            (Bounds::WithinOrMinusOne(least, most), Value::Number(n))
                if *n != -1 && !(least..=most).contains(n) =>
            {
                format!("Value must be between {least} and {most} or equal to -1")
            }
            (Bounds::OneOf(these), _) => return self.one_of(these, value),
            (Bounds::OneOfInAnyCase(these), Value::Text(name)) => {
                return self.one_of(these, &Value::Text(name.to_ascii_lowercase()));
            }
            (Bounds::ThrottledReplicas, Value::List(pairs)) if !are_throttled_replicas(pairs) => format!(
                "{} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],...",
                self.name
            ),
            _ => return Ok(()),
        };
        Err(self.invalid(&shown(text, value), problem))
    }

    fn one_of(&self, these: &[&str], value: &Value) -> Result<(), ConfigError> {
        let is_other = |text: &&String| !these.contains(&text.as_str());
        let other = match value {
            Value::Text(text) => Some(text).filter(is_other),
            Value::List(entries) => entries.iter().find(is_other),
            Value::Boolean(_) | Value::Number(_) | Value::Double(_) => None,
        };
        other.map_or(Ok(()), |other| {
            Err(self.invalid(other, format!("String must be one of: {}", these.join(", "))))
        })
    }

    /// Returns a value in the one form in which it is shown: trimmed, `true` in lower case, lists
    /// without blanks. A text that is no value of the type stays as it is.
    pub fn normal(&self, text: &str) -> String {
        match self.read(text) {
            Ok(Value::Boolean(value)) => value.to_string(),
            Ok(Value::Number(value)) => value.to_string(),
            Ok(Value::List(entries)) => entries.join(","),
            Ok(Value::Double(value)) if value.abs() < 1e7 => format!("{value:?}"),
            Ok(Value::Double(_) | Value::Text(_)) | Err(_) => text.trim().to_owned(),
        }
    }

    /// Says why this value is accepted and does nothing, if that is so.
    pub fn idle(&self, text: &str) -> Option<&'static str> {
        match self.state {
            State::NoSubject(why) | State::Later(why) => Some(why),
            // A default is Kafka's: nobody has asked for what it names.
            State::ActsExcept(..) if self.default == Some(text.trim()) => None,
            State::ActsExcept(values, why) => {
                split_list(text.trim()).iter().any(|v| values.contains(&v.as_str())).then_some(why)
            }
            State::Acts | State::Refused(_) | State::Unprotected(_) => None,
        }
    }
}

/// Writes a value that is out of bounds as Kafka does: read, lists in brackets.
fn shown(text: &str, value: &Value) -> String {
    match value {
        Value::List(entries) => format!("[{}]", entries.join(", ")),
        Value::Double(number) => format!("{number:?}"),
        Value::Boolean(_) | Value::Number(_) | Value::Text(_) => text.trim().to_owned(),
    }
}

/// Splits a list as Kafka does: at commas, without the blanks around them; an empty text is empty.
pub(crate) fn split_list(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|entry| entry.trim().to_owned()).collect()
}

fn are_throttled_replicas(entries: &[String]) -> bool {
    let is_number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let is_pair = |e: &String| e.split_once(':').is_some_and(|(p, b)| is_number(p) && is_number(b));
    entries.len() == 1 && entries[0] == "*" || entries.iter().all(is_pair)
}
