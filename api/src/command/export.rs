//! `export`: a table, or the pages of a query, as a file or on standard output, under the rights of a token or a role.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use crate::app::{App, open_migrated};
use crate::auth::{Claims, Verifier};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::export::{Chunk, Exporting, Format, Request, tables};

use super::query::Pages;
use super::torn;

/// What to give out, how, and as whom.
#[derive(Args)]
pub struct ExportArguments {
    /// The silo: customer, surveys, sales, analytics, support, reviews, crm or catalogue.
    #[arg(long, required_unless_present_any = ["table", "query"], conflicts_with = "query")]
    silo: Option<String>,
    /// The table; a wrong name is answered with those there are.
    #[arg(long, conflicts_with = "query")]
    table: Option<String>,
    /// A file with a GraphQL query: one list in it is followed page by page, by its `$after`.
    #[arg(long)]
    query: Option<PathBuf>,
    /// A JSON file with the variables of the query.
    #[arg(long, requires = "query")]
    variables: Option<PathBuf>,
    /// ndjson, csv or parquet.
    #[arg(long, default_value = "ndjson")]
    format: String,
    /// The file to write; it must not be there yet, unless the export goes on. Else standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on after the row of this id, or of a query after this cursor; a file that is there is added to, behind that row.
    #[arg(long)]
    after: Option<String>,
    /// Write CSV for a spreadsheet: an apostrophe before each text that it would take for a formula.
    #[arg(long)]
    excel: bool,
    /// The token whose rights count. Other users of this machine see arguments: `--token-file` keeps it from them.
    #[arg(long, conflicts_with_all = ["token_file", "role"])]
    token: Option<String>,
    /// A file that holds the token.
    #[arg(long, conflicts_with = "role")]
    token_file: Option<PathBuf>,
    /// The role whose rights count, for whoever runs the server; give it several times for several.
    #[arg(long, required_unless_present_any = ["token", "token_file"])]
    role: Vec<String>,
    /// With `--role`: the member of staff whose own rows are meant, by subject or e-mail.
    #[arg(long, default_value = "export", requires = "role")]
    subject: String,
}

/// Gives out what is asked for, and tells how much it was.
pub async fn export(config: &Config, arguments: ExportArguments) -> Result<()> {
    let format: Format = arguments.format.parse()?;
    if format == Format::Parquet && arguments.after.is_some() && arguments.out.as_deref().is_some_and(Path::exists) {
        return Err(Error::bad_input("A Parquet file cannot be added to. Write what follows to a file of its own."));
    }
    let claims = claims(config, &arguments)?;
    let app = Arc::new(App::over(config, open_migrated(config).await?)?);
    let request = Request {
        silo: arguments.silo.as_deref().map(tables::silo).transpose()?,
        table: arguments.table.clone(),
        format,
        after: arguments.after.clone(),
        header: None,
        excel: arguments.excel,
        gzip: false,
    };
    let begun = Instant::now();
    let rows = match &arguments.query {
        None => {
            let exporting = app.begin_export(request, &claims).await?;
            told(&exporting);
            let mut out = open(arguments.out.as_deref(), format, arguments.after.as_deref())?;
            write(exporting, &mut out).await?
        }
        Some(query) => {
            let variables = arguments.variables.as_deref().map(read).transpose()?;
            let mut pages = Pages::new(config, Arc::clone(&app), claims, &read(query)?, variables.as_deref(), request)?;
            let first = pages.first().await?;
            let mut out = open(arguments.out.as_deref(), format, arguments.after.as_deref())?;
            pages.write(first, &mut out).await?
        }
    };
    let Some(rows) = rows else { return Ok(()) };
    let seconds = begun.elapsed().as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "a rate to read")]
    let rate = rows as f64 / seconds;
    eprintln!("{rows} rows in {seconds:.1} s ({rate:.0}/s).");
    app.database().close().await;
    Ok(())
}

fn claims(config: &Config, arguments: &ExportArguments) -> Result<Arc<Claims>> {
    let token = match &arguments.token_file {
        Some(file) => Some(read(file)?.trim().to_owned()),
        None => arguments.token.clone(),
    };
    match token {
        Some(token) => Verifier::try_new(config)?.verify(&token),
        None => Ok(Arc::new(Claims {
            subject: arguments.subject.clone(),
            roles: arguments.role.clone(),
            email: Some(arguments.subject.clone()),
            expires_at: u64::MAX,
            token_id: None,
        })),
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file)
        .map_err(|error| Error::bad_input(format!("The file {} cannot be read.", file.display())).because(error))
}

fn open(file: Option<&Path>, format: Format, after: Option<&str>) -> Result<Box<dyn Write + Send>> {
    let Some(file) = file else { return Ok(Box::new(stdout())) };
    let opened = match after {
        None => File::create_new(file),
        Some(after) => OpenOptions::new().read(true).append(true).create(true).open(file).and_then(|file| {
            if file.metadata()?.is_file() {
                file.set_len(torn::whole(&file, format == Format::Csv, after)?)?;
            }
            Ok(file)
        }),
    };
    match opened {
        Ok(file) => Ok(Box::new(BufWriter::new(file))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::conflict(
            "The file of --out is there already. Name another, or go on with --after and the id of its last row.",
        )),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(Error::conflict(
            "The file of --out ends within a row, and has none that --after names. Name its last whole row, or another file.",
        )),
        Err(error) => Err(Error::bad_input("The file of --out cannot be written.").because(error)),
    }
}

fn told(exporting: &Exporting) {
    for (columns, what) in [(&exporting.hidden, "withheld from"), (&exporting.masked, "masked for")] {
        if !columns.is_empty() {
            eprintln!("{what} these roles: {}", columns.join(", "));
        }
    }
}

/// The number of rows; none where the reader went away.
async fn write(mut exporting: Exporting, out: &mut (dyn Write + Send)) -> Result<Option<u64>> {
    loop {
        match exporting.chunks.recv().await {
            Some(Ok(Chunk::Bytes(bytes))) => {
                if !put(out, &bytes)? {
                    return Ok(None);
                }
            }
            Some(Ok(Chunk::End(rows))) => return Ok(put_flushed(out)?.then_some(rows)),
            Some(Err(error)) => {
                put_flushed(out)?;
                return Err(error);
            }
            None => return Err(Error::internal("the export broke off")),
        }
    }
}

/// Writes, or says that nobody reads any more (`| head`), which is no fault.
pub(super) fn put(out: &mut (dyn Write + Send), bytes: &[u8]) -> Result<bool> {
    written(out.write_all(bytes))
}

pub(super) fn put_flushed(out: &mut (dyn Write + Send)) -> Result<bool> {
    written(out.flush())
}

fn written(done: io::Result<()>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::unavailable(error)
            .with_message("The export cannot be written. Go on with --after and the id of the last whole row.")),
    }
}
