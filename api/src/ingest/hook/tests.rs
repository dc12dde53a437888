//! Recipes and bodies against all that can be wrong with them: no byte of what is signed may change, nothing that is sent
//! makes a reader panic, and what cannot be read is kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::Utc;
use proptest::prelude::*;

use super::body::Delivery;
use super::recipe::Recipe;
use super::section::Hook;
use super::vectors::VECTORS;
use super::verify::{Proof, Request};
use crate::ingest::envelope::RejectCode;
use crate::ingest::lines::Origin;
use crate::ingest::mapping::Mapping;

const MAPPING: &str = r#"
key = "desk"
silo = "support"
[hook]
recipe = "shared-token"
stream = { first = [{ path = "@item/kind", fn = [{ lookup = { table = "streams", missing = "null" } }] }, "@item/kind"] }
ignore = { path = "@item/kind", equals = "ping" }
[lookup.streams]
"ticket.new" = "tickets"
[[stream]]
name = "tickets"
key = "/id"
[[stream.row]]
table = "ticket"
profile = false
[stream.row.fields]
status = { value = "OPEN" }
subject = "/subject"
opened_at = "@received_at"
[[stream]]
name = "others"
ignore = true
"#;

fn hook(mapping: &Mapping) -> Hook {
    mapping.hook.hook().unwrap()
}

/// A proof, as any request with the right token has it.
fn proof(hook: &Hook) -> Proof {
    let keys = hook.recipe.keys(&["word"]).unwrap();
    let headers =
        HeaderMap::from_iter([(HeaderName::from_static("x-webhook-token"), HeaderValue::from_static("word"))]);
    hook.recipe.verify(&keys, &Request { method: "POST", uri: "", headers: &headers, body: b"" }, Utc::now()).unwrap()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Vec<Delivery> {
    let mapping = Mapping::parse(MAPPING).unwrap();
    let hook = hook(&mapping);
    hook.read(&mapping, &Origin::new("desk"), &proof(&hook), headers, body)
}

/// Stream and payload of each record; of a refused one its code and payload.
fn records(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    let items = read(headers, body).into_iter().flat_map(|delivery| delivery.items);
    let shown = items.map(|item| match item {
        Ok(envelope) => (envelope.stream, envelope.payload.to_string()),
        Err(refused) => (refused.reject.code.as_str().to_owned(), refused.envelope.payload.to_string()),
    });
    shown.collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(stream, payload)| ((*stream).to_owned(), (*payload).to_owned())).collect()
}

fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

