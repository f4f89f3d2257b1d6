//! Where each setting's value comes from: the layers of a configuration, each value checked against the table.
//!
//! Precedence, highest first: changed while running (this broker alone, then all brokers), `--set`, flags, file,
//! preset, default. What a value shadows is kept, so that `explain` can name it. Tests: `tests/broker.rs`,
//! `tests/dynamic.rs`, `tests/explain.rs`.

use crate::error::{ConfigError, Notice};
use crate::preset::Preset;
use crate::property::{Property, State, Update, Value, split_list};
use crate::table;
use std::collections::BTreeMap;

/// Where a value comes from. *Invariant*: ordered by precedence, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// The table.
    Default,
    /// The preset.
    Preset,
    /// The properties file.
    File,
    /// A flag with a name of its own, such as `--data`.
    Flag,
    /// `--set key=value`.
    Set,
    /// Changed while running, for all brokers.
    EveryBroker,
    /// Changed while running, for this broker alone.
    ThisBroker,
    /// A topic's own value.
    Topic,
}

impl Layer {
    /// Returns its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Default => "default",
            Layer::Preset => "highwater.preset",
            Layer::File => "file",
            Layer::Flag => "flag",
            Layer::Set => "--set",
            Layer::EveryBroker => "changed for all brokers",
            Layer::ThisBroker => "changed for this broker",
            Layer::Topic => "topic",
        }
    }

    /// Says whether it is known at a start, before anything that clients have changed.
    pub fn is_static(self) -> bool {
        self < Layer::EveryBroker
    }
}

/// Settings by name, as raw texts. *Shape*: only what was set.
pub type Overrides = BTreeMap<String, String>;

/// What was given, by layer. *Shape*: broker setting to value, both as text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layers {
    /// Entries of the properties file.
    pub file: BTreeMap<String, String>,
    /// Settings that flags with names of their own stand for.
    pub flags: BTreeMap<String, String>,
    /// Entries of `--set`.
    pub set: BTreeMap<String, String>,
    /// Name of this machine: what a listener on every interface advertises when no address is set; `None`
    /// refuses such a listener.
    pub host_name: Option<String>,
}

/// Broker settings that were changed while brokers ran, as they are stored.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dynamic {
    /// For all brokers.
    pub every_broker: Overrides,
    /// For this broker alone.
    pub this_broker: Overrides,
}

impl Dynamic {
    /// Returns the entries of one of the two layers that they make.
    pub(crate) fn of_mut(&mut self, layer: Layer) -> &mut Overrides {
        if layer == Layer::ThisBroker { &mut self.this_broker } else { &mut self.every_broker }
    }
}

/// One explicit value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) layer: Layer,
}

/// Every explicit value of the broker settings, with where it comes from. Getters fall back to the table's default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources {
    /// *Shape*: per name at least one value, the one from the highest layer first.
    entries: BTreeMap<&'static str, Vec<Setting>>,
    preset: Preset,
    host_name: Option<String>,
}

impl Sources {
    /// Merges the layers, checking each value by itself.
    ///
    /// # Errors
    /// `Unknown`, `Refused` or `Invalid` for the first setting that cannot be taken.
    pub fn from_layers(layers: &Layers) -> Result<Sources, ConfigError> {
        let named =
            [&layers.set, &layers.flags, &layers.file].into_iter().find_map(|l| l.get("highwater.preset"));
        let preset = named.and_then(|name| Preset::named(name.trim())).unwrap_or_default();
        let mut sources = Sources { entries: BTreeMap::new(), preset, host_name: layers.host_name.clone() };
        for (name, value) in preset.values() {
            sources.put(name, value, Layer::Preset)?;
        }
        for (layer, entries) in
            [(Layer::File, &layers.file), (Layer::Flag, &layers.flags), (Layer::Set, &layers.set)]
        {
            sources.put_all(entries, layer)?;
        }
        Ok(sources)
    }

