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
    /// Giving whole tables out.
    pub export: Export,
    /// Who may see what.
    pub access: Access,
    /// What sources prove themselves with, by the names that their files use (`secrets = ["…"]`): `name = "…"`, or
    /// `name = { file = "…" }`. At least 16 bytes outside development. Default none.
    pub secrets: Secrets,
    /// What the server counts.
    pub metrics: Metrics,
}

/// Where this process runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One's own machine: the public development secret, introspection for all.
    #[default]
    Development,
    /// Everything else.
    Production,
}

/// The database and its pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://…`; also taken from plain `DATABASE_URL`. Default: a file here.
    pub url: DatabaseUrl,
    /// Connections to read with (SQLite has one writer beside them). Default 10.
    pub pool_size: u32,
    /// How long a request waits for a connection, in milliseconds. Default 2,000.
    pub acquire_ms: u64,
    /// How long one statement may run on PostgreSQL, in milliseconds; SQLite has no such limit, and behind a pooler that
    /// drops the options of a session that of the database's role rules. Default 5,000.
    pub statement_ms: u64,
    /// How long the start waits for the database, in seconds. Default 60.
    pub start_seconds: u64,
}

impl Default for Database {
    fn default() -> Self {
        let url = DatabaseUrl::new("sqlite://customer360.sqlite");
        Self { url, pool_size: 10, acquire_ms: 2_000, statement_ms: 5_000, start_seconds: 60 }
    }
}

/// Sockets, bodies and waiting.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The address to listen on. Default 127.0.0.1:3600.
    pub listen: SocketAddr,
    /// Largest body of `/graphql`, in bytes. Default 256 KiB.
    pub graphql_body_bytes: usize,
    /// Largest body of `/hooks`, in bytes. Default 1 MiB.
    pub hook_body_bytes: usize,
    /// The address that clients know this server by, like `https://customers.example.com`, for webhooks whose signature
    /// covers it. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Largest head of a request, in bytes. Default 16 KiB.
    pub header_bytes: usize,
    /// How long a client may take to send the head, in seconds. Default 5.
    pub header_seconds: u64,
    /// How long a client may take to send the body, in seconds. Default 10.
    pub body_seconds: u64,
    /// How long an answer may take, in seconds. Default 15.
    pub request_seconds: u64,
    /// How long an idle connection is kept, in seconds. Default 60.
    pub keep_alive_seconds: u64,
    /// Requests worked on at once; above it the answer is 503. Default 512.
    pub in_flight: usize,
    /// Connections at once; above it new ones wait to be accepted. Default 10,000.
    pub connections: u32,
    /// How long a stop waits for requests under way, in seconds. Default 20.
    pub drain_seconds: u64,
    /// Origins whose pages may read answers, like `https://crm.example.com`. Default none.
    pub allowed_origins: Vec<String>,
    /// Take the client's address from the last entry of `X-Forwarded-For`: only behind a proxy that sets it, and there
    /// needed, since all clients share the proxy's own address. Default false.
    pub forwarded: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3600)),
            graphql_body_bytes: 256 * 1024,
            hook_body_bytes: 1024 * 1024,
            public_url: None,
            header_bytes: 16 * 1024,
            header_seconds: 5,
            body_seconds: 10,
            request_seconds: 15,
            keep_alive_seconds: 60,
            in_flight: 512,
            connections: 10_000,
            drain_seconds: 20,
            allowed_origins: Vec::new(),
            forwarded: false,
        }
    }
}

/// Limits of one GraphQL request, all applied before anything runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphQl {
    /// Length of the document in bytes. Default 16 KiB.
    pub max_document_bytes: usize,
    /// Tokens of the document. Default 2,000.
    pub max_tokens: u32,
    /// Fields inside fields. Default 12.
    pub max_depth: u32,
    /// Fields inside fields where the document only asks for the schema. Default 20.
    pub max_introspection_depth: u32,
    /// Braces inside braces, fragments followed. Default 32.
    pub max_nesting: u32,
    /// Selections with all fragments expanded. Default 5,000.
    pub max_selections: u32,
    /// Aliases, fragments expanded. Default 30.
    pub max_aliases: u32,
    /// Fields at the root, fragments expanded. Default 20.
    pub max_root_fields: u32,
    /// Fragment definitions. Default 50.
    pub max_fragments: u32,
    /// Operations of one document: each is kept with the fragments it uses. Default 20.
    pub max_operations: u32,
    /// Directives, fragments expanded. Default 20.
    pub max_directives: u32,
    /// Variables of the operation and of the request. Default 100.
    pub max_variables: u32,
    /// Objects the answer may hold: a list counts as its page size times its element. Default 5,000.
    pub max_cost: u32,
    /// Largest page. Default 100.
    pub max_page: u32,
    /// The page where none is asked for. Default 20.
    pub default_page: u32,
    /// What a list without paging counts as. Default 10.
    pub unpaged_list: u32,
    /// Longest text in a variable or argument, in bytes. Default 10,000.
    pub max_text_bytes: usize,
    /// How deep variables may be nested, at most 120: JSON itself is read 128 deep. Default 64.
    pub max_json_depth: u32,
    /// Memory for checked documents, in bytes (estimated). Default 8 MiB.
    pub document_cache_bytes: u64,
}

