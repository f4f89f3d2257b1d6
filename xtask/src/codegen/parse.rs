//! Reads the schema language: lines of words, blocks by their first word (schema/README.md).

use super::model::{Api, Body, Field, Kind, Struct, Type, Versions};

/// Reads the text of one API.
///
/// *Errors*: a sentence with the line number.
pub(super) fn api(text: &str) -> Result<Api, String> {
    draft(text)?.api()
}

/// Reads the text of a stored format.
///
/// *Errors*: as `api`.
pub(super) fn stored(text: &str) -> Result<Body, String> {
    draft(text)?.stored()
}

fn draft(text: &str) -> Result<Draft, String> {
    let mut draft = Draft::default();
    for (number, line) in (1..).zip(text.lines()) {
        draft.line(line).map_err(|e| format!("line {number}: {e}"))?;
    }
    Ok(draft)
}

#[derive(Default)]
struct Draft {
    name: String,
    key: i16,
    flexible_from: i16,
    listeners: Vec<String>,
    bodies: Vec<Body>,
}

impl Draft {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut words = Words(line.split_whitespace().collect());
        let Some(first) = words.peek() else { return Ok(()) };
        match first {
            _ if first.starts_with('#') => Ok(()),
            _ if line.starts_with(' ') => self.field(words),
            "api" => self.head(words),
            "listeners" => {
                self.listeners = words.0.drain(1..).map(str::to_owned).collect();
                Ok(())
            }
            "stored" => self.format(words),
            "request" => self.body(words, Kind::Request),
            "response" => self.body(words, Kind::Response),
            "versions" => self.body(words, Kind::Stored),
            "struct" => self.structure(words),
            other => Err(format!("`{other}` begins no block")),
        }
    }

    fn head(&mut self, mut words: Words<'_>) -> Result<(), String> {
        words.expect("api")?;
        self.name = words.next()?.to_owned();
        words.expect("key")?;
        self.key = number(words.next()?)?;
        self.flexible(words)
    }

    fn format(&mut self, mut words: Words<'_>) -> Result<(), String> {
        words.expect("stored")?;
        self.name = words.next()?.to_owned();
        self.flexible(words)
    }

    fn flexible(&mut self, mut words: Words<'_>) -> Result<(), String> {
        words.expect("flexible")?;
        self.flexible_from = match words.next()? {
            "none" => i16::MAX,
            from => versions(from, i16::MAX)?.from,
        };
        Ok(())
    }

    fn body(&mut self, mut words: Words<'_>, kind: Kind) -> Result<(), String> {
        words.next()?;
        let range = versions(words.next()?, i16::MAX)?;
        let stable = match words.peek() {
            Some("stable") => versions(words.0.last().copied().unwrap_or_default(), i16::MAX)?,
            _ => range,
        };
        let ending = match kind {
            Kind::Request => "Request",
            Kind::Response => "Response",
            Kind::Stored => "",
        };
        let name = format!("{}{ending}", self.name);
        let root = Struct { name: name.clone(), versions: range, fields: Vec::new() };
        let flexible_from = self.flexible_from;
        let structs = vec![root];
        self.bodies.push(Body { name, kind, versions: range, stable, flexible_from, structs });
        Ok(())
    }

    fn structure(&mut self, mut words: Words<'_>) -> Result<(), String> {
        words.expect("struct")?;
        let body = self.bodies.last_mut().ok_or("a struct before its message")?;
        let name = words.next()?.to_owned();
        let versions = versions(words.next()?, body.versions.to)?;
        body.structs.push(Struct { name, versions, fields: Vec::new() });
        Ok(())
    }

    fn field(&mut self, words: Words<'_>) -> Result<(), String> {
        let body = self.bodies.last_mut().ok_or("a field before its message")?;
        let newest = body.versions.to;
        let owner = body.structs.last_mut().ok_or("a field before its structure")?;
        owner.fields.push(field(words, newest)?);
        Ok(())
    }

    fn last(&mut self, kind: Kind, missing: &str) -> Result<Body, String> {
        let body = self.bodies.pop().filter(|body| body.kind == kind).ok_or(missing)?;
        known_structs(&body)?;
        Ok(body)
    }

    fn stored(mut self) -> Result<Body, String> {
        self.last(Kind::Stored, "no versions")
    }

    fn api(mut self) -> Result<Api, String> {
        let response = self.last(Kind::Response, "no response")?;
        let request = self.last(Kind::Request, "no request")?;
        let Draft { name, key, flexible_from, listeners, .. } = self;
        Ok(Api { name, key, flexible_from, listeners, request, response })
    }
}

