//! The router in process, over a tiny schema: each status, each header, each way a request can be wrong. What needs a
//! socket (slow clients, stopping) is tested on a real one.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::{Engine, Reply, Server};
use crate::auth::{Claims, mint};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::graph::tiny;
use crate::meter::Meter;

struct Tiny(tiny::Tiny, bool);

impl Engine for Tiny {
    fn sdl(&self) -> String {
        self.0.schema.sdl()
    }
    fn execute(&self, work: super::engine::Work, claims: Arc<Claims>) -> Reply<'_, super::engine::Response> {
        if !self.1 {
            return Box::pin(async { tiny::away() });
        }
        let mut data = super::engine::Data::default();
        data.insert(tiny::Who(claims.subject.clone()));
        Box::pin(work.execute(&self.0.schema, &self.0.runner, data))
    }
    fn meter(&self) -> Arc<Meter> {
        Arc::default()
    }
    fn metrics(&self, _: usize) -> Reply<'_, String> {
        Box::pin(async { self.meter().text(crate::meter::Moment::default()) })
    }
    fn export(&self, _: crate::export::Request, _: Arc<Claims>) -> Reply<'_, Result<crate::export::Exporting>> {
        Box::pin(async { Err(Error::forbidden("There is nothing to export here.")) })
    }
    fn ready(&self) -> Reply<'_, Result<()>> {
        let ready = if self.1 { Ok(()) } else { Err(Error::unavailable("no database")) };
        Box::pin(async move { ready })
    }
}

fn server(config: &Config, ready: bool) -> Server {
    let schema = tiny::schema();
    Server::try_new(config, Arc::new(Tiny(schema, ready))).unwrap()
}

fn router_with(change: impl FnOnce(&mut Config)) -> (Router, String) {
    let mut config = Config::default();
    change(&mut config);
    (server(&config, true).router(), mint(&config, "anna", &["service".into()], 60).unwrap())
}

fn post(token: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/graphql").header("content-type", "application/json");
    request.header("authorization", format!("Bearer {token}")).body(body.into()).unwrap()
}

