//! Limits, costs and variables on a small schema, and that hostile documents are cheap to refuse.

use std::fmt::Write as _;

use async_graphql::Variables;
use proptest::prelude::*;
use serde_json::json;

use super::{Documents, Refusal};
use crate::config::GraphQl;

const SDL: &str = r"
directive @oneOf on INPUT_OBJECT
enum Stage { USAGE RENEWAL }
input By @oneOf { id: ID email: String }
input Filter { stage: Stage! = USAGE, name: String!, deep: [Filter!] }
type PageInfo { hasNextPage: Boolean! }
type Ticket { id: ID! messages(first: Int = 5): [Message!]! }
type Message { id: ID! text: String ticket: Ticket }
type TicketEdge { node: Ticket! cursor: String! }
type TicketConnection { edges: [TicketEdge!]! nodes: [Ticket!]! pageInfo: PageInfo! }
interface Node { id: ID! }
type Customer implements Node { id: ID! name: String identifiers: [Identifier!]! tags: [String!]! tickets(first: Int, last: Int): TicketConnection! friend: Customer }
type Identifier { value: String }
union Found = Customer | Ticket
type Query { customer(by: By): Customer customers(first: Int, filter: Filter): [Customer!]! found: Found node(id: ID!): Node stage(is: Stage, many: [Int!]): Int }
type Mutation { rename(id: ID!): Customer }
";

fn documents() -> Documents {
    Documents::try_new(SDL, &GraphQl::default()).unwrap()
}

fn refused(text: &str) -> (&'static str, String) {
    let refusal = documents().check(text).unwrap_err();
    (refusal.code.as_str(), refusal.message)
}

fn cost(text: &str, variables: serde_json::Value) -> Result<u32, Refusal> {
    let documents = documents();
    let checked = documents.check(text)?;
    checked.operation(None)?.cost(&Variables::from_json(variables), documents.limits())
}

#[test]
fn each_limit_is_named_with_its_setting() {
    let many = |count: usize, part: &str| format!("{{ {} }}", part.repeat(count));
    let deep = |levels: usize| format!("{}id{}", "{ friend ".repeat(levels), "}".repeat(levels));
    let aliases: String = (0..31).fold(String::new(), |mut text, n| {
        let _ = write!(text, "a{n}: id ");
        text
    });
    let fragments: String = (0..51).fold("{ id }".into(), |mut text, n| {
        let _ = write!(text, " fragment F{n} on Query {{ id }}");
        text
    });
    let operations: String = (0..21).fold(String::new(), |mut text, n| {
        let _ = write!(text, "query Q{n} {{ id }} ");
        text
    });
    for (text, setting) in [
        (many(9_000, "a "), "max_document_bytes"),
        (many(2_000, "a "), "max_tokens"),
        (format!("{{ customer {} }}", deep(12)), "max_depth"),
        (format!("{{ customer {{ {aliases} }} }}"), "max_aliases"),
        (many(21, "id "), "max_root_fields"),
        (fragments, "max_fragments"),
        (operations, "max_operations"),
        (format!("{{ customer {{ {} }} }}", "id @include(if: true) ".repeat(21)), "max_directives"),
        (format!("{{ customer {} id {} }}", "{ ...on Customer ".repeat(32) + "{", "}".repeat(33)), "max_nesting"),
    ] {
        let (code, message) = refused(&text);
        assert_eq!(code, "TOO_COMPLEX", "{message}");
        assert!(message.contains(setting), "{setting}: {message}");
    }
}

#[test]
fn introspection_has_its_own_depth() {
    let of_type = |levels: usize| format!("{}name{}", "ofType { ".repeat(levels), "}".repeat(levels));
    let text = |levels| format!("{{ __schema {{ types {{ fields {{ type {{ {} }} }} }} }} }}", of_type(levels));
    assert!(documents().check(&text(10)).unwrap().operation(None).unwrap().introspects);
    assert!(refused(&text(20)).1.contains("max_introspection_depth"));
}

#[test]
fn nested_fragments_cost_nothing_to_refuse() {
    for levels in [22, 30, 49] {
        let mut text = "{ customer { ...F0 } }".to_owned();
        for level in 0..levels {
            let _ = write!(text, " fragment F{level} on Customer {{ ...F{0} ...F{0} }}", level + 1);
        }
        let _ = write!(text, " fragment F{levels} on Customer {{ id }}");
        // Expanded one by one, the last of these would take years.
        let (code, message) = refused(&text);
        assert_eq!(code, "TOO_COMPLEX");
        assert!(message.contains("max_selections"), "{message}");
    }
}