#[test]
fn one_record_or_a_list_is_read_as_it_was_sent() {
    let none = HeaderMap::new();
    let one = r#"{"kind" : "ticket.new", "n": 1.50}"#;
    assert_eq!(records(&none, one.as_bytes()), pairs(&[("tickets", one)]));
    let many = format!(r#"[{one}, {{"kind":"ping"}}, {{"kind":"ticket.gone"}}, {{"x":1}}]"#);
    let expected = [("tickets", one), ("ticket.gone", r#"{"kind":"ticket.gone"}"#), ("UNKNOWN_STREAM", r#"[{"x":1}]"#)];
    assert_eq!(records(&none, many.as_bytes()), pairs(&expected));
    assert!(read(&none, b"").is_empty());
}

#[test]
fn what_cannot_be_read_is_kept() {
    let none = HeaderMap::new();
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    for (body, code, kept) in [
        (&b"{broken"[..], RejectCode::BrokenJson, "{broken"),
        (b"{\"a\":\"\xff\"}", RejectCode::InvalidUtf8, "{\"a\":\"\u{fffd}\"}"),
        (b"{\"a\":\"\\u0000\"}", RejectCode::NulCharacter, "{\"a\":\"\\u0000\"}"),
        (b"{\"a\":\"\0\"}", RejectCode::NulCharacter, "{\"a\":\"\"}"),
        (deep.as_bytes(), RejectCode::TooDeep, &deep),
    ] {
        assert_eq!(records(&none, body), pairs(&[(code.as_str(), kept)]));
    }
    let many = format!("[{}]", vec!["{}"; 5_001].join(","));
    assert_eq!(records(&none, many.as_bytes())[0].0, "TOO_LARGE");
}

#[test]
fn cloud_events_are_read_in_all_three_forms() {
    let event = r#"{"specversion":"1.0","id":"1","source":"/desk","type":"tickets","time":"2026-11-02T08:00:00Z","data":{"id": 7}}"#;
    let structured = headers(&[("content-type", "application/cloudevents+json; charset=utf-8")]);
    let batch = headers(&[("content-type", "application/cloudevents-batch+json")]);
    let binary = headers(&[
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/desk"),
        ("ce-type", "tickets"),
        ("ce-time", "2026-11-02T08:00:00Z"),
    ]);
    let list = format!("[{event}]");
    for (headers, body) in [(&structured, event), (&batch, &list), (&binary, r#"{"id": 7}"#)] {
        let deliveries = read(headers, body.as_bytes());
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].ids, ["event:/desk 1"]);
        let envelope = deliveries[0].items[0].as_ref().unwrap();
        assert_eq!((envelope.stream.as_str(), &*envelope.payload), ("tickets", r#"{"id": 7}"#));
        assert_eq!(envelope.occurred_at.unwrap().to_rfc3339(), "2026-11-02T08:00:00+00:00");
        assert_eq!(envelope.dedupe_key.as_deref(), Some("event:/desk 1"));
    }
    let of = |more: &str| format!(r#"{{"specversion":"1.0","id":"1","source":"s","type":"t"{more}}}"#);
    let read = |text: &str| records(&structured, text.as_bytes()).swap_remove(0);
    assert_eq!(read(&of(r#","data_base64":"eyJhIjoxfQ==""#)), ("t".to_owned(), r#"{"a":1}"#.to_owned()));
    for (text, code) in [
        (of(""), "MISSING_FIELD"),
        (of(r#","data_base64":"!""#), "WRONG_TYPE"),
        (of(r#","data_base64":"/w==""#), "INVALID_UTF8"),
        (of(r#","data":1,"time":"soon""#), "WRONG_TYPE"),
        (of(r#","data":1"#).replace("1.0", "0.3"), "UNKNOWN_VALUE"),
        (of(r#","data":1"#).replace("\"id\"", "\"no\""), "MISSING_FIELD"),
    ] {
        assert_eq!(read(&text).0, code, "{text}");
    }
    assert_eq!(records(&batch, event.as_bytes())[0].0, "BROKEN_JSON");
    // What stands in the body of a binary event is data, and cannot become an attribute.
    assert_eq!(records(&binary, br#"{},"type":"others""#)[0].0, "BROKEN_JSON");
}

#[test]
fn a_recipe_that_proves_nothing_is_refused() {
    let base = "name = 'x'\nsignature = 'x-s'\n";
    for (text, part) in [
        ("signed = '{ts}{body}'", "line 3: the signed text holds {ts}"),
        ("signed = '{id}{body}'", "the signed text holds {id}"),
        ("signed = '{id}{body}'\nid = { body = '/id' }", "the signed text holds {id}"),
        ("signed = '{body}'\ntimestamp = { header = 't', format = 'unix' }", "proves nothing"),
        ("signed = '{ts}'", "must hold {body}"),
        ("signed = '{body}'\nhash = 'md5'", "unknown hash `md5`; known are sha256, sha1, sha512"),
        ("signed = '{body}'\nencoding = 'base32'", "unknown encoding"),
        ("signed = '{body}'\nsecret = 'hex'", "unknown form of a secret"),
        ("signed = '{body}'\nscheme = 'rsa'", "unknown scheme `rsa`"),
        ("signed = '{body}'\nid = { body = 'id' }", "begins with a slash"),
        ("signed = '{body}'\ncolour = 1", "line 4: unknown key `colour` in the file"),
        ("", "needs `signed`"),
    ] {
        let error = Recipe::parse(&format!("{base}{text}")).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let keys = |name: &str, secret| super::shipped::find(name).unwrap().unwrap().keys(&["whsec_YWJj", secret]);
    assert_eq!(keys("standard-webhooks", "no base64!").unwrap_err().0, 1);
    assert!(keys("basic", "a:b").is_err(), "the first has no user");
}

proptest! {
    #[test]
    fn no_byte_of_what_is_signed_may_change(index in any::<prop::sample::Index>(), mask in 1_u8..) {
        for vector in VECTORS.iter().filter(|vector| vector.signs()) {
            let mut body = vector.body.as_bytes().to_vec();
            let at = index.index(body.len());
            body[at] ^= mask;
            let refused = vector.changed(&vector.map(), &body);
            prop_assert!(refused.is_err());
        }
    }

    #[test]
    fn no_byte_of_a_header_may_change(index in any::<prop::sample::Index>(), to in 0x21_u8..0x7f) {
        for vector in VECTORS {
            for (name, value) in vector.headers {
                let mut bytes = value.as_bytes().to_vec();
                let at = index.index(bytes.len());
                // Capitals mean the same in hexadecimal digits and in the name of a scheme, and Stripe's header has parts that
                // are no signature of ours.
                if bytes[at].eq_ignore_ascii_case(&to) || *name == "stripe-signature" {
                    continue;
                }
                bytes[at] = to;
                let mut headers = vector.map();
                headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(&bytes).unwrap());
                prop_assert!(vector.changed(&headers, vector.body.as_bytes()).is_err(), "{} {name} {at} {to}", vector.body);
            }
        }
    }

    #[test]
    fn no_head_makes_a_recipe_panic(values in prop::collection::vec(prop::collection::vec(0x20_u8..0x7f, 0..60), 4), body in prop::collection::vec(any::<u8>(), 0..40)) {
        for vector in VECTORS {
            let mut headers = vector.map();
            for ((name, _), value) in vector.headers.iter().zip(&values) {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
            }
            prop_assert!(vector.changed(&headers, &body).is_err());
        }
    }

    #[test]
    fn no_body_makes_a_reader_panic_or_is_lost(body in prop::collection::vec(any::<u8>(), 1..200), kind in 0_usize..4) {
        let kinds = ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/x"];
        let headers = headers(&[("content-type", kinds[kind]), ("ce-specversion", "1.0"), ("ce-id", "%ff%00")]);
        let lost = read(&headers, &body).iter().all(|delivery| delivery.items.is_empty());
        prop_assert!(!lost || body.trim_ascii() == b"[]");
    }

    #[test]
    fn no_text_makes_the_reader_of_recipes_panic(text in "\\PC{0,80}", signed in "[{}a-z]{0,20}") {
        let _ = Recipe::parse(&text);
        let _ = Recipe::parse(&format!("name = 'x'\nsignature = 'x-s'\nsigned = '{signed}'"));
    }
}
