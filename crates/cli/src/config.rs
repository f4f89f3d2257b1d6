//! `highwater config`: what settings are, and changes of them while brokers run.
//!
//! `explain` needs no broker: it reads the file and flags that `serve` would read. Changes at runtime are not in them; `get`
//! shows those.

pub(crate) mod live;

use crate::failure::{Failure, VOID};
use crate::output::Output;
use crate::settings::SettingArgs;
use config::{Candidate, Class, Explained, Sources};
use serde_json::{Value, json};

/// What there is to do with settings.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say which value a setting has, where it comes from, what it shadows, and whether it acts
    Explain(Explain),
    /// Show settings of a topic, a group, a broker or all brokers
    Get(live::Get),
    /// Change settings, now and for every later start
    Set(live::Set),
    /// Take changes back, so that what is behind them counts
    Unset(live::Unset),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// Name of a broker or topic setting
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Carries out one of the commands.
pub(crate) async fn config(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Explain(args) => explain(&args, output),
        Command::Get(args) => live::get(&args, output).await,
        Command::Set(args) => live::set(args, output).await,
        Command::Unset(args) => live::unset(args, output).await,
    }
}

fn explain(args: &Explain, output: &Output) -> Result<(), Failure> {
    let layers = args.settings.layers()?;
    let told = Sources::from_layers(&layers).and_then(|sources| sources.explain(&args.key));
    let explained = told.map_err(|e| Failure::from(e).with_code(VOID))?;
    if output.is_json() {
        return output.json(&document(&explained));
    }
    let property = explained.property;
    output.line(&format!(
        "{} = {}",
        property.name,
        explained.effective().map_or("unset".to_owned(), sentence)
    ))?;
    output.line(&format!("  class    {}", property.class().name()))?;
    output.line(&format!(
        "  acts     {}",
        idle(&explained).map_or("yes".to_owned(), |why| format!("no: {why}"))
    ))?;
    output.line(&format!("  meaning  {}", property.text))?;
    output.line(&format!("  of       {}", if explained.is_of_topics { "topics" } else { "the broker" }))?;
    output.line(&format!("  changed  {}", property.update.name()))?;
    for candidate in explained.shadowed() {
        output.line(&format!("  shadows  {}", sentence(candidate)))?;
    }
    output.flush()
}

/// Returns why the setting, or the value that counts, does nothing.
fn idle(explained: &Explained) -> Option<&'static str> {
    match explained.property.class() {
        Class::Enforced => explained.idle(),
        Class::NoSubject | Class::Later | Class::Refused => explained.property.reason(),
    }
}

fn sentence(candidate: &Candidate) -> String {
    let value = candidate.value.as_deref().map_or("[hidden]".to_owned(), |value| format!("\"{value}\""));
    format!("{value} ({} of {})", candidate.layer.name(), candidate.name)
}

fn document(explained: &Explained) -> Value {
    let property = explained.property;
    let shown = |c: &Candidate| json!({ "name": c.name, "source": c.layer.name(), "value": c.value });
    json!({
        "name": property.name,
        "of": if explained.is_of_topics { "topics" } else { "broker" },
        "class": property.class().name(),
        "acts": idle(explained).is_none(),
        "why": idle(explained),
        "meaning": property.text,
        "changed": property.update.name(),
        "effective": explained.effective().map(shown),
        "shadows": explained.shadowed().iter().map(shown).collect::<Vec<Value>>(),
    })
}
