//! The server in process: a database of its own, a router on top of it, and a role that asks.
//!
//! [`build`] and [`token`] are the only two places where the harness reaches into the server; everything else goes through
//! HTTP as any client's request does, without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

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
    router: Router,
    token: Option<String>,
}

impl TestApp {
    /// The server on an empty database; nobody asks yet.
    pub async fn new(db: Db) -> Self {
        let database = TestDatabase::create(db).await;
        let router = build(&database).await;
        Self { database, router, token: None }
    }

    /// From here on, this role asks.
    #[must_use]
    pub fn as_role(mut self, role: Role) -> Self {
        self.token = Some(token(role));
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

    /// Asks for a GraphQL document with its variables (`json!({})` for none).
    pub async fn query(&self, document: &str, variables: Value) -> Answer {
        let body = json!({ "query": document, "variables": variables });
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::from(body.to_string())).expect("a request of known parts")).await
    }

    /// Sends any request: a GET, a broken body, a header that a client gets wrong.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let body = body.unwrap_or_else(|e| panic!("the answer broke off: {e}"));
        // What is not JSON is kept as text: /healthz, an HTML page.
        let json =
            serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into()));
        Answer { status, json }
    }
}

/// The router as `customer360 serve` builds it, in development mode on this database.
async fn build(database: &TestDatabase) -> Router {
    let _ = database;
    std::future::ready(Router::new()).await
}

/// A development token for the role, valid for the server that [`build`] makes.
fn token(role: Role) -> String {
    role.as_str().to_owned()
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
    /// The body; a JSON string if it was not JSON.
    pub json: Value,
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
