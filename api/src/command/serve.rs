//! `serve`: the API, and in development the page to ask.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::page::{examples, pages};
use crate::app::{App, open_migrated};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::http::{Pages, Server};
use crate::ingest::{bulk, overdue};

/// Serves until the process is asked to end.
pub async fn serve(config: &Config) -> Result<()> {
    eprintln!("{}", config.in_force());
    let app = App::over(config, open_migrated(config).await?)?;
    if !bulk::restore(app.database()).await? {
        tracing::warn!("a bulk import is running; until its end reading is slower, and search misses what it brings");
    }
    app.intake().declare().await?;
    let listener = listen(config).await?;
    if let Some(warning) = config.warning() {
        eprintln!("{warning}");
    }
    let page = pages(config, &app, examples(), |_| "developer");
    eprintln!("Listening on http://{}", config.http.listen);
    if page.is_some() {
        eprintln!(
            "Ask at http://{}/ in a browser: a page for development, with a token for each role.",
            config.http.listen
        );
    }
    let every = Duration::from_secs(config.intake.look_seconds);
    let looking = tokio::spawn(overdue::look_after(app.intake().clone(), every));
    let served = over(config, app, page)?.serve(listener).await;
    looking.abort();
    served
}

/// The address of the settings, or a sentence about who has it.
pub async fn listen(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.http.listen).await.map_err(|error| {
        Error::unavailable(error).with_message(format!(
            "The address {} is taken or cannot be listened on. Set CUSTOMER360_HTTP__LISTEN to another, or end who has it.",
            config.http.listen
        ))
    })
}

/// The server over an application, with its page if there is one.
pub fn over(config: &Config, app: impl Into<Arc<App>>, page: Option<Pages>) -> Result<Server> {
    let server = Server::try_new(config, app.into())?;
    Ok(match page {
        None => server,
        Some(page) => server.with_pages(page),
    })
}
