//! `mapping check|try|schema|list`: a mapping before its first import. Nothing is written and no database is asked.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write, stdout};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::Outcome;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::lines::Origin;
use crate::ingest::mapping::Mapping;
use crate::ingest::mapping::check::{Weight, check};
use crate::ingest::mapping::schema::schema;
use crate::ingest::preset;
use crate::ingest::subject::{Format, Subject, find, sample};
use crate::ingest::trial::{Outcome as Trialled, Taken, try_all};

/// What is asked about mappings.
#[derive(Subcommand)]
pub enum MappingCommand {
    /// Loads a mapping and tells what is likely wrong with it. Exit status 3: there are warnings; 1: it does not load.
    Check {
        /// A mapping or source file (….toml), a declared source, or a preset.
        mapping: String,
    },
    /// Shows what the records of a sample would become. Exit status 3: some would be rejected.
    Try(TryArguments),
    /// Prints the JSON Schema of mapping files, for editors.
    Schema,
    /// Lists the presets: key, silo, version, streams, product.
    List,
}

/// Which mapping, on which records.
#[derive(Args)]
pub struct TryArguments {
    /// A mapping or source file (….toml), a declared source, or a preset.
    mapping: String,
    /// The file with the records.
    #[arg(long)]
    sample: PathBuf,
    /// Their stream; else the file's name without its ending.
    #[arg(long)]
    stream: Option<String>,
    /// How the file is written; else by its ending.
    #[arg(long)]
    format: Option<Written>,
    /// So many records are shown in full; all are counted.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// A line of JSON for each record, instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Written {
    /// A record a line.
    Jsonl,
    /// A record a line, its fields named in the first.
    Csv,
    /// One object, or a list of objects.
    Json,
}

/// Does what is asked.
pub fn run(config: &Config, asked: MappingCommand) -> Result<Outcome> {
    match asked {
        MappingCommand::Check { mapping } => check_one(config, &mapping),
        MappingCommand::Try(arguments) => try_sample(config, &arguments),
        MappingCommand::Schema => {
            let text = serde_json::to_string_pretty(&schema()).map_err(Error::internal)?;
            print(|out| writeln!(out, "{text}")).map(|()| Outcome::Done)
        }
        MappingCommand::List => list(),
    }
}

fn subject(config: &Config, name: &str) -> Result<Subject> {
    let folder = &config.intake.sources;
    // The default folder need not be there; one that was named must be.
    let is_named = *folder != crate::config::Intake::default().sources;
    find(name, (is_named || folder.is_dir()).then_some(folder.as_path()))
}

fn check_one(config: &Config, name: &str) -> Result<Outcome> {
    let subject = subject(config, name)?;
    let mapping = &subject.source.mapping;
    let findings = check(mapping);
    print(|out| {
        let streams = mapping.streams().join(", ");
        writeln!(out, "{}: loads, version {}, silo {}, streams {streams}", mapping.key, mapping.version, mapping.silo)?;
        for finding in &findings {
            let weight = if finding.weight == Weight::Warning { "warning" } else { "hint" };
            writeln!(out, "{weight}: {}", finding.text)?;
        }
        Ok(())
    })?;
    let is_warned = findings.iter().any(|finding| finding.weight == Weight::Warning);
    Ok(if is_warned { Outcome::Warned } else { Outcome::Done })
}

