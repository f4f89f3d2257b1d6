//! Code that shows the error codes of a response: fields called `error_code`, however deep.

use super::super::model::{Body, Kind, Struct, Type};
use super::ident;
use std::fmt::Write;

/// The function of a structure; nothing for one that has no code inside it.
pub(super) fn function(body: &Body, structure: &Struct) -> String {
    if !has_codes(body, structure) {
        return String::new();
    }
    let mut out = String::from("\nfn show_errors(&self, visit: &mut dyn FnMut(i16)) {");
    for field in &structure.fields {
        let name = ident(&field.name);
        match &field.ty {
            Type::Int16 if field.name == "error_code" => {
                let _ = write!(out, "visit(self.{name});");
            }
            Type::Struct(inner) if is_with_codes(body, inner) && field.is_option() => {
                let _ = write!(out, "if let Some(item) = &self.{name} {{ item.show_errors(visit); }}");
            }
            Type::Struct(inner) if is_with_codes(body, inner) => {
                let _ = write!(out, "self.{name}.show_errors(visit);");
            }
            Type::Array(element) => match &**element {
                Type::Struct(inner) if is_with_codes(body, inner) => {
                    let items = if field.is_option() {
                        format!("self.{name}.iter().flatten()")
                    } else {
                        format!("&self.{name}")
                    };
                    let _ = write!(out, "for item in {items} {{ item.show_errors(visit); }}");
                }
                _ => {}
            },
            _ => {}
        }
    }
    out.push_str("}\n");
    out
}

/// The method of the message; nothing where the trait's own says it.
pub(super) fn of_message(body: &Body) -> &'static str {
    let has = body.kind == Kind::Response && body.structs.first().is_some_and(|first| has_codes(body, first));
    if has { "\n\nfn errors(&self, visit: &mut dyn FnMut(i16)) { self.show_errors(visit); }\n" } else { "" }
}

fn is_with_codes(body: &Body, name: &str) -> bool {
    body.structs.iter().any(|structure| structure.name == name && has_codes(body, structure))
}

/// Says whether a structure has a code, or one inside it has. No structure of Kafka's contains itself.
fn has_codes(body: &Body, structure: &Struct) -> bool {
    structure.fields.iter().any(|field| match &field.ty {
        Type::Int16 => field.name == "error_code",
        Type::Struct(inner) => is_with_codes(body, inner),
        Type::Array(element) => matches!(&**element, Type::Struct(inner) if is_with_codes(body, inner)),
        _ => false,
    })
}
