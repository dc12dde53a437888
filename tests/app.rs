//! The server in process: a database of its own, a router on top of it, and a role that asks.
//!
//! [`build`] and [`token`] are the only two places where the harness reaches into the server; everything else goes through
//! HTTP as any client's request does, without a socket.

use std::sync::Arc;

use api::app::App;
use api::auth::mint;
use api::config::Config;
use api::http::Server;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::scan::assert_clean;
use crate::{Db, OnDatabase, TestDatabase};

/// The roles of the built-in policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers customers.
    Service,
    /// Sells to them.
    Sales,
    /// Addresses many of them.
    Marketing,
    /// Builds what they buy.
    Product,
    /// Counts.
    Analyst,
    /// Decides.
    Management,
    /// Keeps identities right.
    Steward,
    /// Answers requests about personal data.
    Privacy,
    /// A machine that brings data.
    Integration,
    /// Runs the server, sees no customer.
    Admin,
}

impl Role {
    /// Every role, in the policy's order.
    pub const ALL: [Self; 10] = [
        Self::Service,
        Self::Sales,
        Self::Marketing,
        Self::Product,
        Self::Analyst,
        Self::Management,
        Self::Steward,
        Self::Privacy,
        Self::Integration,
        Self::Admin,
    ];

    /// Its name in the policy and in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Sales => "sales",
            Self::Marketing => "marketing",
            Self::Product => "product",
            Self::Analyst => "analyst",
            Self::Management => "management",
            Self::Steward => "steward",
            Self::Privacy => "privacy",
            Self::Integration => "integration",
            Self::Admin => "admin",
        }
    }
}

/// The server of one test.
pub struct TestApp {
    database: TestDatabase,
    app: Arc<App>,
    router: Router,
    token: Option<String>,
}

impl TestApp {
    /// The server on an empty database; nobody asks yet.
    pub async fn new(db: Db) -> Self {
        Self::over(TestDatabase::create(db).await, &[]).await
    }

    /// The server on a database that is there, with settings other than the defaults: names and values as the environment
    /// gives them.
    pub async fn over(database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let (app, router) = build(&database, settings).await;
        Self { database, app, router, token: None }
    }

    /// From here on, this role asks.
    #[must_use]
    pub fn as_role(mut self, role: Role) -> Self {
        self.token = Some(token("tester", &[role]));
        self
    }

    /// From here on, whoever holds this token asks.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The database below, to prepare it or to see what a request changed.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The application below the router: what commands and doors use.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The router itself, for an answer that is to be read in pieces.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Asks once as another role.
    pub async fn query_as(&self, role: Role, document: &str, variables: Value) -> Answer {
        let token = token("tester", &[role]);
        self.send(request(document, &variables, Some(&token))).await
    }

    /// Asks once as whoever holds this token.
    pub async fn query_by(&self, token: &str, document: &str, variables: Value) -> Answer {
        self.send(request(document, &variables, Some(token))).await
    }

    /// Asks for a GraphQL document with its variables (`json!({})` for none).
    pub async fn query(&self, document: &str, variables: Value) -> Answer {
        self.send(request(document, &variables, self.token.as_deref())).await
    }

    /// Sends any request: a GET, a broken body, a header that a client gets wrong. Whatever a test is about, the answer is
    /// scanned for what must never be seen outside.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status();
        let headers = response.headers().clone();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let body = body.unwrap_or_else(|e| panic!("the answer broke off: {e}"));
        // What is not JSON is kept as text: /healthz, an HTML page.
        let text = String::from_utf8_lossy(&body).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
        assert_clean(&text, &[]);
        Answer { status, headers, json, text }
    }
}

/// A GraphQL request over POST.
fn request(document: &str, variables: &Value, token: Option<&str>) -> Request<Body> {
    let body = json!({ "query": document, "variables": variables });
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(Body::from(body.to_string())).expect("a request of known parts")
}

/// The settings of the server under test: development, on this database, and what the test says; else the defaults.
fn config(url: &str, settings: &[(&str, &str)]) -> Config {
    let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables = own.chain([("DATABASE_URL".to_owned(), url.to_owned())]);
    Config::load_from(None, variables).expect("the settings of the test hold")
}

/// The application and its router as `customer360 serve` builds them, in development mode on this database.
async fn build(database: &TestDatabase, settings: &[(&str, &str)]) -> (Arc<App>, Router) {
    let config = config(database.url(), settings);
    let app = Arc::new(App::open(&config).await.expect("the application opens"));
    let router = Server::try_new(&config, app.clone()).expect("the server stands").router();
    (app, router)
}

/// A development token for the roles, valid for the server that [`build`] makes.
pub fn token(subject: &str, roles: &[Role]) -> String {
    let roles: Vec<String> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    mint(&config("sqlite::memory:", &[]), subject, &roles, 3600).expect("a development token")
}

impl OnDatabase for TestApp {
    async fn on(db: Db) -> Self {
        Self::new(db).await
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; a JSON string if it was not JSON.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// `data` of an answer that must have no errors.
    pub fn data(&self) -> &Value {
        assert!(self.json.get("errors").is_none(), "the answer has errors: {:#}", self.json);
        &self.json["data"]
    }

    /// The codes of its errors, in their order.
    pub fn codes(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
    }
}
