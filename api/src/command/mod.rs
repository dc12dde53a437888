//! The command line: each command is a call. What is printed for people goes to standard error, what programs read to
//! standard output.

mod page;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

use crate::app::{App, open_database};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::{auth, http, schema};

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

/// Runs what the arguments ask for.
pub async fn run(arguments: Arguments) -> Result<()> {
    if let Command::Schema = arguments.command {
        print!("{}", schema::sdl());
        return Ok(());
    }
    let config = Config::load(arguments.config.as_deref())?;
    match arguments.command {
        Command::Schema => Ok(()),
        Command::Serve => serve(&config).await,
        Command::Token { role, subject, hours } => {
            println!("{}", auth::mint(&config, &subject, &role, hours * 3600)?);
            Ok(())
        }
        Command::Migrate => {
            open_database(&config).await?.migrate().await?;
            eprintln!("The tables are up to date.");
            Ok(())
        }
    }
}

async fn serve(config: &Config) -> Result<()> {
    eprintln!("{}", config.in_force());
    let app = App::open(config).await?;
    app.database().migrate().await?;
    let listener = TcpListener::bind(config.http.listen).await.map_err(|error| {
        Error::unavailable(error).with_message(format!(
            "The address {} is taken or cannot be listened on. Set `http.listen` to another.",
            config.http.listen
        ))
    })?;
    let page = page::pages(config, &app, page::examples());
    let server = http::Server::try_new(config, Arc::new(app))?;
    eprintln!("Listening on http://{}", config.http.listen);
    match page {
        None => server.serve(listener).await,
        Some(page) => {
            eprintln!(
                "Ask at http://{}/ in a browser: a page for development, with a token for each role.",
                config.http.listen
            );
            server.with_pages(page).serve(listener).await
        }
    }
}