fn header(mut request: Request<Body>, name: &'static str, value: &'static str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

async fn call(router: &Router, request: Request<Body>) -> (Response<()>, Value) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn ask(router: &Router, token: &str, query: &str) -> (StatusCode, Value) {
    let (response, body) = call(router, post(token, json!({ "query": query }).to_string())).await;
    (response.status(), body)
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_answer_carries_data_cost_and_headers() {
    let (router, token) = router_with(|_| {});
    let (response, body) = call(&router, post(&token, r#"{"query":"{ who items(first: 3) { id } }"}"#)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(body["data"], json!({ "who": "anna", "items": [{ "id": 1 }, { "id": 1 }, { "id": 1 }] }));
    assert_eq!(body["extensions"]["cost"]["requested"], 4);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["x-request-id"].len(), 32);
    let given = header(post(&token, "{}"), "x-request-id", "mine-1");
    assert_eq!(call(&router, given).await.0.headers()["x-request-id"], "mine-1");
}

#[tokio::test]
async fn a_document_known_to_be_valid_runs_alone() {
    let (router, token) = router_with(|_| {});
    let body =
        json!({ "query": "query A { ...F } query B { who } fragment F on Query { hello }", "operationName": "A" });
    for _ in 0..3 {
        let (_, answer) = call(&router, post(&token, body.to_string())).await;
        assert_eq!(answer["data"], json!({ "hello": "hello " }));
    }
}

#[tokio::test]
async fn no_token_no_answer() {
    let (router, token) = router_with(|_| {});
    let without = Request::post("/graphql").body(Body::empty()).unwrap();
    let mut twice = post(&token, "{}");
    twice.headers_mut().append("authorization", format!("Bearer {token}").parse().unwrap());
    let basic = header(post(&token, "{}"), "authorization", "Basic YTpi");
    for request in [without, twice, basic, post("wrong", "{}")] {
        let (response, body) = call(&router, request).await;
        assert_eq!((response.status(), code(&body)), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_eq!(body["errors"][0]["message"], crate::auth::REFUSAL);
    }
}

/// Anyone can sign a token of the public secret: a page that has its name lead here must not be taken for this machine's.
#[tokio::test]
async fn the_public_secret_is_for_this_machine() {
    let (router, token) = router_with(|_| {});
    for (host, status) in [
        ("127.0.0.1:3600", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("[::1]:3600", StatusCode::OK),
        ("evil.example:3600", StatusCode::FORBIDDEN),
        ("127.0.0.1.evil.example", StatusCode::FORBIDDEN),
        ("", StatusCode::FORBIDDEN),
    ] {
        let asked = header(post(&token, r#"{"query":"{ who }"}"#), "host", host);
        assert_eq!(call(&router, asked).await.0.status(), status, "{host}");
    }
    let own = crate::config::Secret::new("a secret of one's own, of 32 bytes");
    let (router, token) = router_with(|config| config.auth.hs256_secret = Some(own));
    let asked = header(post(&token, r#"{"query":"{ who }"}"#), "host", "crm.example.com");
    assert_eq!(call(&router, asked).await.0.status(), StatusCode::OK);
}

#[tokio::test]
async fn failed_tokens_are_counted_and_shut_out_none_that_holds() {
    let (router, token) = router_with(|config| config.rate.failed_auth_per_minute = 3);
    for _ in 0..3 {
        assert_eq!(ask(&router, "wrong", "{ who }").await.0, StatusCode::UNAUTHORIZED);
    }
    let (response, body) = call(&router, post("wrong", "{}")).await;
    assert_eq!((response.status(), code(&body)), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(ask(&router, &token, "{ who }").await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_be_read_is_400() {
    let (router, token) = router_with(|_| {});
    let deep = format!("{{\"query\":\"{{who}}\",\"variables\":{{\"a\":{}{}}}}}", "[".repeat(200), "]".repeat(200));
    for (body, part) in [
        ("{", "not valid JSON"),
        ("[]", "list of requests"),
        ("7", "JSON object"),
        ("{}", "needs a query"),
        (r#"{"query":1}"#, "needs a query"),
        (r#"{"query":"{who}","variables":[]}"#, "variables must"),
        (r#"{"query":"{who}","operationName":1}"#, "operationName must"),
        (r#"{"query":"{who}","extensions":"x"}"#, "extensions must"),
        (deep.as_str(), "128 levels deep"),
    ] {
        let (response, answer) = call(&router, post(&token, body.to_owned())).await;
        assert_eq!((response.status(), code(&answer)), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"), "{body}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(part), "{answer}");
    }
    let (response, answer) = call(&router, post(&token, &b"{\"query\":\"\xff\"}"[..])).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("UTF-8"));
}

#[tokio::test]
async fn forms_and_methods() {
    let (router, token) = router_with(|_| {});
    let get = |query: &str| {
        let uri = format!("/graphql?query={query}");
        Request::get(uri).header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
    };
    assert_eq!(call(&router, get("%7Bwho%7D")).await.1["data"]["who"], "anna");
    let (response, _) = call(&router, get("mutation%7Bchange%7D")).await;
    assert_eq!(
        (response.status(), &response.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    let put = Request::put("/graphql").header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
    assert_eq!(call(&router, put).await.0.headers()["allow"], "GET, POST");
    let text = header(post(&token, "{}"), "content-type", "text/plain");
    assert_eq!(call(&router, text).await.0.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let html = header(post(&token, "{}"), "accept", "text/html");
    assert_eq!(call(&router, html).await.0.status(), StatusCode::NOT_ACCEPTABLE);
    let large = post(&token, vec![b' '; 256 * 1024 + 1]);
    assert_eq!(call(&router, large).await.0.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let lost = Request::get("/nowhere").body(Body::empty()).unwrap();
    let (response, body) = call(&router, lost).await;
    assert_eq!((response.status(), code(&body)), (StatusCode::NOT_FOUND, "NOT_FOUND"));
}

#[tokio::test]
async fn request_errors_have_no_data_and_their_status() {
    let (router, token) = router_with(|_| {});
    for (body, expected) in [
        (json!({ "query": "{" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ nothing }" }), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "query ($n: Int!) { items(first: $n) { id } }" }), "BAD_USER_INPUT"),
        (
            json!({ "query": "{ items(first: 100) { id } items(first: 100) { id } }".repeat(30) }),
            "GRAPHQL_PARSE_FAILED",
        ),
    ] {
        let (response, answer) = call(&router, post(&token, body.to_string())).await;
        assert_eq!((response.status(), code(&answer)), (StatusCode::OK, expected), "{answer}");
        assert!(answer.get("data").is_none());
        let strict = header(post(&token, body.to_string()), "accept", "application/graphql-response+json");
        let (response, _) = call(&router, strict).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/graphql-response+json"));
    }
}

#[tokio::test]
async fn our_faults_show_nothing_but_an_incident() {
    let (router, token) = router_with(|_| {});
    for (query, expected) in
        [("{ hello ours }", "INTERNAL"), ("{ hello theirs }", "INTERNAL"), ("{ hello busy }", "UNAVAILABLE")]
    {
        let (status, body) = ask(&router, &token, query).await;
        assert_eq!((status, code(&body)), (StatusCode::OK, expected));
        assert_eq!(body["data"]["hello"], "hello ");
        let text = body.to_string();
        assert!(!text.contains("hidden") && !text.contains("digit") && !text.contains("refused"), "{text}");
        assert_eq!(body["errors"][0]["extensions"]["incident"].is_string(), expected == "INTERNAL");
    }
    let (status, body) = ask(&router, &token, "{ boom }").await;
    assert_eq!((status, code(&body)), (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"));
    assert!(body["errors"][0]["extensions"]["incident"].is_string() && !body.to_string().contains("secret"));
}

#[tokio::test]
async fn what_is_away_says_when_to_ask_again() {
    let config = Config::default();
    let token = mint(&config, "anna", &["service".into()], 60).unwrap();
    let asked = header(post(&token, r#"{"query":"{ who }"}"#), "accept", "application/graphql-response+json");
    let (response, body) = call(&server(&config, false).router(), asked).await;
    assert_eq!((response.status(), code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"));
    assert_eq!(response.headers()["retry-after"], "5");
}

#[tokio::test]
async fn budgets_and_crowds() {
    let (router, token) = router_with(|config| (config.rate.points, config.rate.refill_per_second) = (5_000, 1));
    let (status, body) = ask(&router, &token, "{ a: items(first: 100) { id } }").await;
    assert_eq!((status, &body["extensions"]["cost"]["remaining"]), (StatusCode::OK, &json!(4_889)));
    for _ in 0..60 {
        ask(&router, &token, "{ a: items(first: 100) { id } }").await;
    }
    let (response, body) = call(&router, post(&token, r#"{"query":"{ a: items(first: 100) { id } }"}"#)).await;
    assert_eq!((response.status(), code(&body)), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
    assert!(response.headers().contains_key("retry-after"));

    let (router, token) = router_with(|config| config.http.in_flight = 1);
    let slow = tokio::spawn({
        let (router, token) = (router.clone(), token.clone());
        async move { ask(&router, &token, "{ sleep(ms: 300) }").await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (response, body) = call(&router, post(&token, r#"{"query":"{who}"}"#)).await;
    assert_eq!((response.status(), code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"));
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(slow.await.unwrap().0, StatusCode::OK);
    assert_eq!(ask(&router, &token, "{ who }").await.0, StatusCode::OK);
}

#[tokio::test]
async fn late_answers_are_cut() {
    let (router, token) = router_with(|config| config.http.request_seconds = 1);
    let (status, body) = ask(&router, &token, "{ sleep(ms: 5000) }").await;
    assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"));
}

#[tokio::test]
async fn health_tells_the_truth() {
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for (ready, status) in [(true, StatusCode::OK), (false, StatusCode::SERVICE_UNAVAILABLE)] {
        let router = server(&Config::default(), ready).router();
        assert_eq!(call(&router, get("/healthz")).await.0.status(), StatusCode::OK);
        let (response, body) = call(&router, get("/readyz")).await;
        assert_eq!(response.status(), status);
        assert!(!body.to_string().contains("database"));
    }
}

#[tokio::test]
async fn other_origins_only_by_name() {
    let preflight =
        |origin: &'static str| Request::options("/graphql").header("origin", origin).body(Body::empty()).unwrap();
    let (router, token) = router_with(|_| {});
    assert!(
        !call(&router, preflight("https://a.example")).await.0.headers().contains_key("access-control-allow-origin")
    );
    let (router, _) = router_with(|config| config.http.allowed_origins = vec!["https://a.example".into()]);
    let (response, _) = call(&router, preflight("https://a.example")).await;
    assert_eq!(response.headers()["access-control-allow-origin"], "https://a.example");
    assert!(
        !call(&router, preflight("https://b.example")).await.0.headers().contains_key("access-control-allow-origin")
    );
    let request = header(post(&token, r#"{"query":"{who}"}"#), "origin", "https://a.example");
    assert_eq!(call(&router, request).await.0.headers()["access-control-allow-origin"], "https://a.example");
}

#[tokio::test]
async fn the_schema_is_open_in_development_and_to_admins() {
    let query = "{ __schema { queryType { name } } }";
    let (router, token) = router_with(|_| {});
    assert_eq!(ask(&router, &token, query).await.1["data"]["__schema"]["queryType"]["name"], "Query");
    let mut config = Config { env: crate::config::Mode::Production, ..Config::default() };
    config.auth.hs256_secret = Some(crate::config::Secret::new("0123456789abcdef0123456789abcdef"));
    let router = server(&config, true).router();
    for (role, allowed) in [("service", false), ("admin", true)] {
        let token = mint(&config, "u", &[role.into()], 60).unwrap();
        let (_, body) = ask(&router, &token, query).await;
        assert_eq!(code(&body) == "FORBIDDEN", !allowed, "{body}");
    }
}

#[tokio::test]
async fn slow_clients_are_dropped_and_a_stop_drains() {
    let mut config = Config::default();
    (config.http.header_seconds, config.http.keep_alive_seconds) = (1, 60);
    let token = mint(&config, "anna", &[], 60).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server(&config, true).serve_until(listener, async { drop(stopped.await) }));

    // A head that never ends.
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST /graphql HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(4), slow.read_to_end(&mut rest)).await.unwrap().unwrap();

    // A head that is too large.
    let mut large = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("GET /healthz HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n", "x".repeat(20_000));
    large.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    large.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 431");

    // A request under way when the stop comes is answered.
    let body = r#"{"query":"{ sleep(ms: 500) }"}"#;
    let mut busy = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    busy.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut late = tokio::net::TcpStream::connect(address).await.unwrap();
    late.write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    late.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 503"), "{}", String::from_utf8_lossy(&answer));
    let mut answer = Vec::new();
    busy.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"}"), "{}", String::from_utf8_lossy(&answer));
    tokio::time::timeout(Duration::from_secs(2), serving).await.unwrap().unwrap().unwrap();
}
