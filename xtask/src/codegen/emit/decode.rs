//! Writes the decoder of a structure.

use super::{condition, flexible, ident, parameter, uses, value};
use crate::codegen::model::{Body, Field, Struct, Type, Versions};
use std::fmt::Write;

/// `fn read` of a structure.
pub(super) fn function(body: &Body, structure: &Struct) -> String {
    let context = structure.versions.within(body.versions);
    let (flag, line) = flexible(body, context);
    let reading = Reading { body, context, flag: &flag };
    let mut code = String::new();
    for field in &structure.fields {
        reading.declare(&mut code, field);
    }
    reading.tags(&mut code, structure);
    let names: Vec<String> = structure.fields.iter().map(|f| in_literal(&f.name)).collect();
    let literal = format!("Ok({} {{ {} }})", structure.name, names.join(", "));
    let line = if uses(&code, "flexible") { line } else { String::new() };
    let version = parameter(&format!("{line}{code}"));
    let reader = if uses(&code, "reader") { "reader" } else { "_reader" };
    format!(
        "fn read({reader}: &mut Reader, {version}: i16) -> Result<Self, DecodeError> {{\n{line}{code}{literal}\n}}\n\n"
    )
}

/// The variable that holds a field; `version` is the parameter's name.
fn local(name: &str) -> String {
    if name == "version" { "own_version".to_owned() } else { ident(name) }
}

fn in_literal(name: &str) -> String {
    let (field, variable) = (ident(name), local(name));
    if field == variable { field } else { format!("{field}: {variable}") }
}

struct Reading<'a> {
    body: &'a Body,
    context: Versions,
    flag: &'a str,
}

impl Reading<'_> {
    fn declare(&self, code: &mut String, field: &Field) {
        let name = local(&field.name);
        let default = value::default_text(field);
        if field.tag.is_some() {
            let _ = writeln!(code, "let mut {name} = {default};");
            return;
        }
        let range = field.versions.within(self.context);
        let expression = self.value(field, range, self.flag);
        let _ = match condition(range, self.context) {
            None => writeln!(code, "let {name} = {expression};"),
            Some(when) => writeln!(code, "let {name} = if {when} {{ {expression} }} else {{ {default} }};"),
        };
    }

    fn tags(&self, code: &mut String, structure: &Struct) {
        if self.flag == "false" {
            return;
        }
        let mut tagged: Vec<&Field> = structure.fields.iter().filter(|f| f.tag.is_some()).collect();
        tagged.sort_by_key(|f| f.tag);
        let mut read = String::new();
        if tagged.is_empty() {
            read.push_str("reader.tags(|_, _| Ok(false))?;\n");
        } else {
            read.push_str("reader.tags(|tag, reader| { match tag {\n");
            tagged.iter().for_each(|field| self.tag_arm(&mut read, field));
            read.push_str("_ => return Ok(false), }\nOk(true) })?;\n");
        }
        let _ = match self.flag {
            "true" => write!(code, "{read}"),
            flag => writeln!(code, "if {flag} {{ {read} }}"),
        };
    }

    fn tag_arm(&self, read: &mut String, field: &Field) {
        let Some(tag) = field.tag else { return };
        let first = self.context.from.max(self.body.flexible_from);
        let flexible = Versions { from: first, to: self.context.to };
        let range = field.versions.within(flexible);
        let expression = self.value(field, range, "true");
        let guard = condition(range, flexible).map_or(String::new(), |when| format!(" if {when}"));
        let _ = writeln!(read, "{tag}{guard} => {{ {} = {expression}; }}", local(&field.name));
    }

    /// An expression for the field's value in the versions of `range`.
    fn value(&self, field: &Field, range: Versions, flag: &str) -> String {
        let Some(null) = field.nullable.map(|n| n.within(range)) else {
            return self.read(&field.ty, range, flag, false);
        };
        let with_null = match &field.ty {
            Type::Struct(name) if field.tag.is_some() => {
                format!("reader.nullable_tagged_struct(|reader| {name}::read(reader, version))?")
            }
            ty => self.read(ty, range, flag, true),
        };
        match condition(null, range) {
            None => with_null,
            Some(when) => {
                let without = self.read(&field.ty, range, flag, false);
                format!("if {when} {{ {with_null} }} else {{ Some({without}) }}")
            }
        }
    }

    fn read(&self, ty: &Type, range: Versions, flag: &str, nullable: bool) -> String {
        let null = if nullable { "nullable_" } else { "" };
        match ty {
            Type::Records => format!("reader.nullable_records({flag})?"),
            Type::Struct(name) if nullable => {
                format!("reader.nullable_struct(|reader| {name}::read(reader, version))?")
            }
            Type::Array(element) => {
                let least = self.body.least_element(element, range);
                let each = element_of(element, flag);
                format!("reader.{null}array({flag}, {least}, |reader| {each})?")
            }
            Type::String | Type::Bytes => format!("reader.{null}{}({flag})?", value::primitive(ty)),
            _ => format!("{}?", element_of(ty, flag)),
        }
    }
}

/// The call that reads one value that cannot be null.
fn element_of(ty: &Type, flag: &str) -> String {
    match ty {
        Type::Struct(name) => format!("{name}::read(reader, version)"),
        _ if value::is_fixed(ty) => format!("reader.{}()", value::primitive(ty)),
        _ => format!("reader.{}({flag})", value::primitive(ty)),
    }
}
