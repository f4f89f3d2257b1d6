//! One row of the table, and how rows are made.

use super::not_yet::Subject;
use bytes::Bytes;
use types::ErrorCode;
use wire::{ApiKey, Message, Request};

/// Memory that a row may take unless it says otherwise. *Units*: KiB.
const MEMORY_KIB: u64 = 4 * 1024;

/// Takes the codes, at their scope, out of an answer.
pub(super) type Codes = Box<dyn Fn(Bytes) -> Vec<i16>>;

/// One abusive input.
pub(super) struct Row {
    /// Its number in the list.
    pub(super) number: u8,
    /// What is wrong with it.
    pub(super) what: String,
    /// What is sent on a connection of its own, lengths of frames included.
    pub(super) input: Vec<u8>,
    /// What comes back.
    pub(super) reply: Reply,
    /// What the broker's memory may grow by. *Units*: KiB.
    pub(super) memory_kib: u64,
    /// The connection is closed (A4) as long as this API is not announced.
    pub(super) needs: Option<ApiKey>,
    /// How the line of docs/book/differences.md begins that names Kafka's answer, where it is another one.
    pub(super) stricter: Option<&'static str>,
}

/// What comes back.
pub(super) enum Reply {
    /// Nothing; the connection is closed.
    Closed,
    /// One answer with these codes at their scope; the connection goes on.
    Codes(Codes, Vec<i16>),
    /// So many answers.
    Answers(usize),
    /// So many answers, then the connection is closed.
    AnswersThenClosed(usize),
    /// The input is sent again and again and nothing is read: the connection is closed.
    ClosedUnread,
    /// Of so many connections at once, each with this input, at most so many are answered, the others closed.
    Capped(usize, usize),
    /// So many connections one after another, each is answered.
    Churned(usize),
    /// A fetch session is begun and continued with an epoch that is not its next one: these codes.
    SessionEpoch(Vec<i16>),
    /// Its subject is not built; the row fails when it is.
    NotYet(Subject),
}

impl Row {
    /// A row with raw bytes.
    pub(super) fn new(number: u8, what: &str, input: Vec<u8>, reply: Reply) -> Row {
        Row {
            number,
            what: what.to_owned(),
            input,
            reply,
            memory_kib: MEMORY_KIB,
            needs: None,
            stricter: None,
        }
    }

    /// A row whose bytes end the connection.
    pub(super) fn closes(number: u8, what: &str, input: Vec<u8>) -> Row {
        Row::new(number, what, input, Reply::Closed)
    }

    /// A request that is answered with these codes.
    pub(super) fn asks<Q: Request>(
        number: u8,
        what: &str,
        (request, version): (&Q, i16),
        codes: fn(&Q::Response) -> Vec<i16>,
        expected: &[ErrorCode],
    ) -> Row
    where
        Q::Response: Message + 'static,
    {
        let input = crate::client::frame(request, version, 7);
        let codes = Box::new(move |frame| codes(&wire::read_response(frame, version).unwrap().1));
        let expected = expected.iter().map(|code| code.code()).collect();
        Row::new(number, what, input, Reply::Codes(codes, expected))
    }

    /// Allows more memory, or less.
    pub(super) fn within(mut self, memory_kib: u64) -> Row {
        self.memory_kib = memory_kib;
        self
    }

    /// Names the line of the differences from Kafka.
    pub(super) fn stricter(mut self, line: &'static str) -> Row {
        self.stricter = Some(line);
        self
    }

    /// Returns what is wrong if that line is not there.
    pub(super) fn undocumented(&self, page: &str) -> Option<String> {
        let line = self.stricter.filter(|line| !page.contains(&format!("\n| {line}")))?;
        Some(format!(
            "A{} {}: no line of docs/book/differences.md begins with {line:?}",
            self.number, self.what
        ))
    }

    /// Expects a closed connection until an API is announced.
    pub(super) fn needs(mut self, key: ApiKey) -> Row {
        self.needs = Some(key);
        self
    }
}
