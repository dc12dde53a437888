//! What stewards and administrators do with the intake: rejected records tried again, put aside and taken back, sources paused
//! and resumed. All of it may be sent again: what is so already stays so.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use uuid::Uuid;

use super::Intake;
use super::rejected::{RejectedRecord, RejectedRecordRow};
use super::source::{Source, SourceRow};
use crate::access::{Scope, SiloRow, Target, UserError, Which, Writes, access, private_id};
use crate::error::{Error, Result};
use crate::graph::cursor::Position;

/// The right to try rejected records again, and to put them aside.
pub struct RejectedRecords;

impl Writes for RejectedRecords {
    const TARGET: Target = Target::RejectedRecords;
}

/// The right to pause and resume sources.
pub struct Sources;

impl Writes for Sources {
    const TARGET: Target = Target::Sources;
}

/// Ids in one input at most.
const MOST_IDS: usize = 100;

/// Records of one call at most, and where no number is said.
const MOST: i64 = 1_000;

/// The list that a place to go on after belongs to.
const REPLAY: &str = "REJECTED_REPLAY";

/// The records of a source that were rejected, or wait for what they belong to.
#[derive(InputObject)]
pub struct RejectedRecordsOfSource {
    /// Key of the source.
    source: String,
    /// Only those of this stream.
    stream: Option<String>,
    /// Only those with this reason, by code; `WAITING` for those that wait.
    code: Option<String>,
}

/// Which rejected records are meant. Discarded ones are none.
#[derive(OneofObject)]
pub enum RejectedRecordSelector {
    /// These, 1 to 100.
    Ids(Vec<ID>),
    /// Those of a source.
    OfSource(RejectedRecordsOfSource),
}

/// Which rejected records to try again, and how many at once.
#[derive(InputObject)]
pub struct RejectedRecordsReplayInput {
    /// Which.
    select: RejectedRecordSelector,
    /// So many at most in this call, 1 to 1,000; 1,000 unless said.
    first: Option<i64>,
    /// Go on after this place: `next` of the call before.
    after: Option<String>,
}

/// Which rejected records to put aside, and why.
#[derive(InputObject)]
pub struct RejectedRecordDiscardInput {
    /// Which; of a source's, the first 1,000.
    select: RejectedRecordSelector,
    /// Why, 1 to 500 characters. It stays with the records: let it name nobody.
    reason: String,
}

/// Which discarded records wait again.
#[derive(InputObject)]
pub struct RejectedRecordRestoreInput {
    /// These, 1 to 100.
    ids: Vec<ID>,
}

/// Which source to pause, and why.
#[derive(InputObject)]
pub struct SourcePauseInput {
    /// Key of the source.
    source: String,
    /// Why, 1 to 500 characters. It is shown with the source: let it name nobody.
    reason: String,
}

/// Which source to take from again.
#[derive(InputObject)]
pub struct SourceResumeInput {
    /// Key of the source.
    source: String,
}

/// What came of trying rejected records again. Records that are taken are rejected no more; the others stay as they were.
#[derive(Default, SimpleObject)]
pub struct RejectedRecordsReplayPayload {
    /// Records that are taken now.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    taken: i64,
    /// Records that say nothing new any more: newer ones came meanwhile, or someone else was quicker.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    superseded: i64,
    /// Records that wait for what they belong to.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    waiting: i64,
    /// Records that are rejected still.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    rejected: i64,
    /// Records of the selection that this call did not come to.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    remaining: i64,
    /// Give it as `after` to go on; null when all were tried. One call takes some seconds at most, so that millions are replayed by
    /// many.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    next: Option<String>,
    /// Faults in what was sent; empty when records were tried.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    user_errors: Vec<UserError>,
}

/// The answer to putting rejected records aside, or taking that back.
#[derive(Default, SimpleObject)]
pub struct RejectedRecordPayload {
    /// Records that changed; those that were so before are not counted.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    changed: i64,
    /// Records of the selection that are left: the same input again comes to them.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    remaining: i64,
    /// The records as they stand, where they were named by id.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    rejected_records: Vec<RejectedRecord>,
    /// Faults in what was sent; empty when it was done.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    user_errors: Vec<UserError>,
}

