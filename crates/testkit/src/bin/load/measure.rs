//! The parts of a run, in the order of the table.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::v1;
use api::v1::principal_service_client::PrincipalServiceClient;
use testkit::pdf::{Draft, SignOptions, sign};
use testkit::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
use testkit::system::{CHUNK, System, to_agency};
use time::OffsetDateTime;

use crate::Outcome;
use crate::drive::{self, Until, percentile};
use crate::hub_process::{COMMUNES, HubProcess, PRINCIPAL, Processor, SENDER, commune};
use crate::raw;
use crate::table::{self, Row};

/// Connections of the one client process.
pub(crate) const CONNECTIONS: usize = 4;
const IN_FLIGHT: usize = 64;
const SMALL: usize = 100 << 10;
const LARGE: usize = 10 << 20;

/// How long the parts take.
pub(crate) struct Plan {
    part: Duration,
    raw: Duration,
    distinct: u64,
    paced: u32,
    pace: Duration,
}

impl Plan {
    /// About a minute.
    pub(crate) const fn full() -> Self {
        Self { part: Duration::from_secs(5), raw: Duration::from_secs(2), distinct: 3_000, paced: 500, pace: Duration::from_millis(10) }
    }

    /// About ten seconds; good for a first look.
    pub(crate) const fn quick() -> Self {
        Self { part: Duration::from_secs(1), raw: Duration::from_millis(500), distinct: 400, paced: 100, pace: Duration::from_millis(10) }
    }
}

/// Measures everything and prints the table.
pub(crate) async fn run(plan: &Plan) -> Outcome<()> {
    let home = tempfile::Builder::new().prefix("vanthu-load-").tempdir()?;
    hub::home::init(home.path(), &[])?;
    let raw = Raw::measure(home.path(), plan.raw)?;
    let process = HubProcess::start(home.path())?;
    let pki = Pki::generate()?;
    process.furnish(&pki).await?;
    let mut rows = raw.rows();

    let mut clients = Vec::new();
    let mut echoes = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(process.system(SENDER).await?);
        echoes.push(PrincipalServiceClient::new(process.connect(PRINCIPAL).await?));
    }
    let echo = drive::rate(&echoes, IN_FLIGHT, Until::Elapsed(plan.part), |mut client, _| async move {
        client.get_caller(v1::GetCallerRequest {}).await?;
        Ok(())
    })
    .await?;
    rows.push(Row::plain(format!("(a) bare call, {IN_FLIGHT} in flight"), format!("{echo:.0}/s")));

    rows.extend(submissions(&process, &clients, &pki, plan, echo).await?);
    rows.extend(uploads(&process, &clients, plan, &raw).await?);
    rows.push(latency(&process, plan, &raw).await?);
    rows.push(Row::plain("resident memory of the hub", format!("{:.0} MiB", process.resident()? as f64 / f64::from(1 << 20))));
    rows.push(Row::plain("start of an empty hub", format!("{:.0} ms", process.start.as_secs_f64() * 1e3)));
    table::print(&rows);
    process.stop()
}

/// The limits of the machine.
struct Raw {
    sync: raw::Sync,
    sha256: f64,
    write_small: f64,
    write_large: f64,
}

impl Raw {
    fn measure(dir: &Path, span: Duration) -> Outcome<Self> {
        Ok(Self {
            sync: raw::sync(dir, span)?,
            sha256: raw::sha256(span),
            write_small: raw::write_and_sync(dir, SMALL, span)?,
            write_large: raw::write_and_sync(dir, LARGE, span)?,
        })
    }

    fn rows(&self) -> Vec<Row> {
        let p99 = self.sync.p99.as_secs_f64() * 1e3;
        vec![
            Row::plain("(e) fdatasync, 4 KiB, preallocated", format!("{:.0}/s, p99 {p99:.2} ms", self.sync.per_second)),
            Row::plain("(e) SHA-256, one core", megabytes(self.sha256)),
            Row::plain("(e) write and sync, 100 KiB files", megabytes(self.write_small)),
            Row::plain("(e) write and sync, 10 MiB files", megabytes(self.write_large)),
        ]
    }
}

