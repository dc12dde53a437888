//! Values that are at hand: what a row brought with it needs no future of its own.
//!
//! A resolver is a future to async-graphql, boxed and polled for each field of each row, its value put into a tree of maps.
//! A page of rows has hundreds of fields whose values lie there already: [`Ready`] writes those as JSON at once and leaves
//! the others to the library.

use std::borrow::{Borrow, Cow};
use std::sync::PoisonError;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_container;
use async_graphql::{
    Context, ContextSelectionSet, ObjectType, OutputType, PathSegment, Positioned, ServerError, ServerResult, Value,
};
use futures_util::future::{BoxFuture, join_all, try_join_all};

use super::document::Repeats;
use super::json::{self, Leaf};
use crate::database::Camel;

/// Writes the value of the field that the context stands at; false where something below it has to be resolved.
pub type Writer<T> = fn(&T, &Context<'_>, &mut Vec<u8>) -> bool;

/// An object of which some fields are at hand.
pub trait AtHand: ObjectType + Sized {
    /// How the field of this name is written; none where it has to be resolved.
    fn writer(field: &str) -> Option<Writer<Self>>;
}

/// An object that writes what is at hand at once. It is called and looks like the object itself.
pub struct Ready<T>(pub T);

impl<T: AtHand> OutputType for Ready<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve(context, &self.0).await
    }
}

/// A list of objects that are written at once where all that is asked of them is at hand.
pub struct ReadyList<T>(pub Vec<Ready<T>>);

impl<T: AtHand> OutputType for ReadyList<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<Ready<T>>>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<Ready<T>>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Ready<T>>>::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let mut out = Vec::with_capacity(256);
        if write_objects::<T>(context, self.0.iter().map(|item| &item.0), &mut out) {
            return Ok(json::text(out));
        }
        Box::pin(self.0.resolve(context, field)).await
    }
}

/// Resolves an object: what is at hand is written at once.
pub async fn resolve<T: AtHand>(context: &ContextSelectionSet<'_>, root: &T) -> ServerResult<Value> {
    let mut out = Vec::with_capacity(256);
    if write_object(context, root, &mut out) {
        return Ok(json::text(out));
    }
    // Boxed: as it stands in every list, the future of the common case is to be small.
    Box::pin(mixed(context, root)).await
}

/// Writes an object as asked for, if all of it is at hand; else nothing is written.
fn write_object<T: AtHand>(context: &ContextSelectionSet<'_>, root: &T, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.push(b'{');
    let whole = each(context, &T::type_name(), &mut |field| {
        json::write_key(out.last() == Some(&b'{'), &field.node.response_key().node, out);
        write_field(&context.with_field(field), root, out)
    });
    if whole {
        out.push(b'}');
    } else {
        out.truncate(start);
    }
    whole
}

/// Writes a field that is an object itself, if all that is asked of it is at hand.
pub fn write_below<T: AtHand>(context: &Context<'_>, made: Option<&T>, out: &mut Vec<u8>) -> bool {
    if let Some(made) = made {
        return write_object(&context.with_selection_set(&context.item.node.selection_set), made, out);
    }
    out.extend_from_slice(b"null");
    true
}

/// Writes a field that is a list of objects, if all that is asked of them is at hand.
pub fn write_list<T: AtHand>(
    context: &Context<'_>,
    items: impl IntoIterator<Item = impl Borrow<T>>,
    out: &mut Vec<u8>,
) -> bool {
    write_objects(&context.with_selection_set(&context.item.node.selection_set), items, out)
}

fn write_objects<T: AtHand>(
    context: &ContextSelectionSet<'_>,
    items: impl IntoIterator<Item = impl Borrow<T>>,
    out: &mut Vec<u8>,
) -> bool {
    // What is asked is looked at once and not for each item.
    let (mut keys, mut steps) = (Vec::new(), Vec::with_capacity(context.item.node.items.len()));
    let whole = each(context, &T::type_name(), &mut |field| {
        let Some(writer) = writer::<T>(&field.node.name.node) else { return false };
        let from = keys.len();
        json::write_key(from == 0, &field.node.response_key().node, &mut keys);
        steps.push((from..keys.len(), context.with_field(field), writer));
        true
    });
    let start = out.len();
    let mut write = |item: &T| {
        out.extend_from_slice(if out.len() == start { b"[{" } else { b",{" });
        for (key, context, writer) in &steps {
            out.extend_from_slice(&keys[key.clone()]);
            if !writer(item, context, out) {
                return false;
            }
        }
        out.push(b'}');
        true
    };
    if !whole || !items.into_iter().all(|item| write(item.borrow())) {
        out.truncate(start);
        return false;
    }
    out.extend_from_slice(if out.len() == start { b"[]" } else { b"]" });
    true
}

fn write_field<T: AtHand>(context: &Context<'_>, root: &T, out: &mut Vec<u8>) -> bool {
    writer::<T>(&context.item.node.name.node).is_some_and(|writer| writer(root, context, out))
}

fn writer<T: AtHand>(field: &str) -> Option<Writer<T>> {
    if field == "__typename" {
        return Some(|_, _, out| {
            T::type_name().write(out);
            true
        });
    }
    T::writer(field)
}

/// Calls for each field that is asked of an object, those in fragments included, once for each key. False as soon as the
/// call gives false, or where only the library can tell: a fragment on another type, or objects to be joined.
fn each<'a>(
    context: &ContextSelectionSet<'a>,
    object: &str,
    call: &mut impl FnMut(&'a Positioned<Field>) -> bool,
) -> bool {
    let mut seen = match context.data_opt::<Repeats>() {
        Some(Repeats::Nothing) => None,
        Some(Repeats::Leaves) => Some(Vec::new()),
        Some(Repeats::Objects) | None => return false,
    };
    each_of(context, context.item, object, &mut |field| {
        if let Some(seen) = &mut seen {
            let key = &field.node.response_key().node;
            if seen.contains(&key) {
                return true;
            }
            seen.push(key);
        }
        call(field)
    })
}

fn each_of<'a>(
    context: &ContextSelectionSet<'a>,
    set: &'a Positioned<SelectionSet>,
    object: &str,
    call: &mut impl FnMut(&'a Positioned<Field>) -> bool,
) -> bool {
    set.node.items.iter().all(|selection| {
        let (on, set) = match &selection.node {
            Selection::Field(field) => return call(field),
            Selection::InlineFragment(fragment) => {
                (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = context.query_env.fragments.get(&spread.node.fragment_name.node) else {
                    return false;
                };
                (Some(&fragment.node.type_condition), &fragment.node.selection_set)
            }
        };
        on.is_none_or(|on| on.node.on.node == object) && each_of(context, set, object, call)
    })
}

fn asked<'a, T: AtHand>(context: &ContextSelectionSet<'a>) -> Option<Vec<&'a Positioned<Field>>> {
    let mut fields = Vec::with_capacity(context.item.node.items.len());
    let plain = each(context, &T::type_name(), &mut |field| {
        fields.push(field);
        true
    });
    plain.then_some(fields)
}

