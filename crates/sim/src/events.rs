//! From `tracing` to the trace: turmoil says what happens to each message, the broker each effect.
//!
//! The subscriber is that of one thread, for the time of one run. Bytes of a message are hashed when it is
//! sent; where it is named again its beginning must do.

use crate::trace::{Kind, Trace, hash};
use std::fmt::{self, Debug, Write};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Characters of a message that are kept where it is named again.
const BEGINNING: usize = 96;

/// Writes events into a trace.
pub(crate) struct EventTracer {
    trace: Trace,
}

impl EventTracer {
    pub(crate) fn new(trace: Trace) -> EventTracer {
        EventTracer { trace }
    }
}

fn kind(target: &str) -> Option<Kind> {
    let root = target.split("::").next().unwrap_or_default();
    match root {
        "turmoil" => Some(Kind::Message),
        "broker" | "sim" | "log" | "metadata" | "partition" => Some(Kind::Effect),
        _ => None,
    }
}

impl Subscriber for EventTracer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && kind(metadata.target()).is_some()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(kind) = kind(event.metadata().target()) else { return };
        let mut line = Line::default();
        event.record(&mut line);
        if kind == Kind::Message && line.text.starts_with("step ") {
            return;
        }
        self.trace.add(kind, format_args!("{}", line.text));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// An event as one line: its message, then its fields.
#[derive(Default)]
struct Line {
    text: String,
    is_send: bool,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail; a bounded one fails on purpose.
        let _ = match field.name() {
            "message" => self.message(value),
            "protocol" => self.protocol(value),
            name => write!(self.text, " {name}={value:?}"),
        };
    }
}

impl Line {
    fn message(&mut self, value: &dyn Debug) -> fmt::Result {
        write!(self.text, "{value:?}")?;
        self.is_send = self.text == "Send";
        Ok(())
    }

    fn protocol(&mut self, value: &dyn Debug) -> fmt::Result {
        if self.is_send {
            let mut whole = String::new();
            write!(whole, "{value:?}")?;
            return write!(self.text, " {} characters {:016x}", whole.len(), hash(whole.as_bytes()));
        }
        self.text.push(' ');
        let _ = write!(Bounded { text: &mut self.text, left: BEGINNING }, "{value:?}");
        Ok(())
    }
}

/// Takes the beginning of what is written and then fails, which ends the formatting.
struct Bounded<'a> {
    text: &'a mut String,
    left: usize,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.left = self.left.checked_sub(part.len()).ok_or(fmt::Error)?;
        self.text.push_str(part);
        Ok(())
    }
}