    /// Puts what was changed while running in the place of what was so before.
    ///
    /// # Errors
    /// `NotDynamic` or `OnlyPerBroker`, and those of [`Sources::from_layers`].
    pub fn with_dynamic(&self, dynamic: &Dynamic) -> Result<Sources, ConfigError> {
        let mut sources = self.clone();
        for settings in sources.entries.values_mut() {
            settings.retain(|setting| setting.layer.is_static());
        }
        sources.entries.retain(|_, settings| !settings.is_empty());
        check_dynamic(dynamic, self.preset)?;
        sources.put_all(&dynamic.every_broker, Layer::EveryBroker)?;
        sources.put_all(&dynamic.this_broker, Layer::ThisBroker)?;
        Ok(sources)
    }

    fn put_all(&mut self, entries: &Overrides, layer: Layer) -> Result<(), ConfigError> {
        entries.iter().try_for_each(|(name, value)| self.put(name, value, layer))
    }

    fn put(&mut self, name: &str, value: &str, layer: Layer) -> Result<(), ConfigError> {
        let property = known(name)?;
        check(property, value, self.preset)?;
        let setting = Setting { value: value.trim().to_owned(), layer };
        self.entries.entry(property.name).or_default().insert(0, setting);
        Ok(())
    }

    /// Names what is accepted and does not act.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let idle = |(name, settings): (&&'static str, &Vec<Setting>)| {
            let property = table::broker_property(name)?;
            let setting = settings.first()?;
            let is_default = property.default == Some(setting.value.as_str());
            let reason = property.idle(&setting.value).filter(|_| !is_default)?;
            Some(Notice::idle(name, reason))
        };
        self.entries.iter().filter_map(idle).collect()
    }

    /// Returns how long all explicit values are together. *Units*: bytes.
    pub fn text_bytes(&self) -> usize {
        self.entries.values().flatten().map(|setting| setting.value.len()).sum()
    }

    pub(crate) fn preset(&self) -> Preset {
        self.preset
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    pub(crate) fn host_name(&self) -> Option<&str> {
        self.host_name.as_deref()
    }

    /// Returns the explicit value of a setting.
    pub(crate) fn explicit(&self, name: &str) -> Option<&Setting> {
        self.all(name).first()
    }

    /// Lists the explicit values of a setting, the one that counts first.
    pub(crate) fn all(&self, name: &str) -> &[Setting] {
        self.entries.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns which of these settings counts: the one from the highest layer, of several there the
    /// first; `None` when none is set.
    pub(crate) fn chosen<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<(&'a str, &Setting)> {
        let mut best: Option<(&'a str, &Setting)> = None;
        for name in names {
            if let Some(setting) = self.explicit(name)
                && best.is_none_or(|(_, b)| b.layer < setting.layer)
            {
                best = Some((name, setting));
            }
        }
        best
    }

    /// Makes the error of this setting's present value.
    pub(crate) fn invalid(&self, name: &'static str, problem: impl Into<String>) -> ConfigError {
        ConfigError::invalid(name, &self.text(name).unwrap_or_default(), problem)
    }

    /// Returns the value as text, empty where there is neither a value nor a default.
    pub(crate) fn text(&self, name: &str) -> Result<String, ConfigError> {
        let property = known(name)?;
        let explicit = self.explicit(property.name).map(|s| s.value.as_str());
        Ok(explicit.or(property.default).unwrap_or("").to_owned())
    }

    pub(crate) fn list(&self, name: &str) -> Result<Vec<String>, ConfigError> {
        Ok(split_list(&self.text(name)?))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<bool, ConfigError> {
        Ok(self.text(name)?.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn number(&self, name: &str) -> Result<i64, ConfigError> {
        match known(name)?.read(&self.text(name)?)? {
            Value::Number(number) => Ok(number),
            _ => Err(ConfigError::invalid(name, &self.text(name)?, "it is not a number")),
        }
    }

    /// Returns a number with a fraction.
    pub(crate) fn fraction(&self, name: &str) -> Result<f64, ConfigError> {
        match known(name)?.read(&self.text(name)?)? {
            Value::Double(number) => Ok(number),
            _ => Err(ConfigError::invalid(name, &self.text(name)?, "it is not a number")),
        }
    }

    /// Returns the whole part of such a number, as far as it fits; a negative one counts as 0.
    pub(crate) fn whole(&self, name: &str) -> Result<u64, ConfigError> {
        let number = self.fraction(name)?;
        // What does not parse is larger than any number of bytes.
        Ok(if number > 0.0 { format!("{number:.0}").parse().unwrap_or(u64::MAX) } else { 0 })
    }

    /// Returns a number that cannot be negative; a negative one counts as 0.
    pub(crate) fn size(&self, name: &str) -> Result<u64, ConfigError> {
        Ok(u64::try_from(self.number(name)?).unwrap_or(0))
    }

    /// Returns a number that fits 32 bits and cannot be negative; a negative one counts as 0.
    pub(crate) fn count(&self, name: &str) -> Result<u32, ConfigError> {
        Ok(u32::try_from(self.number(name)?.max(0)).unwrap_or(u32::MAX))
    }
}

/// Checks a value against its entry, with what the preset allows beyond the bounds.
pub(crate) fn check(property: &Property, value: &str, preset: Preset) -> Result<(), ConfigError> {
    match property.state {
        State::Refused(why) if property.default.unwrap_or("") != property.normal(value) => {
            return Err(ConfigError::refused(property.name, why));
        }
        State::Unprotected(why) => return Err(ConfigError::refused(property.name, why)),
        _ => {}
    }
    match property.read(value)? {
        Value::Number(number) if preset.relaxes(property.name, number) => Ok(()),
        _ => property.check(value).map(|_| ()),
    }
}

/// Refuses names that need a start, and for all brokers together those that differ from broker to broker. What is
/// refused anyway says why, when it is read.
fn check_dynamic(dynamic: &Dynamic, preset: Preset) -> Result<(), ConfigError> {
    let of_mode = |entries: &Overrides, mode: Update| -> Vec<String> {
        let has_mode = |(name, value): &(&String, &String)| {
            table::broker_property(name).is_some_and(|p| {
                p.update == mode && !matches!(check(p, value, preset), Err(ConfigError::Refused { .. }))
            })
        };
        entries.iter().filter(has_mode).map(|(name, _)| name.clone()).collect()
    };
    for entries in [&dynamic.every_broker, &dynamic.this_broker] {
        let fixed = of_mode(entries, Update::ReadOnly);
        if !fixed.is_empty() {
            return Err(ConfigError::NotDynamic { names: fixed });
        }
    }
    let single = of_mode(&dynamic.every_broker, Update::PerBroker);
    if single.is_empty() { Ok(()) } else { Err(ConfigError::OnlyPerBroker { names: single }) }
}

pub(crate) fn known(name: &str) -> Result<&'static Property, ConfigError> {
    if let Some(property) = table::broker_property(name) {
        return Ok(property);
    }
    match table::absent(name) {
        Some(why) => Err(ConfigError::refused(name, why)),
        None => Err(ConfigError::Unknown { name: name.to_owned(), hint: hint(name) }),
    }
}

/// Says what to do about an unknown name: a topic setting's broker default, a close name, or removal.
fn hint(name: &str) -> String {
    if let Some(synonym) = table::topic_property(name).and_then(|p| p.synonyms.first()) {
        return format!("it is a topic setting, and {} is the broker's default for it", synonym.name);
    }
    if table::topic_property(name).is_some() {
        return "it is a topic setting; set it on the topic".to_owned();
    }
    let close = table::broker_properties().min_by_key(|p| distance(p.name, name));
    match close.filter(|p| distance(p.name, name) <= 3) {
        Some(close) => format!("did you mean {}?", close.name),
        None => "remove it".to_owned(),
    }
}

/// Counts the characters to insert, delete or replace to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
