//! Faults of whoever asked for a change, as data: a mutation answers with them beside what it would have changed.

use async_graphql::SimpleObject;

use super::directive::access;
use crate::error::{Code, Error, Result};

/// A fault in what was sent; nothing was written.
#[derive(Debug, SimpleObject)]
pub struct UserError {
    /// A stable code: `BAD_USER_INPUT`, `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub code: String,
    /// The field of the input it is about, by its name there, where it is about one.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub field: Option<String>,
    /// What is wrong and what to do.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub message: String,
}

impl UserError {
    /// A fault of the user is data; anything else is an error.
    pub fn of<T>(result: Result<T>) -> Result<std::result::Result<T, Self>> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(Error { code, message, .. }) if is_of_the_user(code) => {
                let field = message.split('`').nth(1).map(str::to_owned);
                Ok(Err(Self { code: code.as_str().to_owned(), field, message }))
            }
            Err(error) => Err(error),
        }
    }
}

fn is_of_the_user(code: Code) -> bool {
    matches!(code, Code::BadUserInput | Code::NotFound | Code::Conflict | Code::Forbidden)
}
