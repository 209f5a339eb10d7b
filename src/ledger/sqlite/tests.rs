use std::sync::Arc;

use super::*;

fn entry(pos: u64, session: &str, text: &str) -> Entry {
    let json = serde_json::json!({ "pos": pos, "text": text }).to_string();
    Entry { pos, session: SessionId::new(session).unwrap(), key: None, json: json.into() }
}

async fn all(ledger: &Sqlite, scope: Scope) -> (Vec<u64>, usize) {
    let (mut found, mut after, mut pages) = (Vec::new(), 0, 0);
    loop {
        let page = ledger.page(scope.clone(), after).await.unwrap();
        pages += 1;
        assert!(page.entries.iter().all(|entry| entry.pos > after && entry.pos <= page.end));
        if page.entries.is_empty() {
            return (found, pages);
        }
        found.extend(page.entries.iter().map(|entry| entry.pos));
        after = page.end;
    }
}

#[test]
fn the_bundled_sqlite_has_the_fix_of_the_wal_reset_defect() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[tokio::test]
async fn the_record_survives_its_opening_and_each_opening_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.db");
    let first = Sqlite::open(&path).unwrap();
    let key = ClientKey::new("k").unwrap();
    let kept = Entry { key: Some(key), ..entry(1, "s", "a") };
    first.append(Arc::new([kept.clone()])).await.unwrap();
    let again = Sqlite::open(&path).unwrap();
    assert_eq!((again.epoch(), again.fence()), (first.epoch(), first.fence() + 1));
    assert_eq!(again.page(Scope::All, 0).await.unwrap(), Page { entries: vec![kept], end: 1 });
    let other = Sqlite::open(&folder.path().join("other.db")).unwrap();
    assert_ne!(other.epoch(), first.epoch(), "another history has another name");
}

#[tokio::test]
async fn pages_of_any_scope_have_every_entry_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Sqlite::open(&folder.path().join("r.db")).unwrap();
    let names = ["a", "b", "c"];
    // "b" has few and large entries, "c" none at the beginning: pages of several sessions are cut at different places.
    let made: Vec<Entry> = (1..=3000u64)
        .map(|pos| match pos {
            pos if pos % 100 == 0 => entry(pos, names[1], &"x".repeat(20_000)),
            pos if pos > 2500 => entry(pos, names[2], "late"),
            pos => entry(pos, names[0], "small"),
        })
        .collect();
    for part in made.chunks(700) {
        ledger.append(part.into()).await.unwrap();
    }
    let id = |name: &str| SessionId::new(name).unwrap();
    for wanted in [vec![], vec!["a"], vec!["b"], vec!["a", "b"], vec!["c", "b", "c"], vec!["b", "nobody"]] {
        let scope = if wanted.is_empty() {
            Scope::All
        } else {
            Scope::Sessions(wanted.iter().map(|name| id(name)).collect())
        };
        let expected: Vec<u64> =
            made.iter().filter(|entry| scope.covers(&entry.session)).map(|entry| entry.pos).collect();
        let (found, pages) = all(&ledger, scope).await;
        assert_eq!(found, expected, "{wanted:?}");
        assert!(pages > expected.len() / PAGE_MAX_ENTRIES, "{wanted:?} came in {pages} pages");
    }
}

#[tokio::test]
async fn a_batch_is_appended_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Sqlite::open(&folder.path().join("r.db")).unwrap();
    ledger.append(Arc::new([entry(1, "s", "a")])).await.unwrap();
    let clash = ledger.append(Arc::new([entry(2, "s", "b"), entry(1, "s", "again")])).await;
    assert_eq!(clash.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(all(&ledger, Scope::All).await.0, [1]);
    ledger.append(Arc::new([entry(2, "s", "b")])).await.unwrap();
    assert_eq!(all(&ledger, Scope::All).await.0, [1, 2]);
}

#[tokio::test]
async fn a_full_disk_refuses_keeps_what_was_there_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Sqlite::open(&folder.path().join("r.db")).unwrap();
    ledger.append(Arc::new([entry(1, "s", "a")])).await.unwrap();
    ledger.limit_pages(1).await.unwrap();
    let large = entry(2, "s", &"x".repeat(100_000));
    let full = ledger.append(Arc::new([large.clone()])).await.unwrap_err();
    assert_eq!(full.kind(), Kind::Unavailable);
    assert!(full.next().is_some_and(|hint| hint.contains("space")), "{full}");
    assert_eq!(all(&ledger, Scope::All).await.0, [1], "what is there can still be read");
    ledger.limit_pages(0).await.unwrap();
    ledger.append(Arc::new([large])).await.unwrap();
    assert_eq!(all(&ledger, Scope::All).await.0, [1, 2]);
}

#[tokio::test]
async fn payloads_come_back_piece_by_piece_across_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Sqlite::open(&folder.path().join("r.db")).unwrap();
    let payload: Vec<u8> = (0..BLOB_ROW_BYTES * 2 + 17).map(|index| (index % 251) as u8).collect();
    let sha256 = Digest::of(&payload);
    assert_eq!(ledger.blob(sha256, 0, 10).await.unwrap(), None);
    ledger.put_blob(sha256, payload.clone()).await.unwrap();
    ledger.put_blob(sha256, payload.clone()).await.unwrap();
    for step in [1000, BLOB_ROW_BYTES, BLOB_ROW_BYTES * 3] {
        let mut found = Vec::new();
        loop {
            let piece = ledger.blob(sha256, found.len() as u64, step).await.unwrap().unwrap();
            assert_eq!(piece.total, payload.len() as u64);
            assert!(piece.bytes.len() <= step);
            if piece.bytes.is_empty() {
                break;
            }
            found.extend(piece.bytes);
        }
        assert!(found == payload, "in pieces of {step}");
    }
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.db");
    drop(Sqlite::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert!(error.message().contains("99") && error.next().is_some(), "{error}");
}