/// The answer to pausing or resuming a source.
#[derive(Default, SimpleObject)]
pub struct SourcePayload {
    /// The source as it stands; null after faults, and for those who may not read sources.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    source: Option<Source>,
    /// Faults in what was sent; empty when it was done.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    user_errors: Vec<UserError>,
}

/// What stewards and administrators do with the intake.
#[derive(Default)]
pub struct IntakeMutation;

/// What stewards and administrators do with the intake.
#[Object]
impl IntakeMutation {
    /// Tries records that were rejected, or wait, again with the mapping as it is now, the oldest first. They keep their time and their place in the
    /// order of what came, so that nothing newer is overwritten.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn rejected_records_replay(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and how many.")] input: RejectedRecordsReplayInput,
    ) -> Option<Result<RejectedRecordsReplayPayload>> {
        Some(Box::pin(replay(context, input)).await)
    }

    /// Puts rejected records, and those that wait, aside: they are not tried again, and stay to be seen with who did it, when and
    /// why. What of a record is in its place already stays there.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn rejected_record_discard(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: RejectedRecordDiscardInput,
    ) -> Option<Result<RejectedRecordPayload>> {
        Some(Box::pin(discard(context, input)).await)
    }

    /// Takes back that records were put aside: they are rejected again, or wait again.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn rejected_record_restore(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: RejectedRecordRestoreInput,
    ) -> Option<Result<RejectedRecordPayload>> {
        Some(Box::pin(restore(context, input)).await)
    }

    /// Pauses a source: its doors refuse whatever comes with 503, for senders to send again, until it is resumed. One that is
    /// paused stays as it was paused first.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn source_pause(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: SourcePauseInput,
    ) -> Option<Result<SourcePayload>> {
        let done = async {
            let scope = Scope::of(context)?;
            let grant = scope.viewer.grant::<Sources>()?;
            let by = grant.viewer().subject.clone();
            let paused = async {
                let reason = reason(&input.reason)?;
                known(grant.works(scope)?.pause(input.source.clone(), by, reason).await?)
            };
            source_payload(context, paused.await, &input.source).await
        };
        Some(done.await)
    }

    /// Takes from a paused source again.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn source_resume(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: SourceResumeInput,
    ) -> Option<Result<SourcePayload>> {
        let done = async {
            let scope = Scope::of(context)?;
            let grant = scope.viewer.grant::<Sources>()?;
            let resumed = async { known(grant.works(scope)?.resume(input.source.clone()).await?) };
            source_payload(context, resumed.await, &input.source).await
        };
        Some(done.await)
    }
}

async fn replay(context: &Context<'_>, input: RejectedRecordsReplayInput) -> Result<RejectedRecordsReplayPayload> {
    let scope = Scope::of(context)?;
    let grant = scope.viewer.grant::<RejectedRecords>()?;
    let done = async {
        let (which, _) = which(input.select)?;
        let most = input.first.unwrap_or(MOST);
        let most = usize::try_from(most).ok().filter(|_| (1..=MOST).contains(&most));
        let most = most.ok_or_else(|| Error::bad_input(format!("`first` is 1 to {MOST}.")))?;
        let after = match &input.after {
            None => 0,
            Some(after) => {
                scope.sealer.open(after, REPLAY).ok().and_then(|place| place.value.parse().ok()).ok_or_else(|| {
                    Error::bad_input("`after` is not `next` of an earlier call. Take it as it is, or leave it out.")
                })?
            }
        };
        grant.works(scope)?.replay(which, most, after).await
    };
    match UserError::of(done.await)? {
        Err(fault) => Ok(RejectedRecordsReplayPayload { user_errors: vec![fault], ..Default::default() }),
        Ok(replayed) => {
            let place = |value: i64| Position { list: REPLAY.to_owned(), value: value.to_string(), id: Uuid::nil() };
            Ok(RejectedRecordsReplayPayload {
                taken: whole(replayed.taken),
                superseded: whole(replayed.superseded),
                waiting: whole(replayed.waiting),
                rejected: whole(replayed.rejected),
                remaining: replayed.remaining,
                next: replayed.next.map(|next| scope.sealer.seal(&place(next))).transpose()?,
                user_errors: Vec::new(),
            })
        }
    }
}

