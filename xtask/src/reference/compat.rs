//! COMPAT.md: every API that Kafka 4.3.1 announces, served or with the reason, and what differs on purpose.
//!
//! Versions come from schema/ and the broker's table; the differences are docs/book/differences.md, by hand. An API
//! without a sentence here is an error, so that none is left out.

use crate::apis::{self, Api};
use crate::run;
use std::fmt::Write;
use std::ops::RangeInclusive;

const DIFFERENCES: &str = "docs/book/differences.md";

const HEAD: &str = "# Compatibility with Apache Kafka 4.3.1

Written by `cargo xtask reference` from schema/, the table of APIs and docs/book/differences.md; do not edit.

What is served, and where an answer differs from Kafka's on purpose. Everything else that differs is a bug. Which of our errors
is answered with which code: [docs/book/errors.md](docs/book/errors.md); settings: [docs/book/configuration.md](docs/book/configuration.md).
";

/// What a served API does.
const SERVED: &[(i16, &str)] = &[
    (0, "whole; 0-2 close the connection, as in Kafka"),
    (1, "whole, for consumers"),
    (2, "whole; tiered offsets (-5, -6) have no answer, as without remote storage"),
    (3, "whole"),
    (8, "whole"),
    (9, "whole"),
    (10, "of groups and transactions; COORDINATOR_NOT_AVAILABLE for share groups until those exist"),
    (11, "whole"),
    (12, "whole"),
    (13, "whole"),
    (14, "whole"),
    (15, "whole"),
    (16, "whole"),
    (17, "ILLEGAL_SASL_STATE, as in Kafka on a listener without SASL"),
    (18, "whole; a newer version is answered in version 0 with UNSUPPORTED_VERSION"),
    (19, "whole"),
    (20, "whole"),
    (21, "whole; answered once the move of the log start is durable"),
    (22, "whole; 6, two-phase commit, is not stable in Kafka"),
    (23, "whole, for consumers"),
    (24, "whole"),
    (25, "whole"),
    (26, "whole"),
    (27, "aborts, whole where a coordinator runs the transaction; a commit is CLUSTER_AUTHORIZATION_FAILED"),
    (28, "whole"),
    (29, "SECURITY_DISABLED, as in Kafka without an authorizer"),
    (30, "SECURITY_DISABLED, as in Kafka without an authorizer"),
    (31, "SECURITY_DISABLED, as in Kafka without an authorizer"),
    (32, "whole; sentences are our own, and client metrics have no settings of their own yet"),
    (33, "topics, brokers and groups; settings of client metrics are refused until those are built"),
    (35, "whole; there is one directory, whose sizes count what is only in the write-ahead log"),
    (37, "whole"),
    (42, "whole"),
    (44, "topics, brokers and groups; settings of client metrics are refused until those are built"),
    (47, "whole"),
    (55, "whole, for the quorum of one"),
    (57, "whole, for `metadata.version`, `group.version` and `transaction.version`"),
    (60, "whole"),
    (61, "whole"),
    (65, "whole"),
    (66, "whole"),
    (68, "whole"),
    (69, "whole"),
    (74, "whole; client metrics have no settings of their own yet"),
    (75, "whole"),
];

/// Why an API is not served.
const ABSENT: &[(RangeInclusive<i16>, &str)] = &[
    (34..=34, "there is one data directory"),
    (36..=36, "no authentication yet"),
    (38..=41, "no delegation tokens yet"),
    (43..=43, "there is one replica of each partition yet, so nobody else to elect"),
    (45..=46, "there is one broker yet, so nowhere to move a partition"),
    (48..=49, "no quotas yet"),
    (50..=51, "no authentication yet"),
    (64..=64, "there is one broker yet"),
    (76..=79, "no share groups yet"),
    (80..=81, "the quorum has one voter yet"),
    (83..=87, "no share groups yet"),
    (88..=89, "no streams groups yet"),
    (90..=92, "no share groups yet"),
];

/// Writes the page.
pub(super) fn page() -> Result<String, String> {
    let (announced, served) = (apis::announced()?, apis::served()?);
    let count = announced.len();
    let mut text = format!(
        "{HEAD}\n## APIs\n\nThe {count} APIs that a broker of Kafka 4.3.1 announces; {} of them are served, and no other. Any other key \
         closes the connection.\n\n| key | API | Kafka 4.3.1 | here | state |\n|---|---|---|---|---|\n",
        served.len()
    );
    for api in &announced {
        let here = served.iter().find(|served| served.key == api.key);
        let _ = writeln!(text, "{}", row(api, here)?);
    }
    if let Some(extra) = served.iter().find(|served| announced.iter().all(|api| api.key != served.key)) {
        return Err(format!("{} is served and is none of the APIs that Kafka announces", extra.name));
    }
    let differences = run::read(DIFFERENCES)?;
    text.push_str(differences.split_once('\n').map_or("", |(_title, rest)| rest));
    Ok(text)
}

fn row(api: &Api, here: Option<&Api>) -> Result<String, String> {
    let (key, name) = (api.key, &api.name);
    let missing =
        |list| format!("{name} ({key}) needs a sentence in {list} of xtask/src/reference/compat.rs");
    let (versions, sentence) = match here {
        Some(here) => {
            let sentence = SERVED.iter().find(|(served, _)| *served == key);
            // Produce is announced from 0, as Kafka does.
            let from = if key == 0 { &0 } else { here.versions.start() };
            (
                shown(&(*from..=*here.versions.end())),
                sentence.map(|(_, sentence)| *sentence).ok_or_else(|| missing("SERVED"))?,
            )
        }
        None => {
            let sentence = ABSENT.iter().find(|(keys, _)| keys.contains(&key));
            ("-".to_owned(), sentence.map(|(_, sentence)| *sentence).ok_or_else(|| missing("ABSENT"))?)
        }
    };
    Ok(format!("| {key} | {name} | {} | {versions} | {sentence} |", shown(&api.versions)))
}

fn shown(versions: &RangeInclusive<i16>) -> String {
    match versions.start() == versions.end() {
        true => versions.start().to_string(),
        false => format!("{}-{}", versions.start(), versions.end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: an API is served with its versions or named with its reason, and one without a sentence is an error.
    #[test]
    fn no_api_is_left_out() {
        let api = |key, versions| Api { key, name: "X".to_owned(), versions };
        assert_eq!(
            row(&api(3, 0..=13), Some(&api(3, 0..=12))),
            Ok("| 3 | X | 0-13 | 0-12 | whole |".to_owned())
        );
        assert_eq!(
            row(&api(80, 1..=1), None),
            Ok(format!(
                "| 80 | X | 1 | - | {} |",
                ABSENT.iter().find(|(keys, _)| keys.contains(&80)).unwrap().1
            ))
        );
        assert!(row(&api(3, 0..=1), None).is_err(), "it was served, and no reason is given why it is not");
        assert!(row(&api(80, 0..=1), Some(&api(80, 0..=1))).is_err());
    }

    /// Protects: all 75 APIs that Kafka 4.3.1 announces are on the page.
    #[test]
    fn the_page_has_all_of_kafkas() {
        let page = page().unwrap();
        let rows = |text: &str| text.lines().filter(|line| line.starts_with("| ")).count();
        let by_hand = rows(&run::read(DIFFERENCES).unwrap());
        assert_eq!(rows(&page), 1 + 75 + by_hand, "the head of the table, 75 APIs, and the differences");
    }
}
