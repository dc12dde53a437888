//! What a client asks: the document's text, the operation's name, variables and extensions, read from a JSON body or a
//! query string with a sentence for each way it can be wrong. Knows nothing of HTTP beyond these two forms.

use std::sync::Arc;

pub use async_graphql::{Data, Response};
use async_graphql::{ObjectType, Request, Schema, ServerError, SubscriptionType, Variables};
use serde::Deserialize;
use serde_json::Value as Json;

use super::document::Checked;
use super::run::{Root, Runner};
use crate::error::{Error, Result};

/// A request as it came.
#[derive(Debug, Default)]
pub struct Ask {
    /// The document's text.
    pub query: String,
    /// Which operation of the document is meant.
    pub operation_name: Option<String>,
    /// The variables.
    pub variables: Variables,
}

/// The shape of a body; what is not named here is ignored, as the specification says.
#[derive(Deserialize)]
struct Body {
    query: String,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
    /// Checked for its shape only.
    #[serde(default, rename = "extensions")]
    _extensions: Option<serde_json::Map<String, Json>>,
}

impl Ask {
    /// Reads a JSON body.
    pub fn from_json(body: &[u8]) -> Result<Self> {
        match serde_json::from_slice::<Body>(body) {
            Ok(Body { query, operation_name, variables, _extensions }) => {
                Ok(Self { query, operation_name: operation_name.filter(|name| !name.is_empty()), variables })
            }
            Err(error) => Err(explain(body, &error)),
        }
    }

    /// Reads the parameters of a query string, decoded already.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self> {
        let mut ask = Self::default();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                return Err(Error::bad_input(format!("The parameter {name:.40} is given twice.")));
            }
            match name.as_str() {
                "query" => ask.query = value,
                "operationName" => ask.operation_name = Some(value).filter(|name| !name.is_empty()),
                "variables" if !value.is_empty() => {
                    ask.variables = serde_json::from_str(&value).map_err(|_| {
                        Error::bad_input("The parameter variables must be a JSON object whose keys are variable names.")
                    })?;
                }
                "extensions" if !value.is_empty() => {
                    serde_json::from_str::<Option<serde_json::Map<String, Json>>>(&value)
                        .map_err(|_| Error::bad_input("The parameter extensions must be a JSON object."))?;
                }
                _ => continue,
            }
            seen.push(name);
        }
        if ask.query.is_empty() {
            return Err(Error::bad_input("The parameter query with a GraphQL document is missing."));
        }
        Ok(ask)
    }

    /// What is to be executed: an operation of the document.
    pub fn into_work(self, checked: Arc<Checked>) -> Work {
        Work { checked, operation_name: self.operation_name, variables: self.variables }
    }
}

/// An operation of a checked document, with its variables: ready to be executed.
pub struct Work {
    checked: Arc<Checked>,
    operation_name: Option<String>,
    variables: Variables,
}

impl Work {
    /// Executes it with the data its resolvers need: by the runner where the document is known to be valid, else by the
    /// schema.
    pub async fn execute<Q, M, S>(self, schema: &Schema<Root<Q>, M, S>, runner: &Runner<Q>, mut data: Data) -> Response
    where
        Q: ObjectType + Default + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let Self { checked, operation_name, mut variables } = self;
        let Ok(operation) = checked.operation(operation_name.as_deref()) else {
            return Response::from_errors(vec![ServerError::new("The operation is not in the document.", None)]);
        };
        data.insert(operation.repeats);
        operation.fill_in(&mut variables);
        if checked.is_valid() {
            match runner.run(operation, variables, data).await {
                Ok(response) => return response,
                Err(back) => (variables, data) = back,
            }
        }
        let (document, name) = checked.executable(operation);
        let mut request = Request::new(String::new()).variables(variables);
        request.data = data;
        request.operation_name = name;
        request.set_parsed_query(document);
        // Boxed, so that its size is not that of every request.
        Box::pin(schema.execute(request)).await
    }
}

/// The slow way, taken only for a body that is wrong: what exactly is wrong with it.
fn explain(body: &[u8], error: &serde_json::Error) -> Error {
    if std::str::from_utf8(body).is_err() {
        return Error::bad_input("The body is not valid UTF-8.");
    }
    let json = match serde_json::from_slice::<Json>(body) {
        Ok(json) => json,
        Err(error) if error.to_string().starts_with("recursion limit") => {
            return Error::bad_input("The body is nested more than 128 levels deep.");
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return Error::bad_input(format!("The body is not valid JSON (line {line}, column {column})."));
        }
    };
    let Json::Object(object) = json else {
        return Error::bad_input(match json {
            Json::Array(_) => "Send one request as a JSON object; a list of requests is not taken.",
            _ => "The body must be a JSON object with a query.",
        });
    };
    let wrong = |name: &str, allowed: fn(&Json) -> bool| object.get(name).is_some_and(|value| !allowed(value));
    Error::bad_input(if !object.get("query").is_some_and(Json::is_string) {
        "The body needs a query: the GraphQL document as text.".into()
    } else if wrong("operationName", |value| value.is_string() || value.is_null()) {
        "operationName must be text or null.".into()
    } else if wrong("variables", |value| value.is_object() || value.is_null()) {
        "variables must be a JSON object or null.".into()
    } else if wrong("extensions", |value| value.is_object() || value.is_null()) {
        "extensions must be a JSON object or null.".into()
    } else {
        format!("The body cannot be read as a GraphQL request (line {}, column {}).", error.line(), error.column())
    })
}
