//! What support shows.

use super::Support;
use crate::{connection, object};

object! {
    /// A request to support: a question, a problem, a complaint or a request.
    Ticket, TicketRow of Support from "ticket" id "tkt" owner "assignee_id" customer "customer_id" {
        /// Number of the ticket, as customers and agents write it.
        open number: text,
        /// What it is about.
        free_text subject: text,
        /// When it came in.
        open opened_at: time!,
        /// When it was last resolved.
        behaviour resolved_at: time,
    }
}
connection!(Ticket, TicketConnection, TicketEdge, "tickets");
