//! What expressions give, what they refuse, and that no text and no record makes them slow or fall over.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::ingest::json::Json;
use crate::ingest::lines::Origin;
use crate::ingest::mapping::Facts;
use crate::ingest::mapping::path::Work;

const RECORD: &str = r#"{"id": 7, "status": "deleted", "amount": 1234.50, "huge": 99999999999999999999, "no": null, "private": true,
    "tags": ["vip", "new"], "list": [1, 2.5, 3], "people": [{"name": "Ada", "age": 36}, {"name": "Bob"}],
    "a": {"b": {"c": "deep"}}, "html": "<b>", "opened": "2026-01-02T08:00:00Z", "solved": "2026-01-02T09:30:15+00:00"}"#;

fn on(text: &str, record: &str) -> Result<Val<'static>, String> {
    let root = parse::parse(text, true).map_err(|wrong| wrong.to_string())?;
    let record = Json::parse(record).unwrap();
    let envelope = Origin::new("s").envelope("tickets", None, "");
    let facts = Facts::default();
    let Json::Object(entries) = &record else { panic!("a record is an object") };
    let item = entries.iter().find(|(name, _)| name == "people").map_or(&record, |(_, people)| people);
    let scope = Scope {
        record: &record,
        envelope: &envelope,
        facts: &facts,
        work: &Work::default(),
        item: Some((item, "who", 3)),
    };
    Program { root }.run(&scope).map_err(|problem| {
        assert_eq!(problem.code, RejectCode::ExpressionFailed);
        problem.text
    })
}

fn gives(text: &str) -> String {
    match on(text, RECORD) {
        Ok(Val::Text(text)) => format!("'{text}'"),
        Ok(Val::Number(number)) => number.into_owned(),
        Ok(Val::Bool(truth)) => truth.to_string(),
        Ok(Val::Null) => "null".into(),
        Ok(Val::Texts(texts)) => format!("{texts:?}"),
        Ok(Val::Time(time)) => time.to_rfc3339(),
        Ok(other) => panic!("{text}: {other:?}"),
        Err(problem) => format!("error: {problem}"),
    }
}

#[test]
fn expressions_give_what_cel_gives() {
    for (text, is) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3 - -4", "13"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("7.0 / 2", "3.5"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("1 == 1.0 && 2 > 1.5", "true"),
        ("1 == '1'", "false"),
        ("-9223372036854775808 < 0", "true"),
        ("'a' + \"b\" + r'\\n'", "'ab\\n'"),
        ("'Gr\\u00fc\\n'.size()", "4"),
        ("'abc' < 'abd'", "true"),
        ("true ? 'x' : 1 / 0", "'x'"),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("1 / 0 == 1 || true", "true"),
        ("false && 1 / 0 == 1", "false"),
        ("1 / 0 == 1 && false", "false"),
        ("2 in [1, 2] && !(3 in [1, 2])", "true"),
        ("[1, 2] == [1.0, 2] && [1] != [2]", "true"),
        ("[1, 2][1] + [3][0]", "5"),
        ("[1, 2, 3].exists(x, x > 2) && [1, 2].all(x, x > 0)", "true"),
        ("[1, 2, 2].exists_one(x, x == 2)", "false"),
        ("[1, 2, 3].filter(x, x > 1).map(x, x * 10)", "[\"20\", \"30\"]"),
        ("size([1, 2]) + size('ab') + [].size()", "4"),
        ("'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", "true"),
        ("'aBc'.upperAscii() + 'aBc'.lowerAscii() + ' x '.trim()", "'ABCabcx'"),
        ("'a,b'.split(',').join('-') + 'aa'.replace('a', 'b')", "'a-bbb'"),
        ("'hello'.substring(1, 3) + 'hello'.substring(4) + string('hello'.indexOf('l'))", "'elo2'"),
        ("int('42') + int(3.9) + int(timestamp('1970-01-01T00:00:07Z'))", "52"),
        ("double('1.50')", "1.50"),
        ("string(1.50) + string(true) + string(7)", "'1.50true7'"),
        ("bool('true') && type(1) == int && type('') == string && type(1.5) == double && type([]) == list", "true"),
        ("(timestamp('2026-01-02T09:30:15Z') - timestamp('2026-01-02T08:00:00Z')).getMinutes()", "90"),
        ("timestamp('2026-01-02T09:30:15Z').getFullYear()", "2026"),
        ("timestamp('2026-01-02T09:30:15+02:00').getHours()", "7"),
        (
            "timestamp('2026-01-02T09:30:15Z').getMinutes() * 100 + timestamp('2026-01-02T09:30:15Z').getSeconds()",
            "3015",
        ),
        ("// a remark\n 1", "1"),
    ] {
        assert_eq!(gives(text), is, "{text}");
    }
}

