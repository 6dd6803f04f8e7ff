//! Runs: the newest ones, the starred ones, newest first.

use isolet_domain::access::TenantScope;
use isolet_domain::ids::RunId;
use isolet_domain::repository::WriteError;
use isolet_domain::run::Run;

use crate::samples::{NASTY, prompt, run};
use crate::stores::Store;

crate::contract!(
    a_run_is_kept_as_it_is,
    a_prompt_is_kept_as_it_is,
    the_newest_twenty_and_the_starred_ones_stay,
    an_older_run_that_comes_late_takes_its_place,
    recording_again_changes_nothing,
    runs_are_listed_newest_first,
    stars_come_and_go,
    deleted_and_cleared_runs_are_gone,
    many_at_once_keep_the_newest,
    keeping_none_keeps_the_starred,
);

async fn ids(store: &Store, scope: &TenantScope) -> Vec<RunId> {
    let page = store.list_runs(scope, None, 1_000).await.expect("readable");
    assert!(!page.more);
    page.items.iter().map(|run| run.id).collect()
}

async fn a_run_is_kept_as_it_is(store: Store) {
    let acme = store.tenant("acme").await;
    let run = run(NASTY);
    store.record_run(&acme, &run, 20).await.expect("recorded");
    assert_eq!(store.run(&acme, &run.id).await.expect("readable").as_ref(), Some(&run));
    assert_eq!(store.list_runs(&acme, None, 5).await.expect("readable").items, [run]);
    assert_eq!(store.run(&acme, &RunId::generate()).await.expect("readable"), None);
}

async fn a_prompt_is_kept_as_it_is(store: Store) {
    let acme = store.tenant("acme").await;
    // The longest there may be, each character four bytes.
    let saved = Run { starred: true, ..prompt(&"😀".repeat(16_384)) };
    let empty = Run { prompt: None, ..prompt("") };
    for run in [&saved, &empty] {
        store.record_run(&acme, run, 20).await.expect("recorded");
        assert_eq!(store.run(&acme, &run.id).await.expect("readable").as_ref(), Some(run));
    }
}

async fn the_newest_twenty_and_the_starred_ones_stay(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let others = run("other");
    store.record_run(&globex, &others, 20).await.expect("recorded");
    let mut runs = Vec::new();
    for n in 0..50 {
        let mut run = if n % 2 == 0 { run(&n.to_string()) } else { prompt(&n.to_string()) };
        // 3 is starred as it comes, 5 later.
        run.starred = n == 3;
        store.record_run(&acme, &run, 20).await.expect("recorded");
        if n == 5 {
            store.star_run(&acme, &run.id, true).await.expect("starred");
        }
        runs.push(run.id);
        // At every moment, not only after a flush.
        let kept = ids(&store, &acme).await;
        let unstarred: Vec<usize> = (0..=n).rev().filter(|at| ![3, 5].contains(at)).take(20).collect();
        let mut expected: Vec<usize> = unstarred.into_iter().chain([3, 5].into_iter().filter(|at| *at <= n)).collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(kept, expected.into_iter().map(|at| runs[at]).collect::<Vec<_>>(), "{n}");
    }
    assert_eq!(store.run(&acme, &runs[29]).await.expect("readable"), None);
    assert!(store.run(&acme, &runs[3]).await.expect("readable").is_some_and(|run| run.starred));
    // A smaller ring takes effect with the next record.
    store.record_run(&acme, &prompt("last"), 2).await.expect("recorded");
    assert_eq!(ids(&store, &acme).await.len(), 4);
    assert_eq!(ids(&store, &globex).await, [others.id]);
}

async fn an_older_run_that_comes_late_takes_its_place(store: Store) {
    let acme = store.tenant("acme").await;
    let runs: Vec<Run> = (0..5).map(|n| run(&n.to_string())).collect();
    for at in [4, 1, 3, 0, 2] {
        store.record_run(&acme, &runs[at], 3).await.expect("recorded");
    }
    assert_eq!(ids(&store, &acme).await, [runs[4].id, runs[3].id, runs[2].id]);
}

async fn recording_again_changes_nothing(store: Store) {
    let acme = store.tenant("acme").await;
    let runs: Vec<Run> = (0..3).map(|n| run(&n.to_string())).collect();
    for _ in 0..3 {
        for run in &runs {
            store.record_run(&acme, run, 3).await.expect("recorded");
        }
    }
    assert_eq!(ids(&store, &acme).await, [runs[2].id, runs[1].id, runs[0].id]);
    // Nor does it take a star away that was given in between.
    store.star_run(&acme, &runs[0].id, true).await.expect("starred");
    store.record_run(&acme, &runs[0], 3).await.expect("recorded");
    assert!(store.run(&acme, &runs[0].id).await.expect("readable").expect("there").starred);
}

