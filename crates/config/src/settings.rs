//! The layers of a configuration merged into one value per setting, each checked against the table.
//!
//! Precedence, highest first: `--set`, flags, file, preset, default. Tests: `tests/broker.rs`.

use crate::error::{ConfigError, Notice};
use crate::preset::Preset;
use crate::property::{Property, State, Value, split_list};
use crate::table;
use std::collections::BTreeMap;

/// Where a value comes from. *Invariant*: ordered by precedence, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// The preset.
    Preset,
    /// The properties file.
    File,
    /// A flag with a name of its own, such as `--data`.
    Flag,
    /// `--set key=value`.
    Set,
}

/// What was given, by layer. *Shape*: broker setting to value, both as text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layers {
    /// Entries of the properties file.
    pub file: BTreeMap<String, String>,
    /// Settings that flags with names of their own stand for.
    pub flags: BTreeMap<String, String>,
    /// Entries of `--set`.
    pub set: BTreeMap<String, String>,
}

/// One explicit value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) layer: Layer,
}

/// Every explicit value. Getters fall back to the table's default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Settings {
    entries: BTreeMap<&'static str, Setting>,
    preset: Preset,
}

impl Settings {
    /// Merges and checks the layers; names what is accepted and does not act.
    pub(crate) fn merge(layers: &Layers) -> Result<(Settings, Vec<Notice>), ConfigError> {
        let named =
            [&layers.set, &layers.flags, &layers.file].into_iter().find_map(|l| l.get("highwater.preset"));
        let preset = named.and_then(|name| Preset::named(name.trim())).unwrap_or_default();
        let mut settings = Settings { entries: BTreeMap::new(), preset };
        for (name, value) in preset.values() {
            settings.put(name, value, Layer::Preset)?;
        }
        for (layer, entries) in
            [(Layer::File, &layers.file), (Layer::Flag, &layers.flags), (Layer::Set, &layers.set)]
        {
            for (name, value) in entries {
                settings.put(name, value, layer)?;
            }
        }
        let notices = settings.notices();
        Ok((settings, notices))
    }

    fn put(&mut self, name: &str, value: &str, layer: Layer) -> Result<(), ConfigError> {
        let property = known(name)?;
        check(property, value, self.preset)?;
        self.entries.insert(property.name, Setting { value: value.trim().to_owned(), layer });
        Ok(())
    }

    fn notices(&self) -> Vec<Notice> {
        let idle = |(name, setting): (&&'static str, &Setting)| {
            let property = table::broker_property(name)?;
            let is_default = property.default == Some(setting.value.as_str());
            let reason = property.idle(&setting.value).filter(|_| !is_default)?;
            Some(Notice { name: (*name).to_owned(), reason: reason.to_owned() })
        };
        self.entries.iter().filter_map(idle).collect()
    }

    pub(crate) fn preset(&self) -> Preset {
        self.preset
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Returns the explicit value of a setting.
    pub(crate) fn explicit(&self, name: &str) -> Option<&Setting> {
        self.entries.get(name)
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
    if let State::Refused(why) = property.state {
        let is_default = property.default.unwrap_or("") == value.trim();
        return if is_default { Ok(()) } else { Err(ConfigError::refused(property.name, why)) };
    }
    match property.read(value)? {
        Value::Number(number) if preset.relaxes(property.name, number) => Ok(()),
        _ => property.check(value).map(|_| ()),
    }
}

fn known(name: &str) -> Result<&'static Property, ConfigError> {
    if let Some(property) = table::broker_property(name) {
        return Ok(property);
    }
    match table::refused_family(name) {
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
