//! Writes the Rust of one message: struct, defaults, decoder, encoder; and the table of APIs.

mod decode;
mod encode;
mod errors;
mod value;

use super::model::{Api, Body, Field, Kind, Schemas, Struct, Type, Versions};
use std::fmt::Write;

const NOTICE: &str = "// Written by `cargo xtask codegen` from schema/; do not edit.\n\n";

/// The module list, with the messages themselves at the top.
pub(super) fn modules(schemas: &Schemas) -> String {
    let mut out = String::from(NOTICE);
    out.push_str(
        "//! Messages, stored formats and the table of APIs, generated from schema/.\n\npub mod api;\n",
    );
    let mut bodies: Vec<&Body> = schemas.bodies().collect();
    bodies.sort_by_key(|body| body.module());
    for body in &bodies {
        let _ = writeln!(out, "pub mod {};", body.module());
    }
    for body in &bodies {
        let _ = writeln!(out, "pub use {}::{};", body.module(), body.name);
    }
    out
}

/// The table of APIs.
pub(super) fn table(apis: &[Api]) -> String {
    let mut out = String::from(NOTICE);
    out.push_str("//! The APIs that the schemas describe, by number.\n\nuse crate::message::ApiInfo;\n\n");
    out.push_str("/// An API, by its number on the wire.\n");
    out.push_str("#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]\n#[repr(i16)]\n");
    out.push_str("pub enum ApiKey {");
    for api in apis {
        let _ = write!(out, "/// Kafka's {}.\n{} = {},", api.name, api.name, api.key);
    }
    out.push_str("}\n\nimpl ApiKey {\n/// Returns the API of a number.\n");
    out.push_str("pub fn from_code(code: i16) -> Option<ApiKey> { Some(match code {");
    for api in apis {
        let _ = write!(out, "{} => ApiKey::{},", api.key, api.name);
    }
    out.push_str("_ => return None, }) }\n\n/// Returns the facts about this API.\n");
    out.push_str("pub fn info(self) -> &'static ApiInfo { match self {");
    for (at, api) in apis.iter().enumerate() {
        let _ = write!(out, "ApiKey::{} => &APIS[{at}],", api.name);
    }
    out.push_str("} }\n\n/// Says whether the schemas have a version, announced or not.\n");
    out.push_str("pub fn in_schema(self, version: i16) -> bool { match self {");
    for api in apis {
        let range = api.request.versions;
        let _ = write!(out, "ApiKey::{} => ({}..={}).contains(&version),", api.name, range.from, range.to);
    }
    out.push_str("} } }\n\n/// Facts about every API, by rising number.\n");
    let _ = write!(out, "pub const APIS: [ApiInfo; {}] = [", apis.len());
    apis.iter().for_each(|api| row(&mut out, api));
    out.push_str("];\n");
    out
}

fn row(out: &mut String, api: &Api) {
    let stable = api.request.stable;
    let _ = write!(
        out,
        "ApiInfo {{ key: {}, name: \"{}\", min: {}, max: {}, flexible_from: {}, on_broker: {}, \
         on_controller: {} }},",
        api.key,
        api.name,
        stable.from,
        stable.to,
        flexible_text(api.flexible_from),
        api.listeners.iter().any(|l| l == "broker"),
        api.listeners.iter().any(|l| l == "controller"),
    );
}

fn flexible_text(from: i16) -> String {
    if from == i16::MAX { "i16::MAX".to_owned() } else { from.to_string() }
}

/// One message of an API with its structures.
pub(super) fn message(api: &Api, body: &Body) -> String {
    let kind = if body.kind == Kind::Request { "request" } else { "response" };
    let mut code = body_code(body);
    api_impl(&mut code, api, body);
    file(&format!("The {kind} of {}, API key {}.", api.name, api.key), body, &code)
}

/// One stored format with its structures.
pub(super) fn stored(body: &Body) -> String {
    let mut code = body_code(body);
    let _ = writeln!(code, "impl Stored for {} {{}}", body.name);
    file(&format!("`{}`, stored with two bytes in front of it.", body.name), body, &code)
}

fn file(what: &str, body: &Body, code: &str) -> String {
    format!("{NOTICE}//! {what}\n\n{}{code}", imports(code, body))
}

fn body_code(body: &Body) -> String {
    let mut code = String::new();
    body.structs.iter().for_each(|structure| structure_code(&mut code, body, structure));
    message_impl(&mut code, body);
    code
}

fn imports(code: &str, body: &Body) -> String {
    let mut out = String::from("use crate::error::{DecodeError, EncodeError};\n");
    let traits = match body.kind {
        Kind::Request => "{ApiMessage, Message, Request}",
        Kind::Response => "{ApiMessage, Message}",
        Kind::Stored => "Message",
    };
    let _ = writeln!(out, "use crate::message::{traits};\nuse crate::reader::Reader;");
    if uses(code, "Records") {
        out.push_str("use crate::records::Records;\n");
    }
    let rope = if uses(code, "Tags") { "{Rope, Tags}" } else { "Rope" };
    let _ = writeln!(out, "use crate::rope::{rope};");
    if body.kind == Kind::Stored {
        out.push_str("use crate::stored::Stored;\n");
    }
    if uses(code, "Bytes") {
        out.push_str("use bytes::Bytes;\n");
    }
    if uses(code, "Uuid") {
        out.push_str("use types::Uuid;\n");
    }
    out.push('\n');
    out
}

