//! A strict reader of Prometheus' text format 0.0.4: what it does not know is an error.

use broker::inventory::Kind;
use std::collections::BTreeMap;

/// One metric of a scrape.
#[derive(Debug)]
pub struct Family {
    pub name: String,
    pub help: String,
    pub kind: String,
    pub samples: Vec<Sample>,
}

/// One line.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    pub suffix: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// Upper bounds with counts.
type Buckets = Vec<(f64, f64)>;

impl Sample {
    /// Returns a value that is a whole number.
    pub fn count(&self) -> u64 {
        self.value.to_string().parse().unwrap()
    }
}

/// Reads the body of an answer.
pub fn read(body: &str) -> Vec<Family> {
    assert!(body.ends_with('\n'), "the last line ends");
    let mut families: Vec<Family> = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} "))).unwrap();
            assert!(families.iter().all(|family| family.name != name), "{name} comes twice");
            assert!(is_name(name), "{name} is no name");
            let (name, help, kind) = (name.to_owned(), help.to_owned(), kind.to_owned());
            families.push(Family { name, help, kind, samples: Vec::new() });
        } else {
            let family = families.last_mut().unwrap();
            let sample = sample(line, family);
            let same = |other: &Sample| (&other.suffix, &other.labels) == (&sample.suffix, &sample.labels);
            assert!(!family.samples.iter().any(same), "{line} comes twice");
            family.samples.push(sample);
        }
    }
    families.iter().filter(|family| family.kind == Kind::Histogram.name()).for_each(check_histogram);
    families
}

fn sample(line: &str, family: &Family) -> Sample {
    let rest = line.strip_prefix(&family.name).unwrap_or_else(|| panic!("{line} is not of {}", family.name));
    let (head, value) = rest.rsplit_once(' ').unwrap();
    let (suffix, labels) = match head.split_once('{') {
        Some((suffix, labels)) => (suffix, labels_of(labels.strip_suffix('}').unwrap())),
        None => (head, BTreeMap::new()),
    };
    let suffixes: &[&str] = match family.kind.as_str() {
        "counter" | "gauge" => &[""],
        "summary" => &["", "_sum", "_count"],
        "histogram" => &["_bucket", "_sum", "_count"],
        kind => panic!("{kind} is no kind"),
    };
    assert!(suffixes.contains(&suffix), "{line} under {}", family.kind);
    Sample { suffix: suffix.to_owned(), labels, value: value.parse().unwrap() }
}

fn labels_of(mut text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").unwrap();
        assert!(is_name(name) && !name.contains(':'), "{name} is no label");
        let (value, end) = unescaped(rest);
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} stands twice");
        text = &rest[end..];
        text = text.strip_prefix(',').unwrap_or(text);
    }
    labels
}

/// Returns a value and where what follows its closing quote begins.
fn unescaped(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, at + 1),
            '\\' => value.push(match chars.next().unwrap().1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                c => panic!("\\{c} is no escape"),
            }),
            c => value.push(c),
        }
    }
    panic!("{text} has no end")
}

fn is_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    name.chars().all(is_inner) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Buckets rise, and the last one holds all.
fn check_histogram(family: &Family) {
    let mut series: BTreeMap<Vec<(String, String)>, Buckets> = BTreeMap::new();
    for bucket in family.samples.iter().filter(|sample| sample.suffix == "_bucket") {
        let mut labels = bucket.labels.clone();
        let bound = labels.remove("le").unwrap().parse().unwrap();
        series.entry(labels.into_iter().collect()).or_default().push((bound, bucket.value));
    }
    for (labels, buckets) in series {
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{labels:?}: {buckets:?}");
        let labels = labels.into_iter().collect();
        let count = family.samples.iter().find(|s| s.suffix == "_count" && s.labels == labels).unwrap().value;
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)));
    }
}

/// Protects: the reader takes what the format allows, and nothing else.
#[test]
fn the_reader_is_strict() {
    let head = "# HELP a helps\n# TYPE a counter\n";
    let families = read(&format!("{head}a{{x=\"1\\\"\\\\\\n,}}\",y=\"\"}} 3\na 4.5\n"));
    assert_eq!(families[0].samples[0].labels["x"], "1\"\\\n,}");
    assert_eq!(families[0].samples[1].value, 4.5);
    for wrong in ["b 1\n", "a{x=\"1} 3\n", "a 1\na 2\n", "a_sum 1\n", "a{x=\"\\t\"} 1\n", "a x\n", "a 1"] {
        let text = format!("{head}{wrong}");
        assert!(std::panic::catch_unwind(|| read(&text)).is_err(), "{wrong}");
    }
}
