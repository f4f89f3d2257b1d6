//! The schemas in memory: APIs with their two messages, stored formats, their structures and fields.

/// Inclusive range of versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Versions {
    pub(super) from: i16,
    pub(super) to: i16,
}

impl Versions {
    pub(super) fn contains(self, version: i16) -> bool {
        (self.from..=self.to).contains(&version)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = i16> {
        self.from..=self.to
    }

    /// The part of this range that lies in another.
    pub(super) fn within(self, outer: Versions) -> Versions {
        Versions { from: self.from.max(outer.from), to: self.to.min(outer.to) }
    }
}

impl std::fmt::Display for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.from == self.to {
            true => write!(f, "version {}", self.from),
            false => write!(f, "versions {} to {}", self.from, self.to),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Type {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Type>),
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// The type as the schema says it.
    pub(super) type_text: String,
    pub(super) ty: Type,
    pub(super) versions: Versions,
    pub(super) nullable: Option<Versions>,
    pub(super) tag: Option<u32>,
    pub(super) default: Option<String>,
    pub(super) ignorable: bool,
}

impl Field {
    /// Records are always optional: every message that carries them allows null.
    pub(super) fn is_option(&self) -> bool {
        self.nullable.is_some() || self.ty == Type::Records
    }
}

#[derive(Clone, Debug)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) versions: Versions,
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Request,
    Response,
    /// A format with two bytes in front of it.
    Stored,
}

/// A request, a response or a stored format.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// Name of the message, for instance `FetchRequest`.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) versions: Versions,
    pub(super) stable: Versions,
    pub(super) flexible_from: i16,
    /// The message itself first, then the structures inside it.
    pub(super) structs: Vec<Struct>,
}

impl Body {
    pub(super) fn module(&self) -> String {
        snake(&self.name)
    }

    fn named(&self, name: &str) -> Option<&Struct> {
        self.structs.iter().find(|s| s.name == name)
    }

    /// Least number of bytes that a value takes on the wire in a version.
    fn least(&self, ty: &Type, version: i16, nullable: bool) -> usize {
        let flexible = version >= self.flexible_from;
        match ty {
            Type::Bool | Type::Int8 => 1,
            Type::Int16 | Type::Uint16 => 2,
            Type::Int32 | Type::Uint32 => 4,
            Type::Int64 | Type::Float64 => 8,
            Type::Uuid => 16,
            Type::Struct(_) if nullable => 1,
            Type::Struct(name) => self.named(name).map_or(1, |s| self.least_struct(s, version)),
            Type::String if !flexible => 2,
            Type::Bytes | Type::Records | Type::Array(_) if !flexible => 4,
            Type::String | Type::Bytes | Type::Records | Type::Array(_) => 1,
        }
    }

    fn least_struct(&self, structure: &Struct, version: i16) -> usize {
        let plain = structure.fields.iter().filter(|f| f.tag.is_none() && f.versions.contains(version));
        let fields: usize =
            plain.map(|f| self.least(&f.ty, version, f.nullable.is_some_and(|n| n.contains(version)))).sum();
        fields + usize::from(version >= self.flexible_from)
    }

    /// Least number of bytes of an element, over the versions in which its array exists.
    pub(super) fn least_element(&self, ty: &Type, versions: Versions) -> usize {
        versions.within(self.versions).iter().map(|v| self.least(ty, v, false)).min().unwrap_or(1).max(1)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) name: String,
    pub(super) key: i16,
    pub(super) flexible_from: i16,
    pub(super) listeners: Vec<String>,
    pub(super) request: Body,
    pub(super) response: Body,
}

impl Api {
    pub(super) fn bodies(&self) -> [&Body; 2] {
        [&self.request, &self.response]
    }
}

/// All that the schemas describe: APIs by rising key, stored formats by name.
#[derive(Clone, Debug)]
pub(super) struct Schemas {
    pub(super) apis: Vec<Api>,
    pub(super) stored: Vec<Body>,
}

impl Schemas {
    /// Every message, stored formats last.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.apis.iter().flat_map(Api::bodies).chain(&self.stored)
    }
}

/// `FetchRequest` -> `fetch_request`.
pub(super) fn snake(camel: &str) -> String {
    let mut out = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
