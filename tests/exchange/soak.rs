//! The soak, short in every run and long by command.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::v1;
use api::v1::axis_service_client::AxisServiceClient;
use api::v1::{DeliveryStatus, DocumentState};
use hub::{home, running};
use testkit::provinces::{DIRECTORY, SECRET, routes};
use tokio::task::{LocalSet, spawn_local};

use crate::chaos::{Dice, Hub, World};
use crate::party::{Party, admin, changed};
use crate::process::config;

/// Who sends at one hub, and to whom at the other.
const SENDERS: [&str; 2] = ["camau", "nghean"];
const CLERKS: [&str; 2] = ["camau.tan-an", "nghean.kim-lien"];
/// Clients that send at once at each hub.
const CLIENTS: u64 = 4;

#[tokio::test]
async fn nothing_is_lost_or_doubled_between_two_hubs_whatever_breaks() {
    LocalSet::new().run_until(soak(100, Duration::from_millis(400))).await;
}

/// `cargo test --release -p stories --test exchange -- --ignored --nocapture soak_ten_thousand`
#[tokio::test]
#[ignore = "some minutes: the long form"]
async fn soak_ten_thousand_documents() {
    LocalSet::new().run_until(soak(5_000, Duration::from_millis(2_500))).await;
}

/// Each hub sends `count` documents to the other; something is killed so often.
async fn soak(count: u64, every: Duration) {
    let dir = tempfile::tempdir().unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let prepare = async |name: &str, code: &'static str, agencies: [&str; 2]| {
        let home = dir.path().join(name);
        prepared(&home, listen, code, agencies).await;
        Hub { home, code, address: Default::default(), kills: AtomicU64::new(0) }
    };
    let hubs = [prepare("camau", "H12", [SENDERS[0], CLERKS[0]]).await, prepare("nghean", "H41", [SENDERS[1], CLERKS[1]]).await];
    let world = Arc::new(World::start(&dir.path().join("axis"), hubs, listen.to_string()));
    let begun = Instant::now();

    let is_over = Arc::new(AtomicBool::new(false));
    let (mut senders, mut clerks) = (Vec::new(), Vec::new());
    for (side, clerk) in CLERKS.into_iter().enumerate() {
        let next = Arc::new(AtomicU64::new(1));
        for _ in 0..CLIENTS {
            let (hub, next) = (Arc::clone(&world.hubs[side]), Arc::clone(&next));
            senders.push(spawn_local(async move { sends(&hub, side, &next, count).await }));
        }
        let (hub, is_over) = (Arc::clone(&world.hubs[side]), Arc::clone(&is_over));
        clerks.push(spawn_local(async move {
            let mut clerk = Party::new(&hub, "clerk", clerk);
            while !is_over.load(Ordering::Relaxed) {
                if clerk.work().await == 0 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                admin(&hub).await;
            }
        }));
    }
    let breaking = {
        let (world, is_over) = (Arc::clone(&world), Arc::clone(&is_over));
        tokio::task::spawn_blocking(move || {
            let mut dice = Dice::new(20_261_127);
            world.weather(&mut dice);
            while !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(every.mul_f64(0.5 + dice.roll(100) as f64 / 100.0));
                world.strike(&mut dice);
            }
        })
    };
    let mut sent: [BTreeMap<u64, String>; 2] = Default::default();
    for (at, sender) in senders.into_iter().enumerate() {
        sent[at / usize::try_from(CLIENTS).unwrap()].extend(sender.await.unwrap());
    }
    is_over.store(true, Ordering::Relaxed);
    breaking.await.unwrap();
    for clerk in clerks {
        clerk.await.unwrap();
    }
    world.calm();
    settles(&world, &sent).await;
    let took = begun.elapsed();
    check(&world, &sent, count).await;
    let kills = world.hubs.each_ref().map(|hub| hub.kills.load(Ordering::Relaxed));
    let kills_of_axis = world.kills_of_axis.load(Ordering::Relaxed);
    println!(
        "{} documents, each delivered once, every chain whole; {} + {} kills of hubs, {kills_of_axis} of the axis; {:.1} s",
        2 * count,
        kills[0],
        kills[1],
        took.as_secs_f64()
    );
}

async fn sends(hub: &Arc<Hub>, side: usize, next: &AtomicU64, count: u64) -> BTreeMap<u64, String> {
    let mut sender = Party::new(hub, "sender", SENDERS[side]);
    let page = testkit::pdf::Draft { title: "Lien thong".into(), lines: vec![], pages: 1, padding_bytes: 0 }.build();
    let payload = sender.call(async |system| system.upload(&page).await).await.unwrap();
    let mut sent = BTreeMap::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n > count {
            return sent;
        }
        // A clerk takes a breath; the axis breaks meanwhile.
        tokio::time::sleep(Duration::from_millis(n * 37 % 60)).await;
        sent.insert(n, sender.send(n, &payload, CLERKS[1 - side]).await);
    }
}

