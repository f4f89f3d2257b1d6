//! `highwater consume`: records as text or JSON lines; with `--group` as a member of a group (`group`).
//!
//! Without `--follow` it ends at the end that the log had when it got there; for committed data, the default, that is where the
//! first open transaction begins. Bytes that are no UTF-8 are printed as they are; in JSON they become base64 under another name.

mod group;

use crate::bootstrap::Bootstrap;
use crate::failure::Failure;
use crate::output::Output;
use client::{Consumed, Consumer, ConsumerOptions, Isolation, OffsetAt, StartAt};
use serde_json::{Map, Value, json};
use types::{Offset, WallTime};

/// What `consume` is called with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic
    topic: String,
    /// Start at the first record (the default unless --follow is given)
    #[arg(long, conflicts_with_all = ["offset", "time", "group"])]
    from_beginning: bool,
    /// Start at this offset in each partition; negative counts from the end
    #[arg(long, short, allow_negative_numbers = true, conflicts_with_all = ["time", "group"])]
    offset: Option<i64>,
    /// Start at this time: milliseconds since 1970, or 2026-01-31T12:00:00Z
    #[arg(long, value_parser = parse_time, conflicts_with = "group")]
    time: Option<WallTime>,
    /// Read this partition only; may be given many times
    #[arg(long, short, conflicts_with = "group")]
    partition: Vec<i32>,
    /// Which records of transactions to print
    #[arg(long, value_name = "WHICH", default_value = "read_committed")]
    isolation: Seen,
    /// Go on when the end is reached
    #[arg(long, short)]
    follow: bool,
    /// Stop after this many records
    #[arg(long, short = 'n', value_name = "COUNT")]
    count: Option<u64>,
    /// Text between key and value; keys are not printed without it
    #[arg(long, short = 'K', value_name = "TEXT")]
    key_separator: Option<String>,
    /// Print partition@offset before each record
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    of_group: group::GroupArgs,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Which records of transactions are printed, by Kafka's names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Seen {
    /// Those of committed transactions, up to the first that is still open
    #[value(name = "read_committed")]
    Committed,
    /// All, those of open and aborted transactions too
    #[value(name = "read_uncommitted")]
    Uncommitted,
}

impl Args {
    fn options(&self) -> ConsumerOptions {
        let isolation = match self.isolation {
            Seen::Committed => Isolation::Committed,
            Seen::Uncommitted => Isolation::Uncommitted,
        };
        ConsumerOptions { isolation, ..ConsumerOptions::default() }
    }
}

/// Prints records until the end, the wanted count, or for ever.
pub(crate) async fn consume(args: Args, output: &Output) -> Result<(), Failure> {
    if let Some(name) = &args.of_group.group {
        return group::consume(&args, name, output).await;
    }
    let mut consumer = assigned(&args).await?;
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let records = consumer.poll().await?;
        for consumed in records.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
            print(&args, consumed, output)?;
            left -= 1;
        }
        output.flush()?;
        if !args.follow && consumer.is_at_end() {
            break;
        }
    }
    Ok(())
}

async fn assigned(args: &Args) -> Result<Consumer, Failure> {
    let cluster = args.bootstrap.cluster();
    let partitions = if args.partition.is_empty() {
        cluster.partitions(&args.topic).await?
    } else {
        args.partition.clone()
    };
    let mut consumer = Consumer::new(cluster.clone(), args.options());
    for partition in partitions {
        let start = match start_of(args) {
            StartAt::Offset(offset) if offset.0 < 0 => {
                let last = match args.isolation {
                    Seen::Committed => OffsetAt::LastStable,
                    Seen::Uncommitted => OffsetAt::Latest,
                };
                let end = cluster.offset(&args.topic, partition, last).await?.offset;
                let first = cluster.offset(&args.topic, partition, OffsetAt::Earliest).await?.offset;
                let (end, first) = (end.unwrap_or(Offset::ZERO), first.unwrap_or(Offset::ZERO));
                StartAt::Offset(end.plus(offset.0).max(first))
            }
            other => other,
        };
        consumer.assign(&args.topic, partition, start).await?;
    }
    Ok(consumer)
}

fn start_of(args: &Args) -> StartAt {
    match (args.offset, args.time) {
        (Some(offset), _) => StartAt::Offset(Offset(offset)),
        (None, Some(time)) => StartAt::Time(time),
        (None, None) if args.follow && !args.from_beginning => StartAt::End,
        (None, None) => StartAt::Beginning,
    }
}

