//! The `object!` macro: one declaration gives a row, its column list, its GraphQL type, and the policy of each field.
//!
//! A field is `class name: kind`. The class is one of the policy's data classes; `open` fields are shown to whoever holds
//! the permit. Kinds: `id`, `text`, `number`, `real`, `bool`, `time`, `texts`, `[Type]` for a word of an enum.
//! Before the fields stand the column of the owner, that of the customer, and two conditions over `t` that no reader can
//! forget: which rows are `internal`, and which rows exist for readers at all (`only`). `around` names fields of the same
//! GraphQL type that stand in another part of it and so cannot look at the row.
//! `{Type: column, …}` makes an object out of columns (`Type::of_columns`), which are declared by `column` beside: always read,
//! or only `if part` of something that is asked for.
//! Exports have a column for each of these, under its class; a `column` is among them if `=> class: form` says so, the form being
//! one of the kinds, `word`, or the prefix of the id that it is.
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
     $(around $around:path)?
     { $($fields:tt)* } $(also { $($also:tt)* })?) => {
        $crate::object! { @field
            { $(#[$meta])* } $name $row $silo $table $prefix { $($owner)? } { $($customer)?; $($internal)?; $($only)?; $($around)? }
            {} {} {} {} { $($($also)*)? } $($fields)*
        }
    };

    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt { $($told:tt)* }
     { $($rows:tt)* } { $($methods:tt)* } { $($hand:tt)* } { $($also:tt)* }) => {
        $crate::object! { @emit $meta $name $row $silo $table $prefix $owner $customer { $($told)* }
            { $($rows)* } { $($methods)* $($also)* } { $($hand)* } }
    };

    // Columns that the code behind `also` needs and that are no fields themselves; in an export stand those with a class and a
    // form behind `=>`.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt { $($told:tt)* }
     { $($rows:tt)* } $methods:tt $hand:tt $also:tt $(#[$doc:meta])* column $field:ident : $type:ty = $kind:ident $(if $asked:ident)? $(=> $($class:ident)+ : $form:tt)?, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($told)* $([$field ; &[$crate::object!(@told $form)] ; $($class)+])? }
            { $($rows)* $(#[$doc])* $field: $type = ($crate::database::Kind::$kind) $(if $asked)?, }
            $methods $hand $also $($rest)* }
    };

    // Objects made out of columns that are declared beside.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt { $($told:tt)* }
     $rows:tt { $($methods:tt)* } { $($hand:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : { $type:ty : $($column:ident),+ }, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($told)* [$($column)+ ; <$type>::FORMS ; $class] } $rows
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::class!($class).to_string()))]
              async fn $field(&self, context: &async_graphql::Context<'_>) -> Option<$type> {
                  $crate::access::shown(context, &self.permit, stringify!($name), $crate::class!($class),
                      || <$type>::of_columns(stringify!($name), $(self.row.$column.as_ref()),+))
              } }
            { $($hand)* [$field ($($column)+) this context out {
                  let made = $crate::access::shown(context, &this.permit, stringify!($name), $crate::class!($class),
                      || <$type>::of_columns(stringify!($name), $(this.row.$column.as_ref()),+));
                  $crate::graph::at_hand::write_below(context, made.as_ref(), out)
              }] }
            $also $($rest)* }
    };

    // Open fields that are never null; a word of a list has no default, so that it is always read.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt { $($told:tt)* }
     { $($rows:tt)* } { $($methods:tt)* } { $($hand:tt)* } $also:tt $(#[$doc:meta])* open $field:ident : [$kind:ty] !, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($told)* [$field ; &[$crate::object!(@told [$kind])] ; open] }
            { $($rows)* $(#[$doc])* $field: $kind = ($crate::database::Kind::Text), }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
              async fn $field(&self) -> &$kind { &self.row.$field } }
            { $($hand)* [$field () this _context out { $crate::graph::json::Word(this.row.$field).put(out) }] }
            $also $($rest)* }
    };

    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt { $($told:tt)* }
     { $($rows:tt)* } { $($methods:tt)* } { $($hand:tt)* } $also:tt $(#[$doc:meta])* open $field:ident : $kind:tt !, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($told)* [$field ; &[$crate::object!(@told $kind)] ; open] }
            { $($rows)* $(#[$doc])* #[serde(deserialize_with = "crate::database::or_default")]
              $field: $crate::object!(@type $kind) = ($crate::object!(@kind $kind)) if asked, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::access::Class::Open.to_string()))]
              async fn $field(&self) -> &$crate::object!(@type $kind) { &self.row.$field } }
            { $($hand)* [$field () this _context out { $crate::object!(@leaf $kind &this.row.$field).put(out) }] }
            $also $($rest)* }
    };

    // Any other field goes through its class: texts are masked or hidden, anything else is shown or null.
    (@field $meta:tt $name:ident $row:ident $silo:ident $table:literal $prefix:literal $owner:tt $customer:tt { $($told:tt)* }
     { $($rows:tt)* } { $($methods:tt)* } { $($hand:tt)* } $also:tt $(#[$doc:meta])* $class:ident $field:ident : $kind:tt, $($rest:tt)*) => {
        $crate::object! { @field $meta $name $row $silo $table $prefix $owner $customer
            { $($told)* [$field ; &[$crate::object!(@told $kind)] ; $class] }
            { $($rows)* $(#[$doc])* $field: Option<$crate::object!(@type $kind)> = ($crate::object!(@kind $kind)) if asked, }
            { $($methods)* $(#[$doc])* #[graphql(directive = $crate::access::access::apply(<$silo as $crate::access::Silo>::KEY.to_string(), $crate::class!($class).to_string()))]
              async fn $field(&self, context: &async_graphql::Context<'_>) -> Option<$crate::object!(@type $kind)> {
                  $crate::object!(@shown $kind context, &self.permit, stringify!($name), $crate::class!($class), self.row.$field)
              } }
            { $($hand)* [$field () this context out {
                  let seen = $crate::object!(@seen $kind context, &this.permit, stringify!($name), $crate::class!($class), this.row.$field);
                  seen.map(|seen| $crate::object!(@leaf $kind seen)).put(out)
              }] }
            $also $($rest)* }
    };

    (@type text) => { String };
    (@type time) => { $crate::graph::timestamp::Timestamp };
    (@type number) => { i64 };
    (@type real) => { f64 };
    (@type bool) => { bool };
    (@type texts) => { Vec<String> };
    (@type [$type:ty]) => { $type };

    (@kind text) => { $crate::database::Kind::Text };
    (@kind time) => { $crate::database::Kind::Time };
    (@kind number) => { $crate::database::Kind::Number };
    (@kind real) => { $crate::database::Kind::Number };
    (@kind bool) => { $crate::database::Kind::Bool };
    (@kind texts) => { $crate::database::Kind::Json };
    (@kind [$type:ty]) => { $crate::database::Kind::Text };

    (@shown text $context:expr, $permit:expr, $name:expr, $class:expr, $value:expr) => {
        $crate::access::shown_text($context, $permit, $name, $class, $value.as_deref())
    };
    (@shown $kind:tt $context:expr, $permit:expr, $name:expr, $class:expr, $value:expr) => {
        $crate::access::shown($context, $permit, $name, $class, || $value.clone())
    };

    (@seen text $context:expr, $permit:expr, $name:expr, $class:expr, $value:expr) => {
        $crate::access::seen_text($context, $permit, $name, $class, $value.as_deref())
    };
    (@seen $kind:tt $context:expr, $permit:expr, $name:expr, $class:expr, $value:expr) => {
        $crate::access::shown($context, $permit, $name, $class, || $value.as_ref())
    };

    (@leaf [$type:ty] $value:expr) => { $crate::graph::json::Word(*$value) };
    (@leaf $kind:tt $value:expr) => { $value };

    (@told text) => { $crate::access::Form::Text };
    (@told word) => { $crate::access::Form::Word };
    (@told time) => { $crate::access::Form::Time };
    (@told number) => { $crate::access::Form::Number };
    (@told real) => { $crate::access::Form::Real };
    (@told bool) => { $crate::access::Form::Bool };
    (@told texts) => { $crate::access::Form::Texts };
    (@told [$type:ty]) => { $crate::access::Form::Word };
    (@told $prefix:literal) => { $crate::access::Form::Id($prefix) };

    (@emit { $(#[$meta:meta])* } $name:ident $row:ident $silo:ident $table:literal $prefix:literal
     { $($owner:literal)? } { $($customer:literal)?; $($internal:literal)?; $($only:literal)?; $($around:path)? }
     { $([$($told:ident)+ ; $forms:expr ; $($class:ident)+])* } { $($rows:tt)* } { $($methods:tt)* }
     { $([$hand:ident ($($part:ident)*) $this:ident $context:ident $out:ident $write:block])* }) => {
        $crate::row! {
            #[doc = concat!("A row behind [`", stringify!($name), "`].")]
            pub struct $row {
                /// Id of the row.
                id: uuid::Uuid = ($crate::database::Kind::Id),
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
            const MADE: &'static [($crate::database::Camel, &'static [&'static str])] = &[
                ($crate::database::Camel::new("id"), &[]),
                $(($crate::database::Camel::new(stringify!($hand)), &[$(stringify!($part)),*])),*
            ];
            $(const AROUND: &'static [&'static str] = $around;)?
        }

        impl $crate::access::Exported for $row {
            const TOLD: &'static [$crate::access::Told] = &[
                $crate::access::Told::open(&["id"], &[$crate::access::Form::Id($prefix)]),
                $($crate::access::Told::open(&[$customer], &[$crate::access::Form::Id("cus")]),)?
                $($crate::access::Told {
                    columns: &[$(stringify!($told)),+],
                    forms: $forms,
                    classes: $crate::access::Classes::All(&[$($crate::class!($class)),+]),
                }),*
            ];
            const PREFIX: &'static str = $prefix;
        }

        impl $crate::access::Paged for $row {
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

            /// The fields that need nothing but the row.
            pub const AT_HAND: &'static [$crate::database::Camel] = &[
                $crate::database::Camel::new("id"),
                $($crate::database::Camel::new(stringify!($hand))),*
            ];

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

        impl $name {
            /// How a field at hand is written of something that it is part of.
            pub(crate) fn writer_in<T: AsRef<Self>>(field: &str) -> Option<$crate::graph::at_hand::Writer<T>> {
                use $crate::{database::Camel, graph::json::Leaf};
                if field == "id" {
                    return Some(|this, _, out| $crate::access::public_id($prefix, this.as_ref().row.id).0.put(out));
                }
                $({
                    const FIELD: Camel = Camel::new(stringify!($hand));
                    if FIELD.is(field) {
                        return Some(|this, $context, $out| {
                            let $this = this.as_ref();
                            $write
                        });
                    }
                })*
                None
            }
        }

        impl AsRef<Self> for $name {
            fn as_ref(&self) -> &Self {
                self
            }
        }

        impl $crate::graph::at_hand::AtHand for $name {
            fn writer(field: &str) -> Option<$crate::graph::at_hand::Writer<Self>> {
                Self::writer_in(field)
            }
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
