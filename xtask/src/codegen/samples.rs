//! Writes what tests need of every message: makers of random messages with their oracle types, and
//! the table of the fuzz targets.

use super::emit::{condition, ident, uses};
use super::model::{Body, Field, Kind, Schemas, Struct, Type, Versions};
use std::fmt::Write;

/// Text of tests/wire/samples.rs.
pub(super) fn text(schemas: &Schemas) -> String {
    let mut out = String::from("// Written by `cargo xtask codegen` from schema/; do not edit.\n\n");
    out.push_str(
        "//! Random messages of every API, format and version, and the type that the oracle has for each.\n\n",
    );
    out.push_str(
        "use crate::sample::{Gen, NoOracle, Sample, Visitor};\nuse kafka_protocol::messages as oracle;\n\n",
    );
    out.push_str(
        "/// Shows every message type to a visitor.\npub(crate) fn visit(visitor: &mut impl Visitor) {\n",
    );
    for body in schemas.bodies() {
        let method = if body.kind == Kind::Stored { "stored" } else { "message" };
        let _ = writeln!(out, "visitor.{method}::<wire::{}>();", body.name);
    }
    out.push_str("}\n\n");
    for body in schemas.bodies() {
        body.structs.iter().for_each(|structure| sample(&mut out, body, structure));
    }
    out
}

/// Text of the fuzz targets' table: a number chooses the message.
pub(super) fn fuzz_table(schemas: &Schemas) -> String {
    let mut out = String::from("// Written by `cargo xtask codegen` from schema/; do not edit.\n\n");
    out.push_str(
        "//! Every message, by a number that the fuzzer chooses.\n\nuse super::again;\nuse bytes::Bytes;\n\n",
    );
    let kinds = [("request", Kind::Request), ("response", Kind::Response), ("stored format", Kind::Stored)];
    for (what, kind) in kinds {
        let name = what.split(' ').next().unwrap_or(what);
        let bodies: Vec<&Body> = schemas.bodies().filter(|body| body.kind == kind).collect();
        let _ = writeln!(
            out,
            "/// Decodes a {what}.\npub fn {name}(choice: u8, version: u8, body: Bytes) {{ match choice % {} {{",
            bodies.len()
        );
        for (number, body) in bodies.iter().enumerate() {
            let pattern = if number + 1 == bodies.len() { "_".to_owned() } else { number.to_string() };
            let _ = writeln!(out, "{pattern} => again::<wire::{}>(version, body),", body.name);
        }
        out.push_str("} }\n\n");
    }
    out
}

fn sample(out: &mut String, body: &Body, structure: &Struct) {
    let context = structure.versions.within(body.versions);
    let module = format!("wire::{}", body.module());
    let oracle = match structure.name == body.name {
        true if !has_oracle(body) => "NoOracle".to_owned(),
        true => format!("oracle::{}", body.name),
        false => "()".to_owned(),
    };
    let mut code = String::new();
    for field in &structure.fields {
        let _ = write!(code, "{}: {},", ident(&field.name), field_value(field, context, &module));
    }
    let version = if uses(&code.replace("version:", ""), "version") { "version" } else { "_version" };
    let random = if uses(&code, "random") { "random" } else { "_random" };
    let name = &structure.name;
    let _ = writeln!(
        out,
        "impl Sample for {module}::{name} {{ type Oracle = {oracle}; fn sample({random}: &mut Gen, {version}: i16) \
         -> Self {{ Self {{ {code} }} }} }}\n"
    );
}

/// The oracle knows all messages, and of the stored formats those of the consumer protocol.
fn has_oracle(body: &Body) -> bool {
    body.kind != Kind::Stored || body.name.starts_with("ConsumerProtocol")
}

fn field_value(field: &Field, context: Versions, module: &str) -> String {
    let range = field.versions.within(context);
    let plain = value(&field.ty, module);
    let optional = match (field.is_option(), field.nullable.map(|n| n.within(range))) {
        (false, _) => plain,
        (true, None) => format!("Some({plain})"),
        (true, Some(null)) => match condition(null, range) {
            None => format!("random.option(|random| {plain})"),
            Some(when) => format!("if {when} {{ random.option(|random| {plain}) }} else {{ Some({plain}) }}"),
        },
    };
    let default = super::emit::default_for_samples(field, module);
    let present = match field.tag {
        None => optional,
        Some(_) => format!("if random.one_in(2) {{ {optional} }} else {{ {default} }}"),
    };
    match condition(range, context) {
        None => present,
        Some(when) => format!("if {when} {{ {present} }} else {{ {default} }}"),
    }
}

fn value(ty: &Type, module: &str) -> String {
    match ty {
        Type::Struct(name) => format!("{module}::{name}::sample(random, version)"),
        Type::Array(element) => format!("random.array(|random| {})", value(element, module)),
        Type::Bool => "random.bool()".to_owned(),
        Type::Int8 => "random.i8()".to_owned(),
        Type::Int16 => "random.i16()".to_owned(),
        Type::Uint16 => "random.u16()".to_owned(),
        Type::Int32 => "random.i32()".to_owned(),
        Type::Uint32 => "random.u32()".to_owned(),
        Type::Int64 => "random.i64()".to_owned(),
        Type::Float64 => "random.f64()".to_owned(),
        Type::Uuid => "random.uuid()".to_owned(),
        Type::String => "random.string()".to_owned(),
        Type::Bytes => "random.bytes()".to_owned(),
        Type::Records => "random.records()".to_owned(),
    }
}
