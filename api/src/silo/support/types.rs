//! What support shows: a customer's tickets with their messages, and the figures over them.

use async_graphql::{Context, Enum, InputObject, Object};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Support, store};
use crate::access::{Class, PageArgs, PeriodInput, Permit, SiloAccess, SiloKey, access, permit, shown, shown_text};
use crate::catalogue::source::{Freshness, freshness};
use crate::catalogue::types::{Channel, ProductOf, Staff, TouchpointOf, staff};
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::graph::timestamp::Timestamp;
use crate::{connection, object};

/// What a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TicketKind {
    /// The customer wants to know something.
    Question,
    /// Something does not work.
    Problem,
    /// The customer is dissatisfied.
    Complaint,
    /// The customer wants something done.
    Request,
}

/// Where a ticket stands. All but `SOLVED` and `CLOSED` are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TicketStatus {
    /// Nobody has looked at it.
    New,
    /// Someone works on it.
    Open,
    /// It waits for the customer.
    Pending,
    /// It waits for someone else.
    OnHold,
    /// Resolved; the customer may open it again.
    Solved,
    /// Over.
    Closed,
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TicketPriority {
    /// Can wait.
    Low,
    /// As usual.
    Normal,
    /// Before others.
    High,
    /// At once.
    Urgent,
}

/// How the customer rated the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TicketSatisfaction {
    /// Satisfied.
    Good,
    /// Not satisfied.
    Bad,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageAuthorKind {
    /// The customer.
    Customer,
    /// Someone of ours.
    Agent,
    /// A program.
    System,
}

object! {
    /// A request to support: a question, a problem, a complaint or a request.
    Ticket, TicketRow of Support from "ticket" id "tkt" owner "assignee_id" customer "customer_id" {
        /// Number of the ticket, as customers and agents write it.
        open number: text,
        /// What it is: a question, a problem, a complaint, a request.
        behaviour kind: [TicketKind],
        /// Where it stands.
        open status: [TicketStatus]!,
        /// How urgent it is.
        open priority: [TicketPriority],
        /// Channel it came on.
        open channel: [Channel],
        /// What it is about, in the customer's or agent's words.
        free_text subject: text,
        /// Topic it was filed under.
        open topic: text,
        /// Team that works on it.
        staff team: text,
        /// When it came in.
        open opened_at: time!,
        /// When it last changed.
        open updated_at: time,
        /// When it was first answered.
        open first_response_at: time,
        /// When it was last resolved; null while it is open.
        open resolved_at: time,
        /// How often it was opened again after it had been resolved.
        open reopened_count: number,
        /// How often it changed hands: changes of assignee or team.
        open handover_count: number,
        /// How the customer rated the help.
        behaviour satisfaction: [TicketSatisfaction],
        /// When the customer was promised the next word.
        open next_update_at: time,
        /// How long the caller waited, in seconds.
        open waiting_seconds: number,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the ticket in its source; null where the source has no page for it.
        open source_url: text,
        /// The product it is about.
        open product: {ProductOf: product},
        /// The touchpoint it came up at.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
        /// Who works on it.
        column assignee_id: Option<Uuid> = Uuid if part => staff: "stf",
    } also {
        /// Who works on it.
        #[graphql(directive = access::apply("support".to_owned(), "staff".to_owned()))]
        async fn assignee(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "Ticket", Class::Staff, || self.row.assignee_id) {
                None => None,
                id => staff(context, "Ticket", id).await.transpose(),
            }
        }

        /// What was written, newest first; internal notes only for those who may read them.
        #[graphql(directive = access::apply("support".to_owned(), "open".to_owned()))]
        async fn messages(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<Ready<TicketMessageConnection>>> {
            let args = PageArgs { first, after, last, before };
            let page = store::messages_of_ticket(context, &self.permit, self.row.id, &args).await;
            Some(page.map(|page| TicketMessageConnection::new(page, |row| TicketMessage::new(&self.permit, row))))
        }
    }
}
connection!(Ticket, TicketConnection, TicketEdge, "tickets");

