//! Every setting with its default. A key's environment variable is `CUSTOMER360_SECTION__KEY`.
//! Plain data: loading is in the parent module, the rules between settings are in `check`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::doors::Doors;
use super::export::Export;
use super::secret::{DatabaseUrl, Secret};
use super::secrets::Secrets;
use crate::error::{Error, Result};

/// All settings of the server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `development` (default) or `production`: outside development unsafe settings refuse to start.
    pub env: Mode,
    /// The database.
    pub database: Database,
    /// The HTTP side.
    pub http: Http,
    /// Limits of one GraphQL request.
    pub graphql: GraphQl,
    /// Who may speak to us.
    pub auth: Auth,
    /// How much a subject may ask.
    pub rate: Rate,
    /// Joining profiles to customers.
    pub identity: Identity,
    /// Taking records in.
    pub intake: Intake,
    /// Taking records in over HTTP.
    pub doors: Doors,
    /// Who may see what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// The policy file. Default: the built-in policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PathBuf>,
    /// Seals the cursors of pages; the same on all nodes. Default: made from `auth.hs256_secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor_secret: Option<Secret>,
}

/// What the server counts, at `/metrics`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// What Prometheus bears, at least 16 bytes outside development. Default none: then only programs of this machine are answered,
    /// and only in development.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

impl Config {
    /// Whether tokens are signed with the secret that everybody can read.
    pub fn signs_with_the_public_secret(&self) -> bool {
        let own = self.auth.hs256_secret.as_ref().map(Secret::expose);
        self.auth.jwks_file.is_none() && own.is_none_or(|secret| secret == Auth::DEVELOPMENT_SECRET)
    }

    /// What is likely wrong, although it can be meant so.
    pub fn warning(&self) -> Option<&'static str> {
        (self.env == Mode::Production && !self.http.listen.ip().is_loopback() && !self.http.forwarded).then_some(
            "Warning: http.forwarded is false. Behind a proxy all clients share its address, so that anyone's wrong tokens \
             keep everyone out: let the proxy set X-Forwarded-For, and set http.forwarded = true.",
        )
    }

    /// What cursors are sealed with.
    pub fn cursor_secret(&self) -> &str {
        let own = self.access.cursor_secret.as_ref().or(self.auth.hs256_secret.as_ref());
        own.map_or(Auth::DEVELOPMENT_SECRET, Secret::expose)
    }
}
