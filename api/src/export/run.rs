//! From page to page: one statement, its rows written, its bytes handed over, and only when they were taken the next. Between
//! two pages nothing of the database is held, so a slow reader costs a page of memory.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use super::format::Sheet;
use super::places::Place;
use super::tables::Table;
use super::{Format, Request};
use crate::access::{Extract, Place as RowPlace, Viewer};
use crate::database::Database;
use crate::error::{Code, Error, Result};

/// Pages aim at so many bytes as the database gives them; rows of long texts make them shorter.
const PAGE_BYTES: usize = 4 << 20;

/// The rows of a first page, and of a page at least.
const FEW: usize = 256;

/// What bounds an export.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows of a page at most.
    pub page_rows: usize,
    /// The moment it ends in seconds since 1970: that of the token it runs under.
    pub expires_at: u64,
}

/// What was asked for, found and allowed.
pub struct Orders {
    /// The database.
    pub database: Database,
    /// Who asks.
    pub viewer: Arc<Viewer>,
    /// What.
    pub request: Request,
    /// Its bounds.
    pub limits: Limits,
    /// Its place among the exports under way.
    pub place: Place,
}

/// A piece of an export.
#[derive(Debug)]
pub enum Chunk {
    /// Some of its bytes.
    Bytes(Vec<u8>),
    /// All is written: the number of its rows. Without it, the export broke off.
    End(u64),
}

/// An export under way.
pub struct Exporting {
    /// The table.
    pub table: &'static Table,
    /// How its rows are written.
    pub format: Format,
    /// The columns that are withheld.
    pub hidden: Vec<&'static str>,
    /// The columns that are masked.
    pub masked: Vec<&'static str>,
    /// Its pieces. Dropped, the export ends.
    pub chunks: mpsc::Receiver<Result<Chunk>>,
}

/// Starts an export; the first page is read meanwhile.
pub fn start(orders: Orders) -> Result<Exporting> {
    let Orders { database, viewer, request, limits, place } = orders;
    let table = super::tables::find(request.silo, request.table.as_deref())?;
    let extract = table.extract(&viewer)?;
    let after = request.after.as_deref().map(|id| extract.place(id)).transpose()?.unwrap_or_default();
    let sheet = Sheet::new(extract.columns(), &request)?;
    let (hidden, masked) = (extract.hidden().to_vec(), extract.masked().collect());
    // One is being sent, one waits, one is made.
    let (pieces, chunks) = mpsc::channel(1);
    let run = Run { database, extract, sheet, after, limits };
    tokio::spawn(async move {
        let ended = run.until_the_end(&pieces).await;
        if let Err(error) = ended {
            // Whoever went away does not want it any more.
            let _ = pieces.send(Err(error)).await;
        }
        drop(place);
    });
    Ok(Exporting { table, format: request.format, hidden, masked, chunks })
}

struct Run {
    database: Database,
    extract: Extract,
    sheet: Sheet,
    after: RowPlace,
    limits: Limits,
}

impl Run {
    async fn until_the_end(mut self, pieces: &mpsc::Sender<Result<Chunk>>) -> Result<()> {
        let mut rows = FEW.min(self.limits.page_rows);
        let mut total = 0_u64;
        loop {
            if now() > self.limits.expires_at {
                return Err(Error::new(
                    Code::Unauthenticated,
                    "The token has ended, and the export with it. Go on with a new token after the last row you have.",
                ));
            }
            let page = self.extract.page(&self.database, &self.after, rows).await?;
            let bytes = page.len();
            let (back, read) = written(self, page).await?;
            self = back;
            total += read.rows as u64;
            if !read.bytes.is_empty() && pieces.send(Ok(Chunk::Bytes(read.bytes))).await.is_err() {
                return Ok(());
            }
            if let Some(last) = read.last {
                self.after = last;
            }
            if read.rows < rows {
                break;
            }
            // Twice as many at most: one page of long texts after many of short ones must not be too much.
            let fitting = rows.saturating_mul(PAGE_BYTES) / bytes.max(1);
            rows = fitting.clamp(FEW.min(rows), rows * 2).min(self.limits.page_rows).max(1);
        }
        let sheet = self.sheet;
        let rest = tokio::task::spawn_blocking(move || sheet.finish()).await.map_err(Error::internal)??;
        let _ = pieces.send(Ok(Chunk::Bytes(rest))).await;
        let _ = pieces.send(Ok(Chunk::End(total))).await;
        Ok(())
    }
}

struct Written {
    rows: usize,
    last: Option<RowPlace>,
    bytes: Vec<u8>,
}

/// Writes the rows of a page, where it keeps nobody waiting.
async fn written(mut run: Run, page: String) -> Result<(Run, Written)> {
    let work = move || {
        let Run { extract, sheet, .. } = &mut run;
        let (rows, last) = extract.read(&page, &mut |row| sheet.row(row))?;
        let bytes = sheet.take()?;
        Ok((run, Written { rows, last, bytes }))
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
