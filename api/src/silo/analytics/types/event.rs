//! Web events: pages and screens seen, and whatever else a source tracks.

use async_graphql::{Context, Enum, InputObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::WebSession;
use crate::access::{PeriodInput, access};
use crate::catalogue::types::{Money, ProductOf, TouchpointOf};
use crate::error::Result;
use crate::silo::analytics::{Analytics, store};
use crate::{connection, object};

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WebEventKind {
    /// A page was seen.
    Page,
    /// A screen of an app was seen.
    Screen,
    /// Anything else that is tracked: a click, a search, an order.
    Track,
}

object! {
    /// Something the customer did on the web site or in the app.
    WebEvent, WebEventRow of Analytics from "web_event" id "wev" customer "customer_id" {
        /// Name of the event or page, as the source calls it.
        behaviour name: text,
        /// What it is: a page, a screen, anything else tracked.
        open kind: [WebEventKind],
        /// Address of the page.
        behaviour url: text,
        /// Title of the page.
        behaviour title: text,
        /// When it happened.
        open occurred_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the event in its source; null where the source has no page for it.
        open source_url: text,
        /// The product it was about.
        open product: {ProductOf: product},
        /// The touchpoint it happened at.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Value of the event, such as that of an order.
        financial amount: {Money: amount, currency},
        /// The visit.
        column session_id: Option<Uuid> = Uuid if part => open: "wse",
        /// Value of the event, in 1/10,000.
        column amount: Option<i64> = Number if part,
        /// Currency of the amount.
        column currency: Option<String> = Text if part,
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
    } also {
        /// The visit it happened in; null where the source knows no visits.
        #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
        async fn session(&self, context: &Context<'_>) -> Option<Result<WebSession>> {
            let row = store::find_session(context, &self.permit, self.row.session_id?).await.transpose()?;
            Some(row.map(|row| WebSession::new(&self.permit, row)))
        }
    }
}
connection!(WebEvent, WebEventConnection, WebEventEdge, "web events");

/// Which events.
#[derive(Debug, Clone, Default, InputObject)]
pub struct WebEventFilter {
    /// With one of these names.
    pub name: Option<Vec<String>>,
    /// Of one of these kinds.
    pub kind: Option<Vec<WebEventKind>>,
    /// Whose address contains this text, 1 to 200 characters; capitals and small letters are alike.
    pub url_contains: Option<String>,
    /// In this period.
    pub occurred: Option<PeriodInput>,
}
