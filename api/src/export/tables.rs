//! What can be given out as a whole: a line for each table. Its columns and their classes come from its object.

use std::sync::Arc;

use crate::access::{Exported, Extract, SiloKey, SiloRow, Told, Viewer};
use crate::catalogue::types::{ProductRow, StaffRow, TouchpointRow};
use crate::customer::identifier::{IdentifierRow, SourceProfileRow};
use crate::customer::relation::RelationRow;
use crate::customer::timeline::{self, InteractionRow};
use crate::customer::types::CustomerRow;
use crate::customer::{CustomerRecord, store};
use crate::database::{Column, Row};
use crate::error::{Error, Result};
use crate::silo::analytics::types::{WebEventRow, WebSessionRow};
use crate::silo::crm::types::{ConsentRow, CrmProfileRow, PreferenceRow};
use crate::silo::reviews::types::ReviewRow;
use crate::silo::sales::types::{ContactNoteRow, ContractRow, OpportunityRow, PurchaseRow};
use crate::silo::support::types::{TicketMessageRow, TicketRow};
use crate::silo::surveys::types::{SurveyAnswerRow, SurveyInvitationRow, SurveyResponseRow, SurveyRow};

/// A table that can be given out.
pub struct Table {
    /// Its name: that of its SQL view too.
    pub name: &'static str,
    /// Its name in the database, as the feed of changes keeps it.
    pub kept_in: &'static str,
    /// The silo whose right is needed.
    pub silo: SiloKey,
    /// What public ids of its rows begin with.
    pub prefix: &'static str,
    /// Its columns.
    pub told: &'static [Told],
    /// The columns that the graph reads of it.
    pub read: &'static [Column],
    /// The condition over `t` of internal rows, and the column of who wrote them.
    pub internal: Option<(&'static str, Option<&'static str>)>,
    extract: fn(&Arc<Viewer>) -> Option<Extract>,
}

impl Table {
    const fn of<R: Exported>(name: &'static str, extract: fn(&Arc<Viewer>) -> Option<Extract>) -> Self {
        Self {
            name,
            kept_in: R::TABLE,
            silo: <R::Silo as crate::access::Silo>::KEY,
            prefix: R::PREFIX,
            told: R::TOLD,
            read: <R as Row>::COLUMNS,
            internal: match R::INTERNAL {
                Some(condition) => Some((condition, <R as SiloRow>::OWNER)),
                None => None,
            },
            extract,
        }
    }

    /// The table as a viewer may have it.
    pub fn extract(&self, viewer: &Arc<Viewer>) -> Result<Extract> {
        (self.extract)(viewer)
            .ok_or_else(|| Error::forbidden(format!("Your roles have no right to read {}.", self.silo)))
    }
}

/// Every table that can be given out.
pub static TABLES: &[Table] = &[
    Table::of::<CustomerRow>("customer", |viewer| {
        let permit = viewer.permit::<CustomerRecord>()?;
        Some(store::living(&permit).extract(&permit))
    }),
    Table::of::<SourceProfileRow>("customer_profile", whole::<SourceProfileRow>),
    Table::of::<IdentifierRow>("customer_identifier", whole::<IdentifierRow>),
    Table::of::<RelationRow>("relation", whole::<RelationRow>),
    Table::of::<InteractionRow>("interaction", |viewer| {
        let permit = viewer.permit::<CustomerRecord>()?;
        let (condition, binds) = timeline::visible(&permit, None);
        Some(permit.select::<InteractionRow>().filter(condition, binds).extract(&permit))
    }),
    Table::of::<SurveyRow>("survey", whole::<SurveyRow>),
    Table::of::<SurveyInvitationRow>("survey_invitation", whole::<SurveyInvitationRow>),
    Table::of::<SurveyResponseRow>("survey_response", whole::<SurveyResponseRow>),
    Table::of::<SurveyAnswerRow>("survey_answer", whole::<SurveyAnswerRow>),
    Table::of::<ContactNoteRow>("contact_note", whole::<ContactNoteRow>),
    Table::of::<OpportunityRow>("opportunity", whole::<OpportunityRow>),
    Table::of::<PurchaseRow>("purchase", whole::<PurchaseRow>),
    Table::of::<ContractRow>("contract", whole::<ContractRow>),
    Table::of::<WebSessionRow>("web_session", whole::<WebSessionRow>),
    Table::of::<WebEventRow>("web_event", whole::<WebEventRow>),
    Table::of::<TicketRow>("ticket", whole::<TicketRow>),
    Table::of::<TicketMessageRow>("ticket_message", whole::<TicketMessageRow>),
    Table::of::<ReviewRow>("review", whole::<ReviewRow>),
    Table::of::<CrmProfileRow>("crm_profile", whole::<CrmProfileRow>),
    Table::of::<ConsentRow>("consent", whole::<ConsentRow>),
    Table::of::<PreferenceRow>("preference", whole::<PreferenceRow>),
    Table::of::<StaffRow>("staff", whole::<StaffRow>),
    Table::of::<ProductRow>("product", whole::<ProductRow>),
    Table::of::<TouchpointRow>("touchpoint", whole::<TouchpointRow>),
];

fn whole<R: Exported>(viewer: &Arc<Viewer>) -> Option<Extract> {
    let permit = viewer.permit::<R::Silo>()?;
    Some(permit.select::<R>().extract(&permit))
}

/// The silo of a name.
pub fn silo(name: &str) -> Result<SiloKey> {
    let known = || TABLES.iter().map(|table| table.silo);
    known().find(|silo| silo.name() == name).ok_or_else(|| {
        let mut names: Vec<&str> = known().map(SiloKey::name).collect();
        names.dedup();
        Error::bad_input(format!("There is no such silo to export. The silos are {}.", names.join(", ")))
    })
}

/// The table that is asked for.
pub fn find(silo: Option<SiloKey>, name: Option<&str>) -> Result<&'static Table> {
    let within: Vec<&Table> = TABLES.iter().filter(|table| silo.is_none_or(|silo| table.silo == silo)).collect();
    let names = || within.iter().map(|table| table.name).collect::<Vec<_>>().join(", ");
    match (name, within.as_slice()) {
        (None, [only]) => Ok(*only),
        (None, _) => Err(Error::bad_input(format!("Say which table: {}.", names()))),
        (Some(name), _) => within.iter().copied().find(|table| table.name == name).ok_or_else(|| {
            Error::bad_input(format!("No table of this name can be exported here. The tables are {}.", names()))
        }),
    }
}