fn structure_code(out: &mut String, body: &Body, structure: &Struct) {
    let derived = structure.fields.iter().all(value::default_is_rusts);
    let what = if structure.name == body.name { "Body of the message" } else { "Part of the message" };
    let range = structure.versions.within(body.versions);
    let _ = writeln!(out, "/// {what}; {range}.");
    let default = if derived { ", Default" } else { "" };
    let _ = writeln!(out, "#[derive(Clone, PartialEq, Debug{default})]\npub struct {} {{", structure.name);
    for field in &structure.fields {
        let _ =
            writeln!(out, "{}\npub {}: {},", field_doc(field), ident(&field.name), value::rust_type(field));
    }
    out.push_str("}\n\n");
    if !derived {
        default_impl(out, structure);
    }
    let _ = writeln!(out, "impl {} {{", structure.name);
    out.push_str(&decode::function(body, structure));
    out.push_str(&encode::function(body, structure));
    if body.kind == Kind::Response {
        out.push_str(&errors::function(body, structure));
    }
    out.push_str("}\n\n");
}

fn field_doc(field: &Field) -> String {
    let mut doc = format!("/// `{}`, {}", field.type_text, field.versions);
    if let Some(null) = field.nullable {
        let _ = write!(doc, "; null in {null}");
    }
    if let Some(tag) = field.tag {
        let _ = write!(doc, "; tag {tag}");
    }
    if let Some(default) = &field.default {
        let _ = write!(doc, "; default {default}");
    }
    if field.ignorable {
        doc.push_str("; dropped where a version lacks it");
    }
    doc.push('.');
    doc
}

fn default_impl(out: &mut String, structure: &Struct) {
    let name = &structure.name;
    let _ = write!(out, "impl Default for {name} {{ fn default() -> {name} {{ {name} {{");
    for field in &structure.fields {
        let _ = write!(out, "{}: {},", ident(&field.name), value::default_text(field));
    }
    out.push_str("} } }\n\n");
}

fn message_impl(out: &mut String, body: &Body) {
    let (name, Versions { from, to }) = (&body.name, body.versions);
    let flexible = flexible_text(body.flexible_from);
    let refuse = |error: &str| {
        format!(
            "if !({from}..={to}).contains(&version) {{ return Err({error}::UnsupportedVersion {{ message: \
             Self::NAME, version }}); }}"
        )
    };
    let _ = write!(
        out,
        "impl Message for {name} {{
        const NAME: &'static str = \"{name}\";
        const MIN: i16 = {from};
        const MAX: i16 = {to};
        const FLEXIBLE_FROM: i16 = {flexible};

        fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {{
            {}
            Self::read(reader, version)
        }}

        fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {{
            {}
            self.write(out, version)
        }}
        {}
        }}\n\n",
        refuse("DecodeError"),
        refuse("EncodeError"),
        errors::of_message(body),
    );
}

fn api_impl(out: &mut String, api: &Api, body: &Body) {
    let name = &body.name;
    let _ = writeln!(out, "impl ApiMessage for {name} {{ const KEY: i16 = {}; }}\n", api.key);
    if body.kind == Kind::Request {
        let response = &api.response;
        let _ = writeln!(
            out,
            "impl Request for {name} {{ type Response = super::{}::{}; }}",
            response.module(),
            response.name
        );
    }
}

/// The default of a field in the tests of wire, where inner structures need their module.
pub(super) fn default_for_samples(field: &Field, module: &str) -> String {
    match &field.ty {
        Type::Struct(name) if field.default.is_none() => {
            let plain = format!("{module}::{name}::default()");
            if field.is_option() { format!("Some({plain})") } else { plain }
        }
        Type::Uuid => "types::Uuid::ZERO".to_owned(),
        _ => value::default_text(field),
    }
}

/// A field name that Rust accepts.
pub(super) fn ident(name: &str) -> String {
    match name {
        "type" | "match" | "ref" | "move" | "loop" | "use" | "static" | "final" | "virtual" | "yield" => {
            format!("r#{name}")
        }
        _ => name.to_owned(),
    }
}

/// A Rust condition that says whether the version lies in a range; none when it always does within
/// the versions of the context.
pub(super) fn condition(range: Versions, context: Versions) -> Option<String> {
    let (low, high) = (range.from > context.from, range.to < context.to);
    match (low, high) {
        (false, false) => None,
        (true, false) => Some(format!("version >= {}", range.from)),
        (false, true) => Some(format!("version <= {}", range.to)),
        (true, true) if range.from == range.to => Some(format!("version == {}", range.from)),
        (true, true) => Some(format!("({}..={}).contains(&version)", range.from, range.to)),
    }
}

/// The opposite of `condition`.
fn negated(range: Versions, context: Versions) -> Option<String> {
    let (low, high) = (range.from > context.from, range.to < context.to);
    match (low, high) {
        (false, false) => None,
        (true, false) => Some(format!("version < {}", range.from)),
        (false, true) => Some(format!("version > {}", range.to)),
        (true, true) if range.from == range.to => Some(format!("version != {}", range.from)),
        (true, true) => Some(format!("!({}..={}).contains(&version)", range.from, range.to)),
    }
}

/// What to write where a function takes `flexible`, and the line that defines it.
fn flexible(body: &Body, context: Versions) -> (String, String) {
    let from = body.flexible_from;
    if context.from >= from {
        ("true".to_owned(), String::new())
    } else if context.to < from {
        ("false".to_owned(), String::new())
    } else {
        ("flexible".to_owned(), format!("let flexible = version >= {from};\n"))
    }
}

/// The name of the version parameter: with an underscore where the code does not use it.
fn parameter(code: &str) -> &'static str {
    if uses(code, "version") { "version" } else { "_version" }
}

/// Says whether code mentions a name, as a word of its own.
pub(super) fn uses(code: &str, name: &str) -> bool {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
}
