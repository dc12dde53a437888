//! The graph as clients meet it: who am I, empty lists, refusals as data, errors with codes.

use std::sync::Arc;

use api::auth::Claims;
use api::config::GraphQl;
use api::graph::ask::Ask;
use api::graph::document::Documents;
use api::http::Engine;
use customer360_tests::{Role, TestApp, both};
use serde_json::json;

both! {
    async fn everyone_learns_who_they_are(app: TestApp) {
        for role in Role::ALL {
            let answer = app.query_as(role, "{ viewer { subject roles reads { silo rows masked hidden } writes { target rows } } }", json!({})).await;
            assert_eq!(answer.data()["viewer"]["roles"], json!([role.as_str()]));
        }
    }

    async fn an_empty_graph_answers(app: TestApp) {
        let app = app.as_role(Role::Service);
        let answer = app.query(
            "{ customers { nodes { id name support { tickets { nodes { subject } } } } totalCount pageInfo { hasNextPage endCursor } }
               staff { totalCount } products { nodes { key } } touchpoints { nodes { key } } sources { nodes { key stale } }
               customer(by: {email: \"nobody@example.com\"}) { id } search(text: \"nobody\") { hits { score } more } }",
            json!({}),
        ).await;
        assert_eq!(answer.data()["customers"]["totalCount"], json!(0));
        assert_eq!(answer.data()["customer"], json!(null));
        assert_eq!(answer.data()["search"], json!({"hits": [], "more": false}));
    }

    /// Viewers are remembered: one must not be taken for another whose roles and e-mail only read alike in a row.
    async fn an_e_mail_is_no_role(app: TestApp) {
        let documents = Documents::try_new(&api::schema::sdl(), &GraphQl::default()).unwrap();
        let checked = documents.check("{ viewer { roles } }").unwrap();
        for (roles, email) in [(vec!["service", "privacy"], None), (vec!["service"], Some("privacy"))] {
            let claims = Claims {
                subject: "tester".to_owned(),
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                email: email.map(str::to_owned),
                expires_at: u64::MAX,
                token_id: None,
            };
            let response = app.app().execute(Ask::default().into_work(checked.clone()), Arc::new(claims)).await;
            assert_eq!(response.data.into_json().unwrap(), json!({"viewer": {"roles": roles}}));
        }
    }

    async fn a_variable_left_out_has_its_default(app: TestApp) {
        let app = app.as_role(Role::Service);
        let document = "query($with: Boolean = true, $first: Int = 0) { viewer { subject @include(if: $with) roles @skip(if: $with) } customers(first: $first) { totalCount } }";
        // The first time the document is validated, from then on the kept one is run.
        for _ in 0..2 {
            let answer = app.query(document, json!({})).await;
            assert_eq!(answer.json["data"]["viewer"], json!({"subject": "tester"}));
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "a page of none");
            let answer = app.query(document, json!({"with": false, "first": 1})).await;
            assert_eq!(answer.data()["viewer"], json!({"roles": ["service"]}));
        }
    }

    async fn a_filter_by_what_is_withheld_is_refused(app: TestApp) {
        let app = app.as_role(Role::Marketing);
        let answer = app.query("{ customers(filter: {email: {startsWith: \"a\"}}) { totalCount } }", json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
        let answer = app.query("{ customers(orderBy: EMAIL) { totalCount } }", json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
    }
}
