//! Runs queries whose document was found valid before, straight from the document that is kept: nothing is parsed,
//! validated or copied once more. What async-graphql would do again for each request costs more than our own part of it.
//!
//! This stands on parts of async-graphql that are public but not promised; its version is pinned in the workspace for that
//! reason, and a test holds both ways against each other. Whatever is not a plain query goes the library's way.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_graphql::extensions::Extensions;
use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_container;
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Data, IntrospectionMode, ObjectType, OutputType, Positioned, QueryEnv,
    QueryEnvInner, Response, SchemaEnv, ServerResult, Value, Variables,
};

use super::document::Operation;

/// Where the library keeps a schema, seen once from inside.
struct Inside {
    schema: SchemaEnv,
    extensions: Extensions,
}

/// The root of all queries, through which they can be run without the library's own way to it.
pub struct Root<Q> {
    query: Q,
    inside: Arc<OnceLock<Inside>>,
}

impl<Q: ObjectType> OutputType for Root<Q> {
    fn type_name() -> Cow<'static, str> {
        Q::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Q::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(context, self).await
    }
}

impl<Q: ObjectType> ContainerType for Root<Q> {
    async fn resolve_field(&self, context: &Context<'_>) -> ServerResult<Option<Value>> {
        self.inside.get_or_init(|| Inside {
            schema: context.schema_env.clone(),
            extensions: context.query_env.extensions.clone(),
        });
        self.query.resolve_field(context).await
    }
}

impl<Q: ObjectType> ObjectType for Root<Q> {}

/// Runs queries on a schema.
pub struct Runner<Q> {
    query: Q,
    inside: Arc<OnceLock<Inside>>,
}

impl<Q: ObjectType + Default> Runner<Q> {
    /// A runner, and the root that the schema is to be built with. It runs nothing before the schema has answered once.
    pub fn new() -> (Self, Root<Q>) {
        let inside = Arc::new(OnceLock::new());
        (Self { query: Q::default(), inside: inside.clone() }, Root { query: Q::default(), inside })
    }

    /// Whether the schema has answered, so that this runs queries at all.
    pub fn is_ready(&self) -> bool {
        self.inside.get().is_some()
    }

    /// Runs an operation of a valid document; none where the library has to.
    pub async fn run(
        &self,
        operation: &Operation,
        variables: Variables,
        data: Data,
    ) -> Result<Response, (Variables, Data)> {
        let (Some(inside), Some(plain)) = (self.inside.get(), operation.plain()) else { return Err((variables, data)) };
        let env = QueryEnv::new(QueryEnvInner {
            extensions: inside.extensions.clone(),
            variables,
            operation_name: None,
            operation: plain.head.clone(),
            fragments: plain.fragments.clone(),
            uploads: Vec::new(),
            session_data: Arc::default(),
            query_data: Arc::new(data),
            http_headers: Mutex::default(),
            introspection_mode: IntrospectionMode::Enabled,
            errors: Mutex::default(),
        });
        let context = env.create_context(&inside.schema, None, plain.selection_set, None);
        let mut response = match resolve_container(&context, &self.query).await {
            Ok(value) => Response::new(value),
            Err(error) => Response::from_errors(vec![error]),
        };
        response.errors.append(&mut env.errors.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(response)
    }
}
