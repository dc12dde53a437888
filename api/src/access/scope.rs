//! What one request may see and what it waits for: the viewer, the batch, and the list of what was withheld.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What a resolver knows of its request: stores take it to reach the request's batch.
pub use async_graphql::{Context, SelectionField};
use async_graphql::{ContextSelectionSet, Enum, QueryPathNode, QueryPathSegment, SimpleObject, Value, value};
use chrono::{DateTime, Utc};

use super::door::Door;
use super::mask;
use super::page::Pages;
use super::policy::{Action, Cell, Class};
use super::viewer::{Permit, Silo, Viewer};
use super::works::Works;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::graph::batch::Batch;
use crate::graph::cursor::Sealer;

/// The request's scope; it travels in the context of every resolver.
pub struct Scope {
    /// Who asks.
    pub viewer: Arc<Viewer>,
    /// What the levels of this request wait for.
    pub batch: Arc<Batch>,
    /// For writes and for work outside the levels.
    pub database: Database,
    /// Seals cursors.
    pub sealer: Arc<Sealer>,
    /// Where what staff write goes in.
    pub door: Arc<dyn Door>,
    /// What may be done to the intake; a grant leads there.
    pub(super) works: Arc<dyn Works>,
    /// How large pages are.
    pub pages: Pages,
    /// The moment of the request: one for the whole answer.
    pub now: DateTime<Utc>,
    withheld: Mutex<BTreeSet<Withheld>>,
}

/// A value that was withheld: told once for each coordinate and path, list positions left out.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Withheld {
    path: Vec<String>,
    coordinate: String,
    class: Class,
    masked: bool,
}

impl Scope {
    /// A fresh scope for one request.
    pub fn new(
        viewer: Arc<Viewer>,
        database: Database,
        sealer: Arc<Sealer>,
        door: Arc<dyn Door>,
        works: Arc<dyn Works>,
        pages: Pages,
    ) -> Self {
        let batch = Batch::new(database.clone());
        Self { viewer, batch, database, sealer, door, works, pages, now: Utc::now(), withheld: Mutex::default() }
    }

    /// The scope of a resolver.
    pub fn of<'a>(context: &Context<'a>) -> Result<&'a Self> {
        context.data::<Arc<Self>>().map(AsRef::as_ref).map_err(|_| Error::internal("a request without a scope"))
    }

    /// The list for `extensions.access`.
    pub fn withheld(&self) -> Option<Value> {
        let withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        if withheld.is_empty() {
            return None;
        }
        let list = withheld.iter().map(|one| {
            value!({
                "path": one.path.clone(),
                "coordinate": one.coordinate.clone(),
                "dataClass": one.class.name(),
                "code": if one.masked { "MASKED" } else { "FORBIDDEN" },
            })
        });
        Some(Value::List(list.collect()))
    }

    fn note(&self, context: &Context<'_>, object: &str, class: Class, masked: bool) {
        // What is merged into a larger type is called after it: `CustomerCore` is `Customer` in the schema.
        let object = object.strip_suffix("Core").unwrap_or(object);
        let coordinate = format!("{object}.{}", context.item.node.name.node);
        self.note_at(context, &[], &coordinate, class, masked);
    }

    /// Notes what was withheld some fields below the one that is resolved, wherever the query asks for it.
    fn note_at(&self, context: &Context<'_>, below: &[&str], coordinate: &str, class: Class, masked: bool) {
        let mut path = Vec::new();
        names(context.path_node.as_ref(), &mut path);
        let mut withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        each_path(&context.field(), below, &mut path, &mut |path| {
            withheld.insert(Withheld { path: path.to_vec(), coordinate: coordinate.to_owned(), class, masked });
        });
    }

    /// Takes back what was noted below the field that a context stands at, since what it belongs to is dropped.
    pub fn forget_below(&self, context: &ContextSelectionSet<'_>) {
        let mut here = Vec::new();
        names(context.path_node.as_ref(), &mut here);
        let mut withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        withheld.retain(|one| !one.path.starts_with(&here));
    }
}

/// The mutation that a context stands at: its name, and its arguments as they were sent, in one spelling.
pub(super) fn sent(context: &Context<'_>) -> Result<(String, String)> {
    let field = context.field();
    let mut arguments = serde_json::Map::new();
    for (name, value) in field.arguments().map_err(|error| Error::bad_input(error.message))? {
        arguments.insert(name.to_string(), value.into_json().map_err(Error::internal)?);
    }
    let mut arguments = serde_json::Value::Object(arguments);
    arguments.sort_all_objects();
    Ok((field.name().to_owned(), arguments.to_string()))
}

/// Calls with the path of each place where a field asks for what lies below it, by the keys of the answer.
fn each_path(field: &SelectionField<'_>, below: &[&str], path: &mut Vec<String>, call: &mut impl FnMut(&[String])) {
    let [name, rest @ ..] = below else { return call(path) };
    for inner in field.selection_set().filter(|inner| inner.name() == *name) {
        path.push(inner.alias().unwrap_or(name).to_owned());
        each_path(&inner, rest, path, call);
        path.pop();
    }
}