async fn submissions(process: &HubProcess, clients: &[System], pki: &Pki, plan: &Plan, echo: f64) -> Outcome<Vec<Row>> {
    let signer = signer(pki)?;
    let mut first = clients.first().cloned().ok_or("no client")?;
    let payload = first.upload(&signed(pki, &signer, u64::MAX)?).await?;
    let one: Vec<String> = vec![commune(0)];
    let twenty: Vec<String> = (0..COMMUNES).map(commune).collect();

    let start = process.processor()?;
    let same = payload.clone();
    let to_one = one.clone();
    let cached = drive::rate(clients, IN_FLIGHT, Until::Elapsed(plan.part), move |client, number| {
        submit(client, format!("a{number}"), same.clone(), to_one.clone())
    })
    .await?;
    let after_cached = process.processor()?;
    let cached_twenty = drive::rate(clients, IN_FLIGHT, Until::Elapsed(plan.part), move |client, number| {
        submit(client, format!("b{number}"), payload.clone(), twenty.clone())
    })
    .await?;

    let after_twenty = process.processor()?;
    let mut documents = Vec::new();
    for number in 0..plan.distinct {
        documents.push(signed(pki, &signer, number)?);
    }
    let documents = Arc::new(documents);
    let uploaded = Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let into = Arc::clone(&uploaded);
    drive::rate(clients, 16, Until::Count(plan.distinct), move |mut client, number| {
        let (documents, into) = (Arc::clone(&documents), Arc::clone(&into));
        async move {
            let document = usize::try_from(number).ok().and_then(|index| documents.get(index)).ok_or("no such document")?;
            let name = client.upload(document).await?;
            into.lock().await.push(name);
            Ok(())
        }
    })
    .await?;
    let uploaded = Arc::new(uploaded.lock().await.clone());
    let before_uncached = process.processor()?;
    let uncached = drive::rate(clients, IN_FLIGHT, Until::Count(plan.distinct), move |client, number| {
        let payload = usize::try_from(number).ok().and_then(|index| uploaded.get(index)).cloned().unwrap_or_default();
        submit(client, format!("c{number}"), payload, one.clone())
    })
    .await?;

    let after_uncached = process.processor()?;

    let share = |rate: f64| 100.0 * rate / echo;
    let cost = cached / cached_twenty;
    Ok(vec![
        Row::judged(
            "(b) submit to 1, report cached",
            format!("{cached:.0}/s"),
            format!("{:.0} % of (a), at least 60 %", share(cached)),
            share(cached) >= 60.0,
            spent(start, after_cached, plan.part.as_secs_f64() * cached),
        ),
        Row::judged(
            "(b) submit to 1, first judged",
            format!("{uncached:.0}/s"),
            format!("{:.0} % of (a), at least 40 %", share(uncached)),
            share(uncached) >= 40.0,
            spent(before_uncached, after_uncached, plan.distinct as f64),
        ),
        Row::judged(
            "(b) submit to 20, report cached",
            format!("{cached_twenty:.0}/s"),
            format!("{cost:.1} times the cost of 1, less than 2"),
            cost < 2.0,
            spent(after_cached, after_twenty, plan.part.as_secs_f64() * cached_twenty),
        ),
    ])
}

/// Where the hub's processor time went.
fn spent(before: Processor, after: Processor, calls: f64) -> String {
    let each = |seconds: f64| 1e6 * seconds / calls;
    let (whole, desk) = (each(after.whole - before.whole), each(after.desk - before.desk));
    format!("the hub spends {whole:.0} µs of processor time on each, {desk:.0} µs of them on the desk's one thread")
}

async fn uploads(process: &HubProcess, clients: &[System], plan: &Plan, raw: &Raw) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for (what, size, in_flight, write) in
        [("(c) upload 100 KiB", SMALL, 16, raw.write_small), ("(c) upload 10 MiB", LARGE, CONNECTIONS, raw.write_large)]
    {
        let chunks = Arc::new(chunks(size));
        let before = process.processor()?;
        let rate = drive::rate(clients, in_flight, Until::Elapsed(plan.part), move |client, number| {
            upload(client, size, number, Arc::clone(&chunks))
        })
        .await?;
        let speed = rate * size as f64;
        let limit = raw.sha256.min(write);
        let share = 100.0 * speed / limit;
        rows.push(Row::judged(
            format!("{what}, {in_flight} in flight"),
            format!("{}, {rate:.0}/s", megabytes(speed)),
            format!("{share:.0} % of {}, at least 60 %", megabytes(limit)),
            share >= 60.0,
            spent(before, process.processor()?, rate * plan.part.as_secs_f64()),
        ));
    }
    Ok(rows)
}

