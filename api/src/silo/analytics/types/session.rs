//! Web sessions: visits of a customer, with the events in them.

use async_graphql::{Context, InputObject};

use super::{WebEvent, WebEventConnection};
use crate::access::{PageArgs, PeriodInput, access};
use crate::catalogue::types::{ProductOf, TouchpointOf};
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::silo::analytics::{Analytics, store};
use crate::{connection, object};

object! {
    /// A visit to the web site or the app.
    WebSession, WebSessionRow of Analytics from "web_session" id "wse" customer "customer_id" {
        /// When it began.
        open started_at: time!,
        /// When it ended.
        open ended_at: time,
        /// How the visitor came, in the source's words: organic, paid, email …
        open channel: text,
        /// Page the visitor came from.
        behaviour referrer: text,
        /// Campaign that brought the visitor.
        open campaign: text,
        /// First page of the visit.
        behaviour landing_page: text,
        /// How many pages were seen.
        behaviour pages: number,
        /// Whether the visit had one page only: as the source says, else by the number of pages.
        behaviour bounced: bool,
        /// Whether the visitor reached a goal.
        behaviour converted: bool,
        /// How long it lasted, in seconds.
        behaviour duration_seconds: number,
        /// Kind of device, in the source's words.
        technical device: text,
        /// Country the visit came from, ISO 3166 alpha-2.
        technical country: text,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the session in its source; null where the source has no page for it.
        open source_url: text,
        /// The product looked at.
        open product: {ProductOf: product},
        /// The touchpoint visited.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
    } also {
        /// What the customer did during the visit, the last first.
        #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
        async fn events(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<Ready<WebEventConnection>>> {
            let args = PageArgs { first, after, last, before };
            let page = store::events_of_session(context, &self.permit, self.row.id, &args).await;
            Some(page.map(|page| WebEventConnection::new(page, |row| WebEvent::new(&self.permit, row))))
        }
    }
}
connection!(WebSession, WebSessionConnection, WebSessionEdge, "web sessions");

/// Which sessions.
#[derive(Debug, Clone, Default, InputObject)]
pub struct WebSessionFilter {
    /// That came in one of these ways, in the source's words.
    pub channel: Option<Vec<String>>,
    /// That one of these campaigns brought.
    pub campaign: Option<Vec<String>>,
    /// With one page only (true) or with more (false); those of which it is not known are left out.
    pub bounced: Option<bool>,
    /// That began in this period.
    pub started: Option<PeriodInput>,
}
