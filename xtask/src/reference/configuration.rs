//! docs/book/configuration.md: every setting in its class, from the table of the config crate.

use config::{Bounds, Class, Property, State, Unit, Update, table};
use std::fmt::Write;

const HEAD: &str = "# Configuration\n\n\
    Written by `cargo xtask reference` from crates/config/src/table; do not edit.\n\n\
    Names, types, defaults and bounds are those of Apache Kafka 4.3.1; names that begin with `highwater.` are ours.\n\
    Every public topic and broker setting of Kafka 4.3.1 is in one of four classes:\n\n";

const PRECEDENCE: &str = "\nAccepted settings that do not act are named once, at the start and where they are changed. A name that is not on\n\
    this page is refused.\n\n\
    ## Which value counts\n\n\
    A broker setting has the value of the first of these that names it: a change at runtime for this broker, a change at\n\
    runtime for all brokers, `--set KEY=VALUE`, a flag such as `--listen`, the `server.properties` of `--config FILE`,\n\
    `highwater.preset`, the default. A topic setting has the topic's own value, else that of the broker setting which is\n\
    its default, else its default. `highwater config explain KEY`, with the same `--config`, `--set` and flags as `serve`,\n\
    says which value counts, where it comes from, what it shadows and whether it acts.\n\n\
    *Changed*: read-only, at a start alone; per-broker and cluster-wide, also while brokers run; of topics, while they\n\
    live.\n";

const CLASSES: [(Class, &str); 4] = [
    (Class::Enforced, "It does what it says."),
    (Class::NoSubject, "It is taken and does nothing, because what it governs in Kafka does not exist here."),
    (
        Class::Later,
        "It is taken, stored and shown, and acts when its part is built; until then no guarantee is weaker.",
    ),
    (
        Class::Refused,
        "Only the value that asks for nothing is taken. What asks for protection is here, never above.",
    ),
];

/// Writes the page.
pub(super) fn page() -> String {
    let mut text = String::from(HEAD);
    text.push_str("| class | topic settings | broker settings | meaning |\n|---|---|---|---|\n");
    for (class, meaning) in CLASSES {
        let (topic, broker) = (of_topics(class).count(), of_brokers(class).count());
        let _ =
            writeln!(text, "| [{0}](#{1}) | {topic} | {broker} | {meaning} |", class.name(), anchor(class));
    }
    text.push_str(PRECEDENCE);
    for (class, _) in CLASSES {
        let _ = write!(text, "\n## {}\n", heading(class));
        section(&mut text, "Topic settings", class, of_topics(class));
        section(&mut text, "Broker settings", class, of_brokers(class));
    }
    absentees(&mut text);
    text
}

fn of_topics(class: Class) -> impl Iterator<Item = &'static Property> {
    table::TOPIC.iter().filter(move |row| row.class() == class)
}

fn of_brokers(class: Class) -> impl Iterator<Item = &'static Property> {
    table::broker_properties().filter(move |row| row.class() == class)
}

fn heading(class: Class) -> String {
    let mut letters = class.name().chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

fn anchor(class: Class) -> String {
    class.name().replace(',', "").replace(' ', "-")
}

fn section(text: &mut String, title: &str, class: Class, rows: impl Iterator<Item = &'static Property>) {
    let (why, line) = if class == Class::Enforced { ("", "") } else { (" why |", "---|") };
    let _ = write!(
        text,
        "\n### {title}: {}\n\n| setting | type | default | bounds | changed | meaning |{why}\n|---|---|---|---|---|---|{line}\n",
        class.name()
    );
    for row in rows {
        let (kind, unit) = (format!("{:?}", row.kind).to_lowercase(), unit(row.unit()));
        let default = row.default.map_or("unset".to_owned(), shown);
        let why = reason(row);
        let _ = writeln!(
            text,
            "| `{}` | {kind}{unit} | {default} | {} | {} | {} |{why}",
            row.name,
            bounds(row.bounds),
            changed(row),
            meaning(row)
        );
    }
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
        Bounds::OneOf(these) | Bounds::OneOfInAnyCase(these) => these.join(", "),
        Bounds::ThrottledReplicas => "`*`, or partition:broker, ...".to_owned(),
    }
}

fn shown(default: &str) -> String {
    if default.is_empty() { "empty".to_owned() } else { format!("`{default}`") }
}

fn changed(row: &Property) -> &'static str {
    match (table::TOPIC.iter().any(|topic| std::ptr::eq(topic, row)), row.update) {
        (true, Update::ReadOnly) => "at creation",
        (true, _) => "while it lives",
        (false, update) => update.name(),
    }
}

fn reason(row: &Property) -> String {
    match row.state {
        State::Acts | State::ActsExcept(..) => String::new(),
        State::NoSubject(why) | State::Later(why) => format!(" {why} |"),
        State::Refused(why) => format!(" {why} |"),
        State::Unprotected(why) => format!(" whatever the value: {why} |"),
    }
}

fn meaning(row: &Property) -> String {
    let mut text = row.text.to_owned();
    if let State::ActsExcept(values, why) = row.state {
        let _ = write!(text, " Taken without effect: {}: {why}.", values.join(", "));
    }
    let names: Vec<String> = row.synonyms.iter().map(|s| format!("`{}`", s.name)).collect();
    if !names.is_empty() {
        let _ = write!(text, " Default from {}.", names.join(", "));
    }
    text
}

fn absentees(text: &mut String) {
    text.push_str(
        "\n## Names that Kafka 4.3.1 does not have\n\n\
         They stand in old files and those of other products. Kafka warns and goes on; here they are refused with what\n\
         became of them.\n\n| name | what became of it |\n|---|---|\n",
    );
    for (name, why) in table::absentees() {
        let _ = writeln!(text, "| `{name}` | {why} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: each setting of the table stands on the page once per scope, under its class.
    #[test]
    fn every_row_is_on_the_page() {
        let page = page();
        for row in table::broker_properties().chain(table::TOPIC) {
            let scopes = usize::from(table::topic_property(row.name).is_some())
                + usize::from(table::broker_property(row.name).is_some());
            let line = format!("\n| `{}` | ", row.name);
            assert_eq!(page.matches(&line).count(), scopes, "{}", row.name);
        }
        for (class, _) in CLASSES {
            assert!(page.contains(&format!("\n## {}\n", heading(class))));
        }
    }
}
