//! What crm shows of its rows: master data, consents, preferences, and the answer to "may I contact this customer?".

use async_graphql::{Enum, SimpleObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Crm;
use crate::access::access;
use crate::catalogue::types::{Channel, Money};
use crate::{connection, object};

/// What a customer said to a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsentState {
    /// Agreed.
    Granted,
    /// Said no when asked.
    Denied,
    /// Took back an earlier agreement.
    Withdrawn,
}

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContactPurpose {
    /// Offers, campaigns, newsletters.
    Marketing,
    /// Asking for feedback.
    Survey,
    /// News of products the customer has.
    ProductNews,
    /// What the customer asked for or a contract needs. It takes no consent, but it can be refused.
    Service,
}

/// Why a customer may be contacted, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ContactReason {
    /// Allowed: the customer agreed.
    Granted,
    /// Allowed: service takes no consent, and the customer has not refused it.
    NoConsentNeeded,
    /// Allowed, but the customer would rather be contacted on another channel.
    OtherChannelPreferred,
    /// Not allowed: nothing is recorded for this purpose and channel.
    NoConsent,
    /// Not allowed: the customer said no, and has not agreed since with evidence.
    Denied,
    /// Not allowed: the customer took the agreement back, and has not agreed since with evidence.
    Withdrawn,
    /// Not allowed: the customer wishes no contact of this kind, whatever was agreed.
    DoNotContact,
    /// Not allowed: the customer wishes to be contacted on other channels only.
    ChannelNotWanted,
}

/// Whether a customer may be contacted, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SimpleObject)]
pub struct ContactDecision {
    /// Whether the contact is allowed.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    pub allowed: bool,
    /// Why, or why not.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    pub reason: ContactReason,
}

object! {
    /// Master data of a customer as one source knows it.
    CrmProfile, CrmProfileRow of Crm from "crm_profile" id "crm" customer "customer_id" {
        /// Segment.
        open segment: text,
        /// Tier of the loyalty programme.
        behaviour loyalty_tier: text,
        /// Member of the loyalty programme since this day, `YYYY-MM-DD`.
        behaviour loyalty_since: text,
        /// Keys of the products the customer holds.
        behaviour products_held: texts,
        /// Number of employees, of a company.
        open employees: number,
        /// Industry, of a company.
        open industry: text,
        /// When the source said so.
        open observed_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the customer in the source; null where the source has no page for it.
        open source_url: text,
        /// Revenue with the customer.
        financial revenue: {Money: revenue, currency},
        /// What remains of the revenue after the costs it causes.
        financial contribution_margin: {Money: contribution_margin, currency},
        /// What the customer is worth over the whole relationship, as the source reckons it.
        financial lifetime_value: {Money: lifetime_value, currency},
        /// Revenue, in 1/10,000.
        column revenue: Option<i64> = Number if part,
        /// Contribution margin, in 1/10,000.
        column contribution_margin: Option<i64> = Number if part,
        /// Lifetime value, in 1/10,000.
        column lifetime_value: Option<i64> = Number if part,
        /// Currency of the three.
        column currency: Option<String> = Text if part,
    }
}
connection!(CrmProfile, CrmProfileConnection, CrmProfileEdge, "master data");

impl CrmProfileRow {
    /// An amount in the currency of the row.
    pub fn money(&self, amount: Option<i64>) -> Option<Money> {
        amount.map(|amount| Money { amount, currency: self.currency.clone() })
    }
}

object! {
    /// A consent given, denied or withdrawn. Whether a contact is allowed follows from all of them: ask `mayContact`.
    Consent, ConsentRow of Crm from "consent" id "cns" customer "customer_id" {
        /// Purpose: `MARKETING`, `SURVEY`, `PRODUCT_NEWS`, `ANALYTICS`, `SERVICE` or another word of the source.
        open purpose: text!,
        /// Channel it holds for; null means any.
        open channel: [Channel],
        /// Whether the customer agreed, said no, or took an agreement back.
        open state: [ConsentState]!,
        /// What proves it.
        free_text evidence: text,
        /// When it was recorded.
        open recorded_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the consent in its source; null where the source has no page for it.
        open source_url: text,
    }
}
connection!(Consent, ConsentConnection, ConsentEdge, "consents");

object! {
    /// Something the customer prefers.
    Preference, PreferenceRow of Crm from "preference" id "prf" customer "customer_id" {
        /// What it is about. `do_not_contact`, `allowed_channels` and `preferred_channel` count in `mayContact`.
        open key: text!,
        /// What is preferred.
        behaviour value: text,
        /// When it was recorded.
        open recorded_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the preference in its source; null where the source has no page for it.
        open source_url: text,
        /// The source profile it hangs on.
        column source_profile_id: Uuid = Uuid => open: "spr",
    }
}
connection!(Preference, PreferenceConnection, PreferenceEdge, "preferences");