/// Waits until everybody has done what there is to do.
async fn settles(world: &World, sent: &[BTreeMap<u64, String>; 2]) {
    let begun = Instant::now();
    let mut clerks = [0, 1].map(|side| Party::new(&world.hubs[side], "clerk", CLERKS[side]));
    let mut senders = [0, 1].map(|side| Party::new(&world.hubs[side], "sender", SENDERS[side]));
    loop {
        let mut left = 0;
        for side in 0..2 {
            left += clerks[side].work().await;
            let axis = admin(&world.hubs[side]).await.unwrap();
            left += usize::try_from(axis.waiting_count + axis.dead_count).unwrap();
            assert_eq!(axis.quarantined_count, 0, "nothing is set aside");
            if left == 0 {
                left += open(&mut senders[side], &sent[side], CLERKS[1 - side]).await;
            }
        }
        left += usize::from(world.waiting.load(Ordering::Relaxed) != 0);
        if left == 0 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(600), "{left} things never come to their end");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How many of the last documents have copies that are not at their end, where their sender looks.
async fn open(sender: &mut Party, sent: &BTreeMap<u64, String>, clerk: &str) -> usize {
    let mut open = 0;
    for (n, document) in sent {
        let name = format!("{document}/deliveries/{clerk}");
        let request = v1::GetDeliveryRequest { name };
        let copy = sender.call(async |system| system.deliveries.get_delivery(request.clone()).await).await.unwrap().into_inner();
        let end = if n % 16 == 0 { DeliveryStatus::TakeBackAgreed } else { DeliveryStatus::Done };
        open += usize::from(copy.status() != end || copy.question.is_some());
    }
    open
}

async fn check(world: &World, sent: &[BTreeMap<u64, String>; 2], count: u64) {
    for side in 0..2 {
        assert_eq!(sent[side].len() as u64, count);
        let mut sender = Party::new(&world.hubs[side], "sender", SENDERS[side]);
        for (n, name) in &sent[side] {
            let document = sender.document(name).await;
            let chain = sender.chain(name).await;
            if n % 16 == 0 {
                assert_eq!(document.state(), DocumentState::Recalled, "{n}");
                assert_eq!(chain.last(), Some(&DeliveryStatus::TakeBackAgreed), "{n}: {chain:?}");
            } else {
                for status in [DeliveryStatus::Accepted, DeliveryStatus::Done] {
                    let times = chain.iter().filter(|one| **one == status).count();
                    assert_eq!(times, 1, "{n}: {status:?} once: {chain:?}");
                }
            }
        }
        let mut received = Party::new(&world.hubs[1 - side], "clerk", CLERKS[1 - side]).received().await;
        received.sort_by_key(|(number, _, _)| number.parse::<u64>().unwrap());
        let expected: Vec<_> = (1..=count).filter(|n| n % 16 != 0).collect();
        let numbers: Vec<u64> = received.iter().map(|(number, _, _)| number.parse().unwrap()).collect();
        assert_eq!(numbers, expected, "each once, and none that was recalled");
        for (n, (_, subject, state)) in expected.iter().zip(&received) {
            let is_changed = *subject == changed(*n);
            assert_eq!((is_changed, *state), (n % 16 == 8, DocumentState::Issued), "{n}: {subject}");
        }
    }
}

/// A home with the directory, routes, and a sender and a clerk enrolled; nothing is served.
async fn prepared(path: &Path, axis: std::net::SocketAddr, code: &'static str, agencies: [&str; 2]) {
    home::init(path, &[]).unwrap();
    std::fs::write(path.join("axis.secret"), SECRET).unwrap();
    let hub = running::start(path, config(path, axis, code), running::system_clock()).await.unwrap();
    let admin = hub::client::connect(path, &hub.address.to_string(), home::FIRST_ADMIN).await.unwrap();
    let request = v1::ImportDirectoryRequest { agencies_csv: DIRECTORY.into(), ..Default::default() };
    v1::agency_service_client::AgencyServiceClient::new(admin.clone()).import_directory(request).await.unwrap();
    let request = v1::SetAxisRoutesRequest { routes: routes(code), ..Default::default() };
    AxisServiceClient::new(admin.clone()).set_axis_routes(request).await.unwrap();
    for (name, agency) in ["sender", "clerk"].into_iter().zip(agencies) {
        let id = domain::principal::Id::parse(name).unwrap();
        home::write_identity(&path.join("clients"), &id, &home::issue(path, &id).unwrap()).unwrap();
        let principal = v1::Principal {
            display_name: name.into(),
            role: v1::Role::AgencySystem.into(),
            agencies: vec![format!("agencies/{agency}")],
            credentials: vec![v1::Credential { kind: Some(v1::credential::Kind::Uri(home::principal_uri(&id))) }],
            ..Default::default()
        };
        let request = v1::EnrolPrincipalRequest { principal_id: name.into(), principal: Some(principal) };
        v1::principal_service_client::PrincipalServiceClient::new(admin.clone()).enrol_principal(request).await.unwrap();
    }
    hub.stop().await.unwrap();
}
