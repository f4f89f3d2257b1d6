//! A message as a list of paths and values, such as `topics[one].partitions[0].error_code` and `3`.
//!
//! Read from what `{:#?}` prints, so that it has every field of every message. Elements of a list are told by the
//! first of their fields that names them, else by their place: the order in which Kafka lists named things is its own. The
//! second of a name has `#2`.

use std::collections::BTreeMap;
use std::str::Lines;

/// Paths and values.
pub(super) type Fields = BTreeMap<String, String>;

/// Fields that name an element of a list, the one before the others.
const NAMES: [&str; 14] = [
    "name",
    "topic",
    "topic_id",
    "topic_name",
    "partition_index",
    "index",
    "resource_name",
    "feature",
    "api_key",
    "group_id",
    "group_instance_id",
    "member_id",
    "transactional_id",
    "producer_id",
];

/// Names that are none.
const NO_NAMES: [&str; 2] = ["None", "AAAAAAAAAAAAAAAAAAAAAA"];

/// What a side does not have.
const MISSING: &str = "(nothing)";

enum Node {
    Leaf(String),
    Struct(Vec<(String, Node)>),
    List(Vec<Node>),
}

/// Takes the printed form of a message apart.
pub(super) fn of(printed: &str) -> Fields {
    let mut lines = printed.lines();
    let first = lines.next().unwrap();
    let mut fields = Fields::new();
    flatten(&node(first, &mut lines), String::new(), &mut fields);
    fields
}

/// Returns the paths whose values differ: path, theirs, ours.
pub(super) fn differences(theirs: &Fields, ours: &Fields) -> Vec<(String, String, String)> {
    let value = |side: &Fields, path: &String| side.get(path).cloned().unwrap_or_else(|| MISSING.to_owned());
    let only_ours = ours.keys().filter(|path| !theirs.contains_key(*path));
    let paths = theirs.keys().chain(only_ours);
    let both = paths.map(|path| (path.clone(), value(theirs, path), value(ours, path)));
    both.filter(|(_, theirs, ours)| theirs != ours).collect()
}

/// Reads a value: what is behind the name on this line, and the lines that belong to it.
fn node(text: &str, lines: &mut Lines<'_>) -> Node {
    let text = text.strip_suffix(',').unwrap_or(text);
    let is_text = text.starts_with('"') || text.starts_with("b\"");
    match text.chars().last() {
        Some('{') if !is_text => Node::Struct(inside(lines, |line, lines| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), node(value, lines))
        })),
        Some('[') if !is_text => Node::List(inside(lines, node)),
        // What `Some` holds.
        Some('(') if !is_text => inside(lines, node).pop().unwrap(),
        _ => Node::Leaf(text.to_owned()),
    }
}

/// Reads up to the closing bracket.
fn inside<'a, T>(lines: &mut Lines<'a>, element: impl Fn(&str, &mut Lines<'a>) -> T) -> Vec<T> {
    let mut elements = Vec::new();
    while let Some(line) = lines.next().map(str::trim_start).filter(|line| !line.starts_with([']', '}', ')']))
    {
        elements.push(element(line, lines));
    }
    elements
}

fn flatten(node: &Node, path: String, fields: &mut Fields) {
    match node {
        Node::Leaf(value) => {
            fields.insert(path, value.clone());
        }
        Node::Struct(members) => {
            let dot = if path.is_empty() { "" } else { "." };
            members.iter().for_each(|(name, value)| flatten(value, format!("{path}{dot}{name}"), fields));
        }
        Node::List(elements) => {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for (at, element) in elements.iter().enumerate() {
                let key = name_of(element).unwrap_or_else(|| at.to_string());
                let times = seen.entry(key.clone()).or_default();
                *times += 1;
                let key = if *times > 1 { format!("{key}#{times}") } else { key };
                flatten(element, format!("{path}[{key}]"), fields);
            }
        }
    }
}

fn name_of(element: &Node) -> Option<String> {
    let Node::Struct(members) = element else { return None };
    let named = NAMES.iter().filter_map(|name| members.iter().find(|(member, _)| member == name));
    let texts = named.filter_map(|(_, node)| match node {
        Node::Leaf(name) if !NO_NAMES.contains(&name.as_str()) => Some(name.trim_matches('"').to_owned()),
        _ => None,
    });
    let texts: Vec<String> = texts.collect();
    // An empty name is one, if there is no other.
    texts.iter().find(|name| !name.is_empty()).or(texts.first()).cloned()
}

/// Protects: every field has a path and a value of its own, and what one side lacks differs.
#[test]
fn every_field_has_a_path() {
    #[derive(Debug)]
    #[allow(dead_code, reason = "printed")]
    struct Topic {
        name: &'static str,
        error: i16,
        list: Vec<i32>,
        message: Option<&'static str>,
    }
    #[derive(Debug)]
    #[allow(dead_code, reason = "printed")]
    struct Answer {
        topics: Vec<Topic>,
        none: Option<i32>,
    }
    let topic = |name, error| Topic { name, error, list: vec![4, 5], message: Some("a, {\n[") };
    let with = |topics| of(&format!("{:#?}", Answer { topics, none: None }));
    let fields = with(vec![topic("a", 1), topic("b", 2), topic("a", 3)]);
    let value = |path: &str| fields[path].as_str();
    assert_eq!(
        (value("topics[a].error"), value("topics[b].error"), value("topics[a#2].error")),
        ("1", "2", "3")
    );
    assert_eq!((value("topics[b].list[1]"), value("none")), ("5", "None"));
    assert_eq!(value("topics[b].message"), "\"a, {\\n[\"");
    assert_eq!(fields.len(), 3 * 5 + 1);
    let other = with(vec![topic("b", 7), topic("a", 1)]);
    let differ = differences(&fields, &other);
    assert_eq!(differ.len(), 6, "{differ:?}");
    assert!(differ.contains(&("topics[b].error".to_owned(), "2".to_owned(), "7".to_owned())));
    assert!(differ.contains(&("topics[a#2].error".to_owned(), "3".to_owned(), MISSING.to_owned())));
}
