//! Rejected records, and those that wait for others, as the graph shows them: the reason for everybody who reads the intake, what they say for few.

use async_graphql::{Context, Enum, InputObject, Object};
use serde::{Deserialize, Serialize};

use super::record::word;
use super::{Intake, shape};
use crate::access::{Form, Order, PageArgs, PeriodInput, Permit, Scope, Target, access, load, shown_whole};
use crate::error::{Error, Result};
use crate::graph::at_hand::{AtHand, Ready, Writer};
use crate::{connection, object};

/// How a record stands that is not, or not wholly, in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RejectedRecordState {
    /// It could not be taken: it is to be tried again, or to be discarded.
    Rejected,
    /// It was taken, and waits for what it belongs to, such as a message for its ticket. It is placed by itself when that comes.
    Waiting,
    /// Someone put it aside: it is not tried again.
    Discarded,
}

object! {
    /// A record that could not be taken in, or that waits for what it belongs to. It is kept as it came; when the mapping is
    /// mended, `rejectedRecordsReplay` tries it again, and once it is in its place it is listed here no more.
    RejectedRecord, RejectedRecordRow of Intake from "refused_record" id "rej" {
        /// Key of the source it came from.
        open source: text!,
        /// Stream of the source.
        open stream: text!,
        /// Why it was rejected: a stable code, such as `MISSING_FIELD`; `WAITING` where it waits.
        open code: text!,
        /// What is wrong, and what to do. It names fields, never values.
        open reason: text!,
        /// Whether it was rejected, waits, or was put aside.
        open state: [RejectedRecordState]!,
        /// When it came.
        open received_at: time!,
        /// Version of the mapping that read it, or could not.
        open mapping_version: number!,
        /// How large it is, in bytes.
        open bytes: number!,
        /// When it was put aside.
        open discarded_at: time,
        /// Who put it aside: the subject of a token, or `command line`.
        staff discarded_by: text,
        /// Why it was put aside.
        free_text discard_reason: text,
        /// What it says, as far as you may see that.
        open content: {RejectedContent: key, payload},
        /// Its key, where the door knew it.
        column key: Option<String> = Text if part,
        /// The beginning of what it says.
        column payload: Option<String> = Text if part,
    }
}
connection!(RejectedRecord, RejectedRecordConnection, RejectedRecordEdge, "rejected records");

/// What a rejected record says.
pub struct RejectedContent {
    key: Option<String>,
    payload: Option<String>,
}

impl RejectedContent {
    /// No export has it: nobody knows what stands in it.
    pub const FORMS: &'static [Form] = &[];

    /// Out of the columns of a row.
    pub fn of_columns(_: &'static str, key: Option<&String>, payload: Option<&String>) -> Option<Self> {
        Some(Self { key: key.cloned(), payload: payload.cloned() })
    }
}

impl AtHand for RejectedContent {
    fn writer(_: &str) -> Option<Writer<Self>> {
        None
    }
}

fn reading(context: &Context<'_>) -> Result<Permit<Intake>> {
    Scope::of(context)?.viewer.permit().ok_or_else(|| Error::internal("a rejected record was read without a permit"))
}

/// What a rejected record says. Nobody knows what stands in it, so all that it may hold decides who sees it.
#[Object]
impl RejectedContent {
    /// Its key in its stream, where that is known. Only for those who see every data class: a key may be an address.
    #[graphql(directive = access::apply("intake".to_owned(), "all".to_owned()))]
    async fn key(&self, context: &Context<'_>) -> Option<Result<String>> {
        let permit = reading(context);
        permit.map(|permit| shown_whole(context, &permit, "RejectedContent", self.key.as_deref())).transpose()
    }

    /// The first 65,536 characters of what came, as they came. Only for those who see every data class.
    #[graphql(directive = access::apply("intake".to_owned(), "all".to_owned()))]
    async fn text(&self, context: &Context<'_>) -> Option<Result<String>> {
        let permit = reading(context);
        permit.map(|permit| shown_whole(context, &permit, "RejectedContent", self.payload.as_deref())).transpose()
    }

    /// Its shape as JSON: the keys and types of what came, with `…` for each text and 0 for each number, so that a mapping can
    /// be mended without seeing whom it is about; of lists only unlike elements, and `…` for keys that do not look like names of
    /// fields. For those who may replay rejected records or bring records in. Null where what came is not JSON, or longer than
    /// `text`.
    #[graphql(directive = access::apply("intake".to_owned(), "all".to_owned()))]
    async fn shape(&self, context: &Context<'_>) -> Option<Result<String>> {
        let shape = || self.payload.as_deref().and_then(shape::of);
        let permit = match reading(context) {
            Ok(permit) => permit,
            Err(error) => return Some(Err(error)),
        };
        let viewer = permit.viewer();
        if [Target::RejectedRecords, Target::Intake].iter().any(|target| viewer.may_write(*target).is_some()) {
            return shape().map(Ok);
        }
        let whole = shown_whole(context, &permit, "RejectedContent", self.payload.as_deref());
        whole.and_then(|_| shape()).map(Ok)
    }
}

/// Which rejected records. What is given must all hold.
#[derive(Debug, Clone, Default, InputObject)]
pub struct RejectedRecordFilter {
    /// From one of these sources, by key.
    pub source: Option<Vec<String>>,
    /// From one of these streams.
    pub stream: Option<Vec<String>>,
    /// With one of these reasons, by code.
    pub code: Option<Vec<String>>,
    /// In this state; unless given, in any.
    pub state: Option<RejectedRecordState>,
    /// That came in this period.
    pub received: Option<PeriodInput>,
}

/// How rejected records are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RejectedRecordOrder {
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
}

const NEWEST: Order = Order { name: "REJECTED_NEWEST", by: "t.received_at", time: true, descending: true };
const OLDEST: Order = Order { name: "REJECTED_OLDEST", by: "t.received_at", time: true, descending: false };

/// A page of rejected records.
pub async fn page(
    context: &Context<'_>,
    permit: &Permit<Intake>,
    filter: RejectedRecordFilter,
    order: RejectedRecordOrder,
    args: &PageArgs,
) -> Result<Ready<RejectedRecordConnection>> {
    let mut select = permit.select::<RejectedRecordRow>().within("t.received_at", filter.received.as_ref());
    for (column, texts) in [("t.source", filter.source), ("t.stream", filter.stream), ("t.code", filter.code)] {
        if let Some(texts) = texts {
            select = select.one_of(column, texts);
        }
    }
    if let Some(state) = word(filter.state)? {
        select = select.filter("t.state = ?", [state.into()]);
    }
    let order = if order == RejectedRecordOrder::Newest { NEWEST } else { OLDEST };
    let page = load(context, select, order, args, None).await?;
    Ok(RejectedRecordConnection::new(page, |row| RejectedRecord::new(permit, row)))
}
