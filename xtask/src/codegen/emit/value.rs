//! Types and defaults of fields, as Rust text.

use crate::codegen::model::{Field, Type};

pub(in crate::codegen) fn rust_type(field: &Field) -> String {
    let inner = plain_type(&field.ty);
    if field.is_option() { format!("Option<{inner}>") } else { inner }
}

fn plain_type(ty: &Type) -> String {
    match ty {
        Type::Uuid => "Uuid".to_owned(),
        Type::String => "String".to_owned(),
        Type::Bytes => "Bytes".to_owned(),
        Type::Records => "Records".to_owned(),
        Type::Struct(name) => name.clone(),
        Type::Array(element) => format!("Vec<{}>", plain_type(element)),
        number => primitive(number).to_owned(),
    }
}

/// Says whether `derive(Default)` gives this field its default.
pub(super) fn default_is_rusts(field: &Field) -> bool {
    match field.default.as_deref() {
        None => !field.is_option(),
        Some(text) => text == "null",
    }
}

pub(in crate::codegen) fn default_text(field: &Field) -> String {
    let plain = match field.default.as_deref() {
        Some("null") => return "None".to_owned(),
        Some(text) if text.starts_with('"') => format!("{text}.to_owned()"),
        Some(text) => text.to_owned(),
        None => zero(&field.ty),
    };
    if field.is_option() { format!("Some({plain})") } else { plain }
}

fn zero(ty: &Type) -> String {
    match ty {
        Type::Bool => "false".to_owned(),
        Type::Float64 => "0.0".to_owned(),
        Type::Uuid => "Uuid::ZERO".to_owned(),
        Type::String => "String::new()".to_owned(),
        Type::Bytes => "Bytes::new()".to_owned(),
        Type::Records => "Records::default()".to_owned(),
        Type::Array(_) => "Vec::new()".to_owned(),
        Type::Struct(name) => format!("{name}::default()"),
        _ => "0".to_owned(),
    }
}

/// A condition that says whether the field differs from its default.
pub(super) fn is_set(field: &Field) -> String {
    let place = format!("self.{}", super::ident(&field.name));
    match (field.default.as_deref(), field.is_option()) {
        (Some("null"), _) => format!("{place}.is_some()"),
        (_, true) => format!("{place} != {}", default_text(field)),
        (Some("true"), false) => format!("!{place}"),
        (Some(text), false) => format!("{place} != {text}"),
        (None, false) => is_set_plain(&field.ty, &place),
    }
}

fn is_set_plain(ty: &Type, place: &str) -> String {
    match ty {
        Type::Bool => place.to_owned(),
        Type::String | Type::Bytes | Type::Array(_) => format!("!{place}.is_empty()"),
        Type::Uuid => format!("!{place}.is_zero()"),
        Type::Records | Type::Struct(_) => format!("{place} != Default::default()"),
        _ => format!("{place} != {}", zero(ty)),
    }
}

/// Name of the reader's and the rope's function for a type.
pub(super) fn primitive(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int8 => "i8",
        Type::Int16 => "i16",
        Type::Uint16 => "u16",
        Type::Int32 => "i32",
        Type::Uint32 => "u32",
        Type::Int64 => "i64",
        Type::Float64 => "f64",
        Type::Uuid => "uuid",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Records => "nullable_records",
        Type::Struct(_) | Type::Array(_) => "nothing",
    }
}

/// Says whether a type is written in one fixed way, whatever `flexible` is.
pub(super) fn is_fixed(ty: &Type) -> bool {
    !matches!(ty, Type::String | Type::Bytes | Type::Records | Type::Struct(_) | Type::Array(_))
}
