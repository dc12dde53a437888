//! From what async-graphql answers to what leaves the house: each error gets a stable code, what only the log may see is
//! taken out and replaced by an incident id, and a request that failed whole is told apart from one with some nulls.

use async_graphql::{ErrorExtensionValues, Pos, Response, ServerError, Value};

use super::document::Refusal;
use super::json;
use crate::database::without_values;
use crate::error::{Code, Error};

/// The sentence for a fault of ours.
pub const INTERNAL: &str = "Something went wrong on our side.";

/// An answer, ready to be written.
#[derive(Debug)]
pub struct Answer {
    errors: Vec<ServerError>,
    data: Option<Value>,
    extensions: std::collections::BTreeMap<String, Value>,
}

impl Answer {
    /// The answer to an executed request: codes set, causes logged and removed.
    pub fn executed(response: Response, request_id: &str) -> Self {
        let Response { mut errors, data, extensions, .. } = response;
        // Nothing ran if there is no data and no error says where in the data it arose: then `data` is left out.
        let refused = data == Value::Null && !errors.is_empty() && errors.iter().all(|error| error.path.is_empty());
        for error in &mut errors {
            outward(error, request_id);
        }
        Self { errors, data: (!refused).then_some(data), extensions }
    }

    /// The answer to a request that was refused before it ran.
    pub fn refused(refusal: Refusal) -> Self {
        let mut error = with_code(refusal.message, refusal.code, None);
        error.locations = refusal.locations;
        Self { errors: vec![error], data: None, extensions: std::collections::BTreeMap::new() }
    }

    /// The answer that is one error; its cause goes to the log.
    pub fn failed(error: &Error, request_id: &str) -> Self {
        let incident = log(error, request_id);
        let errors = vec![with_code(error.message.clone(), error.code, incident.as_deref())];
        Self { errors, data: None, extensions: std::collections::BTreeMap::new() }
    }

    /// Adds what the request cost.
    pub fn add_cost(&mut self, requested: u32, remaining: u32, limit: u32) {
        let cost = [("requested", requested), ("remaining", remaining), ("limit", limit)];
        let cost = cost.map(|(name, value)| (async_graphql::Name::new(name), Value::from(value)));
        self.extensions.insert("cost".into(), Value::Object(cost.into_iter().collect()));
    }

    /// Whether the request failed whole: the answer has no `data`.
    pub fn is_request_error(&self) -> bool {
        self.data.is_none()
    }

    /// Whether the document was found to fit the schema: something ran.
    pub fn proves_valid(&self) -> bool {
        self.data.is_some()
    }

    /// The code of the first error.
    pub fn code(&self) -> Option<&str> {
        match self.errors.first()?.extensions.as_ref()?.get("code")? {
            Value::String(code) => Some(code),
            _ => None,
        }
    }

    /// The answer as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(4096);
        body.push(b'{');
        if !self.errors.is_empty() {
            body.extend_from_slice(b"\"errors\":");
            if let Err(error) = serde_json::to_writer(&mut body, &self.errors) {
                tracing::error!(%error, "an answer could not be written");
                return br#"{"errors":[{"message":"Something went wrong on our side.","extensions":{"code":"INTERNAL"}}]}"#
                    .to_vec();
            }
        }
        if let Some(data) = &self.data {
            json::write_key(body.len() == 1, "data", &mut body);
            json::write(data, &mut body);
        }
        if !self.extensions.is_empty() {
            json::write_key(body.len() == 1, "extensions", &mut body);
            body.push(b'{');
            for (index, (key, value)) in self.extensions.iter().enumerate() {
                json::write_key(index == 0, key, &mut body);
                json::write(value, &mut body);
            }
            body.push(b'}');
        }
        body.push(b'}');
        body
    }
}

/// Logs the cause of a fault; what the client may ask us about has an incident id to find it by.
fn log(error: &Error, request_id: &str) -> Option<String> {
    // A refusal that says everything, such as that of a server with too much to do, is no news.
    let cause = error.cause()?;
    match error.code {
        Code::Internal => Some(incident(&without_values(cause), &cause.to_string(), request_id)),
        Code::Unavailable => {
            let code = error.code.as_str();
            tracing::error!(request_id, code, cause = without_values(cause), "a request failed");
            None
        }
        _ => None,
    }
}

/// Writes a fault of ours to the log and gives the id to find it by. The whole cause may quote what a row holds, so only
/// whoever asks for it is shown it.
fn incident(told: &str, cause: &str, request_id: &str) -> String {
    let incident = format!("{:016x}", fastrand::u64(..));
    let code = Code::Internal.as_str();
    tracing::error!(incident, request_id, code, cause = told, "a request failed");
    tracing::debug!(incident, cause, "the whole cause");
    incident
}

fn outward(error: &mut ServerError, request_id: &str) {
    if let Some(ours) = error.source::<Error>() {
        let (code, message, incident) = (ours.code, ours.message.clone(), log(ours, request_id));
        error.message = message;
        set_code(error, code, incident.as_deref());
    } else if coded(error) {
        // The field set a code itself; its message is meant to be shown.
    } else if error.path.is_empty() {
        // Our own check has parsed the document and found the operation: what is left is the validation.
        set_code(error, Code::GraphqlValidationFailed, None);
    } else if is_coercion(&error.message) && error.source.is_none() {
        set_code(error, Code::BadUserInput, None);
    } else {
        let incident = incident("an error of the library", &error.message, request_id);
        INTERNAL.clone_into(&mut error.message);
        error.extensions = None;
        set_code(error, Code::Internal, Some(&incident));
    }
    error.source = None;
}

fn coded(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|values| values.get("code").is_some())
}

/// Sentences of async-graphql's own input checks (`InputValueError`), which carry no code and no source.
fn is_coercion(message: &str) -> bool {
    ["Failed to parse \"", "Expected input type \"", "Invalid value for argument", "Oneof input objects "]
        .iter()
        .any(|start| message.starts_with(start))
}

fn with_code(message: String, code: Code, incident: Option<&str>) -> ServerError {
    let mut error = ServerError::new(message, None::<Pos>);
    set_code(&mut error, code, incident);
    error
}

fn set_code(error: &mut ServerError, code: Code, incident: Option<&str>) {
    let values = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    values.set("code", code.as_str());
    if let Some(incident) = incident {
        values.set("incident", incident);
    }
}
