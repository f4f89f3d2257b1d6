//! The name of this machine.

/// Returns the name that this machine has for itself, if it is a text.
pub fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    system.nodename().to_str().ok().filter(|name| !name.is_empty()).map(str::to_owned)
}
