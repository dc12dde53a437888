//! What happens on the web site: pages and deeds by Segment's specification, sessions from the analytics system. Visitors
//! have a cookie first and a name later, if ever; the screen in the showroom has one cookie for everybody.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::company;
use super::dice::{Clock, Dice};
use super::person::Person;
use super::row::{Row, envelope};
use super::text::Language;
use crate::ingest::envelope::Envelope;

const TRACKING: &str = "auental-web";
const SESSIONS: &str = "auental-web-sessions";
const SITE: &str = "https://www.auental.example.com";

/// Pages: name, path, touchpoint.
const PAGES: [(&str, &str, &str); 7] = [
    ("Home", "/", "website"),
    ("Product", "/heat-pumps/silenta", "website"),
    ("Product", "/solar/roof", "website"),
    ("Shop", "/shop", "shop"),
    ("Portal", "/portal", "portal"),
    ("Invoices", "/portal/invoices", "invoice"),
    ("Cancellation", "/portal/cancel", "cancellation-page"),
];

/// Everything of a person.
pub(super) fn person(person: &Person, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    if dice.chance(0.3) {
        return;
    }
    let visitor = Visitor { cookie: person.cookie(), user: Some(format!("u-{}", person.index + 1001)) };
    let identified = person.since;
    let mut events = Events { visitor: &visitor, clock, count: 0 };
    let leaving = person.stage == "RENEWAL" && person.mood < 0.5;
    for visit in 0..=dice.count(2.3 * person.level) {
        // Some looked around for weeks before they said who they are.
        let days = if visit == 0 { identified + dice.between(0, 20) } else { person.some_day(dice) };
        let anonymous = days > identified;
        let page = match dice.weighted(&[(0, 4), (1, 4), (2, 2), (3, 3), (4, 5), (5, 3)]) {
            _ if leaving && dice.chance(0.3) => PAGES[6],
            4 | 5 if anonymous => PAGES[0],
            page => PAGES[page],
        };
        let at = clock.ago(dice, days);
        session(person, &visitor, visit, anonymous, page, at, clock, dice, out);
        out.push(events.page(page, anonymous, at));
        if dice.chance(0.5) {
            let (event, properties) = deed(page.0, dice);
            out.push(events.track(event, &properties, anonymous, clock.later(at, 2)));
        }
    }
    let at = clock.ago(dice, identified);
    out.push(events.identify(&traits(person, dice), person.language, at));
    if let Some(company) = &person.company {
        out.push(events.group(
            &company.number,
            &json!({
                "name": company.name, "industry": company.industry, "website": format!("https://{}", company.domain),
            }),
            at,
        ));
    }
}

/// Everything of a visitor without a name.
pub(super) fn anonymous(index: usize, clock: &Clock, dice: &mut Dice, out: &mut Vec<Envelope>) {
    let visitor = Visitor { cookie: format!("c-visitor-{index}"), user: None };
    let mut events = Events { visitor: &visitor, clock, count: 0 };
    for visit in 0..=dice.count(1.5) {
        let days = dice.between(1, 120);
        let (at, page) = (clock.ago(dice, days), PAGES[dice.position(4)]);
        let row = visit_row(&visitor, visit, page, at, dice);
        out.push(row.set("bounced", "true").set("pages", "1").set("converted", "false").done(clock));
        out.push(events.page(page, true, at));
    }
}

fn traits(person: &Person, dice: &mut Dice) -> Value {
    let mut traits = json!({
        "email": person.email_as_typed(dice), "firstName": person.given, "lastName": person.family,
        "name": person.name(),
    });
    if let Some(phone) = person.place.phone(dice.position(3)).filter(|_| dice.chance(0.2)) {
        traits["phone"] = international(&phone, person.place.country).into();
    }
    traits
}

/// The site's form asks for the country code.
fn international(phone: &str, country: &str) -> String {
    match phone.strip_prefix('0').filter(|rest| !rest.starts_with('0')) {
        Some(rest) => format!("{}{rest}", if country == "DE" { "+49" } else { "+44" }),
        None => phone.to_owned(),
    }
}

fn deed(page: &str, dice: &mut Dice) -> (&'static str, Value) {
    match page {
        "Shop" => {
            let product = company::machine(dice);
            let revenue = product.cents / 100;
            ("Order Completed", json!({"revenue": revenue, "currency": "EUR", "product_id": product.key}))
        }
        "Cancellation" => ("Cancellation Started", json!({"step": 1})),
        "Portal" | "Invoices" => ("Invoice Downloaded", json!({"year": "last"})),
        _ => ("Offer Requested", json!({"product_id": company::machine(dice).key})),
    }
}

/// Whoever sits before the screen.
pub(super) struct Visitor {
    pub(super) cookie: String,
    pub(super) user: Option<String>,
}

/// The tracking events of a visitor.
pub(super) struct Events<'a> {
    pub(super) visitor: &'a Visitor,
    pub(super) clock: &'a Clock,
    pub(super) count: usize,
}