async fn latency(process: &HubProcess, plan: &Plan, raw: &Raw) -> Outcome<Row> {
    let recipient = commune(1);
    let mut watcher = process.system(&recipient).await?;
    let mut sender = process.system(SENDER).await?;
    let payload = sender.upload(&draft(u64::MAX)).await?;
    let mut changes = watcher.watch("").await?;
    let (count, wanted) = (plan.paced, "V/v đo độ trễ");
    let receiver = tokio::spawn(async move {
        let mut seen = HashMap::new();
        while seen.len() < count as usize {
            let Some(change) = changes.message().await? else { break };
            let now = Instant::now();
            if let Some(document) = change.document.filter(|document| document.subject == wanted) {
                seen.entry(document.number).or_insert(now);
            }
        }
        Ok::<_, tonic::Status>(seen)
    });
    // What was sent to the watcher in the parts before has to be handed over first.
    tokio::time::sleep(plan.part).await;
    let mut sent = HashMap::new();
    let mut tick = tokio::time::interval(plan.pace);
    for number in 0..count {
        tick.tick().await;
        let number = format!("d{number}");
        sent.insert(number.clone(), Instant::now());
        let letter = sender.letter(&number, wanted, &payload);
        sender.submit(letter, vec![to_agency(&recipient)]).await?;
    }
    let seen = tokio::time::timeout(Duration::from_secs(30), receiver).await???;
    let mut times: Vec<Duration> = sent.iter().filter_map(|(number, at)| Some(seen.get(number)?.duration_since(*at))).collect();
    let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    let limit = raw.sync.p99 * 3 + Duration::from_millis(10);
    let ms = |span: Duration| span.as_secs_f64() * 1e3;
    Ok(Row::judged(
        format!("(d) submit to watcher, {} documents, one every {:.0} ms", times.len(), ms(plan.pace)),
        format!("p50 {:.1} ms, p99 {:.1} ms", ms(p50), ms(p99)),
        format!("p99 < {:.1} ms", ms(limit)),
        p99 < limit && times.len() == count as usize,
        "the slowest documents waited longer than three slow syncs; watch the disk during the run",
    ))
}

/// Submits a letter with one payload.
pub(crate) async fn submit(mut client: System, number: String, payload: String, to: Vec<String>) -> Outcome<()> {
    let letter = client.letter(&number, "V/v đo tốc độ của trục liên thông", &payload);
    client.submit(letter, to.iter().map(|id| to_agency(id)).collect()).await?;
    Ok(())
}

/// Uploads a payload of that size that differs from all others in its first bytes.
async fn upload(mut client: System, size: usize, number: u64, chunks: Arc<Vec<v1::WriteUploadRequest>>) -> Outcome<()> {
    let request = v1::StartUploadRequest { size_bytes: i64::try_from(size)?, ..Default::default() };
    let name = client.payloads.start_upload(request).await?.into_inner().name;
    let start = v1::WriteUploadStart { name: name.clone(), offset_bytes: 0 };
    let mut messages = vec![v1::WriteUploadRequest { content: Some(v1::write_upload_request::Content::Start(start)) }];
    messages.push(chunk(number.to_be_bytes().to_vec()));
    messages.extend(chunks.iter().cloned());
    client.payloads.write_upload(tokio_stream::iter(messages)).await?;
    client.payloads.finish_upload(v1::FinishUploadRequest { name }).await?;
    Ok(())
}

/// The chunks of a payload after its first eight bytes.
fn chunks(size: usize) -> Vec<v1::WriteUploadRequest> {
    vec![0x5a; size - 8].chunks(CHUNK).map(|bytes| chunk(bytes.to_vec())).collect()
}

fn chunk(bytes: Vec<u8>) -> v1::WriteUploadRequest {
    v1::WriteUploadRequest { content: Some(v1::write_upload_request::Content::Chunk(bytes.into())) }
}

/// An unsigned document.
pub(crate) fn draft(number: u64) -> Vec<u8> {
    Draft { title: format!("Do toc do {number}"), lines: vec!["Mot trang".into()], pages: 1, padding_bytes: 0 }.build()
}

fn signed(pki: &Pki, signer: &Signer, number: u64) -> Outcome<Vec<u8>> {
    let mut options = SignOptions::at(OffsetDateTime::now_utc() - time::Duration::minutes(1));
    options.timestamp = Some(pki.tsa());
    Ok(sign(&draft(number), signer, &options)?)
}

fn signer(pki: &Pki) -> Outcome<Signer> {
    let now = OffsetDateTime::now_utc();
    Ok(pki.issue(&SignerRequest {
        common_name: "Nguyễn Văn Ví Dụ".into(),
        organisation: "Ủy ban nhân dân tỉnh Cà Mau".into(),
        organisation_id: Some("2000100001".into()),
        kind: SignerKind::Person,
        not_before: now - time::Duration::days(30),
        not_after: now + time::Duration::days(700),
        key: KeyKind::P256,
    })?)
}

fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB/s", bytes / 1e6)
}
