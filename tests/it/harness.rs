//! The harness holds what it promises: a database of one's own, the same shape on both, nothing of a neighbour's.

use customer360_tests::scan::assert_clean;
use customer360_tests::{Db, TestDatabase, both};
use sea_orm::{ConnectionTrait, Statement};

both! {
    async fn each_test_has_a_migrated_database_of_its_own(first: TestDatabase) {
        let second = TestDatabase::create(first.db()).await;
        assert_ne!(first.url(), second.url());

        let (first, second) = (first.connect().await, second.connect().await);
        first.execute_unprepared("CREATE TABLE only_here (id INTEGER)").await.unwrap();
        first.execute_unprepared("SELECT id FROM only_here").await.unwrap();
        second.execute_unprepared("SELECT id FROM only_here").await.unwrap_err();
        second.execute_unprepared("SELECT COUNT(*) FROM source").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_goes_with_its_test() {
    let stays = TestDatabase::create_empty(Db::Postgres).await;
    let goes = TestDatabase::create_empty(Db::Postgres).await;
    let name = goes.url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let connection = stays.connect().await;
    let find = Statement::from_string(
        connection.get_database_backend(),
        format!("SELECT datname FROM pg_database WHERE datname = '{name}'"),
    );
    assert_eq!(connection.query_all_raw(find.clone()).await.unwrap().len(), 1, "it was there");
    // Somebody is still connected, as a server is that a test forgot to stop.
    let forgotten = goes.connect().await;
    drop(goes);
    assert_eq!(connection.query_all_raw(find).await.unwrap().len(), 0, "it is gone");
    let _ = forgotten.close().await;
}

#[test]
fn a_sealed_cursor_is_searched_for_no_words() {
    let sealed = format!("{{\"cursor\":\"{}SqLx{}\"}}", "a".repeat(50), "-".repeat(50));
    assert_clean(&sealed, &[]);
    assert!(std::panic::catch_unwind(|| assert_clean("an error of sqlx", &[])).is_err());
}