async fn discard(context: &Context<'_>, input: RejectedRecordDiscardInput) -> Result<RejectedRecordPayload> {
    let scope = Scope::of(context)?;
    let grant = scope.viewer.grant::<RejectedRecords>()?;
    let by = grant.viewer().subject.clone();
    let done = async {
        let (which, ids) = which(input.select)?;
        let reason = reason(&input.reason)?;
        let most = u32::try_from(MOST).unwrap_or(1);
        let (changed, remaining) = grant.works(scope)?.discard(which, most, by, reason).await?;
        Ok((changed, remaining, ids))
    };
    record_payload(context, done.await).await
}

async fn restore(context: &Context<'_>, input: RejectedRecordRestoreInput) -> Result<RejectedRecordPayload> {
    let scope = Scope::of(context)?;
    let grant = scope.viewer.grant::<RejectedRecords>()?;
    let done = async {
        let ids = records(&input.ids)?;
        Ok((grant.works(scope)?.restore(ids.clone()).await?, 0, ids))
    };
    record_payload(context, done.await).await
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn reason(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 500 || text.contains('\0') {
        return Err(Error::bad_input("`reason` has 1 to 500 characters."));
    }
    Ok(text.to_owned())
}

fn known(known: bool) -> Result<()> {
    if known { Ok(()) } else { Err(Error::not_found("There is no such `source`.")) }
}

fn records(ids: &[ID]) -> Result<Vec<Uuid>> {
    if ids.is_empty() || ids.len() > MOST_IDS {
        return Err(Error::bad_input(format!("`ids` are 1 to {MOST_IDS}.")));
    }
    let id = |id: &ID| private_id(RejectedRecord::PREFIX, id);
    let ids: Option<Vec<Uuid>> = ids.iter().map(id).collect();
    ids.ok_or_else(|| Error::bad_input("`ids` are those of rejected records, as the API gives them."))
}

/// The records that are meant, and their ids where they are named by them.
fn which(select: RejectedRecordSelector) -> Result<(Which, Vec<Uuid>)> {
    match select {
        RejectedRecordSelector::Ids(ids) => {
            let ids = records(&ids)?;
            Ok((Which::Records(ids.clone()), ids))
        }
        RejectedRecordSelector::OfSource(RejectedRecordsOfSource { source, stream, code }) => {
            Ok((Which::OfSource { source, stream, code }, Vec::new()))
        }
    }
}

/// Rows as they stand after a change, for whoever may read them.
async fn now<R: SiloRow<Silo = Intake>>(
    context: &Context<'_>,
    condition: &'static str,
    bind: impl Into<crate::database::Bind>,
) -> Result<Option<(crate::access::Permit<Intake>, Vec<R>)>> {
    let scope = Scope::of(context)?;
    let Some(permit) = scope.viewer.permit::<Intake>() else { return Ok(None) };
    let fetch = permit.select::<R>().filter(condition, [bind.into()]).limit(100).fetch();
    let rows = scope.batch.rows(fetch, None).await?;
    Ok(Some((permit, rows)))
}

async fn record_payload(context: &Context<'_>, done: Result<(u64, i64, Vec<Uuid>)>) -> Result<RejectedRecordPayload> {
    match UserError::of(done)? {
        Err(fault) => Ok(RejectedRecordPayload { user_errors: vec![fault], ..Default::default() }),
        Ok((changed, remaining, ids)) => {
            let bind = crate::database::Bind::Ids(ids);
            let rows = now::<RejectedRecordRow>(context, "t.id ?", bind).await?;
            let records =
                rows.map(|(permit, rows)| rows.into_iter().map(|row| RejectedRecord::new(&permit, row)).collect());
            Ok(RejectedRecordPayload {
                changed: i64::try_from(changed).unwrap_or(i64::MAX),
                remaining,
                rejected_records: records.unwrap_or_default(),
                user_errors: Vec::new(),
            })
        }
    }
}

async fn source_payload(context: &Context<'_>, done: Result<()>, key: &str) -> Result<SourcePayload> {
    if let Err(fault) = UserError::of(done)? {
        return Ok(SourcePayload { source: None, user_errors: vec![fault] });
    }
    let rows = now::<SourceRow>(context, "t.key = ?", key).await?;
    let source = rows.and_then(|(permit, rows)| rows.into_iter().next().map(|row| Source::new(&permit, row)));
    Ok(SourcePayload { source, user_errors: Vec::new() })
}