fn names(node: Option<&QueryPathNode<'_>>, path: &mut Vec<String>) {
    if let Some(node) = node {
        names(node.parent, path);
        if let QueryPathSegment::Name(name) = node.segment {
            path.push(name.to_owned());
        }
    }
}

/// What a viewer sees of a silo.
#[derive(Debug, Clone, SimpleObject)]
pub struct SiloAccess {
    /// Data classes that are masked: text is shortened in place, anything else is null.
    #[graphql(directive = super::access::apply("any".to_owned(), "open".to_owned()))]
    pub masked: Vec<DataClass>,
    /// Data classes that are withheld: null.
    #[graphql(directive = super::access::apply("any".to_owned(), "open".to_owned()))]
    pub hidden: Vec<DataClass>,
}

impl SiloAccess {
    /// What the permit's holder sees.
    pub fn of<S: Silo>(permit: &Permit<S>) -> Self {
        Self::from_cell(permit.viewer().cell(S::KEY))
    }

    /// What a cell of the policy lets see.
    pub fn from_cell(cell: &Cell) -> Self {
        let those = |action: Action| {
            Class::ALL.iter().filter(|class| cell.action(**class) == action).map(|class| (*class).into()).collect()
        };
        Self { masked: those(Action::Mask), hidden: those(Action::Hide) }
    }
}

/// What a value is, for the policy: each field of this schema belongs to one class (see its `@access`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "super::policy::Class")]
pub enum DataClass {
    /// Names, birth date.
    Identity,
    /// E-mail, phone, address.
    Contact,
    /// Words that people wrote.
    FreeText,
    /// Money.
    Financial,
    /// What the customer did.
    Behaviour,
    /// Cookies, devices, technical ids.
    Technical,
    /// Who works here.
    Staff,
    /// Private notes.
    Internal,
    /// Anything that says nothing about a person.
    Open,
}

/// The permit of a silo, or its refusal as data: the field is null and `extensions.access` says why.
pub fn permit<S: Silo>(context: &Context<'_>, object: &str) -> Result<Option<Permit<S>>> {
    let scope = Scope::of(context)?;
    let permit = scope.viewer.permit::<S>();
    if permit.is_none() {
        scope.note(context, object, Class::Open, false);
    }
    Ok(permit)
}

/// A text through the mask of its class.
pub fn shown_text<S: Silo>(
    context: &Context<'_>,
    permit: &Permit<S>,
    object: &str,
    class: Class,
    value: Option<&str>,
) -> Option<String> {
    seen_text(context, permit, object, class, value).map(Cow::into_owned)
}

/// The same for a value that is only looked at: what is shown as it is need not be copied.
pub fn seen_text<'a, S: Silo>(
    context: &Context<'_>,
    permit: &Permit<S>,
    object: &str,
    class: Class,
    value: Option<&'a str>,
) -> Option<Cow<'a, str>> {
    match permit.action(class) {
        Action::Show => value.map(Cow::Borrowed),
        action => {
            if let Ok(scope) = Scope::of(context) {
                scope.note(context, object, class, action == Action::Mask);
            }
            if action == Action::Mask { value.map(|value| mask::text(class, value).into()) } else { None }
        }
    }
}

/// A text that the resolver of a field gives for a field below it, whose class depends on the row: `below` leads there from
/// the field that is resolved, and `coordinate` is its own. It is told as withheld only where the query asks for it.
pub fn shown_below<S: Silo>(
    context: &Context<'_>,
    permit: &Permit<S>,
    (below, coordinate): (&[&str], &str),
    class: Class,
    value: &str,
) -> Option<String> {
    let action = permit.action(class);
    if action != Action::Show
        && let Ok(scope) = Scope::of(context)
    {
        scope.note_at(context, below, coordinate, class, action == Action::Mask);
    }
    visible_text(permit, class, Some(value))
}

/// A text as the holder of a permit sees it, for a place that is no field of its own.
pub fn visible_text<S: Silo>(permit: &Permit<S>, class: Class, value: Option<&str>) -> Option<String> {
    match permit.action(class) {
        Action::Show => value.map(str::to_owned),
        Action::Mask => value.map(|value| mask::text(class, value)),
        Action::Hide => None,
    }
}

/// Any other value: shown, or null and told as masked or forbidden.
pub fn shown<S: Silo, T>(
    context: &Context<'_>,
    permit: &Permit<S>,
    object: &str,
    class: Class,
    value: impl FnOnce() -> Option<T>,
) -> Option<T> {
    match permit.action(class) {
        Action::Show => value(),
        action => {
            if let Ok(scope) = Scope::of(context) {
                scope.note(context, object, class, action == Action::Mask);
            }
            None
        }
    }
}

/// A text that may hold anything of a person: only for those who see every data class in full. It is told as withheld by the
/// class that is withheld the most.
pub fn shown_whole<S: Silo>(
    context: &Context<'_>,
    permit: &Permit<S>,
    object: &str,
    value: Option<&str>,
) -> Option<String> {
    let strictest = Class::ALL.iter().copied().min_by_key(|class| permit.action(*class)).unwrap_or(Class::Internal);
    shown(context, permit, object, strictest, || value.map(str::to_owned))
}