fn print(args: &Args, consumed: &Consumed, output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(&record_json(consumed));
    }
    let place = format!("{}@{} ", consumed.partition, consumed.record.offset);
    let place = if args.verbose { place.as_bytes() } else { b"" };
    let value = consumed.record.value.as_deref().unwrap_or_default();
    match &args.key_separator {
        Some(separator) => {
            let key = consumed.record.key.as_deref().unwrap_or_default();
            output.bytes(&[place, key, separator.as_bytes(), value, b"\n"])
        }
        None => output.bytes(&[place, value, b"\n"]),
    }
}

fn record_json(consumed: &Consumed) -> Value {
    let record = &consumed.record;
    let mut object = Map::new();
    object.insert("topic".to_owned(), json!(consumed.topic));
    object.insert("partition".to_owned(), json!(consumed.partition));
    object.insert("offset".to_owned(), json!(record.offset.0));
    object.insert("timestamp".to_owned(), json!(record.timestamp.0));
    put(&mut object, "key", record.key.as_deref());
    put(&mut object, "value", record.value.as_deref());
    let header = |(name, value): &(bytes::Bytes, Option<bytes::Bytes>)| {
        let mut object = Map::new();
        put(&mut object, "key", Some(name));
        put(&mut object, "value", value.as_deref());
        Value::Object(object)
    };
    object.insert("headers".to_owned(), Value::Array(record.headers.iter().map(header).collect()));
    Value::Object(object)
}

/// Puts text as it is, other bytes as base64 under `<name>_base64`.
fn put(object: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(std::str::from_utf8) {
        None => object.insert(name.to_owned(), Value::Null),
        Some(Ok(text)) => object.insert(name.to_owned(), json!(text)),
        Some(Err(_)) => object.insert(format!("{name}_base64"), json!(base64(bytes.unwrap_or_default()))),
    };
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            let digit = usize::try_from(word >> (18 - 6 * i) & 63).unwrap_or(0);
            text.push(if i <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    text
}

pub(crate) fn parse_time(text: &str) -> Result<WallTime, String> {
    if let Ok(millis) = text.parse() {
        return Ok(WallTime(millis));
    }
    parse_rfc3339(text)
        .ok_or_else(|| format!("'{text}' is neither milliseconds since 1970 nor 2026-01-31T12:00:00Z"))
}

/// Reads `YYYY-MM-DDTHH:MM:SSZ`, with up to three digits of a second's fraction, or `YYYY-MM-DD` for midnight UTC.
fn parse_rfc3339(text: &str) -> Option<WallTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, clock) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let is_fraction = (1..=3).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let ms: i64 = is_fraction.then(|| format!("{fraction:0<3}").parse().ok())??;
    let numbers =
        |text: &str, separator| text.split(separator).map(|n| n.parse().ok()).collect::<Option<Vec<i64>>>();
    let (date, clock) = (numbers(date, '-')?, numbers(clock, ':')?);
    let (&[year, month, day], &[hour, minute, second]) = (date.as_slice(), clock.as_slice()) else {
        return None;
    };
    let in_range = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let in_day = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    (in_range && in_day).then(|| {
        let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        WallTime(seconds * 1000 + ms)
    })
}

/// Days of the proleptic Gregorian calendar, counted in years that begin with March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a start time is the moment that its text says.
    #[test]
    fn times_are_read() {
        assert_eq!(parse_time("1700000000000"), Ok(WallTime(1_700_000_000_000)));
        assert_eq!(parse_time("2023-11-14T22:13:20Z"), Ok(WallTime(1_700_000_000_000)));
        assert_eq!(parse_time("1970-01-01"), Ok(WallTime(0)));
        assert_eq!(parse_time("2024-02-29"), Ok(WallTime(1_709_164_800_000)));
        assert!(parse_time("yesterday").is_err());
        assert!(parse_time("2024-13-01").is_err());
    }

    /// Protects: bytes that are no text survive in JSON.
    #[test]
    fn bytes_become_base64() {
        assert_eq!(base64(b"\xff\x00\x01"), "/wAB");
        assert_eq!(base64(b"\xff\x00"), "/wA=");
        assert_eq!(base64(b"\xff"), "/w==");
    }
}
