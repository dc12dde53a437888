//! The pages of a GraphQL query, followed by themselves: each node becomes a line or a row. The limits of a request hold for
//! each page as they do over HTTP; the budget of a subject does not, since whoever runs the server runs this.

use std::io::Write;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::export::{put, put_flushed};
use crate::access::{Form, Given};
use crate::app::App;
use crate::auth::Claims;
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::export::format::{Sheet, Title};
use crate::export::{Format, Request};
use crate::graph::answer::Answer;
use crate::graph::ask::Ask;
use crate::graph::document::{Documents, Kind};
use crate::graph::leaves::{Held, Listed, listed};
use crate::graph::timestamp::Timestamp;
use crate::http::Engine;

/// The pages of a query.
pub(super) struct Pages {
    app: Arc<App>,
    claims: Arc<Claims>,
    documents: Documents,
    query: String,
    variables: Map<String, Value>,
    listed: Listed,
    request: Request,
}

/// One page: its nodes, and where the next begins.
pub(super) struct Page {
    nodes: Vec<Value>,
    next: Option<String>,
}

impl Pages {
    /// Reads the query and finds its list.
    pub(super) fn new(
        config: &Config,
        app: Arc<App>,
        claims: Arc<Claims>,
        query: &str,
        variables: Option<&str>,
        request: Request,
    ) -> Result<Self> {
        let sdl = app.sdl();
        let mut variables: Map<String, Value> = match variables {
            None => Map::new(),
            Some(text) => serde_json::from_str(text)
                .map_err(|_| Error::bad_input("The file of --variables must hold a JSON object."))?,
        };
        if let Some(after) = &request.after {
            variables.insert("after".to_owned(), Value::from(after.as_str()));
        }
        let listed = listed(&sdl, query)?;
        let documents = Documents::try_new(&sdl, &config.graphql)?;
        Ok(Self { app, claims, documents, query: query.to_owned(), variables, listed, request })
    }

    /// The first page, before anything is written.
    pub(super) async fn first(&mut self) -> Result<Page> {
        self.page().await
    }

    /// Writes the first page and all that follow; gives the number of rows, or none where the reader went away.
    pub(super) async fn write(&mut self, first: Page, out: &mut (dyn Write + Send)) -> Result<Option<u64>> {
        let mut sheet = match self.request.format {
            Format::Ndjson => None,
            Format::Csv | Format::Parquet => Some(Sheet::titled(&self.titles(), &self.request)?),
        };
        let (mut page, mut rows) = (first, 0_u64);
        loop {
            rows += page.nodes.len() as u64;
            let bytes = self.bytes(sheet.as_mut(), &page.nodes)?;
            if !put(out, &bytes)? {
                return Ok(None);
            }
            let Some(next) = page.next else { break };
            self.variables.insert("after".to_owned(), Value::from(next.as_str()));
            page = match self.page().await {
                Ok(page) => page,
                Err(error) => {
                    put_flushed(out)?;
                    let message = format!("{} Go on with --after {next}", error.message);
                    return Err(error.with_message(message));
                }
            };
        }
        if let Some(sheet) = sheet {
            put(out, &sheet.finish()?)?;
        }
        Ok(put_flushed(out)?.then_some(rows))
    }

    fn bytes(&self, sheet: Option<&mut Sheet>, nodes: &[Value]) -> Result<Vec<u8>> {
        let Some(sheet) = sheet else {
            let mut lines = Vec::new();
            for node in nodes {
                serde_json::to_writer(&mut lines, node).map_err(Error::internal)?;
                lines.push(b'\n');
            }
            return Ok(lines);
        };
        for node in nodes {
            let row: Vec<Given<'_>> =
                self.listed.leaves.iter().map(|leaf| given(node, &leaf.path, leaf.held)).collect();
            sheet.row(&row)?;
        }
        sheet.take()
    }

    fn titles(&self) -> Vec<Title> {
        let title = |leaf: &crate::graph::leaves::Leaf| Title {
            name: leaf.path.join("."),
            form: match leaf.held {
                Held::Text => Form::Text,
                Held::Int => Form::Number,
                Held::Float => Form::Real,
                Held::Bool => Form::Bool,
                Held::Time => Form::Time,
                Held::List => Form::Texts,
            },
        };
        self.listed.leaves.iter().map(title).collect()
    }

    async fn page(&self) -> Result<Page> {
        let body = json!({ "query": self.query, "variables": self.variables }).to_string();
        let ask = Ask::from_json(body.as_bytes())?;
        let checked = match self.documents.recall(&ask.query) {
            Some(known) => known,
            None => self.documents.check(&ask.query).map_err(|refusal| Error::new(refusal.code, refusal.message))?,
        };
        let refused = |refusal: crate::graph::document::Refusal| Error::new(refusal.code, refusal.message);
        let operation = checked.operation(None).map_err(refused)?;
        if operation.kind != Kind::Query {
            return Err(Error::bad_input("Only a query can be exported."));
        }
        operation.check_variables(&ask.variables, &self.documents).map_err(refused)?;
        operation.cost(&ask.variables, self.documents.limits()).map_err(refused)?;
        let valid = checked.is_valid();
        let response = self.app.execute(ask.into_work(Arc::clone(&checked)), Arc::clone(&self.claims)).await;
        let answer = Answer::executed(response, "export");
        if !valid && answer.proves_valid() {
            checked.found_valid();
        }
        let answer: Value = serde_json::from_slice(&answer.to_json()).map_err(Error::internal)?;
        if let Some(error) = answer["errors"].get(0) {
            let code = match error["extensions"]["code"].as_str() {
                Some("FORBIDDEN") => Code::Forbidden,
                Some("UNAVAILABLE") => Code::Unavailable,
                Some("INTERNAL") => Code::Internal,
                _ => Code::BadUserInput,
            };
            return Err(Error::new(code, error["message"].as_str().unwrap_or_default()));
        }
        self.taken(&answer)
    }

    fn taken(&self, answer: &Value) -> Result<Page> {
        let mut list = &answer["data"];
        for key in &self.listed.path {
            list = &list[key];
        }
        let rows = if self.listed.in_edges { &list["edges"] } else { &list["nodes"] };
        let Some(rows) = rows.as_array() else {
            return Err(Error::not_found(
                "The query's list is not there: what it belongs to does not exist, or may not be seen.",
            ));
        };
        let nodes = rows.iter().map(|row| if self.listed.in_edges { row["node"].clone() } else { row.clone() });
        let more = list["pageInfo"]["hasNextPage"].as_bool().unwrap_or_default();
        let next = list["pageInfo"]["endCursor"].as_str().filter(|_| more).map(str::to_owned);
        Ok(Page { nodes: nodes.collect(), next })
    }
}

/// The value that a path leads to.
fn given<'a>(node: &'a Value, path: &[String], held: Held) -> Given<'a> {
    let value = path.iter().fold(node, |value, key| &value[key]);
    match (held, value) {
        (_, Value::Null) => Given::Null,
        (Held::Int, value) if value.is_i64() => Given::Int(value.as_i64().unwrap_or_default()),
        (Held::Float, value) if value.is_number() => Given::Real(value.as_f64().unwrap_or_default()),
        (Held::Bool, Value::Bool(flag)) => Given::Bool(*flag),
        (Held::Time, value) => {
            serde::Deserialize::deserialize(value).map_or(Given::Null, |time: Timestamp| Given::Time(time))
        }
        (Held::Text, Value::String(text)) => Given::Text(text.as_str().into()),
        (_, other) => Given::Text(other.to_string().into()),
    }
}
