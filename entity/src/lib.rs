//! The tables: one file each, columns only. No GraphQL, no logic, no SQL; whoever adds a table adds a file and a line here.

pub mod time;

pub mod change;
pub mod consent;
pub mod contact_note;
pub mod contract;
pub mod crm_profile;
pub mod customer;
pub mod customer_redirect;
pub mod golden_value;
pub mod hook_delivery;
pub mod idempotency_key;
pub mod identifier;
pub mod identity_event;
pub mod import_progress;
pub mod interaction;
pub mod lifecycle_transition;
pub mod match_link;
pub mod membership;
pub mod opportunity;
pub mod preference;
pub mod product;
pub mod profile_identifier;
pub mod profile_word;
pub mod purchase;
pub mod record;
pub mod record_discard;
pub mod record_head;
pub mod record_waiting;
pub mod relation;
pub mod review;
pub mod source;
pub mod source_profile;
pub mod source_stream;
pub mod staff;
pub mod staff_alias;
pub mod survey;
pub mod survey_answer;
pub mod survey_invitation;
pub mod survey_response;
pub mod ticket;
pub mod ticket_message;
pub mod touchpoint;
pub mod web_event;
pub mod web_session;

/// Calls a macro once with the names of all tables, so that a test or a job can treat each of them.
#[macro_export]
macro_rules! for_each_entity {
    ($callback:ident) => {
        $callback! {
            change
            consent
            contact_note
            contract
            crm_profile
            customer
            customer_redirect
            golden_value
            hook_delivery
            idempotency_key
            identifier
            identity_event
            import_progress
            interaction
            lifecycle_transition
            match_link
            membership
            opportunity
            preference
            product
            profile_identifier
            profile_word
            purchase
            record
            record_discard
            record_head
            record_waiting
            relation
            review
            source
            source_profile
            source_stream
            staff
            staff_alias
            survey
            survey_answer
            survey_invitation
            survey_response
            ticket
            ticket_message
            touchpoint
            web_event
            web_session
        }
    };
}