#[test]
fn a_document_weighs_what_is_kept_of_it() {
    let weigh = |operations: usize| {
        let mut text = format!("fragment F on Customer {{ {} }}", "id ".repeat(500));
        for n in 0..operations {
            let _ = write!(text, " query Q{n} {{ customer {{ ...F }} }}");
        }
        documents().check(&text).unwrap().bytes
    };
    // Each operation is kept with the fragment it uses, although the text has that once.
    assert!(weigh(1) > 2 * 500 * 200, "{}", weigh(1));
    assert!(weigh(20) > 10 * weigh(1), "{} {}", weigh(20), weigh(1));
}

#[test]
fn fragments_in_circles_are_refused() {
    let (code, message) = refused("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }");
    assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
    assert!(message.contains("contains itself"));
    assert_eq!(refused("{ id } fragment A on Query { ...A }").0, "GRAPHQL_VALIDATION_FAILED");
}

#[test]
fn what_is_no_graphql_says_where() {
    let refusal = documents().check("{ customer(").unwrap_err();
    assert_eq!(refusal.code.as_str(), "GRAPHQL_PARSE_FAILED");
    assert_eq!((refusal.locations[0].line, refusal.locations[0].column), (1, 12));
    assert!(refusal.message.starts_with("The document is not GraphQL: expected "), "{}", refusal.message);
    assert_eq!(refused("{ a(b: \"\0\") }").0, "BAD_USER_INPUT");
    assert_eq!(refused(r#"{ a(b: "\u0000") }"#).0, "BAD_USER_INPUT");
    assert_eq!(refused(&format!("{{ a(b: {}{}) }}", "[".repeat(900), "]".repeat(900))).0, "TOO_COMPLEX");
    assert_eq!(refused(&format!("query ($a: {}Int{}) {{ a }}", "[".repeat(900), "]".repeat(900))).0, "TOO_COMPLEX");
}

#[test]
fn cost_counts_objects() {
    let none = || json!({});
    assert_eq!(cost("{ stage }", none()), Ok(1));
    assert_eq!(cost("{ customer { id name tags } }", none()), Ok(2));
    assert_eq!(cost("{ customers(first: 3) { id } }", none()), Ok(4));
    assert_eq!(cost("{ customers { id } }", none()), Ok(21));
    assert_eq!(cost("{ customers(first: 2) { identifiers { value } } }", none()), Ok(1 + 2 * 11));
    let tickets = "{ customer { tickets(first: 5) { edges { node { messages { id } } } pageInfo { hasNextPage } } } }";
    assert_eq!(cost(tickets, none()), Ok(1 + 1 + 5 * (1 + 5)));
    assert_eq!(cost("{ customer { tickets(first: 1, last: 9) { nodes { id } } } }", none()), Ok(2 + 9));
    let fragment = "{ customer { tickets(first: 5) { ...T } } } fragment T on TicketConnection { nodes { id } }";
    assert_eq!(cost(fragment, none()), Ok(2 + 5));
    assert_eq!(cost("{ found { ... on Customer { identifiers { value } } } }", none()), Ok(2 + 10));
    assert_eq!(cost("mutation { rename(id: 1) { id } }", none()), Ok(2));
}

/// The published schema, so that a field which the rules do not fit is seen.
#[test]
fn cost_counts_what_the_real_schema_may_answer() {
    let documents = Documents::try_new(include_str!("../../../../schema.graphql"), &GraphQl::default()).unwrap();
    let cost = |text: &str| {
        let checked = documents.check(text).unwrap();
        let cost = checked.operation(None).unwrap().cost(&Variables::default(), documents.limits());
        cost.map_err(|refusal| refusal.message)
    };
    let search = |first: &str, inner: &str| {
        format!("{{ search(text: \"ab\"{first}) {{ more hits {{ score customer {{ {inner} }} }} }} }}")
    };
    assert_eq!(cost(&search("", "id")), Ok(1 + 1 + 20 * 2));
    assert_eq!(cost(&search(", first: 100", "id")), Ok(1 + 1 + 100 * 2));
    let refused = cost(&search(", first: 100", "timeline(first: 100) { nodes { kind } }")).unwrap_err();
    assert!(refused.contains("10202 objects"), "{refused}");
    assert_eq!(
        cost("{ customers(first: 3) { nodes { support { tickets { nodes { id } } } } } }"),
        Ok(1 + 3 * (1 + 1 + 20))
    );
    assert_eq!(cost("{ customers(first: 3) { edges { node { identifiers { value } } } } }"), Ok(1 + 3 * (1 + 10)));
}

#[test]
fn cost_follows_the_variables() {
    let text = "query ($n: Int = 7) { customers(first: $n) { tickets(first: $n) { nodes { id } } } }";
    let of = |n: u32| 1 + n * (1 + n);
    assert_eq!(cost(text, json!({})), Ok(of(7)));
    assert_eq!(cost(text, json!({ "n": 3 })), Ok(of(3)));
    assert_eq!(cost(text, json!({ "n": null })), Ok(of(20)));
    assert_eq!(cost(text, json!({ "n": -5 })), Ok(of(0)));
    let refusal = cost(text, json!({ "n": 1_000_000_000_000_u64 })).unwrap_err();
    assert_eq!(refusal.code.as_str(), "TOO_COMPLEX");
    assert!(refusal.message.contains("10101 objects") && refusal.message.contains("graphql.max_cost"));
}

fn variables(text: &str, given: serde_json::Value) -> Result<(), String> {
    let documents = documents();
    let checked = documents.check(text).unwrap();
    let given = Variables::from_json(given);
    checked.operation(None).unwrap().check_variables(&given, &documents).map_err(|refusal| {
        assert_eq!(refusal.code.as_str(), "BAD_USER_INPUT");
        refusal.message
    })
}

#[test]
fn variables_must_fit() {
    let by = "query ($by: By!) { customer(by: $by) { id } }";
    assert_eq!(variables(by, json!({ "by": { "id": "7" } })), Ok(()));
    assert!(variables(by, json!({})).unwrap_err().contains("$by of type By! is required"));
    assert!(variables(by, json!({ "by": null })).unwrap_err().contains("must not be null"));
    assert!(variables(by, json!({ "by": {} })).unwrap_err().contains("exactly one"));
    assert!(variables(by, json!({ "by": { "id": 1, "email": "x" } })).unwrap_err().contains("exactly one"));
    assert!(variables(by, json!({ "by": { "phone": "x" } })).unwrap_err().contains("at phone is no field"));
    let filter = "query ($f: Filter) { customers(filter: $f) { id } }";
    assert_eq!(variables(filter, json!({ "f": { "name": "a", "stage": "USAGE" } })), Ok(()));
    let deep = json!({ "f": { "name": "a", "deep": [{ "name": "b" }, { "name": 5 }] } });
    assert!(variables(filter, deep).unwrap_err().contains("at deep.1.name must be String"));
    assert!(variables(filter, json!({ "f": {} })).unwrap_err().contains("at name is required"));
    assert!(variables(filter, json!({ "f": { "name": "a", "stage": "GONE" } })).unwrap_err().contains("must be Stage"));
    let many = "query ($m: [Int!]) { stage(many: $m) }";
    assert_eq!(variables(many, json!({ "m": 5 })), Ok(()));
    assert!(variables(many, json!({ "m": [1, null] })).unwrap_err().contains("at 1 must not be null"));
    assert!(variables(many, json!({ "m": [3_000_000_000_u64] })).unwrap_err().contains("must be Int"));
    assert!(variables(many, json!({ "x": "a\u{0}b" })).unwrap_err().contains("NUL"));
    assert!(variables(many, json!({ "x": "a".repeat(10_001) })).unwrap_err().contains("max_text_bytes"));
    let nested = (0..70).fold(json!(1), |value, _| json!([value]));
    assert!(variables(many, json!({ "x": nested })).unwrap_err().contains("max_json_depth"));
}

#[test]
fn the_operation_is_chosen_by_name() {
    let checked = documents().check("query A { stage } query B { node(id: 1) { id } }").unwrap();
    assert_eq!(checked.operation(Some("B")).unwrap().name.as_deref(), Some("B"));
    assert!(checked.operation(None).unwrap_err().message.contains("operationName"));
    assert!(checked.operation(Some("C")).is_err());
}

fn selection() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("id".to_owned()), Just("a: name".to_owned()), Just("...F".to_owned())];
    leaf.prop_recursive(6, 64, 5, |inner| {
        prop::collection::vec(inner, 1..5).prop_map(|parts| {
            let parts = parts.join(" ");
            format!("friend {{ {parts} }} ... on Customer {{ {parts} }}")
        })
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "[\\PC\\n\"{}()\\[\\]:$@!#.]{0,400}") {
        let _ = documents().check(&text);
    }

    #[test]
    fn any_brackets_are_answered(text in "[{}\\[\\]()a:\"\\\\ ]{0,2000}") {
        let _ = documents().check(&text);
    }

    #[test]
    fn any_selection_is_within_the_limits_or_refused(text in selection()) {
        let text = format!("{{ customer {{ {text} }} }} fragment F on Customer {{ name }}");
        match documents().check(&text) {
            Ok(checked) => prop_assert!(checked.operation(None).unwrap().cost(&Variables::default(), &GraphQl::default()).is_ok()),
            Err(refusal) => prop_assert_eq!(refusal.code.as_str(), "TOO_COMPLEX"),
        }
    }
}