fn list() -> Result<Outcome> {
    let presets: Vec<Mapping> =
        preset::all().map(|(_, text)| Mapping::parse(text).map_err(Error::internal)).collect::<Result<_>>()?;
    print(|out| {
        for mapping in &presets {
            let streams = mapping.streams().join(",");
            writeln!(out, "{}\t{}\t{}\t{streams}\t{}", mapping.key, mapping.silo, mapping.version, mapping.name)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn try_sample(config: &Config, arguments: &TryArguments) -> Result<Outcome> {
    let subject = subject(config, &arguments.mapping)?;
    let source = &subject.source;
    if subject.is_alone && !arguments.json {
        eprintln!("The mapping alone: what a source's file would add (constants, time zone, lookups) is empty.");
    }
    let stream = stream(arguments, &source.mapping)?;
    let format = match arguments.format {
        Some(Written::Jsonl) => Format::Jsonl,
        Some(Written::Csv) => Format::Csv,
        Some(Written::Json) => Format::Json,
        None => Format::of(&arguments.sample).ok_or_else(|| {
            Error::bad_input("A sample ends in .jsonl, .ndjson, .csv, .tsv or .json; else say --format.")
        })?,
    };
    let origin = Origin { line_bytes: config.intake.line_bytes, ..Origin::new(source.key.clone()) };
    let mut items = sample(&arguments.sample, format, &stream, &origin)?;
    let mut fault = None;
    let read = std::iter::from_fn(|| match items.next()? {
        Ok(item) => Some(item),
        Err(error) => {
            fault = Some(error);
            None
        }
    });
    let country = Some(config.identity.default_country.as_str());
    let (mut taken, mut rejected) = (0_usize, BTreeMap::<(&str, String), usize>::new());
    print(|out| {
        for trial in try_all(source, country, read) {
            let is_shown = trial.record <= arguments.limit;
            if is_shown && arguments.json {
                writeln!(out, "{}", serde_json::to_string(&trial).map_err(io::Error::other)?)?;
            }
            let (record, stream) = (trial.record, &trial.stream);
            match trial.outcome {
                Trialled::Taken(one) => {
                    taken += 1;
                    if is_shown && !arguments.json {
                        show(out, record, stream, &one)?;
                    }
                }
                Trialled::Rejected { code, reason } => {
                    if is_shown && !arguments.json {
                        writeln!(out, "record {record} of {stream}: rejected, {code}: {reason}")?;
                    }
                    *rejected.entry((code, reason)).or_default() += 1;
                }
            }
        }
        Ok(())
    })?;
    if let Some(error) = fault {
        return Err(Error::bad_input(format!("{}: {error}.", arguments.sample.display())));
    }
    let refused: usize = rejected.values().sum();
    eprintln!("{} records: {taken} would be taken, {refused} rejected. Nothing was written.", taken + refused);
    for ((code, reason), count) in rejected.iter().take(20) {
        eprintln!("  {count} × {code}: {reason}");
    }
    Ok(Outcome::of_rejected(refused))
}

/// The stream that is meant; one that the mapping does not have is told before anything is read.
fn stream(arguments: &TryArguments, mapping: &Mapping) -> Result<String> {
    let stem = || arguments.sample.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stream = arguments.stream.clone().or_else(stem).unwrap_or_default();
    let known = mapping.streams();
    if known.contains(&stream.as_str()) {
        return Ok(stream);
    }
    let key = &mapping.key;
    let known = known.join(", ");
    Err(Error::bad_input(format!(
        "The mapping {key} has no stream `{stream}`; it has {known}. Say which with --stream."
    )))
}

/// One record in words.
fn show(out: &mut dyn Write, record: usize, stream: &str, one: &Taken) -> io::Result<()> {
    let made = if one.has_key { "" } else { " (made of its content)" };
    write!(out, "record {record} of {stream}: {} key {}{made}", one.op, one.key)?;
    if let Some(version) = &one.version {
        write!(out, ", version {version}")?;
    }
    if let Some(time) = one.occurred_at {
        write!(out, ", occurred at {}", time.to_rfc3339())?;
    }
    writeln!(out)?;
    for profile in &one.profiles {
        writeln!(out, "  profile {} {}", profile.key, profile.kind.unwrap_or("(person or company unknown)"))?;
        for identifier in &profile.identifiers {
            writeln!(out, "    {} {} {}", identifier.kind, identifier.value, identifier.strength)?;
        }
        for (name, value) in &profile.attributes {
            writeln!(out, "    {name} = {value}")?;
        }
    }
    for row in &one.rows {
        let part = if row.part.is_empty() { String::new() } else { format!(" [{}]", row.part) };
        let whose = row.profile.as_ref().map_or_else(String::new, |profile| format!(" of {profile}"));
        writeln!(out, "  {}{part}{whose}", row.table)?;
        for (name, value) in &row.fields {
            match value {
                Value::String(text) => writeln!(out, "    {name} = {text}")?,
                other => writeln!(out, "    {name} = {other}")?,
            }
        }
    }
    Ok(())
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no fault.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = io::BufWriter::new(stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::unavailable(error).with_message("Standard output cannot be written to."))
        }
        _ => Ok(()),
    }
}
