//! The desk over a real journal and real tables.

use std::sync::atomic::AtomicI64;

use domain::principal::{Credential, Principal, Role, State as Standing};

use super::*;
use crate::bootstrap;
use crate::config::Config;
use crate::recovery::{self, Existing};

struct Scene {
    home: tempfile::TempDir,
    now: Arc<AtomicI64>,
}

/// A desk at work, and the handle that ends it.
struct Open {
    handle: Handle,
    tables: Tables,
    thread: thread::JoinHandle<()>,
}

impl Scene {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), now: Arc::new(AtomicI64::new(1_000)) }
    }

    fn open(&self, last_at: i64) -> Open {
        let (log, tables, _) = recovery::open(self.home.path(), &Config::default(), Existing::Use).unwrap();
        let now = Arc::clone(&self.now);
        let desk = Desk {
            log,
            last_at: Timestamp::from_seconds(last_at),
            tables: tables.clone(),
            feeds: Feeds::default(),
            clock: Arc::new(move || Timestamp::from_seconds(now.load(Ordering::Relaxed))),
            metrics: Metrics::default(),
            fatal: watch::channel(None).0,
            applied: watch::channel(0).0,
        };
        let (handle, thread) = desk.start().unwrap();
        Open { handle, tables, thread }
    }

    /// The times of all entries.
    fn times(&self) -> Vec<i64> {
        let (log, tables, _) = recovery::open(self.home.path(), &Config::default(), Existing::Use).unwrap();
        let entries = log.reader().read(1, 100, usize::MAX).unwrap();
        tables.close().unwrap();
        entries.iter().map(|(_, bytes)| journal::stored::decode(bytes).unwrap().at.seconds()).collect()
    }
}

impl Open {
    async fn close(self) {
        self.handle.end().await;
        tokio::task::spawn_blocking(move || self.thread.join()).await.unwrap().unwrap();
        self.tables.close().unwrap();
    }
}

fn hub() -> Caller {
    Caller { principal: principal::Id::hub(), role: Role::Admin }
}

fn enrol(name: &str, role: Role) -> Command {
    Command::Principal(principal::Command::Enrol(Principal {
        id: principal::Id::parse(name).unwrap(),
        display_name: name.into(),
        role,
        credentials: vec![Credential::Uri(format!("vanthu://principal/{name}"))],
        state: Standing::Active,
        changed_seq: 0,
    }))
}

#[tokio::test]
async fn a_caller_is_what_it_is_when_its_command_is_decided_not_when_it_called() {
    let scene = Scene::new();
    let open = scene.open(0);
    let desk = &open.handle;
    desk.carry_out(hub(), None, enrol("quan-tri", Role::Admin)).await.unwrap();
    desk.carry_out(hub(), None, enrol("thu-hai", Role::Admin)).await.unwrap();
    let caller = Caller { principal: principal::Id::parse("thu-hai").unwrap(), role: Role::Admin };
    desk.carry_out(caller.clone(), None, enrol("ba", Role::Auditor)).await.unwrap();
    let revoke = principal::Command::Revoke { principal: caller.principal.clone(), reason: "Nghỉ việc".into() };
    desk.carry_out(hub(), None, Command::Principal(revoke)).await.unwrap();
    let refused = desk.carry_out(caller, None, enrol("bon", Role::Auditor)).await.unwrap_err();
    assert_eq!(refused, Failure::Unauthenticated);
    // A role that was taken away counts as little: this one was never an admin.
    let pretends = Caller { principal: principal::Id::parse("ba").unwrap(), role: Role::Admin };
    let refused = desk.carry_out(pretends, None, enrol("nam", Role::Auditor)).await.unwrap_err();
    assert_eq!(refused, Failure::Refused(Refusal::Denied));
    open.close().await;
}

#[tokio::test]
async fn time_never_runs_back_within_a_run_nor_over_a_restart() {
    let scene = Scene::new();
    let open = scene.open(0);
    open.handle.carry_out(hub(), None, enrol("mot", Role::Admin)).await.unwrap();
    scene.now.store(900, Ordering::Relaxed);
    open.handle.carry_out(hub(), None, enrol("hai", Role::Admin)).await.unwrap();
    open.close().await;
    scene.now.store(800, Ordering::Relaxed);
    let open = scene.open(1_000);
    open.handle.carry_out(hub(), None, enrol("ba", Role::Admin)).await.unwrap();
    open.close().await;
    assert_eq!(scene.times(), [1_000, 1_000, 1_000]);
}

#[tokio::test]
async fn the_desk_answers_what_came_before_its_end_and_refuses_what_comes_after() {
    let scene = Scene::new();
    let open = scene.open(0);
    let desk = open.handle.clone();
    let before: Vec<_> = (0..20).map(|i| desk.carry_out(hub(), None, enrol(&format!("p{i}"), Role::Auditor))).collect();
    let answers = futures::future::join_all(before);
    let (answers, ()) = tokio::join!(answers, desk.end());
    assert!(answers.iter().all(Result::is_ok));
    let refused = desk.carry_out(hub(), None, enrol("sau", Role::Auditor)).await.unwrap_err();
    assert_eq!(refused, Failure::JournalUnavailable);
    open.close().await;
}

#[tokio::test]
async fn beginnings_that_a_crash_cut_short_are_completed() {
    let scene = Scene::new();
    let open = scene.open(0);
    bootstrap::run(&open.handle, scene.home.path(), 0).await.unwrap();
    let whole = domain::document::kinds(&open.tables).unwrap();
    open.close().await;
    let other = Scene::new();
    let open = other.open(0);
    let first = bootstrap::commands().unwrap().remove(0);
    open.handle.carry_out(hub(), None, first).await.unwrap();
    bootstrap::run(&open.handle, other.home.path(), 1).await.unwrap();
    assert_eq!(open.tables.applied().unwrap(), bootstrap::commands().unwrap().len() as u64);
    assert_eq!(domain::document::kinds(&open.tables).unwrap(), whole);
    // A hub that has begun is left as its admins made it.
    bootstrap::run(&open.handle, other.home.path(), 4).await.unwrap();
    assert_eq!(open.tables.applied().unwrap(), 4);
    open.close().await;
}