impl Default for GraphQl {
    fn default() -> Self {
        Self {
            max_document_bytes: 16 * 1024,
            max_tokens: 2_000,
            max_depth: 12,
            max_introspection_depth: 20,
            max_nesting: 32,
            max_selections: 5_000,
            max_aliases: 30,
            max_root_fields: 20,
            max_fragments: 50,
            max_operations: 20,
            max_directives: 20,
            max_variables: 100,
            max_cost: 5_000,
            max_page: 100,
            default_page: 20,
            unpaged_list: 10,
            max_text_bytes: 10_000,
            max_json_depth: 64,
            document_cache_bytes: 8 * 1024 * 1024,
        }
    }
}

/// Tokens. With neither key set, development uses a public secret and production does not start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Secret of HS256 tokens, at least 32 bytes. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hs256_secret: Option<Secret>,
    /// File that holds the secret, read at start. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hs256_secret_file: Option<PathBuf>,
    /// File with the public keys (JWKS) of RS256, ES256 or `EdDSA` tokens. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// Required issuer (`iss`). Default `customer360`.
    pub issuer: String,
    /// Required audience (`aud`). Default `customer360`.
    pub audience: String,
    /// Seconds that clocks may differ. Default 30.
    pub leeway_seconds: u64,
    /// Longest life of a token, in seconds. Default 24 hours.
    pub max_life_seconds: u64,
    /// Verified tokens kept until they expire. Default 10,000.
    pub cached_tokens: usize,
}

impl Auth {
    /// The secret of development tokens. It is public: whoever reads this can mint a token for a development server.
    pub const DEVELOPMENT_SECRET: &str = "customer360-development-only-secret-known-to-everyone";

    /// Reads `hs256_secret_file` into `hs256_secret`.
    pub(super) fn read_secret_file(&mut self) -> Result<()> {
        let Some(path) = &self.hs256_secret_file else { return Ok(()) };
        if self.hs256_secret.is_some() {
            return Err(Error::bad_input("Settings: set auth.hs256_secret or auth.hs256_secret_file, not both."));
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::bad_input(format!("Settings: auth.hs256_secret_file {}: {error}.", path.display()))
        })?;
        self.hs256_secret = Some(Secret::new(text.trim()));
        Ok(())
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            hs256_secret: None,
            hs256_secret_file: None,
            jwks_file: None,
            issuer: "customer360".into(),
            audience: "customer360".into(),
            leeway_seconds: 30,
            max_life_seconds: 24 * 3_600,
            cached_tokens: 10_000,
        }
    }
}

/// How much one subject or address may ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// Cost points in a subject's bucket. Default 20,000.
    pub points: u32,
    /// Points that come back each second. Default 2,000.
    pub refill_per_second: u32,
    /// Tokens, write keys and signatures that do not hold and are answered 401, per door, address and minute; those beyond are
    /// answered 429. What holds is taken all the same. Default 20.
    pub failed_auth_per_minute: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self { points: 20_000, refill_per_second: 2_000, failed_auth_per_minute: 20 }
    }
}

/// Joining profiles to customers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Country of phone numbers that name none. Default `DE`.
    pub default_country: String,
    /// Per kind of identifier (`phone = 3`): with how many other identities it may be seen before it counts as shared. Kinds
    /// not named keep the default: 3 for phone and cookie, 4 for email, 5 for the others.
    pub degree_limits: BTreeMap<String, u32>,
    /// TOML file with values that never join, lists by kind as in `api/src/identity/deny.toml`, in place of that built-in
    /// list. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny_list: Option<PathBuf>,
}

impl Default for Identity {
    fn default() -> Self {
        Self { default_country: "DE".into(), degree_limits: BTreeMap::new(), deny_list: None }
    }
}

/// Taking records in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Intake {
    /// Folder of the source declarations. Default `sources`.
    pub sources: PathBuf,
    /// Longest line, in bytes. Default 1 MiB.
    pub line_bytes: usize,
    /// Records of one transaction. Default 500.
    pub flush_records: usize,
    /// Longest wait of a tap's record for its transaction, in milliseconds. Default 1,000.
    pub flush_ms: u64,
    /// How often a server looks for records that waited and could be placed since, in seconds; also at its start. Default 60.
    pub look_seconds: u64,
    /// The only folder that files of a tap's BATCH messages are read from. Default none: they are not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_folder: Option<PathBuf>,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            sources: "sources".into(),
            line_bytes: 1024 * 1024,
            flush_records: 500,
            flush_ms: 1_000,
            look_seconds: 60,
            batch_folder: None,
        }
    }
}

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
