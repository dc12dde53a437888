//! A tiny schema for tests of what surrounds a schema: an answer, each kind of failure, a list, a wait. Only tests see it.

use std::time::Duration;

use async_graphql::{Context, EmptySubscription, Object, Pos, Response, Schema};

use super::run::{Root, Runner};
use crate::error::{Error, Result};

pub struct Tiny {
    pub schema: Schema<Root<Query>, Mutation, EmptySubscription>,
    pub runner: Runner<Query>,
}

pub struct Who(pub String);

pub fn schema() -> Tiny {
    let (runner, root) = Runner::new();
    Tiny { schema: Schema::build(root, Mutation, EmptySubscription).disable_suggestions().finish(), runner }
}

/// What a request is answered that could not begin.
pub fn away() -> Response {
    let error = async_graphql::Error::from(Error::unavailable("no database"));
    Response::from_errors(vec![error.into_server_error(Pos::default())])
}

#[derive(Default)]
pub struct Query;

#[expect(clippy::unused_async, reason = "the schema's macro wants async functions")]
#[Object]
impl Query {
    async fn hello(&self, name: Option<String>) -> String {
        format!("hello {}", name.unwrap_or_default())
    }
    async fn who(&self, context: &Context<'_>) -> async_graphql::Result<String> {
        Ok(context.data::<Who>()?.0.clone())
    }
    async fn items(&self, first: i32) -> Vec<Item> {
        (0..first).map(|_| Item).collect()
    }
    async fn ours(&self) -> Option<Result<i32>> {
        Some(Err(Error::internal("hidden words of a database")))
    }
    async fn theirs(&self) -> Option<async_graphql::Result<i32>> {
        Some("x".parse::<i32>().map_err(Into::into))
    }
    async fn busy(&self) -> Option<Result<i32>> {
        Some(Err(Error::unavailable("connection refused")))
    }
    async fn boom(&self, divisor: Option<i32>) -> i32 {
        let text = "a secret in a panic".to_owned();
        divisor.expect(&text)
    }
    async fn sleep(&self, ms: u64) -> bool {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        true
    }
}

pub struct Item;

#[Object]
impl Item {
    async fn id(&self) -> i32 {
        1
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn change(&self) -> bool {
        true
    }
}
