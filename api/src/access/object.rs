//! The `object!` macro: one declaration gives a row, its column list, its GraphQL type, and the policy of each field.
//!
//! A field is `class name: kind`. The class is one of the policy's data classes; `open` fields are shown to whoever holds
//! the permit. Kinds: `id`, `text`, `number`, `real`, `bool`, `time`, `texts`, `[Type]` for anything serde can read.
//! Before the fields stand the column of the owner, that of the customer, and two conditions over `t` that no reader can
//! forget: which rows are `internal`, and which rows exist for readers at all (`only`).
//! A `!` behind the kind of an open field says that it is never null. Fields that need code stand behind `also`.

/// The public id of a row: what it is, and its number.
pub fn public_id(prefix: &str, id: uuid::Uuid) -> async_graphql::ID {
    let mut text = String::with_capacity(prefix.len() + 33);
    text.push_str(prefix);
    text.push('_');
    text.push_str(id.simple().encode_lower(&mut uuid::Uuid::encode_buffer()));
    async_graphql::ID(text)
}

/// The number behind a public id, if it is one of that prefix.
pub fn private_id(prefix: &str, id: &str) -> Option<uuid::Uuid> {
    let digits = id.strip_prefix(prefix)?.strip_prefix('_')?;
    if digits.len() == 32 { uuid::Uuid::try_parse(digits).ok() } else { None }
}

/// Declares an object of the graph; see the module.
#[macro_export]
macro_rules! object {
    ($(#[$meta:meta])* $name:ident, $row:ident of $silo:ident from $table:literal id $prefix:literal
     $(owner $owner:literal)? $(customer $customer:literal)? $(internal $internal:literal)? $(only $only:literal)?
     { $($fields:tt)* } $(also { $($also:tt)* })?) => {
        $crate::object! { @field
            { $(#[$meta])* } $name $row $silo $table $prefix { $($owner)? } { $($customer)?; $($internal)?; $($only)? }
            {} {} { $($($also)*)? } $($fields)*
        }
    };

    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } { $($also:tt)* }) => {
        $crate::object! { @emit $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* $($also)* } }
    };

    // Kinds of open fields that are never null.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* open $field:ident : text !, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: String = Text, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
              async fn $field(&self) -> &str { &self.row.$field } }
            $also $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* open $field:ident : time !, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: $crate::graph::timestamp::Timestamp = Time, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
              async fn $field(&self) -> &$crate::graph::timestamp::Timestamp { &self.row.$field } }
            $also $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* open $field:ident : [$type:ty] !, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: $type = Text, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
              async fn $field(&self) -> $type { self.row.$field } }
            $also $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* open $field:ident : bool !, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: bool = Bool, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
              async fn $field(&self) -> bool { self.row.$field } }
            $also $($rest)* }
    };

    // Columns that the code behind `also` needs and that are no fields themselves.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* column $field:ident : $type:ty = $kind:ident, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: $type = $kind, } { $($methods)* } $also $($rest)* }
    };

    // Texts go through the mask of their class.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : text, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: Option<String> = Text, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::class!($class).to_string()))]
              async fn $field(&self, context: &async_graphql::Context<'_>) -> Option<String> {
                  $crate::access::shown_text(context, &self.permit, stringify!($name), $crate::class!($class), self.row.$field.as_deref())
              } }
            $also $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : time, $($rest:tt)*) => {
        $crate::object! { @value $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* } $also
            { $(#[$doc])* } $class $field ($crate::graph::timestamp::Timestamp) Time; $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : number, $($rest:tt)*) => {
        $crate::object! { @value $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* } $also
            { $(#[$doc])* } $class $field (i64) Number; $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : real, $($rest:tt)*) => {
        $crate::object! { @value $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* } $also
            { $(#[$doc])* } $class $field (f64) Number; $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : bool, $($rest:tt)*) => {
        $crate::object! { @value $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* } $also
            { $(#[$doc])* } $class $field (bool) Bool; $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : texts, $($rest:tt)*) => {
        $crate::object! { @value $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* } $also
            { $(#[$doc])* } $class $field (Vec<String>) Json; $($rest)* }
    };
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : [$type:ty], $($rest:tt)*) => {
        $crate::object! { @value $meta $name $row $silo $table $prefix $owner $customer { $($rows)* } { $($methods)* } $also
            { $(#[$doc])* } $class $field ($type) Text; $($rest)* }
    };

    // Anything but text is shown or null.
    (@value $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt
     { $($rows:tt)* } { $($methods:tt)* } $also:tt { $(#[$doc:meta])* } $class:ident $field:ident ($type:ty) $kind:ident; $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($rows)* $(#[$doc])* $field: Option<$type> = $kind, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::class!($class).to_string()))]
              async fn $field(&self, context: &async_graphql::Context<'_>) -> Option<$type> {
                  $crate::access::shown(context, &self.permit, stringify!($name), $crate::class!($class), || self.row.$field.clone())
              } }
            $also $($rest)* }
    };

    (@emit { $(#[$meta:meta])* } $name:ident $row:ident $silo:ident $table:literal $prefix:literal
     { $($owner:literal)? } { $($customer:literal)?; $($internal:literal)?; $($only:literal)? } { $($rows:tt)* } { $($methods:tt)* }) => {
        $crate::row! {
            #[doc = concat!("A row behind [`", stringify!($name), "`].")]
            pub struct $row {
                /// Id of the row.
                id: uuid::Uuid = Uuid,
                $($rows)*
            }
        }

        impl $crate::access::SiloRow for $row {
            type Silo = $silo;
            const TABLE: &'static str = $table;
            const OWNER: Option<&'static str> = $crate::object!(@some $($owner)?);
            const CUSTOMER: Option<&'static str> = $crate::object!(@some $($customer)?);
            const INTERNAL: Option<&'static str> = $crate::object!(@some $($internal)?);
            const ONLY: Option<&'static str> = $crate::object!(@some $($only)?);
            fn id(&self) -> uuid::Uuid {
                self.id
            }
        }

        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            pub(crate) permit: $crate::access::Permit<$silo>,
            pub(crate) row: std::sync::Arc<$row>,
        }

        impl $name {
            /// What public ids of this type begin with.
            pub const PREFIX: &'static str = $prefix;

            /// The object of a row that was read under the permit.
            pub fn new(permit: &$crate::access::Permit<$silo>, row: $row) -> Self {
                Self { permit: permit.clone(), row: std::sync::Arc::new(row) }
            }
        }

        $(#[$meta])*
        #[async_graphql::Object]
        impl $name {
            /// Stable id, unique over all types: give it to `node`.
            #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
            pub async fn id(&self) -> async_graphql::ID {
                $crate::access::public_id($prefix, self.row.id)
            }

            $($methods)*
        }
    };

    (@some) => { None };
    (@some $value:literal) => { Some($value) };
}

/// The data class of a word of the policy.
#[macro_export]
macro_rules! class {
    (identity) => {
        $crate::access::Class::Identity
    };
    (contact) => {
        $crate::access::Class::Contact
    };
    (free_text) => {
        $crate::access::Class::FreeText
    };
    (financial) => {
        $crate::access::Class::Financial
    };
    (behaviour) => {
        $crate::access::Class::Behaviour
    };
    (technical) => {
        $crate::access::Class::Technical
    };
    (staff) => {
        $crate::access::Class::Staff
    };
    (internal) => {
        $crate::access::Class::Internal
    };
    (open) => {
        $crate::access::Class::Open
    };
}
