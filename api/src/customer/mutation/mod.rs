//! What staff write about a customer: notes, consents, corrections. Each goes through the door as an entry of the source
//! `staff`, with an idempotency key; user faults come back as data.

use async_graphql::{Context, ID, Object};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::node::CustomerNode;
use super::types::CustomerCore;
use super::{find, store};
use crate::access::{
    Action, Asked, Class, Entry, Grant, Rows, Scope, SiloKey, Target, UserError, Writes, access, private_id,
};
use crate::catalogue::record::word;
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;
use crate::silo::crm::Crm;
use crate::silo::crm::types::Consent;
use crate::silo::sales::Sales;
use crate::silo::sales::types::{ContactNote, NoteVisibility};

mod check;
pub mod input;
pub mod payload;

use input::{
    ConsentRecordInput, ContactNoteAddInput, ContactNoteRemoveInput, ContactNoteUpdateInput, CustomerUpdateInput,
    PromiseInput,
};
use payload::{ConsentPayload, ContactNotePayload, CustomerPayload};

/// The right to leave contact notes.
pub struct Notes;

impl Writes for Notes {
    const TARGET: Target = Target::Notes;
}

/// The right to record consents.
pub struct Consents;

impl Writes for Consents {
    const TARGET: Target = Target::Consents;
}

/// The right to correct a customer's values.
pub struct Corrections;

impl Writes for Corrections {
    const TARGET: Target = Target::Identity;
}

/// What staff write about a customer.
#[derive(Default)]
pub struct CustomerMutation;

/// What staff write about a customer.
#[Object]
impl CustomerMutation {
    /// Leaves a note of a contact for whoever comes next. Notes of sales are the sales notes.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn contact_note_add(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The note.")] input: ContactNoteAddInput,
    ) -> Option<Result<ContactNotePayload>> {
        let done = async {
            let grant = Scope::of(context)?.viewer.grant::<Notes>()?;
            note_payload(context, add_note(context, &grant, input).await).await
        };
        Some(done.await)
    }

    /// Changes a note that you left.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn contact_note_update(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The change.")] input: ContactNoteUpdateInput,
    ) -> Option<Result<ContactNotePayload>> {
        let done = async {
            let grant = Scope::of(context)?.viewer.grant::<Notes>()?;
            note_payload(context, update_note(context, &grant, input).await).await
        };
        Some(done.await)
    }

    /// Takes back a note that you left.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn contact_note_remove(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The note.")] input: ContactNoteRemoveInput,
    ) -> Option<Result<ContactNotePayload>> {
        let done = async {
            let scope = Scope::of(context)?;
            let grant = scope.viewer.grant::<Notes>()?;
            let mut changes = Map::new();
            changes.insert("removed_at".into(), json!(Timestamp::from(scope.now).as_str()));
            let key = &input.idempotency_key;
            let done = rewrite_note(context, &grant, key, &input.id, changes).await;
            note_payload(context, done).await
        };
        Some(done.await)
    }

    /// Records a consent that was given, denied or taken back, with its evidence.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn consent_record(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The consent.")] input: ConsentRecordInput,
    ) -> Option<Result<ConsentPayload>> {
        let done = async {
            let grant = Scope::of(context)?.viewer.grant::<Consents>()?;
            match UserError::of(record_consent(context, &grant, input).await)? {
                Err(fault) => Ok(ConsentPayload { consent: None, user_errors: vec![fault] }),
                Ok(id) => {
                    let row = super::entry::one::<Crm, _>(context, id, "Mutation").await?;
                    let consent = row.map(|(permit, row)| Consent::new(&permit, row));
                    Ok(ConsentPayload { consent, user_errors: Vec::new() })
                }
            }
        };
        Some(done.await)
    }

    /// Corrects a customer's values. A correction is a source profile of its own that goes before all sources; what they
    /// say stays.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn customer_update(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The values.")] input: CustomerUpdateInput,
    ) -> Option<Result<CustomerPayload>> {
        let done = async {
            let grant = Scope::of(context)?.viewer.grant::<Corrections>()?;
            match UserError::of(correct(context, &grant, input).await)? {
                Err(fault) => Ok(CustomerPayload { customer: None, user_errors: vec![fault] }),
                Ok(customer_id) => {
                    let permit = find::required(context)?;
                    let row = store::by_id(context, &permit, customer_id).await?;
                    let customer = row.map(|row| CustomerNode::new(&permit, row));
                    Ok(CustomerPayload { customer, user_errors: Vec::new() })
                }
            }
        };
        Some(done.await)
    }
}

