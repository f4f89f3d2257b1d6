//! The settings of a broker as a command line gives them: a file, flags, then `--set`, the last word winning.

use crate::failure::{Failure, VOID};
use config::{Layers, Overrides, parse_properties};
use std::path::PathBuf;

/// Where a broker's settings come from.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingArgs {
    /// Folder for the data [default: highwater-data, or log.dirs of the file]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address for clients, host:port [default: 127.0.0.1:9092, or listeners of the file]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// A Kafka server.properties
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One broker setting; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Allow addresses beyond this machine, although there is no authentication yet
    #[arg(long)]
    allow_plaintext: bool,
}

/// Splits `key=value`.
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is not key=value"))?;
    match key.trim() {
        "" => Err(format!("'{text}' has no key")),
        key => Ok((key.to_owned(), value.trim().to_owned())),
    }
}

impl SettingArgs {
    /// Reads the file, and puts what was given into its layers.
    pub(crate) fn layers(&self) -> Result<Layers, Failure> {
        let (set, host_name) = (self.set.iter().cloned().collect(), env::real::host_name());
        Ok(Layers { file: self.file()?, flags: self.flags(), set, host_name })
    }

    fn file(&self) -> Result<Overrides, Failure> {
        let Some(path) = &self.config else { return Ok(Overrides::new()) };
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
        parse_properties(&text).map_err(|e| Failure::from(e).with_code(VOID))
    }

    fn flags(&self) -> Overrides {
        let data = self.data.as_ref().map(|dir| ("log.dirs", dir.display().to_string()));
        let listen = self.listen.as_ref().map(|address| ("listeners", format!("PLAINTEXT://{address}")));
        let plaintext =
            self.allow_plaintext.then(|| ("highwater.allow.plaintext.listeners", "true".to_owned()));
        let given = [data, listen, plaintext].into_iter().flatten();
        given.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
