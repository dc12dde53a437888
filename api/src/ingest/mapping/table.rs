//! The words a mapping may fill: attributes of a profile, tables and their fields with their types.
//!
//! This is the contract between mappings and silos: a silo's `record.rs` reads exactly these fields. A word that is not
//! here is an error when the mapping is loaded, not a silent loss when records come.

/// What a profile may be said to be. The same names are the keys of GraphQL's `attributes`.
pub const ATTRIBUTES: &[&str] = &[
    "name",
    "given_name",
    "family_name",
    "email",
    "phone",
    "company",
    "birth_date",
    "gender",
    "language",
    "street",
    "postal_code",
    "city",
    "country",
    "customer_number",
    "loyalty_number",
    "stage",
    "owner",
    "segment",
    "industry",
    "website",
    "vat_id",
    "title",
    "churn_reason",
];

/// The silos a source can be of.
pub const SILOS: &[&str] = &["surveys", "sales", "analytics", "support", "reviews", "crm"];

/// Where a customer stands with us.
pub const STAGES: &[&str] =
    &["AWARENESS", "CONSIDERATION", "DECISION", "ONBOARDING", "USAGE", "RENEWAL", "INACTIVE", "TERMINATED"];

const CHANNELS: &[&str] = &["EMAIL", "PHONE", "CHAT", "WEB", "APP", "SOCIAL", "IN_PERSON", "LETTER", "OTHER"];
const QUESTIONS: &[&str] = &["NPS", "CSAT", "CES", "RATING", "EXPECTATION", "CHOICE", "TEXT"];
const DEPARTMENTS: &[&str] = &["SALES", "SERVICE", "MARKETING", "PRODUCT", "MANAGEMENT", "OTHER"];

/// The type of a field, and so what its value is after mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A whole number, as JSON number.
    Integer,
    /// A number that may have a fraction (a rating, a share), as JSON number.
    Number,
    /// An amount: text such as `1234.50`, at most four decimal places.
    Money,
    /// Yes or no.
    Bool,
    /// A point in time: `2026-11-21T22:46:41.358907Z`.
    Time,
    /// A day: `2026-11-21`.
    Date,
    /// A list of texts.
    Texts,
    /// The address of a page: http or https.
    Url,
    /// Another row of the same source: `{"stream", "key", "part"}`.
    Reference,
}

/// A field of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldType,
    /// Whether a row without it is refused.
    pub required: bool,
}

/// Whom a row of a table needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// A profile: without one the record is refused.
    Profile,
    /// A profile, or the one of the row it refers to.
    ProfileOrReference,
    /// Nobody: what every silo refers to.
    Nobody,
}

/// A table that a mapping may fill.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Whom its rows hang on.
    pub belongs: Belongs,
    /// Its fields.
    pub fields: &'static [Field],
}

impl Table {
    /// The table of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

macro_rules! tables {
    ($($name:ident $belongs:ident { $($field:ident: $kind:expr $(, $must:ident)?;)* })*) => {
        /// All tables.
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            belongs: Belongs::$belongs,
            fields: &[$(Field { name: stringify!($field), kind: $kind, required: tables!(@must $($must)?) }),*],
        }),*];
    };
    (@must) => { false };
    (@must required) => { true };
}

use FieldType::{Bool, Choice, Date, Integer, Money, Number, Reference, Text, Texts, Time, Url};