object! {
    /// A message of a ticket, or an internal note beside it.
    TicketMessage, TicketMessageRow of Support from "ticket_message" id "tms" owner "staff_id" customer "customer_id" internal "t.internal" {
        /// Who wrote it: the customer, an agent, a program.
        open author_kind: [MessageAuthorKind],
        /// Whether it is an internal note, not a message to the customer.
        open internal: bool!,
        /// What was written.
        free_text text: text,
        /// Channel.
        open channel: [Channel],
        /// When it was sent.
        open sent_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the message in its source; null where the source has no page for it.
        open source_url: text,
        /// Author as the source writes it.
        column author: Option<String> = Text if part => identity staff: text,
        /// The ticket it belongs to.
        column ticket_id: Option<Uuid> = Uuid if part => open: "tkt",
    } also {
        /// Author as the source writes it: of the class identity where the customer wrote, of the class staff where one of us did,
        /// and of both where the source does not say.
        #[graphql(directive = access::apply("support".to_owned(), "identity".to_owned()))]
        async fn author(&self, context: &Context<'_>) -> Option<String> {
            let class = match self.row.author_kind {
                Some(MessageAuthorKind::Customer) => Class::Identity,
                Some(MessageAuthorKind::Agent | MessageAuthorKind::System) => Class::Staff,
                None => [Class::Identity, Class::Staff].into_iter().min_by_key(|class| self.permit.action(*class))?,
            };
            shown_text(context, &self.permit, "TicketMessage", class, self.row.author.as_deref())
        }
    }
}
connection!(TicketMessage, TicketMessageConnection, TicketMessageEdge, "messages of a ticket");

/// Which tickets.
#[derive(Debug, Clone, Default, InputObject)]
pub struct TicketFilter {
    /// In one of these states.
    pub status: Option<Vec<TicketStatus>>,
    /// Open ones only (true) or finished ones only (false).
    pub open: Option<bool>,
    /// Of one of these kinds.
    pub kind: Option<Vec<TicketKind>>,
    /// On one of these channels.
    pub channel: Option<Vec<Channel>>,
    /// About this product, by key.
    pub product: Option<String>,
    /// At this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// Opened in this period.
    pub opened: Option<PeriodInput>,
}

/// What support knows of a customer.
pub struct CustomerSupport {
    customer_id: Uuid,
    permit: Permit<Support>,
}

/// What support knows of a customer.
#[Object]
impl CustomerSupport {
    /// The customer's tickets, the one opened last first.
    #[graphql(directive = access::apply("support".to_owned(), "open".to_owned()))]
    async fn tickets(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which tickets; all unless said.")] filter: Option<TicketFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<TicketConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page = store::tickets_of_customer(context, &self.permit, self.customer_id, filter.as_ref(), &args).await;
        Some(page.map(|page| TicketConnection::new(page, |row| Ticket::new(&self.permit, row))))
    }

    /// How many tickets the customer has had.
    #[graphql(directive = access::apply("support".to_owned(), "open".to_owned()))]
    async fn ticket_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.figures(context).await.map(|figures| Some(figures.count)).transpose()
    }

    /// How many of them are open.
    #[graphql(directive = access::apply("support".to_owned(), "open".to_owned()))]
    async fn open_ticket_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.figures(context).await.map(|figures| Some(figures.open)).transpose()
    }

    /// When the customer last opened a ticket.
    #[graphql(directive = access::apply("support".to_owned(), "open".to_owned()))]
    async fn last_ticket_at(&self, context: &Context<'_>) -> Option<Result<Timestamp>> {
        self.figures(context).await.map(|figures| figures.last_at).transpose()
    }

    /// How fresh this is.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn freshness(&self, context: &Context<'_>) -> Option<Result<Freshness>> {
        freshness(context, "CustomerSupport", SiloKey::Support).await.transpose()
    }

    /// What you see of it, and what is withheld from you.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn access(&self) -> SiloAccess {
        SiloAccess::of(&self.permit)
    }
}

impl CustomerSupport {
    async fn figures(&self, context: &Context<'_>) -> Result<store::TicketFigures> {
        store::figures_of_customer(context, &self.permit, self.customer_id).await
    }
}

/// What support adds to a customer.
pub struct SupportOfCustomer {
    /// The customer.
    pub customer_id: Uuid,
}

/// What support adds to a customer.
#[Object]
impl SupportOfCustomer {
    /// Support: tickets and their messages; null for those who may not read it.
    #[graphql(directive = access::apply("support".to_owned(), "open".to_owned()))]
    async fn support(&self, context: &Context<'_>) -> Option<Result<CustomerSupport>> {
        let permit = permit::<Support>(context, "Customer").transpose()?;
        Some(permit.map(|permit| CustomerSupport { customer_id: self.customer_id, permit }))
    }
}
