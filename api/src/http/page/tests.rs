//! The page's routes without a browser: what they send, under which policy, and whom they refuse.

use axum::http::Response;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

fn page() -> Router {
    let roles: Roles = Arc::new(|| {
        let [role, description, token] = ["service", "Customer <service>.", "a.b.c"].map(ToOwned::to_owned);
        Ok(vec![RoleToken { role, description, token }])
    });
    router(roles, vec![Example::new("Who", " { viewer { subject } } ").with("a", 1)], "type Query { a: Int }".into())
}

async fn get_as(path: &str, headers: &[(&str, &str)]) -> (Response<()>, String) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = page().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
}

const HERE: (&str, &str) = ("host", "127.0.0.1:3600");

#[tokio::test]
async fn every_file_comes_under_the_strict_policy() {
    for (path, kind, content) in FILES {
        let (response, body) = get_as(path, &[HERE]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], kind);
        assert_eq!(&body, content);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        if *path == GUEST {
            assert!(policy.starts_with("default-src 'none'; script-src 'self' https://"), "{policy}");
            // Whatever comes from elsewhere is held to its hash.
            assert_eq!(body.matches("https://").count(), body.matches("integrity=\"sha384-").count());
            continue;
        }
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["cross-origin-resource-policy"], "same-origin");
    }
    assert_eq!(get_as("/schema.graphql", &[HERE]).await.1, "type Query { a: Int }");
}

#[tokio::test]
async fn the_setup_holds_roles_and_examples() {
    let (_, body) = get_as("/page/setup.json", &[HERE]).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        json!({
            "roles": [{ "role": "service", "description": "Customer <service>.", "token": "a.b.c" }],
            "examples": [{ "title": "Who", "query": "{ viewer { subject } }", "variables": { "a": 1 } }],
        })
    );
}

#[tokio::test]
async fn tokens_are_for_this_machine_alone() {
    let refused: [&[(&str, &str)]; 8] = [
        &[],
        &[("host", "evil.example.com:3600")],
        &[("host", "127.0.0.1.evil.example.com:3600")],
        &[("host", "192.168.1.7:3600")],
        &[HERE, ("origin", "https://evil.example.com")],
        &[HERE, ("origin", "null")],
        &[HERE, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
        &[HERE, ("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")],
    ];
    for headers in refused {
        let (response, body) = get_as("/page/setup.json", headers).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert!(!body.contains("a.b.c"));
    }
    let taken: [&[(&str, &str)]; 5] = [
        &[("host", "localhost:3600")],
        &[("host", "localhost")],
        &[("host", "[::1]:3600")],
        &[HERE, ("origin", "http://127.0.0.1:3600"), ("sec-fetch-site", "same-origin")],
        &[HERE, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
    ];
    for headers in taken {
        assert_eq!(get_as("/page/setup.json", headers).await.0.status(), StatusCode::OK, "{headers:?}");
    }
}

#[test]
fn nothing_is_fetched_from_elsewhere_and_nothing_stands_inline() {
    for (path, _, content) in FILES {
        let outside = content.replace("http://www.w3.org/2000/svg", "");
        // GraphiQL is what this page is for; each of its files is held to a hash, and it is not fetched unless opened.
        let outside = if *path == GUEST { outside.replace("https://cdn.jsdelivr.net/npm/", "") } else { outside };
        assert!(!outside.contains("http://") && !outside.contains("https://"), "{path} names another host");
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " onclick=", " style="]
        {
            assert!(!content.contains(word), "{path} contains {word}");
        }
    }
}
