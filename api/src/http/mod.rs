//! The HTTP side: the router, what surrounds every request, and the serving of connections. `/graphql` is answered by our
//! own handler to the letter of the GraphQL-over-HTTP specification (`graphql`), `/export` by one that streams, both behind one layer that does everything
//! that concerns all answers (`edge`); each further layer would cost every request. `connection` bounds what a socket may do.
//!
//! `doors` is where sources bring their records.
//!
//! Not here: GraphQL itself (`crate::graph`), tokens (`crate::auth`), the schema, which arrives behind [`Engine`].

mod authorize;
mod body;
mod connection;
mod cors;
mod doors;
mod edge;
mod engine;
mod export;
mod graphql;
mod health;
mod here;
mod media;
mod metrics;
pub mod page;
mod pulse;
mod rate;
mod reply;
mod shared;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::error::Result;
pub use connection::asked_to_end;
pub use doors::Doors;
pub use engine::{Engine, Reply};
use shared::Shared;

/// Routes beside the API.
pub type Pages = Router;

/// The server before it listens.
pub struct Server {
    shared: Arc<Shared>,
    pages: Router,
}

impl Server {
    /// A server over an engine. Fails on settings that cannot work, like an unreadable key file.
    pub fn try_new(config: &Config, engine: Arc<dyn Engine>) -> Result<Self> {
        Ok(Self { shared: Arc::new(Shared::try_new(config, engine)?), pages: Router::new() })
    }

    /// Adds routes of others, like the page to ask in development; they pass through the same layer.
    #[must_use]
    pub fn with_pages(mut self, pages: Router) -> Self {
        self.pages = self.pages.merge(pages);
        self
    }

    /// The whole service as a router: what tests call without a socket.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/graphql", any(graphql::answer))
            .route("/export", get(export::answer))
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .merge(doors::routes())
            .route("/metrics", get(metrics::read))
            .with_state(Arc::clone(&self.shared))
            .merge(self.pages.clone())
            .fallback(reply::not_found)
            .method_not_allowed_fallback(reply::method_not_allowed)
            .layer(from_fn_with_state(Arc::clone(&self.shared), edge::around))
    }

    /// Serves until `stop` is done, then lets the requests under way finish.
    pub async fn serve_until(self, listener: TcpListener, stop: impl Future<Output = ()> + Send) -> Result<()> {
        connection::serve(self.router(), &self.shared, listener, stop).await?;
        if let Some(doors) = &self.shared.doors {
            doors::drained(doors).await;
        }
        Ok(())
    }

    /// Serves until the process is asked to end (SIGTERM, ctrl-c).
    pub async fn serve(self, listener: TcpListener) -> Result<()> {
        self.serve_until(listener, connection::asked_to_end()).await
    }
}

/// Serves an engine on a listener until the process is asked to end.
pub async fn serve(config: &Config, engine: Arc<dyn Engine>, listener: TcpListener) -> Result<()> {
    Server::try_new(config, engine)?.serve(listener).await
}
