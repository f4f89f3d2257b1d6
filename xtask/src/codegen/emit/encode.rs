//! Writes the encoder of a structure.

use super::{condition, flexible, ident, negated, parameter, uses, value};
use crate::codegen::model::{Body, Field, Struct, Type, Versions};
use std::fmt::Write;

/// `fn write` of a structure.
pub(super) fn function(body: &Body, structure: &Struct) -> String {
    let context = structure.versions.within(body.versions);
    let (flag, line) = flexible(body, context);
    let writing = Writing { owner: &structure.name, context, flag: &flag };
    let mut code = String::new();
    for field in structure.fields.iter().filter(|f| f.tag.is_none()) {
        writing.field(&mut code, field);
    }
    writing.tags(&mut code, structure);
    let line = if uses(&code, "flexible") { line } else { String::new() };
    let version = parameter(&format!("{line}{code}").replace("self.version", "self.own_version"));
    let out = if uses(&code, "out") { "out" } else { "_out" };
    format!(
        "fn write(&self, {out}: &mut Rope, {version}: i16) -> Result<(), EncodeError> {{\n{line}{code}Ok(())\n}}\n"
    )
}

struct Writing<'a> {
    owner: &'a str,
    context: Versions,
    flag: &'a str,
}

impl Writing<'_> {
    fn field(&self, code: &mut String, field: &Field) {
        let range = field.versions.within(self.context);
        let write = self.value(field, range, self.flag);
        let Some(when) = condition(range, self.context) else {
            code.push_str(&write);
            return;
        };
        let _ = write!(code, "if {when} {{ {write} }}");
        if !field.ignorable {
            let _ = write!(code, " else if {} {{ {} }}", value::is_set(field), self.refuse(field));
        }
        code.push('\n');
    }

    fn refuse(&self, field: &Field) -> String {
        let place = format!("{}.{}", self.owner, field.name);
        format!("return Err(EncodeError::UnsupportedField {{ field: \"{place}\", version }});")
    }

    fn tags(&self, code: &mut String, structure: &Struct) {
        let mut tagged: Vec<&Field> = structure.fields.iter().filter(|f| f.tag.is_some()).collect();
        tagged.sort_by_key(|f| f.tag);
        let put = match tagged.is_empty() {
            true => "out.put_varint(0);\n",
            false => "out.put_tags(tags)?;\n",
        };
        if !tagged.is_empty() {
            code.push_str("let mut tags = Tags::default();\n");
        }
        tagged.iter().for_each(|field| self.tag(code, field));
        match self.flag {
            "true" => code.push_str(put),
            "false" => {}
            flag => {
                let _ = writeln!(code, "if {flag} {{ {put} }}");
            }
        }
    }

    fn tag(&self, code: &mut String, field: &Field) {
        let Some(tag) = field.tag else { return };
        let range = field.versions.within(self.context);
        let write = self.value(field, range, "true");
        let set = value::is_set(field);
        let add = format!("tags.add({tag}, |out| {{ {write} Ok(()) }})?;");
        let _ = match (condition(range, self.context), field.ignorable) {
            (None, _) => writeln!(code, "if {set} {{ {add} }}"),
            (Some(when), true) => writeln!(code, "if {when} && {set} {{ {add} }}"),
            (Some(when), false) => {
                writeln!(code, "if {set} {{ if {when} {{ {add} }} else {{ {} }} }}", self.refuse(field))
            }
        };
    }

    /// Statements that write the field in the versions of `range`.
    fn value(&self, field: &Field, range: Versions, flag: &str) -> String {
        let place = format!("self.{}", ident(&field.name));
        if !field.is_option() {
            return put(&field.ty, &place, flag);
        }
        let write = match &field.ty {
            Type::Struct(_) => put_optional_struct(&place, field.tag.is_some()),
            ty => put_option(ty, &place, flag),
        };
        let null = field.nullable.map(|n| n.within(range)).and_then(|null| negated(null, range));
        let Some(not_here) = null else { return write };
        let name = format!("{}.{}", self.owner, field.name);
        format!(
            "if {not_here} && {place}.is_none() {{ return Err(EncodeError::UnexpectedNull {{ field: \"{name}\", \
             version }}); }}\n{write}"
        )
    }
}

fn put(ty: &Type, place: &str, flag: &str) -> String {
    match ty {
        Type::Struct(_) => format!("{place}.write(out, version)?;\n"),
        Type::Array(element) => {
            let each = put_element(element, flag);
            format!("out.put_len({place}.len(), {flag})?;\nfor item in &{place} {{ {each} }}\n")
        }
        _ if value::is_fixed(ty) => format!("out.put_{}({place});\n", value::primitive(ty)),
        _ => format!("out.put_{}(&{place}, {flag})?;\n", value::primitive(ty)),
    }
}

fn put_element(ty: &Type, flag: &str) -> String {
    match ty {
        Type::Struct(_) => "item.write(out, version)?;".to_owned(),
        _ if value::is_fixed(ty) => format!("out.put_{}(*item);", value::primitive(ty)),
        _ => format!("out.put_{}(item, {flag})?;", value::primitive(ty)),
    }
}

/// A byte in front says whether there is one, but a varint in a tagged field.
fn put_optional_struct(place: &str, is_tagged: bool) -> String {
    let (some, none) = match is_tagged {
        true => ("put_varint(1)", "put_varint(0)"),
        false => ("put_i8(1)", "put_i8(-1)"),
    };
    format!(
        "match &{place} {{ Some(value) => {{ out.{some}; value.write(out, version)?; }} None => out.{none}, }}\n"
    )
}

fn put_option(ty: &Type, place: &str, flag: &str) -> String {
    match ty {
        Type::String => format!("out.put_nullable_string({place}.as_deref(), {flag})?;\n"),
        Type::Bytes => format!("out.put_nullable_bytes({place}.as_ref(), {flag})?;\n"),
        Type::Records => format!("out.put_nullable_records({place}.as_ref(), {flag})?;\n"),
        Type::Array(element) => {
            let each = put_element(element, flag);
            format!(
                "match &{place} {{ Some(items) => {{ out.put_len(items.len(), {flag})?; for item in items {{ {each} \
                 }} }} None => out.put_null({flag}), }}\n"
            )
        }
        _ => format!("out.put_{}({place});\n", value::primitive(ty)),
    }
}
