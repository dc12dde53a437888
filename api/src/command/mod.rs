//! The command line: each command is a call. What is printed for people goes to standard error, what programs read to
//! standard output.

mod demo;
mod export;
mod import;
mod mapping;
mod page;
mod progress;
mod query;
mod rebuild;
mod rejected;
mod serve;
mod source;

use std::io::{ErrorKind, Write, stdout};
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::app::{open_migrated, open_policy};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::{auth, schema};

/// One customer graph over GraphQL for every department, with role-based access.
#[derive(Parser)]
#[command(name = "customer360", version, arg_required_else_help = true)]
pub struct Arguments {
    /// The settings file; else the one `CUSTOMER360_CONFIG` names, else defaults and environment alone.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API.
    Serve,
    /// Makes a company to look at, and serves it on this machine.
    Demo(demo::DemoArguments),
    /// Takes records in from files, or from a Singer tap on standard input. Exit status 3: some records were rejected.
    Import(import::ImportArguments),
    /// Lists the records that could not be taken in, with the reasons.
    Rejected(rejected::RejectedArguments),
    /// Tries rejected records again, after the mapping was mended. Exit status 3: some are rejected still.
    Replay(rejected::ReplayArguments),
    /// Puts rejected records aside: they stay to be seen, and are not tried again.
    Discard(rejected::DiscardArguments),
    /// Computes the whole graph anew from the records as they came, with the mappings as they are now. Exit status 3: with
    /// --check, something would change.
    Rebuild(rebuild::RebuildArguments),
    /// Gives out a table, or the pages of a query, under the rights of a token or a role.
    Export(export::ExportArguments),
    /// Looks at mappings: what they say, what is likely wrong, what they make of a sample. Needs no database.
    #[command(subcommand)]
    Mapping(mapping::MappingCommand),
    /// Lists the sources and how they stand.
    Sources,
    /// Takes nothing from a source until it is resumed: its doors refuse, for now.
    Pause(source::PauseArguments),
    /// Takes from a source again.
    Resume(source::ResumeArguments),
    /// Prints a development token.
    Token {
        /// A role; give it several times for several.
        #[arg(long, required = true)]
        role: Vec<String>,
        /// Whom the token names: a subject or e-mail of a member of staff.
        #[arg(long, default_value = "developer")]
        subject: String,
        /// How long it holds, in hours.
        #[arg(long, default_value_t = 12)]
        hours: u64,
    },
    /// Brings the database's tables up to date and ends.
    Migrate,
    /// Prints the GraphQL schema.
    Schema,
}

/// Who did what a command does: who may run it may do anything.
const BY: &str = "command line";

/// How a command ended that failed in nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All was done.
    Done,
    /// What could be taken was taken; other records were rejected and are kept with their reasons.
    SomeRejected,
    /// All was done, and something is to be looked at.
    Warned,
}

impl Outcome {
    fn of_rejected(count: usize) -> Self {
        if count == 0 { Self::Done } else { Self::SomeRejected }
    }
}

/// Runs what the arguments ask for.
pub async fn run(arguments: Arguments) -> Result<Outcome> {
    if let Command::Schema = arguments.command {
        return print_schema().map(|()| Outcome::Done);
    }
    let config = Config::load(arguments.config.as_deref())?;
    match arguments.command {
        Command::Schema => {}
        Command::Serve => serve::serve(&config).await?,
        Command::Demo(arguments) => demo::demo(config, arguments).await?,
        Command::Import(arguments) => return import::import(&config, arguments).await,
        Command::Export(arguments) => export::export(&config, arguments).await?,
        Command::Mapping(asked) => return mapping::run(&config, asked),
        Command::Rejected(arguments) => rejected::list(&config, &arguments).await?,
        Command::Replay(arguments) => return rejected::replay(&config, arguments).await,
        Command::Discard(arguments) => rejected::discard(&config, arguments).await?,
        Command::Rebuild(arguments) => return rebuild::run(&config, &arguments).await,
        Command::Sources => source::list(&config).await?,
        Command::Pause(arguments) => source::pause(&config, arguments).await?,
        Command::Resume(arguments) => source::resume(&config, arguments).await?,
        Command::Token { role, subject, hours } => {
            // A role that nobody knows would only be refused later.
            open_policy(&config)?.rights(role.iter().map(String::as_str))?;
            println!("{}", auth::mint(&config, &subject, &role, hours.saturating_mul(3600))?);
        }
        Command::Migrate => {
            open_migrated(&config).await?;
            eprintln!("The tables are up to date.");
        }
    }
    Ok(Outcome::Done)
}

/// A reader that has seen enough (`| head`) is no fault.
fn print_schema() -> Result<()> {
    match stdout().write_all(schema::sdl().as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::unavailable(error).with_message("The schema cannot be written to standard output."))
        }
        _ => Ok(()),
    }
}
