//! The graph as clients meet it: who am I, empty lists, refusals as data, errors with codes.

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

    async fn a_filter_by_what_is_withheld_is_refused(app: TestApp) {
        let app = app.as_role(Role::Marketing);
        let answer = app.query("{ customers(filter: {email: {startsWith: \"a\"}}) { totalCount } }", json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
        let answer = app.query("{ customers(orderBy: EMAIL) { totalCount } }", json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
    }
}
