//! docs/book/configuration.md: every setting, from the table of the config crate.

use config::{Bounds, Property, State, Unit, table};
use std::fmt::Write;

/// Writes the page.
pub(super) fn page() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Written by `cargo xtask reference` from crates/config/src/table; do not edit.\n\n\
         Names, types, defaults and bounds are those of Apache Kafka 4.3.1; names that begin with `highwater.` are\n\
         ours. Broker settings come from `--set key=value`, from flags, from a `server.properties` (`--config FILE`) and\n\
         from the preset, in this order. A setting that is not on this page is refused by name.\n\n\
         State: *acts*; *no subject*: accepted, what it governs in Kafka does not exist here; *later*: accepted, acts\n\
         when its part is built; *refused*: only its default is accepted. What is accepted and does not act is named\n\
         once in the log.\n\n",
    );
    section(&mut text, "Topic settings", table::TOPIC);
    section(&mut text, "The node and its network", table::NODE);
    section(&mut text, "The broker's logs", table::BROKER);
    section(&mut text, "Coordinators, quotas, metrics", table::COORDINATOR);
    text
}

fn section(text: &mut String, title: &str, rows: &[Property]) {
    let _ = write!(
        text,
        "## {title}\n\n| setting | type | default | bounds | state | meaning |\n|---|---|---|---|---|---|\n"
    );
    for row in rows {
        let (kind, unit) = (format!("{:?}", row.kind).to_lowercase(), unit(row.unit()));
        let default = row.default.map_or("unset".to_owned(), shown);
        let _ = writeln!(
            text,
            "| `{}` | {kind}{unit} | {default} | {} | {} | {} |",
            row.name,
            bounds(row.bounds),
            state(row),
            meaning(row)
        );
    }
    text.push('\n');
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Plain => "",
        Unit::Bytes => ", bytes",
        Unit::Millis => ", ms",
        Unit::Seconds => ", s",
        Unit::Minutes => ", min",
        Unit::Hours => ", h",
    }
}

fn bounds(bounds: Bounds) -> String {
    match bounds {
        Bounds::Any => String::new(),
        Bounds::From(least) => format!("at least {least}"),
        Bounds::Within(least, most) => format!("{least} to {most}"),
        Bounds::WithinOrMinusOne(least, most) => format!("{least} to {most}, or -1"),
        Bounds::OneOf(these) => these.join(", "),
        Bounds::Only(only, _) => format!("only {only}"),
        Bounds::ThrottledReplicas => "`*`, or partition:broker, ...".to_owned(),
    }
}

fn shown(default: &str) -> String {
    if default.is_empty() { "empty".to_owned() } else { format!("`{default}`") }
}

fn state(row: &Property) -> String {
    if let Bounds::Only(_, why) = row.bounds {
        return format!("other values refused: {why}");
    }
    match row.state {
        State::Acts => "acts".to_owned(),
        State::ActsExcept(values, why) => format!("acts, except {}: {why}", values.join(", ")),
        State::NoSubject(why) => format!("no subject: {why}"),
        State::Later(why) => format!("later: {why}"),
        State::Refused(why) => format!("refused: {why}"),
    }
}

fn meaning(row: &Property) -> String {
    let names: Vec<String> = row.synonyms.iter().map(|s| format!("`{}`", s.name)).collect();
    if names.is_empty() {
        row.text.to_owned()
    } else {
        format!("{} Default from {}.", row.text, names.join(", "))
    }
}
