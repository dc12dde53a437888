//! Requests that are wrong: each gets a stable code and a clear sentence, and no answer shows anything of our inside.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use customer360_tests::scan::assert_clean;
use customer360_tests::{Answer, Role, TestApp, app, both};
use serde_json::{Value, json};

fn post() -> axum::http::request::Builder {
    Request::post("/graphql").header("content-type", "application/json")
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The answer is one error of this code with this word in its sentence, and clean.
fn refused(what: &str, answer: &Answer, code: &str, word: &str) {
    let text = answer.json.to_string();
    assert_clean(&text, &[]);
    assert_eq!(answer.codes().first(), Some(&code), "{what}: {:#}", answer.json);
    let message = answer.json["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains(word), "{what} does not say {word:?}: {message}");
    // What the parser, the validation and the scalars say of their own is told apart by code; ours are sentences.
    let theirs =
        code.starts_with("GRAPHQL_") || message.starts_with("Failed to parse") || message.starts_with("Expected");
    assert!(theirs || message.ends_with(['.', '…']), "{what} is no sentence: {message}");
}

/// The data of the answer has nothing of a customer.
fn nothing(what: &str, answer: &Answer) {
    let data = &answer.json["data"];
    let empty = data.is_null() || data.as_object().is_some_and(|fields| fields.values().all(Value::is_null));
    assert!(empty, "{what}: {:#}", answer.json);
}

both! {
    async fn tokens_that_do_not_hold(app: TestApp) {
        let body = json!({ "query": "{ viewer { subject } }" }).to_string();
        let good = app::token("tester", &[Role::Service]);
        let mut answers = Vec::new();
        for header in [None, Some(String::new()), Some("Bearer".into()), Some("Bearer ".into()), Some("Basic dGVzdA==".into()),
            Some(bearer("x.y.z")), Some(bearer(&good[1..])), Some(bearer(&format!("{good}x"))), Some(bearer(&"a".repeat(9_000)))]
        {
            let mut request = post();
            if let Some(header) = &header {
                request = request.header("authorization", header);
            }
            answers.push(app.send(request.body(Body::from(body.clone())).unwrap()).await);
        }
        let twice = post().header("authorization", bearer(&good)).header("authorization", bearer(&good));
        answers.push(app.send(twice.body(Body::from(body.clone())).unwrap()).await);
        let first = answers[0].json.clone();
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            refused("a token", answer, "UNAUTHENTICATED", "");
            assert_eq!(answer.json, first, "every refusal reads the same");
        }
        // A role that the policy does not know: the token holds, and opens nothing.
        let config = api::config::Config::load_from(None, []).unwrap();
        match api::auth::mint(&config, "tester", &["king".to_owned()], 60) {
            Err(error) => assert_clean(&error.message, &[]),
            Ok(token) => {
                let answer = app.with_token(token).query("{ customers { nodes { name } } }", json!({})).await;
                nothing("an unknown role", &answer);
                assert!(["FORBIDDEN", "UNAUTHENTICATED"].contains(&answer.codes()[0]), "{:#}", answer.json);
            }
        }
    }

    async fn bodies_that_are_no_request(app: TestApp) {
        let token = app::token("tester", &[Role::Service]);
        let deep = format!("{{\"query\":\"{{ viewer {{ subject }} }}\",\"variables\":{{\"a\":{}1{}}}}}", "[".repeat(200), "]".repeat(200));
        let large = format!("{{\"query\":\"{{ viewer {{ subject }} }} #{}\"}}", "x".repeat(2 << 20));
        let long = json!({ "query": format!("{{ viewer {{ subject }} }} #{}", "x".repeat(20_000)) }).to_string();
        for (what, body, status, code, word) in [
            ("nothing", Vec::new(), 400, "BAD_USER_INPUT", "JSON"),
            ("broken JSON", b"{\"query\": ".to_vec(), 400, "BAD_USER_INPUT", "not valid JSON (line 1"),
            ("invalid UTF-8", b"{\"query\": \"{ viewer { subject } } #\xff\"}".to_vec(), 400, "BAD_USER_INPUT", "not valid UTF-8"),
            ("a list", b"[{\"query\":\"{ viewer { subject } }\"}]".to_vec(), 400, "BAD_USER_INPUT", "one request"),
            ("no query", b"{\"variables\":{}}".to_vec(), 400, "BAD_USER_INPUT", "needs a query"),
            ("variables of text", b"{\"query\":\"{ viewer { subject } }\",\"variables\":\"a\"}".to_vec(), 400, "BAD_USER_INPUT", "variables must be"),
            ("a number for the operation", b"{\"query\":\"{ viewer { subject } }\",\"operationName\":1}".to_vec(), 400, "BAD_USER_INPUT", "operationName"),
            ("deep variables", deep.into_bytes(), 400, "BAD_USER_INPUT", "nested"),
            ("a large body", large.into_bytes(), 413, "BAD_USER_INPUT", "http.graphql_body_bytes"),
            ("a long document", long.into_bytes(), 200, "TOO_COMPLEX", "max_document_bytes"),
            ("no GraphQL", b"{\"query\":\"{ viewer {\"}".to_vec(), 200, "GRAPHQL_PARSE_FAILED", ""),
            ("another language", b"{\"query\":\"SELECT 1\"}".to_vec(), 200, "GRAPHQL_PARSE_FAILED", ""),
            ("NUL in the document", b"{\"query\":\"{ viewer { subject \\u0000 } }\"}".to_vec(), 200, "BAD_USER_INPUT", "NUL"),
            ("two operations", b"{\"query\":\"query a { viewer { subject } } query b { viewer { subject } }\"}".to_vec(), 200, "GRAPHQL_VALIDATION_FAILED", "operationName"),
        ] {
            let request = post().header("authorization", bearer(&token));
            let answer = app.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status.as_u16(), status, "{what}: {:#}", answer.json);
            refused(what, &answer, code, word);
            nothing(what, &answer);
        }
    }

    async fn documents_that_do_not_fit_the_schema(app: TestApp) {
        for (what, document, code, word) in [
            ("an unknown field", "{ customers { nodes { passwort } } }", "GRAPHQL_VALIDATION_FAILED", "passwort"),
            ("an unknown argument", "{ customers(limit: 3) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED", "limit"),
            ("an unknown silo", "{ customer(by: {email: \"a@example.org\"}) { timeline(filter: {silo: [MOON]}) { nodes { id } } } }", "GRAPHQL_VALIDATION_FAILED", ""),
            ("an unknown order", "{ customers(orderBy: LUCK) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED", ""),
            ("two selectors", "{ customer(by: {email: \"a@example.org\", phone: \"1\"}) { id } }", "GRAPHQL_VALIDATION_FAILED", ""),
            ("text for a number", "{ customers(first: \"3\") { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED", ""),
            ("a subscription", "subscription { customerChanged { id } }", "BAD_USER_INPUT", "WebSocket"),
        ] {
            let answer = app.query_as(Role::Service, document, json!({})).await;
            refused(what, &answer, code, word);
            nothing(what, &answer);
        }
    }

    async fn values_that_cannot_be(app: TestApp) {
        let by = "query($by: CustomerBy!) { customer(by: $by) { id } }";
        let page = "query($first: Int, $last: Int, $after: String, $before: String) { customers(first: $first, last: $last, after: $after, before: $before) { nodes { id } } }";
        let filter = "query($filter: CustomerFilter) { customers(filter: $filter) { nodes { id } } }";
        let silos = "query($by: CustomerBy!, $filter: TimelineFilter) { customer(by: $by) { timeline(filter: $filter) { nodes { id } } } }";
        let nul = "a\0b";
        for (what, document, variables, word) in [
            ("a bad id", by, json!({"by": {"id": "17"}}), "cus_"),
            ("an id of another kind", by, json!({"by": {"id": "tic_00000000000000000000000000000000"}}), "cus_"),
            ("no phone number", by, json!({"by": {"phone": "call me"}}), "phone number"),
            ("no e-mail address", by, json!({"by": {"email": "nobody"}}), ""),
            ("two selectors", by, json!({"by": {"email": "a@example.org", "phone": "1"}}), ""),
            ("NUL", by, json!({"by": {"customerNumber": nul}}), "NUL"),
            ("a long number", by, json!({"by": {"customerNumber": "9".repeat(400)}}), "too long"),
            ("a long text", by, json!({"by": {"customerNumber": "9".repeat(20_000)}}), "max_text_bytes"),
            ("no page", page, json!({"first": 0}), "1 to 100"),
            ("a large page", page, json!({"first": 101}), "1 to 100"),
            ("a negative page", page, json!({"first": -1}), "1 to 100"),
            ("a page beyond 32 bits", page, json!({"first": 99_999_999_999_i64}), ""),
            ("both ends", page, json!({"first": 1, "last": 1}), "last"),
            ("a bad cursor", page, json!({"after": "MTIz"}), "cursor"),
            ("an odd cursor", page, json!({"after": "' OR 1=1 --"}), "cursor"),
            ("a cursor with NUL", page, json!({"before": nul}), ""),
            ("a date out of range", filter, json!({"filter": {"createdAfter": "99999-01-01T00:00:00Z"}}), ""),
            ("no date", filter, json!({"filter": {"createdAfter": "yesterday"}}), ""),
            ("an unknown stage", filter, json!({"filter": {"stage": ["SLEEP"]}}), ""),
            ("an unknown field of a filter", filter, json!({"filter": {"sql": "1=1"}}), ""),
            ("an unknown silo", silos, json!({"by": {"email": "a@example.org"}, "filter": {"silo": ["MOON"]}}), ""),
            ("a missing variable", by, json!({}), "by"),
        ] {
            let answer = app.query_as(Role::Privacy, document, variables).await;
            refused(what, &answer, "BAD_USER_INPUT", word);
            nothing(what, &answer);
        }
        for (what, text) in [("a long search", "x".repeat(201)), ("NUL in a search", nul.to_owned()), ("an empty search", String::new())] {
            let answer = app.query_as(Role::Service, "query($t: String!) { search(text: $t) { hits { score } } }", json!({"t": text})).await;
            refused(what, &answer, "BAD_USER_INPUT", "");
        }
        // Not there and not an object of ours answer alike.
        for id in ["cus_00000000000000000000000000000000", "nonsense", "", "cus_"] {
            let answer = app.query_as(Role::Service, "query($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await;
            assert_clean(&answer.json.to_string(), &[]);
            assert_eq!(answer.json["data"]["node"], Value::Null, "{id}: {:#}", answer.json);
        }
        // Text that tries to be a statement is only text.
        for text in ["' OR '1'='1", "\"; DROP TABLE customer; --", "%", "_", "\\", "{}", "$1", "?1"] {
            for document in ["query($t: String!) { customers(filter: {name: {startsWith: $t}}) { nodes { id } } }", "query($t: String!) { customer(by: {customerNumber: $t}) { id } }"] {
                let answer = app.query_as(Role::Privacy, document, json!({"t": text})).await;
                assert_clean(&answer.json.to_string(), &[]);
                assert!(answer.codes().iter().all(|code| *code == "BAD_USER_INPUT"), "{text}: {:#}", answer.json);
            }
        }
    }

    async fn a_cursor_of_another_list_is_refused(app: TestApp) {
        let row = |n: u32| json!({"customer_number": format!("K-{n}"), "name": format!("Person {n}"), "email": format!("p{n}@example.org")});
        let origin = api::ingest::lines::Origin::new("csv-crm");
        let envelopes = (1..4).map(|n| origin.envelope("contacts", None, row(n).to_string())).collect();
        app.app().intake().flush(envelopes).await.unwrap();
        let ask = "query($after: String, $order: CustomerOrder!) { customers(first: 1, after: $after, orderBy: $order) { nodes { name } pageInfo { endCursor } } }";
        let first = app.query_as(Role::Service, ask, json!({"order": "NAME"})).await;
        let cursor = first.data()["customers"]["pageInfo"]["endCursor"].clone();
        let next = app.query_as(Role::Service, ask, json!({"order": "NAME", "after": cursor})).await;
        assert_eq!(next.data()["customers"]["nodes"], json!([{"name": "Person 2"}]));
        let other = app.query_as(Role::Service, ask, json!({"order": "CREATED_AT", "after": cursor})).await;
        refused("the cursor of another order", &other, "BAD_USER_INPUT", "cursor");
        let mut forged = cursor.as_str().unwrap().to_owned();
        let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
        forged.push(last);
        let changed = app.query_as(Role::Service, ask, json!({"order": "NAME", "after": format!("x{}", &forged[1..])})).await;
        refused("a changed cursor", &changed, "BAD_USER_INPUT", "cursor");
    }

    async fn documents_that_are_too_much(app: TestApp) {
        let customers = |inner: &str| format!("{{ customers(first: 2) {{ nodes {{ {inner} }} }} }}");
        let deep = (0..20).fold("id".to_owned(), |inner, _| format!("owner {{ {inner} }}"));
        let bomb: String = many(30, |n| format!("fragment f{n} on Customer {{ ...f{m} ...f{m} }} ", m = n + 1));
        let bomb = format!("{} {bomb} fragment f30 on Customer {{ id }}", customers("...f0"));
        let circle = format!("{} fragment a on Customer {{ ...b }} fragment b on Customer {{ ...a }}", customers("...a"));
        let aliases: String = many(200, |n| format!("a{n}: name "));
        let roots: String = many(60, |n| format!("r{n}: viewer {{ subject }} "));
        let directives = customers(&format!("name {}", "@include(if: true) ".repeat(60)));
        let wide = "{ customers(first: 100) { nodes { timeline(first: 100) { nodes { id } } } } }".to_owned();
        let braces = format!("{}{}", "{a".repeat(3_000), "}".repeat(3_000));
        for (what, document, codes) in [
            ("20 levels", customers(&deep), &["TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED"][..]),
            ("a fragment bomb", bomb, &["TOO_COMPLEX"]),
            ("fragments in a circle", circle, &["TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED"]),
            ("many aliases", customers(&aliases), &["TOO_COMPLEX"]),
            ("many root fields", format!("{{ {roots} }}"), &["TOO_COMPLEX"]),
            ("many directives", directives, &["TOO_COMPLEX"]),
            ("many objects", wide, &["TOO_COMPLEX"]),
            ("many braces", braces, &["TOO_COMPLEX", "GRAPHQL_PARSE_FAILED"]),
        ] {
            let began = std::time::Instant::now();
            let answer = app.query_as(Role::Service, &document, json!({})).await;
            assert!(began.elapsed().as_secs() < 5, "{what} took {:?}", began.elapsed());
            assert_clean(&answer.json.to_string(), &[]);
            let found = answer.codes();
            assert!(!found.is_empty() && codes.contains(&found[0]), "{what}: {:#}", answer.json);
            nothing(what, &answer);
        }
    }
}

/// So many pieces of a document, one behind the other.
fn many(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect::<Vec<_>>().concat()
}