fn known_structs(body: &Body) -> Result<(), String> {
    for field in body.structs.iter().flat_map(|s| &s.fields) {
        let inner = match &field.ty {
            Type::Array(element) => element,
            other => other,
        };
        if let Type::Struct(name) = inner
            && !body.structs.iter().any(|s| s.name == *name)
        {
            return Err(format!("no struct {name} in {}", body.name));
        }
    }
    Ok(())
}

fn field(mut words: Words<'_>, newest: i16) -> Result<Field, String> {
    let name = words.next()?.to_owned();
    let type_text = words.next()?.to_owned();
    let ty = type_of(&type_text);
    let range = versions(words.next()?, newest)?;
    let mut field = Field {
        name,
        type_text,
        ty,
        versions: range,
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
    };
    while let Some(word) = words.peek() {
        words.expect(word)?;
        match word {
            "nullable" => field.nullable = Some(versions(words.next()?, newest)?),
            "tag" => field.tag = Some(number(words.next()?)?),
            "default" => field.default = Some(words.next()?.to_owned()),
            "ignorable" => field.ignorable = true,
            other => return Err(format!("`{other}` says nothing about a field")),
        }
    }
    Ok(field)
}

fn type_of(text: &str) -> Type {
    if let Some(element) = text.strip_prefix("[]") {
        return Type::Array(Box::new(type_of(element)));
    }
    match text {
        "bool" => Type::Bool,
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "uint16" => Type::Uint16,
        "int32" => Type::Int32,
        "uint32" => Type::Uint32,
        "int64" => Type::Int64,
        "float64" => Type::Float64,
        "uuid" => Type::Uuid,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "records" => Type::Records,
        name => Type::Struct(name.to_owned()),
    }
}

/// `3+`, `3-7` or `3`.
fn versions(text: &str, newest: i16) -> Result<Versions, String> {
    if let Some(from) = text.strip_suffix('+') {
        return Ok(Versions { from: number(from)?, to: newest });
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let range = Versions { from: number(from)?, to: number(to)? };
    if range.from > range.to { Err(format!("`{text}` is no range")) } else { Ok(range) }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number that fits"))
}

struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.0.first().copied()
    }

    fn next(&mut self) -> Result<&'a str, String> {
        if self.0.is_empty() { Err("the line ends too early".to_owned()) } else { Ok(self.0.remove(0)) }
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        let found = self.next()?;
        if found == word { Ok(()) } else { Err(format!("`{word}` expected, not `{found}`")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# facts\napi Echo key 7 flexible 2+\nlisteners broker\n\nrequest 0-3 stable 0-2\n  \
        text string 0+ nullable 1-2 default null ignorable\n  parts []Part 2+ tag 4\n\nstruct Part 2+\n  \
        id int32 2+ default -1\n\nresponse 0-3\n";

    /// Protects: each word of the schema language means what schema/README.md says.
    #[test]
    fn reads_every_word() {
        let api = api(TEXT).unwrap();
        assert_eq!((api.name.as_str(), api.key, api.flexible_from), ("Echo", 7, 2));
        assert_eq!(api.request.stable, Versions { from: 0, to: 2 });
        let text = &api.request.structs[0].fields[0];
        assert_eq!(text.nullable, Some(Versions { from: 1, to: 2 }));
        assert_eq!(text.default.as_deref(), Some("null"));
        assert!(text.ignorable);
        let parts = &api.request.structs[0].fields[1];
        assert_eq!((parts.tag, parts.versions), (Some(4), Versions { from: 2, to: 3 }));
        assert_eq!(api.request.least_element(&Type::Struct("Part".into()), parts.versions), 5);
    }

    /// Protects: a stored format is read as one message under its own name, and as nothing else.
    #[test]
    fn reads_a_stored_format() {
        let text = "stored PairKey flexible none\n\nversions 2-3\n  left string 2+\n";
        let body = stored(text).unwrap();
        assert_eq!((body.name.as_str(), body.kind, body.flexible_from), ("PairKey", Kind::Stored, i16::MAX));
        assert_eq!(body.structs[0].fields[0].versions, Versions { from: 2, to: 3 });
        assert_eq!(api(text).unwrap_err(), "no response");
        assert_eq!(stored(TEXT).unwrap_err(), "no versions");
    }

    /// Protects: a slip in a schema file is named with its line, not generated.
    #[test]
    fn names_the_line() {
        let wrong = TEXT.replace("ignorable", "ignorabel");
        assert_eq!(api(&wrong).unwrap_err(), "line 6: `ignorabel` says nothing about a field");
        let lost = TEXT.replace("struct Part", "struct Port");
        assert_eq!(api(&lost).unwrap_err(), "no struct Part in EchoRequest");
    }
}