async fn runs_are_listed_newest_first(store: Store) {
    let acme = store.tenant("acme").await;
    let mut runs: Vec<Run> = (0..12).map(|n| run(&n.to_string())).collect();
    for run in &runs {
        store.record_run(&acme, run, 100).await.expect("recorded");
    }
    runs.reverse();
    for limit in [1, 2, 5, 11, 12, 100] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = store.list_runs(&acme, before.as_ref(), limit).await.expect("readable");
            before = page.items.last().map(|run| run.id);
            seen.extend(page.items);
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, runs, "{limit}");
    }
    // Before one that is not there any more.
    store.delete_run(&acme, &runs[3].id).await.expect("deleted");
    let page = store.list_runs(&acme, Some(&runs[3].id), 1).await.expect("readable");
    assert_eq!((page.items[0].id, page.more), (runs[4].id, true));
    assert!(store.list_runs(&acme, None, 0).await.expect("readable").more);
}

async fn stars_come_and_go(store: Store) {
    let acme = store.tenant("acme").await;
    let run = run("x");
    assert!(matches!(store.star_run(&acme, &run.id, true).await, Err(WriteError::Missing)));
    store.record_run(&acme, &run, 20).await.expect("recorded");
    for starred in [true, true, false, false, true] {
        let changed = store.star_run(&acme, &run.id, starred).await.expect("starred");
        assert_eq!(changed, Run { starred, ..run.clone() });
        assert_eq!(store.run(&acme, &run.id).await.expect("readable"), Some(changed));
    }
    assert!(store.list_runs(&acme, None, 1).await.expect("readable").items[0].starred);
}

async fn deleted_and_cleared_runs_are_gone(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let runs: Vec<Run> = (0..6).map(|n| run(&n.to_string())).collect();
    for run in &runs {
        store.record_run(&acme, run, 20).await.expect("recorded");
    }
    store.record_run(&globex, &runs[0], 20).await.expect("recorded");
    for at in [1, 4] {
        store.star_run(&acme, &runs[at].id, true).await.expect("starred");
        store.delete_run(&acme, &runs[at - 1].id).await.expect("deleted");
        assert!(matches!(store.delete_run(&acme, &runs[at - 1].id).await, Err(WriteError::Missing)));
    }
    assert_eq!(ids(&store, &acme).await, [5, 4, 2, 1].map(|at: usize| runs[at].id));
    store.clear_runs(&acme).await.expect("cleared");
    store.clear_runs(&acme).await.expect("nothing to clear is no error");
    assert_eq!(ids(&store, &acme).await, [4, 1].map(|at: usize| runs[at].id));
    assert_eq!(ids(&store, &globex).await, [runs[0].id]);
    // Starred ones are deleted when asked for.
    store.delete_run(&acme, &runs[4].id).await.expect("deleted");
    assert_eq!(ids(&store, &acme).await, [runs[1].id]);
}

async fn many_at_once_keep_the_newest(store: Store) {
    let acme = store.tenant("acme").await;
    let runs: Vec<Run> = (0..60).map(|n| run(&n.to_string())).collect();
    let records: Vec<_> = runs
        .iter()
        .map(|run| {
            let (store, acme, run) = (store.clone(), acme.clone(), run.clone());
            tokio::spawn(async move {
                store.record_run(&acme, &run, 20).await.expect("recorded");
                // What others see in between is never more than there may be.
                let seen = store.list_runs(&acme, None, 100).await.expect("readable").items;
                assert!(seen.len() <= 20 && seen.is_sorted_by(|a, b| a.id > b.id));
            })
        })
        .collect();
    for record in records {
        record.await.expect("no panic");
    }
    let newest: Vec<RunId> = runs.iter().rev().take(20).map(|run| run.id).collect();
    assert_eq!(ids(&store, &acme).await, newest);
}

async fn keeping_none_keeps_the_starred(store: Store) {
    let acme = store.tenant("acme").await;
    let starred = Run { starred: true, ..run("starred") };
    store.record_run(&acme, &starred, 0).await.expect("recorded");
    store.record_run(&acme, &run("other"), 0).await.expect("recorded");
    assert_eq!(ids(&store, &acme).await, [starred.id]);
}