/// Fields with what was found for them before the object itself was there.
pub type Early<'a> = Vec<(&'a Positioned<Field>, Option<ServerResult<Value>>)>;

/// Resolves what is asked of an object and stands in a part of it that is here already; `late` names the fields that do
/// not. Nothing where only the library can tell which fields are asked.
pub async fn early<'a, T: AtHand, P: ObjectType>(
    context: &ContextSelectionSet<'a>,
    part: &P,
    late: &[Camel],
) -> Option<Early<'a>> {
    let mut fields: Early<'a> = asked::<T>(context)?.into_iter().map(|field| (field, None)).collect();
    let waiting = fields.iter().enumerate().filter_map(|(index, (field, _))| {
        let (field, name) = (*field, field.node.name.node.as_str());
        if name == "__typename" || late.iter().any(|late| late.is(name)) {
            return None;
        }
        let found: BoxFuture<'_, _> =
            Box::pin(async move { (index, part.resolve_field(&context.with_field(field)).await.transpose()) });
        Some(found)
    });
    for (index, found) in join_all(waiting).await {
        fields[index].1 = found;
    }
    Some(fields)
}

async fn mixed<T: AtHand>(context: &ContextSelectionSet<'_>, root: &T) -> ServerResult<Value> {
    match asked::<T>(context) {
        Some(fields) => complete(context, root, fields.into_iter().map(|field| (field, None)).collect()).await,
        None => resolve_container(context, root).await,
    }
}

/// One field of an object, in the order asked.
enum Part {
    /// Its text ends here.
    Written(usize),
    Found(Value),
    /// The next of those waited for.
    Waiting,
}

/// Resolves an object of which some fields were found before.
pub async fn complete<T: AtHand>(context: &ContextSelectionSet<'_>, root: &T, early: Early<'_>) -> ServerResult<Value> {
    let mut written = Vec::with_capacity(256);
    let mut parts = Vec::with_capacity(early.len());
    let mut waiting = Vec::new();
    for (field, found) in early {
        let part = match found {
            Some(found) => Part::Found(found?),
            None if write_field(&context.with_field(field), root, &mut written) => Part::Written(written.len()),
            None => {
                let resolved: BoxFuture<'_, _> =
                    Box::pin(async move { root.resolve_field(&context.with_field(field)).await });
                waiting.push(resolved);
                Part::Waiting
            }
        };
        parts.push((&field.node.response_key().node, part));
    }
    let mut waited = try_join_all(waiting).await?.into_iter();
    let mut out = Vec::with_capacity(1024);
    let mut from = 0;
    out.push(b'{');
    for (index, (key, part)) in parts.into_iter().enumerate() {
        json::write_key(index == 0, key, &mut out);
        match part {
            Part::Written(to) => {
                out.extend_from_slice(written.get(from..to).unwrap_or_default());
                from = to;
            }
            Part::Found(value) => json::write(&value, &mut out),
            Part::Waiting => json::write(&waited.next().flatten().unwrap_or_default(), &mut out),
        }
    }
    out.push(b'}');
    Ok(json::text(out))
}

/// Takes back the errors of fields below the one that the context stands at, since what they belong to is dropped.
pub fn forget_errors(context: &ContextSelectionSet<'_>) {
    let Some(here) = context.path_node else { return };
    let here = here.to_string_vec();
    let below = |error: &ServerError| {
        error.path.len() > here.len()
            && error.path.iter().zip(&here).all(|(segment, here)| match segment {
                PathSegment::Field(name) => name == here,
                PathSegment::Index(index) => index.to_string() == *here,
            })
    };
    context.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner).retain(|error| !below(error));
}
