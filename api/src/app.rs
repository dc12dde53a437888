//! The application: database, policy and schema behind the one door that HTTP uses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Data, Response, ServerError};
use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::access::{Door, Entry, Pages, Policy, Scope, Viewer, Works};
use crate::auth::Claims;
use crate::catalogue;
use crate::config::Config;
use crate::customer::find::Countries;
use crate::database::{Database, Settings};
use crate::error::{Code, Error, Result};
use crate::export::{self, Exporting, Limits, Orders, Places};
use crate::graph::ask::Work;
use crate::graph::batch::drive;
use crate::graph::cursor::Sealer;
use crate::graph::run::Runner;
use crate::http::{Doors, Engine, Reply};
use crate::identity::decide::{DegreeLimits, Rules};
use crate::identity::deny::{self, DenyList};
use crate::ingest::intake::{Intake, IntakeSettings};
use crate::ingest::keyring::Keyring;
use crate::ingest::source::Sources;
use crate::ingest::staff::StaffEntry;
use crate::meter::{Meter, Moment};
use crate::schema::{self, Schema};
use crate::works::IntakeWorks;

/// How long a viewer is known without asking again who is behind the token.
const KNOWN: Duration = Duration::from_mins(1);

/// Viewers kept at most.
const VIEWERS: usize = 10_000;

/// The application.
pub struct App {
    database: Database,
    policy: Policy,
    sealer: Arc<Sealer>,
    intake: Intake,
    countries: Countries,
    door: Arc<dyn Door>,
    doors: Arc<Doors>,
    works: Arc<dyn Works>,
    schema: Schema,
    runner: Runner<schema::Query>,
    pages: Pages,
    places: Arc<Places>,
    export_rows: usize,
    leeway: u64,
    viewers: Cache<Asker, (Arc<Viewer>, Instant)>,
}

/// What makes one viewer differ from another: subject, roles and e-mail of the token.
type Asker = (String, Vec<String>, Option<String>);

impl App {
    /// Opens the database and builds the schema. Migrations are the caller's matter.
    pub async fn open(config: &Config) -> Result<Self> {
        Self::over(config, open_database(config).await?)
    }

    /// The application over a database that is open already.
    pub fn over(config: &Config, database: Database) -> Result<Self> {
        let policy = open_policy(config)?;
        let intake = open_intake(config, database.clone())?;
        let (schema, runner) = schema::build();
        Ok(Self {
            database,
            countries: Countries(intake.countries().into()),
            door: Arc::new(StaffDoor(intake.clone())),
            doors: Arc::new(Doors::try_new(config, intake.clone(), policy.clone())?),
            works: Arc::new(IntakeWorks(intake.clone())),
            policy,
            intake,
            sealer: Arc::new(Sealer::new(config.cursor_secret().as_bytes())),
            schema,
            runner,
            pages: Pages { default: config.graphql.default_page.into(), most: config.graphql.max_page.into() },
            places: Places::new(config.export.at_once, config.export.per_subject),
            export_rows: config.export.page_rows,
            leeway: config.auth.leeway_seconds,
            viewers: Cache::new(VIEWERS),
        })
    }

    /// The database below.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The intake into the database.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Names and descriptions of the policy's roles.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &str)> {
        self.policy.roles()
    }

    /// Who asks: the rights of the token's roles, and the member of staff behind it.
    async fn viewer(&self, claims: &Claims) -> Result<Arc<Viewer>> {
        let key = (claims.subject.clone(), claims.roles.clone(), claims.email.clone());
        if let Some((viewer, since)) = self.viewers.get(&key)
            && since.elapsed() < KNOWN
        {
            return Ok(viewer);
        }
        let rights = self.policy.rights(claims.roles.iter().map(String::as_str)).map_err(|_| {
            Error::new(Code::Forbidden, "The token names a role that the policy does not know. Ask for another token.")
        })?;
        let mut viewer = Viewer::new(claims.subject.clone(), claims.roles.clone(), rights);
        if let Some(person) = catalogue::store::behind(&self.database, &claims.subject, claims.email.as_deref()).await?
        {
            viewer = viewer.known_as(person.id, person.department);
        }
        let viewer = Arc::new(viewer);
        self.viewers.insert(key, (viewer.clone(), Instant::now()));
        Ok(viewer)
    }

    /// Begins to give out a table, under the rights and within the life of a token.
    pub async fn begin_export(&self, request: export::Request, claims: &Claims) -> Result<Exporting> {
        let viewer = self.viewer(claims).await?;
        let place = self.places.enter(&claims.subject)?;
        let expires_at = claims.expires_at.saturating_add(self.leeway);
        let limits = Limits { page_rows: self.export_rows, expires_at };
        export::start(Orders { database: self.database.clone(), viewer, request, limits, place })
    }

    async fn answer(&self, work: Work, claims: Arc<Claims>) -> Response {
        let viewer = match self.viewer(&claims).await {
            Ok(viewer) => viewer,
            Err(error) => {
                let error = async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default());
                return Response::from_errors(vec![ServerError { locations: Vec::new(), ..error }]);
            }
        };
        let (door, works) = (self.door.clone(), self.works.clone());
        let scope = Scope::new(viewer, self.database.clone(), self.sealer.clone(), door, works, self.pages);
        let scope = Arc::new(scope);
        let mut data = Data::default();
        data.insert(scope.clone());
        data.insert(self.countries.clone());
        let mut response = drive(&scope.batch, work.execute(&self.schema, &self.runner, data)).await;
        if let Some(withheld) = scope.withheld() {
            response.extensions.insert("access".to_owned(), withheld);
        }
        response
    }
}

