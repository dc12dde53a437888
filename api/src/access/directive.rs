//! `@access` in the schema: which silo and which data class a field belongs to, so that a frontend developer sees what
//! needs which right. It tells; what enforces is the permit.

use async_graphql::TypeDirective;

/// What a field needs: a right to read the silo (`any`: no more than its object needs), and what the policy does with the
/// data class (`all`: every class must be shown, since the value may hold anything).
#[TypeDirective(name = "access", location = "FieldDefinition")]
pub fn access(silo: String, class: String) {}