tables! {
    survey Nobody {
        name: Text, required; kind: Choice(&["RELATIONSHIP", "TRANSACTIONAL"]); touchpoint: Text;
        research_stage: Choice(&["IDEA", "CONCEPT", "DESIGN", "BUILD", "OPERATION"]); created_at: Time; source_url: Url;
    }
    survey_invitation Profile {
        survey: Reference; channel: Choice(CHANNELS); touchpoint: Text; sent_at: Time, required; delivered_at: Time;
        answered_at: Time; state: Choice(&["SENT", "DELIVERED", "OPENED", "ANSWERED", "BOUNCED", "EXPIRED"]);
        source_url: Url;
    }
    survey_response Profile {
        survey: Reference; invitation: Reference; touchpoint: Text; channel: Choice(CHANNELS); language: Text;
        finished: Bool; answered_at: Time, required; kind: Choice(QUESTIONS); score: Integer; comment: Text;
        source_url: Url;
    }
    survey_answer ProfileOrReference {
        response: Reference, required; survey: Reference; question_key: Text, required; question: Text;
        kind: Choice(QUESTIONS), required; aspect: Choice(&["PRODUCT", "DELIVERY", "SUPPORT", "COMMUNICATION"]);
        product: Text; raw_value: Text; scale_min: Integer; scale_max: Integer; score: Integer; text: Text;
        position: Integer; answered_at: Time, required; source_url: Url;
    }
    contact_note Profile {
        author: Text; staff: Text; department: Choice(DEPARTMENTS); channel: Choice(CHANNELS);
        direction: Choice(&["INBOUND", "OUTBOUND"]); text: Text, required; stage: Text; amount: Money; currency: Text;
        touchpoint: Text; visibility: Choice(&["ALL", "DEPARTMENT"]); promise_text: Text; promise_due_at: Time;
        removed_at: Time; noted_at: Time, required; source_url: Url;
    }
    opportunity Profile {
        name: Text, required; stage: Text; state: Choice(&["OPEN", "WON", "LOST"]); amount: Money; currency: Text;
        probability: Number; owner: Text; product: Text; opened_at: Time, required; expected_close_on: Date;
        closed_at: Time; lost_reason: Text; source_url: Url;
    }
    purchase Profile {
        number: Text; state: Choice(&["ORDERED", "DELIVERED", "RETURNED"]); amount: Money; currency: Text; product: Text;
        quantity: Number; touchpoint: Text; ordered_at: Time, required; delivered_at: Time; returned_at: Time;
        source_url: Url;
    }
    contract Profile {
        number: Text; product: Text; state: Choice(&["ACTIVE", "CANCELLED", "ENDED"]); amount: Money; currency: Text;
        starts_on: Date, required; ends_on: Date; notice_by: Date; cancelled_at: Time; cancellation_reason: Text;
        owner: Text; source_url: Url;
    }
    web_session Profile {
        started_at: Time, required; ended_at: Time; channel: Text; referrer: Text; campaign: Text; landing_page: Text;
        pages: Integer; bounced: Bool; converted: Bool; duration_seconds: Integer; device: Text; country: Text;
        product: Text; touchpoint: Text; source_url: Url;
    }
    web_event ProfileOrReference {
        session: Reference; name: Text, required; kind: Choice(&["PAGE", "SCREEN", "TRACK"]); url: Text; title: Text;
        amount: Money; currency: Text; product: Text; touchpoint: Text; occurred_at: Time, required; source_url: Url;
    }
    ticket Profile {
        number: Text; kind: Choice(&["QUESTION", "PROBLEM", "COMPLAINT", "REQUEST"]);
        status: Choice(&["NEW", "OPEN", "PENDING", "ON_HOLD", "SOLVED", "CLOSED"]), required;
        priority: Choice(&["LOW", "NORMAL", "HIGH", "URGENT"]); channel: Choice(CHANNELS); subject: Text, required;
        topic: Text; product: Text; touchpoint: Text; assignee: Text; team: Text; opened_at: Time, required;
        updated_at: Time; first_response_at: Time; resolved_at: Time; reopened_count: Integer; handover_count: Integer;
        satisfaction: Choice(&["GOOD", "BAD"]); next_update_at: Time; waiting_seconds: Integer; source_url: Url;
    }
    ticket_message ProfileOrReference {
        ticket: Reference, required; author_kind: Choice(&["CUSTOMER", "AGENT", "SYSTEM"]); author: Text; staff: Text;
        internal: Bool; text: Text, required; channel: Choice(CHANNELS); sent_at: Time, required; source_url: Url;
    }
    review Profile {
        origin: Text, required; kind: Choice(&["RATING", "REVIEW", "RECOMMENDATION", "MENTION"]); product: Text;
        rating: Number; scale_max: Integer; recommends: Bool; title: Text; text: Text; language: Text;
        response_text: Text; responded_at: Time; responder: Text; reviewed_at: Time, required; touchpoint: Text;
        source_url: Url;
    }
    crm_profile Profile {
        segment: Text; revenue: Money; contribution_margin: Money; lifetime_value: Money; currency: Text;
        loyalty_tier: Text; loyalty_since: Date; products_held: Texts; employees: Integer; industry: Text;
        observed_at: Time; source_url: Url;
    }
    consent Profile {
        purpose: Text, required; channel: Choice(CHANNELS);
        state: Choice(&["GRANTED", "DENIED", "WITHDRAWN"]), required; evidence: Text; recorded_at: Time, required;
        source_url: Url;
    }
    preference Profile { key: Text, required; value: Text, required; recorded_at: Time; source_url: Url; }
    relation Profile {
        kind: Choice(&["WORKS_AT", "HOUSEHOLD"]), required; to: Text, required; title: Text; valid_from: Date;
        valid_to: Date; repeated: Bool;
    }
    staff Nobody {
        key: Text, required; name: Text, required; email: Text; team: Text; region: Text;
        department: Choice(DEPARTMENTS); subject: Text;
    }
    product Nobody { key: Text, required; name: Text, required; category: Text; }
    touchpoint Nobody {
        key: Text, required; name: Text, required; channel: Choice(CHANNELS);
        phase: Choice(&["PRE_CONSUMPTION", "CONSUMPTION", "POST_CONSUMPTION"]); stages: Texts;
        department: Choice(DEPARTMENTS); expectation: Text;
    }
}