async fn note_payload(context: &Context<'_>, done: Result<Uuid>) -> Result<ContactNotePayload> {
    match UserError::of(done)? {
        Err(fault) => Ok(ContactNotePayload { contact_note: None, user_errors: vec![fault] }),
        Ok(id) => {
            let row = super::entry::one::<Sales, _>(context, id, "Mutation").await?;
            let contact_note = row.map(|(permit, row)| ContactNote::new(&permit, row));
            Ok(ContactNotePayload { contact_note, user_errors: Vec::new() })
        }
    }
}

fn unknown_customer() -> Error {
    Error::not_found("There is no such `customer`.")
}

/// The customer that may be written about: visible to the viewer, and their own where the grant is for own rows.
async fn customer<W: Writes>(context: &Context<'_>, grant: &Grant<W>, id: &ID) -> Result<Uuid> {
    let permit = find::required(context)?;
    let id = private_id(CustomerCore::PREFIX, id).ok_or_else(unknown_customer)?;
    let row = store::by_id(context, &permit, id).await?.ok_or_else(unknown_customer)?;
    let staff = grant.viewer().staff_id;
    if grant.rows() == Rows::Own && (staff.is_none() || row.owner_id != staff) {
        return Err(Error::forbidden("You may only write about customers that you look after."));
    }
    Ok(row.id)
}

async fn add_note(context: &Context<'_>, grant: &Grant<Notes>, input: ContactNoteAddInput) -> Result<Uuid> {
    let request = match grant.asked(context, &input.idempotency_key).await? {
        Asked::Before(note) => return Ok(note),
        Asked::Now(request) => request,
    };
    let scope = Scope::of(context)?;
    let customer = customer(context, grant, &input.customer).await?;
    let mut fields = Map::new();
    fields.insert("author".into(), json!(grant.viewer().subject));
    if let Some(staff) = grant.viewer().staff_id {
        fields.insert("staff".into(), json!(staff.to_string()));
    }
    fields.insert("department".into(), json!(department(grant)));
    fields.insert("channel".into(), json!(word(Some(input.channel))?));
    fields.insert("direction".into(), json!(word(Some(input.direction))?));
    fields.insert("text".into(), json!(check::text(&input.text, "text")?));
    if let Some(touchpoint) = input.touchpoint {
        fields.insert("touchpoint".into(), json!(check::value(&touchpoint, "touchpoint")?));
    }
    keeps_in_sight(grant, input.visibility)?;
    fields.insert("visibility".into(), json!(word(Some(input.visibility))?));
    promise(input.promise, &mut fields)?;
    if let Some(noted_at) = input.noted_at {
        fields.insert("noted_at".into(), json!(check::past(&noted_at, "notedAt", scope.now)?));
    }
    let entry = Entry { stream: "notes", key: None, customer, fields, written_at: scope.now };
    request.enter(entry).await
}

async fn update_note(context: &Context<'_>, grant: &Grant<Notes>, input: ContactNoteUpdateInput) -> Result<Uuid> {
    keeps_in_sight(grant, input.visibility.unwrap_or(NoteVisibility::All))?;
    let mut changes = Map::new();
    if let Some(text) = &input.text {
        changes.insert("text".into(), json!(check::text(text, "text")?));
    }
    if let Some(visibility) = word(input.visibility)? {
        changes.insert("visibility".into(), json!(visibility));
    }
    promise(input.promise, &mut changes)?;
    rewrite_note(context, grant, &input.idempotency_key, &input.id, changes).await
}

/// Writes an earlier note of the viewer's anew with some fields changed.
async fn rewrite_note(
    context: &Context<'_>,
    grant: &Grant<Notes>,
    idempotency_key: &str,
    id: &ID,
    changes: Map<String, Value>,
) -> Result<Uuid> {
    let request = match grant.asked(context, idempotency_key).await? {
        Asked::Before(note) => return Ok(note),
        Asked::Now(request) => request,
    };
    let scope = Scope::of(context)?;
    let unknown = || Error::not_found("There is no such note: `id` names none that you may see.");
    let note_id = private_id(ContactNote::PREFIX, id).ok_or_else(unknown)?;
    let row =
        super::entry::one::<Sales, crate::silo::sales::types::ContactNoteRow>(context, note_id, "Mutation").await?;
    row.ok_or_else(unknown)?;
    let written = store::staff_note(&scope.database, note_id).await?;
    let mine = written.filter(|written| written.fields.get("author") == Some(&json!(grant.viewer().subject)));
    let written = mine.ok_or_else(|| Error::forbidden("Only whoever left a note changes it, and only here."))?;
    let mut fields = written.fields;
    fields.extend(changes);
    let customer = written.customer_id;
    let entry = Entry { stream: "notes", key: Some(written.key), customer, fields, written_at: scope.now };
    request.enter(entry).await
}

