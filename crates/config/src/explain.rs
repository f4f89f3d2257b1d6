//! Where a setting's value comes from, what it shadows, and whether it acts: for `highwater config explain`.
//!
//! Pure: it reads the sources that a broker starts from, so the answer offline is the answer of the broker.
//! Tests: `tests/explain.rs`.

use crate::error::ConfigError;
use crate::property::Property;
use crate::sources::{Layer, Overrides, Sources, known};
use crate::table;
use crate::topic::converted;

/// A value that counts, or would count if those before it were not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The setting that gives it: the one asked for, or the broker's default for a topic setting.
    pub name: &'static str,
    /// Where it was given.
    pub layer: Layer,
    /// The value, in the unit of the setting asked for; `None` when it is secret.
    pub value: Option<String>,
}

/// What there is to say about one setting.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    /// Its entry of the table.
    pub property: &'static Property,
    /// Whether it belongs to topics and not to the broker.
    pub is_of_topics: bool,
    /// All values. *Shape*: the one that counts first; empty when nothing gives one.
    pub candidates: Vec<Candidate>,
}

impl Explained {
    /// Returns the value that counts, with its source.
    pub fn effective(&self) -> Option<&Candidate> {
        self.candidates.first()
    }

    /// Returns the values that do not count because another one does.
    pub fn shadowed(&self) -> &[Candidate] {
        self.candidates.get(1..).unwrap_or(&[])
    }

    /// Returns why the value that counts does nothing, if that is so.
    pub fn idle(&self) -> Option<&'static str> {
        self.property.idle(self.effective()?.value.as_deref()?)
    }
}

impl Sources {
    /// Explains a broker setting, or a topic setting as topics have it that do not set it.
    ///
    /// # Errors
    /// `Unknown` or `Refused` for a name that is in no row of the table.
    pub fn explain(&self, name: &str) -> Result<Explained, ConfigError> {
        match table::broker_property(name) {
            Some(property) => Ok(self.explain_broker(property)),
            None if table::topic_property(name).is_some() => self.explain_topic(name, &Overrides::new()),
            None => known(name).map(|property| self.explain_broker(property)),
        }
    }

    /// Explains a topic setting for a topic with these values of its own.
    ///
    /// # Errors
    /// `UnknownTopicSetting`.
    pub fn explain_topic(&self, name: &str, own: &Overrides) -> Result<Explained, ConfigError> {
        let property = table::topic_property(name)
            .ok_or_else(|| ConfigError::UnknownTopicSetting { name: name.to_owned() })?;
        let mut candidates: Vec<Candidate> = own
            .get(name)
            .map(|value| candidate(property, property.name, Layer::Topic, value))
            .into_iter()
            .collect();
        candidates.extend(self.inherited(property));
        candidates.extend(property.default.map(|d| candidate(property, property.name, Layer::Default, d)));
        Ok(Explained { property, is_of_topics: true, candidates })
    }

    fn explain_broker(&self, property: &'static Property) -> Explained {
        let explicit = self.all(property.name).iter();
        let given = explicit.map(|s| candidate(property, property.name, s.layer, &s.value));
        let default = property.default.map(|d| candidate(property, property.name, Layer::Default, d));
        Explained { property, is_of_topics: false, candidates: given.chain(default).collect() }
    }

    /// Lists what the broker's settings give a topic setting: by layer, of one layer the most exact name first.
    fn inherited(&self, property: &'static Property) -> Vec<Candidate> {
        let of = |name: &'static str| {
            let value = |s: &str| converted(property, name, s);
            self.all(name).iter().map(move |s| candidate(property, name, s.layer, &value(&s.value)))
        };
        let mut found: Vec<Candidate> = property.synonyms.iter().flat_map(|s| of(s.name)).collect();
        found.sort_by_key(|c| std::cmp::Reverse(c.layer));
        found
    }
}

fn candidate(property: &Property, name: &'static str, layer: Layer, value: &str) -> Candidate {
    Candidate { name, layer, value: Some(property.normal(value)).filter(|_| !property.is_sensitive()) }
}