#[test]
fn expressions_read_the_record() {
    for (text, is) in [
        ("record.status == 'deleted' && record['id'] == 7", "true"),
        ("record.amount", "1234.50"),
        ("record.amount * 2", "2469.00"),
        ("record.huge > 1", "true"),
        ("record.a.b.c + record.a['b'].c", "'deepdeep'"),
        // What is not there is null, and null is not true.
        ("record.missing.deeper", "null"),
        ("record.missing == 'x' || record.no", "false"),
        ("!record.missing && record.private", "true"),
        ("record.missing ? 1 : 2", "2"),
        ("has(record.no) && !has(record.missing) && !has(record.missing.deeper)", "true"),
        ("record.tags", "[\"vip\", \"new\"]"),
        ("'vip' in record.tags && 'id' in record && !('x' in record.missing)", "true"),
        ("record.people.exists(p, p.name == 'Ada' && p.age > 30)", "true"),
        ("record.people.filter(p, has(p.age)).map(p, p.name)[0]", "'Ada'"),
        ("record.list.map(x, x * 2).filter(x, x > 2)", "[\"5.0\", \"6\"]"),
        ("record.list == [1, 2.5, 3]", "true"),
        ("(timestamp(record.solved) - timestamp(record.opened)).getSeconds()", "5415"),
        ("stream + ':' + key + ':' + string(index) + ':' + item[0].name", "'tickets:who:3:Ada'"),
        ("occurred_at == null && type(received_at) == timestamp", "true"),
        ("record.missing.contains('x')", "null"),
        ("size(record.people) + size(record.missing)", "2"),
    ] {
        assert_eq!(gives(text), is, "{text}");
    }
}

#[test]
fn what_cannot_be_worked_out_says_why_without_the_values() {
    for (text, says) in [
        ("1 / 0", "divides by zero"),
        ("9223372036854775807 + 1", "too large"),
        ("record.status < 1", "`<` was given string and int"),
        ("record.missing > 1", "`>` was given null_type and int"),
        ("record.status + 1", "`+` was given string and int"),
        ("record.status && true", "true or false was expected, not string"),
        ("record.status.name", "a field is asked of a string"),
        ("record.a", "gives an object"),
        ("record.people", "a list of lists or objects"),
        ("record.a == record.a", "compared by their fields"),
        ("int('x')", "no whole number"),
        ("timestamp('soon')", "no time with its zone"),
        ("record.id.contains('7')", "`contains` was given int"),
        ("timestamp(record.solved) - timestamp(record.opened)", "a span of time"),
        ("-record.status", "`-` was given string"),
    ] {
        let told = gives(text);
        assert!(told.contains("cannot be worked out: ") && told.contains(says), "{text}: {told}");
        assert!(!told.contains("deleted"), "{told}");
    }
}

#[test]
fn what_is_no_expression_says_where() {
    let wrong = |text: &str| parse::parse(text, false).unwrap_err().to_string();
    for (text, says) in [
        ("", "it ends where a value was expected (character 1)"),
        ("1 +", "it ends where a value was expected (character 4)"),
        ("1 1", "it goes on where it should end (character 3)"),
        ("rekord.x", "unknown name `rekord`; known are record"),
        ("item.x", "means something only beside `for_each`"),
        ("record.x = 1", "it goes on where it should end (character 10)"),
        ("record.x.matches('a')", "unknown function `matches`"),
        ("size(1, 2)", "`size` is not called like this"),
        ("has(record)", "`has` takes one field"),
        ("'abc", "a text has no end"),
        ("'\\q'", "an unknown escape"),
        ("ä", "`ä` means nothing here"),
        ("1e400", "the number is too large"),
        ("[1].all(x, [2].all(y, y == x))", "stands within another macro"),
        ("[1].map(record, 1)", "`record` has a meaning already"),
        ("{'a': 1}", "`{` means nothing here"),
    ] {
        let told = wrong(text);
        assert!(told.contains(says), "{text}: {told}");
    }
    assert!(wrong(&"1".repeat(MAX_BYTES + 1)).contains("longer than"));
}