async fn record_consent(context: &Context<'_>, grant: &Grant<Consents>, input: ConsentRecordInput) -> Result<Uuid> {
    let request = match grant.asked(context, &input.idempotency_key).await? {
        Asked::Before(consent) => return Ok(consent),
        Asked::Now(request) => request,
    };
    let scope = Scope::of(context)?;
    let customer = customer(context, grant, &input.customer).await?;
    let mut fields = Map::new();
    fields.insert("purpose".into(), json!(check::purpose(&input.purpose)?));
    if let Some(channel) = word(input.channel)? {
        fields.insert("channel".into(), json!(channel));
    }
    fields.insert("state".into(), json!(word(Some(input.state))?));
    fields.insert("evidence".into(), json!(check::text(&input.evidence, "evidence")?));
    if let Some(recorded_at) = input.recorded_at {
        fields.insert("recorded_at".into(), json!(check::past(&recorded_at, "recordedAt", scope.now)?));
    }
    let entry = Entry { stream: "consents", key: None, customer, fields, written_at: scope.now };
    request.enter(entry).await
}

async fn correct(context: &Context<'_>, grant: &Grant<Corrections>, input: CustomerUpdateInput) -> Result<Uuid> {
    let scope = Scope::of(context)?;
    let permit = find::required(context)?;
    let request = match grant.asked(context, &input.idempotency_key).await? {
        // It was found then; merged since, its id leads on.
        Asked::Before(_) => return private_id(CustomerCore::PREFIX, &input.customer).ok_or_else(unknown_customer),
        Asked::Now(request) => request,
    };
    let customer = customer(context, grant, &input.customer).await?;
    let known = store::by_id(context, &permit, customer).await?;
    let country = input.country.as_deref().map(check::country).transpose()?;
    let at_home = country.as_deref().or(known.as_ref().and_then(|row| row.country.as_deref()));
    let countries = at_home.into_iter().chain(find::countries(context));
    let value = |given: Option<String>, field| given.map(|text| check::value(&text, field)).transpose();
    let mut fields = Map::new();
    for (name, value) in [
        ("name", value(input.name, "name")?),
        ("given_name", value(input.given_name, "givenName")?),
        ("family_name", value(input.family_name, "familyName")?),
        ("email", input.email.as_deref().map(check::email).transpose()?),
        ("phone", input.phone.as_deref().map(|phone| check::phone(phone, countries)).transpose()?),
        ("company", value(input.company, "company")?),
        ("birth_date", input.birth_date.as_deref().map(|day| check::birth_date(day, scope.now)).transpose()?),
        ("street", value(input.street, "street")?),
        ("postal_code", value(input.postal_code, "postalCode")?),
        ("city", value(input.city, "city")?),
        ("country", country.clone()),
        ("language", input.language.as_deref().map(check::language).transpose()?),
        ("stage", word(input.stage)?),
        ("segment", value(input.segment, "segment")?),
    ] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    if fields.is_empty() {
        return Err(Error::bad_input("Give at least one value to correct."));
    }
    let entry = Entry { stream: "corrections", key: None, customer, fields, written_at: scope.now };
    request.enter(entry).await?;
    Ok(customer)
}

/// Refuses a note that its own author could not read: internal, by someone who neither sees such notes nor is known as staff.
fn keeps_in_sight(grant: &Grant<Notes>, visibility: NoteVisibility) -> Result<()> {
    let viewer = grant.viewer();
    let sees = viewer.staff_id.is_some() || viewer.cell(SiloKey::Sales).action(Class::Internal) == Action::Show;
    if visibility == NoteVisibility::All || sees {
        return Ok(());
    }
    Err(Error::bad_input(
        "`visibility`: you would not see this note yourself. Your roles do not read internal notes, and no member of staff is \
         known by your token's subject.",
    ))
}

fn promise(promise: Option<PromiseInput>, fields: &mut Map<String, Value>) -> Result<()> {
    if let Some(promise) = promise {
        fields.insert("promise_text".into(), json!(check::text(&promise.text, "promise")?));
        fields.insert("promise_due_at".into(), json!(promise.due_at.as_str()));
    }
    Ok(())
}

/// The department that a note is filed under: the author's own, else that of the author's role.
fn department(grant: &Grant<Notes>) -> String {
    let viewer = grant.viewer();
    viewer.department.clone().unwrap_or_else(|| {
        let role = viewer.roles.first().map_or("", String::as_str);
        match role {
            "sales" | "service" | "marketing" | "product" | "management" => role.to_uppercase(),
            _ => "OTHER".to_owned(),
        }
    })
}
