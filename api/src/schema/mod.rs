//! The schema: its roots, put together from the folders, and who asks.

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, Enum, MergedObject, Object, SimpleObject};
use futures_util::FutureExt;

use crate::access::{DataClass, Rows, Scope, SiloAccess, SiloKey, Target, Viewer, access};
use crate::catalogue::mutation::IntakeMutation;
use crate::catalogue::query::CatalogueQuery;
use crate::catalogue::types::{Staff, staff};
use crate::customer::find::FindQuery;
use crate::customer::list::ListQuery;
use crate::customer::mutation::CustomerMutation;
use crate::customer::search::SearchQuery;
use crate::error::Result;
use crate::export::query::ChangeQuery;
use crate::graph::run::{Root, Runner};

mod node;

use node::NodeQuery;

/// The schema.
pub type Schema = async_graphql::Schema<Root<Query>, Mutation, EmptySubscription>;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
pub struct Query(FindQuery, ListQuery, SearchQuery, CatalogueQuery, ViewerQuery, NodeQuery, ChangeQuery);

/// Everything that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(CustomerMutation, IntakeMutation);

/// Builds the schema, with the runner for queries that are known to be valid.
pub fn build() -> (Schema, Runner<Query>) {
    let (runner, root) = Runner::new();
    // Limits are our own and come before execution (`graph/document`); what the library would add costs every request.
    let schema = Schema::build(root, Mutation::default(), EmptySubscription).disable_suggestions().finish();
    // Asked once, so that the runner knows its schema; there is no scope, so that the answer is an error.
    let _ = schema.execute("{ viewer { subject } }").now_or_never();
    (schema, runner)
}

/// The schema as a document, as `customer360 schema` prints it.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_arguments().sorted_enum_items().sorted_fields();
    build().0.sdl_with_options(options)
}

/// Says who asks.
#[derive(Default)]
pub struct ViewerQuery;

/// Says who asks.
#[Object]
impl ViewerQuery {
    /// Who am I, and what may I see?
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    #[expect(clippy::unused_async, reason = "a resolver that may fail is a future to async-graphql")]
    async fn viewer(&self, context: &Context<'_>) -> Result<ViewerNode> {
        Ok(ViewerNode(Scope::of(context)?.viewer.clone()))
    }
}

/// Which rows of a silo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RowRight {
    /// All rows.
    All,
    /// Those that you look after.
    Own,
}

impl From<Rows> for RowRight {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::All => Self::All,
            Rows::Own => Self::Own,
        }
    }
}

/// What you may read of a silo.
#[derive(SimpleObject)]
pub struct SiloRight {
    /// Name of the silo, or of what stands beside the silos: customer, catalogue, intake.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    silo: String,
    /// Which rows; null: none.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    rows: Option<RowRight>,
    /// Data classes that are masked: text is shortened in place, anything else is null.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    masked: Vec<DataClass>,
    /// Data classes that are withheld: null.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    hidden: Vec<DataClass>,
}

/// What you may change.
#[derive(SimpleObject)]
pub struct WriteRight {
    /// What: surveys, sales, support, notes, `follow_ups`, segments, identity, `rejected_records`, `privacy_requests`,
    /// consents, intake, sources or policy.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    target: String,
    /// Which rows.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    rows: RowRight,
}

/// Who asks.
pub struct ViewerNode(Arc<Viewer>);

/// Who asks, and what the policy lets them see and change.
#[Object(name = "Viewer")]
impl ViewerNode {
    /// Subject of the token.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Roles of the token.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn roles(&self) -> &[String] {
        &self.0.roles
    }

    /// The member of staff behind the token, where one is known by subject or e-mail.
    #[graphql(directive = access::apply("catalogue".to_owned(), "open".to_owned()))]
    async fn staff(&self, context: &Context<'_>) -> Option<Result<Staff>> {
        staff(context, "Viewer", self.0.staff_id).await.transpose()
    }

    /// What you may read, silo by silo.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn reads(&self) -> Vec<SiloRight> {
        let rights = SiloKey::ALL.iter().map(|silo| {
            let cell = self.0.cell(*silo);
            let SiloAccess { masked, hidden } = SiloAccess::from_cell(cell);
            SiloRight { silo: silo.name().to_owned(), rows: cell.rows.map(Into::into), masked, hidden }
        });
        rights.collect()
    }

    /// What you may change.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn writes(&self) -> Vec<WriteRight> {
        let rights = Target::ALL.iter().filter_map(|target| {
            let rows = self.0.may_write(*target)?.into();
            Some(WriteRight { target: target.name().to_owned(), rows })
        });
        rights.collect()
    }
}

#[cfg(test)]
mod tests {
    /// Otherwise every query would take the library's slower way, and nothing but the clock would tell.
    #[test]
    fn the_runner_is_ready_from_the_start() {
        assert!(super::build().1.is_ready());
    }
}
