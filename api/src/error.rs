//! The one error type. What may be shown (`message`) is kept apart from what never leaves the process (`cause`):
//! the code hangs on the variant, and a cause reaches the log together with an incident id, nothing else.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Shorthand used in the whole crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as clients see it in `extensions.code`. The texts are stable: clients branch on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// No token, or one that does not hold.
    Unauthenticated,
    /// The role has no right to this.
    Forbidden,
    /// The request says something we cannot take.
    BadUserInput,
    /// What was named does not exist, or may not be seen.
    NotFound,
    /// Several customers answer to what was asked for.
    Ambiguous,
    /// The state does not allow the change, or an idempotency key was used for another request.
    Conflict,
    /// Over a limit that protects the server.
    TooComplex,
    /// The subject's budget is used up for now.
    RateLimited,
    /// Something the answer needs is away for the moment; asking again later may help.
    Unavailable,
    /// Our fault. The answer carries an incident id only.
    Internal,
    /// The persisted query is not known here; send it with its text.
    PersistedQueryNotFound,
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
}

impl Code {
    /// The stable text of the code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::NotFound => "NOT_FOUND",
            Self::Ambiguous => "AMBIGUOUS",
            Self::Conflict => "CONFLICT",
            Self::TooComplex => "TOO_COMPLEX",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
        }
    }

    /// The same text for as long as the program runs, if it is that of a code: for labels, which must be few.
    pub fn known(text: &str) -> &'static str {
        Self::ALL.iter().map(|code| code.as_str()).find(|known| *known == text).unwrap_or("OTHER")
    }

    const ALL: [Self; 13] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::BadUserInput,
        Self::NotFound,
        Self::Ambiguous,
        Self::Conflict,
        Self::TooComplex,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
        Self::PersistedQueryNotFound,
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
    ];
}

/// A fault: a code and a sentence for whoever asked, and the cause for the log.
#[derive(Clone)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// One or two sentences that may be shown to anyone: no SQL, no path, no personal data.
    pub message: String,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error without a cause: its message says everything.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cause: None }
    }

    /// The request cannot be taken as it is.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Code::BadUserInput, message)
    }

    /// The role has no right to this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// Not there, or not visible: both answer alike.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// The state does not allow it.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// Our fault. The cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            code: Code::Internal,
            message: "Something went wrong on our side.".into(),
            cause: Some(Arc::from(cause.into())),
        }
    }

    /// A part of us is away. The cause goes to the log.
    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            code: Code::Unavailable,
            message: "The database cannot be reached at the moment. Try again shortly.".into(),
            cause: Some(Arc::from(cause.into())),
        }
    }

    /// The same error with a cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The same error with another sentence.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// What only the log may see.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " (cause: {cause})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
