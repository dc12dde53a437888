//! What goes wrong at the database, in the words of whoever asked: what is away, full or refused is told apart from what is
//! our mistake. The driver's own words stay in the cause.

use crate::error::Error;

pub(super) fn away(error: sqlx::Error) -> Error {
    Error::unavailable(error)
}

/// Whether the database could not keep a value (out of its range, too large for an index), so that the rest of a batch can be
/// written without it.
pub fn refuses_a_value(error: &Error) -> bool {
    let Some(sqlx::Error::Database(inner)) = error.cause().and_then(|cause| cause.downcast_ref::<sqlx::Error>()) else {
        return false;
    };
    // PostgreSQL: data exceptions and program limits; SQLite: string or blob too big.
    inner.code().is_some_and(|code| code.starts_with("22") && code.len() == 5 || code.starts_with("54") || code == "18")
}

/// The sentence for a disk without room.
const FULL: &str =
    "The database's disk is full, or its quota used up: nothing of this was written. Make room and try again.";

/// The sentence for an address that the server does not take.
const REFUSED: &str = "The database server refuses the user, or has no such database. Correct DATABASE_URL.";

/// What a database's error means to whoever asked.
enum Meaning {
    /// No room.
    Full,
    /// Another try may go better.
    Away,
    /// It does not know who asks, or has not what was named.
    Refused,
    /// A mistake of ours.
    Ours,
}

/// Tells what is away from what is wrong: the first may be tried again.
pub(super) fn fault(error: sqlx::Error) -> Error {
    match meaning(&error) {
        Meaning::Full => away(error).with_message(FULL),
        Meaning::Away => away(error),
        Meaning::Refused => away(error).with_message(REFUSED),
        Meaning::Ours => Error::internal(error),
    }
}

/// Whether waiting may mend it.
pub(super) fn may_come_back(error: &Error) -> bool {
    let cause = error.cause().and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    cause.is_some_and(|cause| matches!(meaning(cause), Meaning::Away))
}

/// Whether the database as a whole could not be spoken to, so that another statement would fare no better.
pub fn out_of_reach(error: &Error) -> bool {
    match error.cause().and_then(|cause| cause.downcast_ref::<sqlx::Error>()) {
        Some(error) if is_cut_off(error) => true,
        // The connection broke, there is none left, or the server stops.
        Some(sqlx::Error::Database(inner)) => {
            inner.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == "53300")
        }
        _ => false,
    }
}

/// A cause as the log may show it to anyone: a database that refuses a value quotes it, so of that only the code is told.
pub fn without_values(cause: &(dyn std::error::Error + 'static)) -> String {
    match cause.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Database(inner)) if inner.code().is_some_and(|code| code.starts_with("22")) => {
            format!("the database refused a value (SQLSTATE {})", inner.code().unwrap_or_default())
        }
        _ => match cause.downcast_ref::<serde_json::Error>() {
            Some(json) => {
                format!("JSON: {:?} error at line {} column {}", json.classify(), json.line(), json.column())
            }
            None => cause.to_string(),
        },
    }
}

/// Whether there was no connection to ask by. A server that goes away while it is greeted breaks the protocol.
fn is_cut_off(error: &sqlx::Error) -> bool {
    use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Protocol, Tls};
    matches!(error, Io(_) | PoolTimedOut | PoolClosed | Tls(_) | Protocol(_))
}

fn meaning(error: &sqlx::Error) -> Meaning {
    let code = match error {
        error if is_cut_off(error) => return Meaning::Away,
        sqlx::Error::Database(inner) => inner.code().unwrap_or_default(),
        _ => return Meaning::Ours,
    };
    // An extended code of SQLite has its kind in the lowest byte; PostgreSQL's codes have five characters.
    let kind = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
    match (kind, code.as_ref()) {
        // SQLite says that it is full, or that it could not write, truncate, or grow the index of its log.
        (_, "53100" | "13" | "778" | "1546" | "4874") => Meaning::Full,
        // SQLite: busy, locked. PostgreSQL: serialisation, deadlock, not now, lock.
        (Some(5 | 6), _) | (None, "40001" | "40P01" | "55000" | "55P03") => Meaning::Away,
        // Who may log in; no such database.
        (None, code) if ["28", "3D"].iter().any(|class| code.starts_with(class)) => Meaning::Refused,
        // The connection, resources, shutting down or cancelled.
        (None, code) if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => Meaning::Away,
        _ => Meaning::Ours,
    }
}

pub(super) fn unopened(error: sqlx::Error) -> Error {
    let message = match meaning(&error) {
        Meaning::Full => FULL,
        _ => "The database's file cannot be opened or made. Correct DATABASE_URL, or the rights on its folder.",
    };
    away(error).with_message(message)
}

pub(super) fn not_migrated(error: sea_orm::DbErr) -> Error {
    use sea_orm::{DbErr, RuntimeErr};
    if let DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner)) = &error
    {
        match meaning(inner) {
            Meaning::Full => return Error::unavailable(error).with_message(FULL),
            Meaning::Away => return Error::unavailable(error),
            Meaning::Refused => return Error::unavailable(error).with_message(REFUSED),
            Meaning::Ours => {}
        }
    }
    // The library has no variant of its own for it.
    if error.to_string().contains("its file is missing") {
        let message =
            "The database was made by a newer version of customer360. Start that version, or name another database.";
        return Error::conflict(message).because(error);
    }
    Error::internal(error).with_message("The database's tables could not be brought up to date.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_quotes_no_value() {
        let error = serde_json::from_str::<i32>("\"Anna\"").unwrap_err();
        assert!(error.to_string().contains("Anna"));
        assert_eq!(without_values(&error), "JSON: Data error at line 1 column 6");
    }
}