/// The inputs that are hard for readers of such languages: each is read, or refused, at once.
#[test]
fn no_text_is_dear_to_read() {
    let times = |text: &str| text.repeat(MAX_BYTES / text.len());
    let deep = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for (text, is_read) in [
        (times("!!(!!!!!!(!!!!(((((!!(!!(!!!!(("), false),
        (times("("), false),
        (times("["), false),
        (times("!"), false),
        (times("-"), false),
        (times("a."), false),
        (times("'"), false),
        (times("\\"), false),
        (times("true ? "), false),
        (times("[1].all(x, "), false),
        (deep("(", ")", MAX_DEPTH - 1), true),
        (deep("[", "]", MAX_DEPTH - 1), true),
        (deep("(", ")", MAX_DEPTH), false),
        (deep("[", "]", MAX_DEPTH), false),
        (format!("record{}", ".a".repeat(MAX_DEPTH)), false),
        (vec!["1"; MAX_DEPTH + 1].join(" + "), false),
        // A long row of conditions is not deep.
        (vec!["record.status == 'x'"; 1_200].join(" || "), true),
        (format!("record.id in [{}]", vec!["1"; 8_000].join(", ")), true),
    ] {
        let begun = Instant::now();
        assert_eq!(parse::parse(&text, false).is_ok(), is_read, "{}", &text[..40.min(text.len())]);
        assert!(begun.elapsed() < Duration::from_secs(2), "{}", &text[..40]);
    }
}

/// What an expression can do worst to the largest record is over soon, and the same every time.
#[test]
fn no_expression_is_dear_to_work_out() {
    let text = "x".repeat(500 << 10);
    let numbers = vec!["1"; 200_000].join(",");
    let record = format!(r#"{{"text":"{text}","list":[{numbers}]}}"#);
    for (expression, is) in [
        ("record.list.map(x, string(x) + record.text).size() > 0", Err("too much work")),
        ("record.list.all(x, !record.text.contains('y' + string(x)))", Err("too much work")),
        ("record.list.exists(x, x in record.list && x == 2)", Err("too much work")),
        ("record.list.filter(x, record.list == record.list)", Err("too much work")),
        ("record.text.replace('x', record.text)", Err("too much work")),
        ("record.text.split('x').map(x, record.text).join(record.text)", Err("too much work")),
        ("record.list.exists(x, x == 2)", Ok(Val::Bool(false))),
        ("record.text.contains('y')", Ok(Val::Bool(false))),
    ] {
        let begun = Instant::now();
        match (on(expression, &record), is) {
            (Ok(value), Ok(is)) => assert_eq!(value, is, "{expression}"),
            (Err(told), Err(says)) => assert!(told.contains(says), "{expression}: {told}"),
            (found, _) => panic!("{expression}: {:?}", found.map(|_| "a value")),
        }
        // A debug build on a busy machine; a release build takes some tens of milliseconds.
        assert!(begun.elapsed() < Duration::from_secs(10), "{expression}: {:?}", begun.elapsed());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_it_panic(
        text in any::<String>(),
        words in prop::collection::vec(
            prop::sample::select(vec![
                "record", ".", "status", "people", "list", "(", ")", "[", "]", "1", "2.5", "'a'", "+", "-", "*", "/", "%", "==", "<", "in",
                "&&", "||", "!", "?", ":", ",", ".all(x,", ".map(x,", "x", "size(", "has(", "null", "item", "index", ".split(", "timestamp(", "int(",
            ]),
            0..24,
        ),
    ) {
        let _ = on(&text, RECORD);
        let joined = words.join(" ");
        // The same expression and record give the same, whenever they are asked.
        prop_assert_eq!(on(&joined, RECORD), on(&joined, RECORD));
    }
}
