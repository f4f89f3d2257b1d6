//! One question to the HTTP port of a broker: a GET whose answer is a JSON document, or one figure of its metrics.

use crate::failure::Failure;
use env::net::Net;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Largest answer that is read. *Units*: bytes.
const ANSWER_MAX: u64 = 64 << 20;

/// Asks for a document.
///
/// # Errors
/// Nobody answers in time; the answer is a refusal, or no document.
pub(crate) async fn get(address: &str, path: &str, within: Duration) -> Result<Value, Failure> {
    let answer = tokio::time::timeout(within, ask(address, path)).await;
    let answer = answer.map_err(|_| Failure::of(format!("{address} does not answer")))?;
    let answer = answer.map_err(|error| {
        Failure::of(format!(
            "{address}: {error}; --http names the broker's HTTP port, highwater.http.listener"
        ))
    })?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).unwrap_or("");
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    match (status, document) {
        ("200", document) if !document.is_null() => Ok(document),
        (_, document) if document["error"].is_string() => {
            Err(Failure::of(document["error"].as_str().unwrap_or_default()))
        }
        _ => Err(Failure::of(format!(
            "{address} does not serve {path}: is it the HTTP port of a broker of this version?"
        ))),
    }
}

/// Asks for one figure of `/metrics`, by its whole name.
///
/// # Errors
/// Nobody answers in time, or there is no such figure.
pub(crate) async fn metric(address: &str, name: &str, within: Duration) -> Result<f64, Failure> {
    let answer = tokio::time::timeout(within, ask(address, "/metrics")).await;
    let answer = answer.map_err(|_| Failure::of(format!("{address} does not answer")))??;
    figure(&String::from_utf8_lossy(&answer), name)
        .ok_or_else(|| Failure::of(format!("{address} does not tell {name}")))
}

fn figure(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

async fn ask(address: &str, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = Net::Real.connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Writes a name so that it can stand in a path.
pub(crate) fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a figure is found by its whole name, not by the beginning of another one.
    #[test]
    fn a_figure_is_found_by_its_name() {
        let text = "HTTP/1.1 200 OK\r\n\r\n# TYPE a counter\na_total 9\na 1.5\na{b=\"c\"} 3\n";
        assert_eq!(figure(text, "a"), Some(1.5));
        assert_eq!(figure(text, "a{b=\"c\"}"), Some(3.0));
        assert_eq!(figure(text, "b"), None);
    }

    /// Protects: whatever a group is called, its name stays one part of the path.
    #[test]
    fn names_stay_one_part() {
        assert_eq!(escaped("a-b_c.1"), "a-b_c.1");
        assert_eq!(escaped("a/b ?#%\u{e9}\r\n"), "a%2Fb%20%3F%23%25%C3%A9%0D%0A");
    }
}