impl Events<'_> {
    /// A page was looked at.
    pub(super) fn page(&mut self, page: (&str, &str, &str), anonymous: bool, at: DateTime<Utc>) -> Envelope {
        let url = format!("{SITE}{}", page.1);
        self.message(
            json!({"type": "page", "name": page.0, "properties": {"url": url, "title": page.0}}),
            anonymous,
            at,
        )
    }

    /// Something was done.
    pub(super) fn track(&mut self, event: &str, properties: &Value, anonymous: bool, at: DateTime<Utc>) -> Envelope {
        self.message(json!({"type": "track", "event": event, "properties": properties}), anonymous, at)
    }

    /// The visitor said who they are.
    pub(super) fn identify(&mut self, traits: &Value, language: Language, at: DateTime<Utc>) -> Envelope {
        let locale = if language == Language::German { "de-DE" } else { "en-GB" };
        self.message(json!({"type": "identify", "traits": traits, "context": {"locale": locale}}), false, at)
    }

    fn group(&mut self, company: &str, traits: &Value, at: DateTime<Utc>) -> Envelope {
        self.message(json!({"type": "group", "groupId": company, "traits": traits}), false, at)
    }

    fn message(&mut self, mut message: Value, anonymous: bool, at: DateTime<Utc>) -> Envelope {
        self.count += 1;
        let id = format!("m-{}-{}", self.visitor.cookie, self.count);
        message["anonymousId"] = self.visitor.cookie.as_str().into();
        if let Some(user) = self.visitor.user.as_ref().filter(|_| !anonymous) {
            message["userId"] = user.as_str().into();
        }
        message["timestamp"] = at.to_rfc3339_opts(SecondsFormat::Millis, true).into();
        message["messageId"] = id.as_str().into();
        let mut envelope = envelope(self.clock, TRACKING, "events", at, message.to_string());
        envelope.dedupe_key = Some(id);
        envelope
    }
}

fn session(
    person: &Person,
    visitor: &Visitor,
    visit: usize,
    anonymous: bool,
    page: (&str, &str, &str),
    at: DateTime<Utc>,
    clock: &Clock,
    dice: &mut Dice,
    out: &mut Vec<Envelope>,
) {
    if dice.chance(0.2) {
        return;
    }
    let row = visit_row(visitor, visit, page, at, dice);
    // The screen in the showroom is everybody's.
    let row = if dice.chance(0.03) { row.set("visitor", "kiosk-showroom-1") } else { row };
    let bounced = dice.chance(0.35);
    let pages = if bounced { 1 } else { dice.between(2, 14) };
    let row = row
        .set("country", person.place.country)
        .set("bounced", if bounced { "true" } else { "false" })
        .set("pages", pages.to_string())
        .set("converted", if !bounced && page.0 == "Shop" && dice.chance(0.4) { "true" } else { "false" })
        .set("duration_seconds", (pages * dice.between(8, 90)).to_string())
        .time("ended_at", clock.later(at, pages));
    let row = match &visitor.user {
        Some(user) if !anonymous => row.set("user_id", user.as_str()),
        _ => row,
    };
    out.push(row.done(clock));
}

/// The cells that every session has.
pub(super) fn visit_row(
    visitor: &Visitor,
    visit: usize,
    page: (&str, &str, &str),
    at: DateTime<Utc>,
    dice: &mut Dice,
) -> Row {
    let (channel, referrer, campaign) = dice.weighted(&[
        (("direct", "", ""), 5),
        (("organic", "https://search.example.net", ""), 5),
        (("paid", "https://search.example.net", "warm-winter"), 2),
        (("email", "", "newsletter-heat-pumps"), 2),
        (("social", "https://social.example.net", "solar-spring"), 1),
    ]);
    Row::new(SESSIONS, "sessions", at)
        .set("id", format!("s-{}-{visit}", visitor.cookie))
        .set("visitor", visitor.cookie.as_str())
        .set("channel", channel)
        .set("referrer", referrer)
        .set("campaign", campaign)
        .set("landing_page", page.1)
        .set("touchpoint", page.2)
        .set("device", dice.pick(&["mobile", "mobile", "desktop", "tablet"]))
        .time("started_at", at)
}

/// A session that the customer service would like to know of: the whole of it on the page for cancelling.
pub(super) fn cancelling(
    visitor: &Visitor,
    visit: usize,
    at: DateTime<Utc>,
    clock: &Clock,
    dice: &mut Dice,
) -> [Envelope; 2] {
    let page = PAGES[6];
    let row =
        visit_row(visitor, visit, page, at, dice).set("channel", "direct").set("referrer", "").set("campaign", "");
    let row = row.maybe("user_id", visitor.user.as_deref()).set("pages", "2").set("bounced", "false");
    let row = row.set("converted", "false").set("duration_seconds", "210").set("country", "DE");
    let mut events = Events { visitor, clock, count: 100 + visit };
    [row.time("ended_at", clock.later(at, 4)).done(clock), events.page(page, false, at)]
}