/// The policy that the settings name, else the one built in.
pub fn open_policy(config: &Config) -> Result<Policy> {
    let Some(file) = &config.access.policy else { return Policy::built_in() };
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::bad_input("The file that `access.policy` names cannot be read.").because(error))?;
    Policy::parse(&text)
}

/// Opens the database that the settings name.
pub async fn open_database(config: &Config) -> Result<Database> {
    Database::open(&database_settings(config)).await
}

/// How the settings say the database is reached.
pub fn database_settings(config: &Config) -> Settings {
    Settings {
        url: config.database.url.as_str().to_owned(),
        pool_size: config.database.pool_size,
        acquire_timeout: Duration::from_millis(config.database.acquire_ms),
        statement_timeout: Duration::from_millis(config.database.statement_ms),
    }
}

/// The same with its tables brought up to date; waits for a database that is away.
pub async fn open_migrated(config: &Config) -> Result<Database> {
    let database = open_database(config).await?;
    database.wait(Duration::from_secs(config.database.start_seconds)).await?;
    database.migrate().await?;
    Ok(database)
}

impl Engine for App {
    fn sdl(&self) -> String {
        schema::sdl()
    }

    fn execute(&self, work: Work, claims: Arc<Claims>) -> Reply<'_, Response> {
        Box::pin(self.answer(work, claims))
    }

    fn export(&self, request: export::Request, claims: Arc<Claims>) -> Reply<'_, Result<Exporting>> {
        Box::pin(async move { self.begin_export(request, &claims).await })
    }

    fn ready(&self) -> Reply<'_, Result<()>> {
        Box::pin(self.database.ping())
    }

    fn doors(&self) -> Option<Arc<Doors>> {
        Some(self.doors.clone())
    }

    fn meter(&self) -> Arc<Meter> {
        self.intake.meter().clone()
    }

    fn metrics(&self, in_flight: usize) -> Reply<'_, String> {
        Box::pin(async move {
            self.intake.measure().await;
            self.doors.measure();
            let (connections_busy, connections_limit) = self.database.connections();
            self.intake.meter().text(Moment { in_flight, connections_busy, connections_limit })
        })
    }
}

/// The intake that the settings describe: the declared sources, the deny list, the limits.
pub fn open_intake(config: &Config, database: Database) -> Result<Intake> {
    // The default folder need not be there: presets are sources too. One that was named must be.
    let folder = &config.intake.sources;
    let sources = if folder.is_dir() || *folder != crate::config::Intake::default().sources {
        Sources::load(folder).map_err(|error| Error::bad_input(format!("Settings: {error}")))?
    } else {
        Sources::default()
    };
    open_intake_of(config, database, sources)
}

/// The same with sources that are not declared in a folder.
pub fn open_intake_of(config: &Config, database: Database, sources: Sources) -> Result<Intake> {
    let unusable = |error: &dyn std::fmt::Display| Error::bad_input(format!("Settings: {error}"));
    let limits = DegreeLimits::named(&config.identity.degree_limits)
        .map_err(|error| Error::bad_input(format!("Settings at `identity.degree_limits`: {error}.")))?;
    let mut rules = Rules { deny: DenyList::parse(deny::DEFAULT).map_err(Error::internal)?, limits };
    if let Some(file) = &config.identity.deny_list {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Error::bad_input("The file that `identity.deny_list` names cannot be read.").because(error)
        })?;
        rules.deny = DenyList::parse(&text).map_err(|error| unusable(&error))?;
    }
    let settings = IntakeSettings {
        default_country: Some(config.identity.default_country.clone()),
        batch: config.intake.flush_records,
        flush_after: Duration::from_millis(config.intake.flush_ms),
        line_bytes: config.intake.line_bytes,
        batch_folder: config.intake.batch_folder.clone(),
        keyring: Keyring::try_new(sources.iter(), &config.secrets)?,
        ..IntakeSettings::default()
    };
    Ok(Intake::new(database, sources, rules, settings))
}

/// The intake as the door of what staff write.
struct StaffDoor(Intake);

impl Door for StaffDoor {
    fn enter(
        &self,
        key: String,
        entry: Entry,
        answered: entity::idempotency_key::Model,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Uuid>>> + Send + '_>> {
        let Entry { stream, customer, fields, written_at, .. } = entry;
        let answered = Some(answered);
        Box::pin(self.0.staff_entry(StaffEntry { stream, key, customer, fields, written_at, answered }))
    }
}
