//! `cargo xtask codegen`: turns schema/*.txt into the message codec of the wire crate.
//!
//! Input: one text file per API, and per format in schema/stored, in the language of schema/README.md. Output: one module per message
//! in crates/wire/src/generated, sample makers for the tests of wire, a table for the fuzz targets.
//! The output is checked in; with `check` nothing is written and a difference is an error.
//! Tests: codegen/parse.rs, and all of `cargo test -p wire`.

mod emit;
mod model;
mod parse;
mod samples;

use model::{Api, Body, Schemas};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const GENERATED: &str = "crates/wire/src/generated";
const SAMPLES: &str = "crates/wire/tests/wire/samples.rs";
const FUZZ: &str = "fuzz/fuzz_targets/messages/table.rs";

/// Writes the generated files, or compares them with what is there.
///
/// *Errors*: a sentence that names the file and what is wrong with it.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = generate(&root)?;
    let stale = unknown_files(&root, &files)?;
    if check { compare(&root, &files, &stale) } else { write(&root, &files, &stale) }
}

/// Makes all files: path below the root -> text.
fn generate(root: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let schemas = read_schemas(&root.join("schema"))?;
    let folder = Path::new(GENERATED);
    let mut files = BTreeMap::new();
    files.insert(folder.join("mod.rs"), emit::modules(&schemas));
    files.insert(folder.join("api.rs"), emit::table(&schemas.apis));
    for api in &schemas.apis {
        for body in api.bodies() {
            files.insert(folder.join(format!("{}.rs", body.module())), emit::message(api, body));
        }
    }
    for body in &schemas.stored {
        files.insert(folder.join(format!("{}.rs", body.module())), emit::stored(body));
    }
    files.insert(PathBuf::from(SAMPLES), samples::text(&schemas));
    files.insert(PathBuf::from(FUZZ), samples::fuzz_table(&schemas));
    let formatted = files.into_iter().map(|(path, text)| Ok((path, format(root, &text)?)));
    formatted.collect()
}

fn read_schemas(folder: &Path) -> Result<Schemas, String> {
    let mut apis: Vec<Api> = read_folder(folder, parse::api)?;
    apis.sort_by_key(|api| api.key);
    let mut stored: Vec<Body> = read_folder(&folder.join("stored"), parse::stored)?;
    stored.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Schemas { apis, stored })
}

fn read_folder<T>(folder: &Path, parse: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.extension().is_some_and(|e| e == "txt") {
            let text = read(&path)?;
            found.push(parse(&text).map_err(|e| format!("{}: {e}", path.display()))?);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Lists generated files on disk that no schema asks for any more.
fn unknown_files(root: &Path, files: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>, String> {
    let folder = root.join(GENERATED);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut stale = Vec::new();
    for entry in entries {
        let path = Path::new(GENERATED).join(entry.map_err(|e| e.to_string())?.file_name());
        if !files.contains_key(&path) {
            stale.push(path);
        }
    }
    Ok(stale)
}

fn write(root: &Path, files: &BTreeMap<PathBuf, String>, stale: &[PathBuf]) -> Result<(), String> {
    for path in stale {
        fs::remove_file(root.join(path)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    for (path, text) in files {
        let path = root.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn compare(root: &Path, files: &BTreeMap<PathBuf, String>, stale: &[PathBuf]) -> Result<(), String> {
    let differ = files.iter().filter(|(path, text)| !read(&root.join(path)).is_ok_and(|old| old == **text));
    let paths = differ.map(|(path, _)| path).chain(stale);
    let names: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(format!("not what schema/ says: {}; run `cargo xtask codegen`", names.join(", ")))
}

fn format(root: &Path, text: &str) -> Result<String, String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--emit", "stdout", "--config-path"]).arg(root);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("rustfmt: {e}"))?;
    let mut stdin = child.stdin.take().ok_or("rustfmt has no input")?;
    let input = text.to_owned();
    let writer = std::thread::scope(|scope| {
        let writing = scope.spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output();
        (writing.join(), output)
    });
    let output = writer.1.map_err(|e| format!("rustfmt: {e}"))?;
    if !output.status.success() {
        return Err(format!("rustfmt: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("rustfmt: {e}"))
}
