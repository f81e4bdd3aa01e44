//! VXP from the other side: parameters out of the signed header and nowhere else, operations by the last name of the path.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Incoming as RequestBody;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::book::{Agency, Document, Kind, Refusal};
use super::exchange::{Core, Envelope, Failure};
use super::reply::{Answer, answer, around_base64, day, full, json, moment, streamed};
use super::server::{Dropped, Intake, Outcome, drain, failed, next, short};
use crate::axis::{Acknowledgement, Message};
use crate::source::Pieces;
use crate::vxp::{PREFIX, is_signed};

pub(crate) fn refused(code: &str, words: &str) -> Answer {
    json(&json!({"status": "FAIL", "ErrorCode": code, "ErrorDesc": words}))
}

fn done(fields: Value) -> Answer {
    let mut all =
        Map::from_iter([("status".to_owned(), json!("OK")), ("ErrorCode".to_owned(), json!("0")), ("ErrorDesc".to_owned(), json!(""))]);
    if let Value::Object(fields) = fields {
        all.extend(fields);
    }
    json(&Value::Object(all))
}

pub(crate) async fn respond(core: &Arc<Core>, request: Request<RequestBody>) -> Result<Outcome, Dropped> {
    let (head, mut body) = request.into_parts();
    let parameters = match Parameters::read(core, &head.headers) {
        Ok(parameters) => parameters,
        Err(refusal) => {
            drain(core, body).await;
            return Ok(Outcome { answer: refused(refusal.code, &refusal.words), has_changed: false });
        }
    };
    let operation = head.uri.path().rsplit('/').next().unwrap_or_default();
    let is_known_method = if operation == "downloadEdoc" { head.method == Method::GET } else { head.method == Method::POST };
    if !is_known_method {
        return Ok(Outcome { answer: answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", full("")), has_changed: false });
    }
    if operation == "sendEdoc" {
        let outcome = send(core, &parameters, body).await?;
        let has_changed = outcome.is_ok();
        let answer = outcome.map_or_else(|failure| failed(false, &failure), |id| done(json!({"DocId": id.to_string()})));
        return Ok(Outcome { answer, has_changed });
    }
    let body = short(&mut body).await?;
    let outcome = operate(core, operation, &parameters, &body).await;
    let has_changed = outcome.is_ok() && matches!(operation, "updateStatus" | "registerAgency" | "deleteAgency");
    Ok(Outcome { answer: outcome.unwrap_or_else(|failure| failed(false, &failure)), has_changed })
}

async fn operate(core: &Arc<Core>, operation: &str, parameters: &Parameters, body: &[u8]) -> Result<Answer, Failure> {
    match operation {
        "getReceivedEdocList" => received(core, parameters),
        "getSentEdocList" => sent(core, parameters),
        "getEdoc" | "downloadEdoc" => {
            let document = core.book().own_delivery(&parameters.center, parameters.text("docId"))?.0.clone();
            let (packet, _) = core.packet(&document).await?;
            if operation == "downloadEdoc" {
                return Ok(answer(StatusCode::OK, "application/octet-stream", streamed(packet)));
            }
            let before = "{\"status\":\"OK\",\"ErrorCode\":\"0\",\"ErrorDesc\":\"\",\"data\":\"".to_owned();
            Ok(answer(StatusCode::OK, "application/json", around_base64(before, packet, "\"}")))
        }
        "updateStatus" => {
            let status = parameters.text("status");
            let acknowledgement = Acknowledgement::parse(status)
                .ok_or_else(|| Refusal::new("10", format!("status là processing, done hoặc fail, không phải `{status}`")))?;
            core.acknowledge(&parameters.center, parameters.text("docId"), acknowledgement).await?;
            Ok(done(json!({})))
        }
        "getAgenciesList" => Ok(directory(core, Shape::Old)),
        "getAgenciesListQD20" => Ok(directory(core, Shape::Qd20 { level: parameters.text("level").parse().ok() })),
        "getSynchronizeUnit" => Ok(directory(core, Shape::Versions)),
        "registerAgency" => register(core, parameters, body).await,
        "deleteAgency" => delete(core, parameters).await,
        "countReceiveEdoc" => Ok(done(json!({"count": core.book().listed(&parameters.center, Kind::Edoc).len()}))),
        "countReceiveStatus" => Ok(done(json!({"count": core.book().listed(&parameters.center, Kind::Status).len()}))),
        _ => Ok(answer(StatusCode::NOT_FOUND, "text/plain", full(""))),
    }
}

/// The signed parameters of a request.
struct Parameters {
    /// The centre that signed, by its code in the directory.
    center: String,
    signed: Map<String, Value>,
}

impl Parameters {
    fn read(core: &Core, headers: &HeaderMap) -> Result<Self, Refusal> {
        let wrong = |words: &str| Refusal::new("15", words);
        let header = |name: &str| headers.get(format!("{PREFIX}{name}")).and_then(|value| value.to_str().ok());
        let text = header("sign-header").ok_or_else(|| wrong("Thiếu XroadVnpt-sign-header"))?;
        let hash = header("hash-header").ok_or_else(|| wrong("Thiếu XroadVnpt-hash-header"))?;
        let signed: Map<String, Value> = serde_json::from_str(text).map_err(|_| wrong("XroadVnpt-sign-header không phải JSON"))?;
        let signed: Map<String, Value> =
            signed.into_iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value))).collect();
        let system_id = signed.get("systemid").and_then(Value::as_str).unwrap_or_default();
        let book = core.book();
        let system = book.agency(system_id).filter(|system| !system.secret.is_empty());
        // A centre that does not exist and a wrong secret look alike from outside.
        let is_right = is_signed(system.map_or("", |system| &system.secret), text, hash);
        let system = system.filter(|_| is_right).ok_or_else(|| wrong("Sai SystemId hoặc SecretKey"))?;
        let keys: Vec<&str> = header("sign-header-key").unwrap_or_default().split(';').collect();
        for (name, value) in &signed {
            // What is signed and what is sent must be the same, or one of them is not the sender's.
            if header(name) != value.as_str() || !keys.contains(&name.as_str()) {
                return Err(wrong(&format!("Tiêu đề XroadVnpt-{name} khác với nội dung đã ký")));
            }
        }
        if let Some(window) = core.options.timestamp_window {
            let at = signed.get("timestamp").and_then(Value::as_str).and_then(crate::vxp::moment);
            let off = at.map(|at| core.now().seconds().abs_diff(at.seconds()));
            if off.is_none_or(|off| off > window) {
                return Err(wrong("timestamp đã quá hạn"));
            }
        }
        Ok(Self { center: system.code.clone(), signed })
    }

    fn text(&self, name: &str) -> &str {
        self.signed.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn message(&self) -> Result<Message, Refusal> {
        let text = self.text("messagetype");
        Message::parse(text).ok_or_else(|| Refusal::new("10", format!("messagetype là edoc hoặc status, không phải `{text}`")))
    }

    /// Whether a moment lies within `fromDate` and `toDate`.
    fn period(&self) -> impl Fn(i64) -> bool {
        let (from, to) = (day(self.text("fromDate")), day(self.text("toDate")));
        move |micros| {
            let day = domain::time::Timestamp::from_micros(micros).date_in_vietnam();
            from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
        }
    }
}

async fn send(core: &Arc<Core>, parameters: &Parameters, mut body: RequestBody) -> Result<Result<u64, Failure>, Dropped> {
    let mut intake = Intake::new(core);
    while let Some(bytes) = next(&mut body).await? {
        intake.write(&bytes)?;
    }
    let optional = |name: &str| Some(parameters.text(name).to_owned()).filter(|text| !text.is_empty());
    let envelope = || {
        let to = optional("to").map(|text| serde_json::from_str(&text)).transpose();
        Ok::<_, Failure>(Envelope {
            message: parameters.message()?,
            center: parameters.center.clone(),
            from: optional("from"),
            to: to.map_err(|_| Refusal::new("10", "to không phải là mảng JSON"))?.unwrap_or_default(),
            hash_file: Some(optional("hash-file").ok_or_else(|| Refusal::new("10", "Thiếu hash-file"))?),
        })
    };
    let (incoming, envelope) = match (intake.finish(), envelope()) {
        (Ok(incoming), Ok(envelope)) => (incoming, envelope),
        (Err(failure), _) | (_, Err(failure)) => return Ok(Err(failure)),
    };
    Ok(core.take(incoming, envelope).await)
}

/// Items that wait, as either wire lists them; `underscored` is VXP's spelling of three names.
pub(crate) fn received_rows(core: &Core, center: &str, kind: Kind, is_within: impl Fn(i64) -> bool, underscored: bool) -> Vec<Value> {
    let book = core.book();
    let names = if underscored { ["created_time", "updated_time", "status_desc"] } else { ["createdTime", "updatedTime", "statusDesc"] };
    let items = book.listed(center, kind).into_iter().filter(|(document, _)| is_within(document.at));
    let mut rows: Vec<Value> = items
        .map(|(document, delivery)| {
            json!({
                "docId": delivery.id.to_string(), "serviceType": "eDoc", "messageType": document.kind.as_str(),
                names[0]: moment(document.at), names[1]: moment(delivery.at),
                "from": document.from, "to": delivery.to, "status": delivery.state.as_str(), names[2]: "",
            })
        })
        .collect();
    drop(book);
    if core.dice.roll(|faults| faults.duplicate_listing) {
        rows.extend(rows.clone());
    }
    if core.dice.roll(|faults| faults.other_sender) {
        rows.iter_mut().for_each(|row| row["from"] = "G99".into());
    }
    if core.dice.roll(|faults| faults.shuffle_listing) {
        core.dice.shuffle(&mut rows);
    }
    rows
}

fn received(core: &Core, parameters: &Parameters) -> Result<Answer, Failure> {
    let rows = received_rows(core, &parameters.center, parameters.message()?.into(), parameters.period(), true);
    Ok(done(json!({"data": rows})))
}

fn sent(core: &Core, parameters: &Parameters) -> Result<Answer, Failure> {
    let (kind, wanted, is_within) = (Kind::from(parameters.message()?), parameters.text("docId"), parameters.period());
    let book = core.book();
    let is_wanted =
        |document: &&Document| document.kind == kind && is_within(document.at) && (wanted.is_empty() || document.id.to_string() == wanted);
    let rows = book.sent(&parameters.center).filter(is_wanted).flat_map(|document| {
        document.deliveries.iter().map(move |delivery| {
            json!({
                "serviceType": "eDoc", "senderDocId": document.id.to_string(), "receiverDocId": delivery.id.to_string(),
                "fromCode": document.from, "toCode": delivery.to, "messageType": document.kind.as_str(),
                "title": document.title, "notation": document.notation,
                "sentTime": moment(document.at), "receivedTime": moment(delivery.at),
                "sendStatus": "done", "sendStatusDesc": "", "receiveStatus": delivery.state.as_str(), "receiveStatusDesc": "",
            })
        })
    });
    let rows: Vec<Value> = rows.collect();
    Ok(done(json!({"data": rows})))
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Old,
    Qd20 { level: Option<usize> },
    Versions,
}

/// Rows of the directory that are made at a time.
const ROWS: usize = 500;

/// The directory, made as it goes out.
fn directory(core: &Arc<Core>, shape: Shape) -> Answer {
    let rows = rows(Arc::clone(core), move |number, parent, agency| row(shape, number, parent, agency));
    let before = stream::once(async { Ok(Bytes::from_static(b"{\"status\":\"OK\",\"ErrorCode\":\"0\",\"ErrorDesc\":\"\",\"data\":[")) });
    let after = stream::once(async { Ok(Bytes::from_static(b"]}")) });
    answer(StatusCode::OK, "application/json", streamed(before.chain(rows).chain(after).boxed()))
}

/// Rows of the directory, joined by commas.
pub(crate) fn rows(core: Arc<Core>, row: impl Fn(usize, usize, &Agency) -> Option<String> + Send + 'static) -> Pieces {
    stream::try_unfold((core, row, 0, true), |(core, row, from, mut is_first)| async move {
        let (mut text, mut seen) = (String::new(), 0);
        for (number, parent, agency) in core.book().directory(from, ROWS) {
            seen += 1;
            if let Some(row) = row(number, parent, agency) {
                if !std::mem::take(&mut is_first) {
                    text.push(',');
                }
                text.push_str(&row);
            }
        }
        Ok((seen > 0).then(|| (Bytes::from(text), (core, row, from + seen, is_first))))
    })
    .boxed()
}

/// A row as the lists have it; what a list does not have is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id: String,
    pid: String,
    code: &'a str,
    name: &'a str,
    mail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code102: Option<&'a str>,
    #[serde(flatten)]
    versions: Option<Versions<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions<'a> {
    version: u64,
    center_code: &'a str,
    deleted: bool,
    modify_date: String,
    is_agency: bool,
}

fn row(shape: Shape, number: usize, parent: usize, agency: &Agency) -> Option<String> {
    let (mut is_listed, mut old_code, mut code102, mut versions) = (!agency.is_closed, None, None, None);
    match shape {
        Shape::Old => old_code = Some(agency.old_code.as_str()),
        Shape::Qd20 { level } => {
            is_listed &= level.is_none_or(|level| agency.code.split('.').count() == level);
            code102 = Some(agency.old_code.as_str());
        }
        Shape::Versions => {
            is_listed = true;
            code102 = Some(agency.old_code.as_str());
            versions = Some(Versions {
                version: agency.version,
                center_code: agency.center(),
                deleted: agency.is_closed,
                modify_date: moment(agency.modified),
                is_agency: true,
            });
        }
    }
    let (id, pid) = (number.to_string(), parent.to_string());
    let row = Row { id, pid, code: &agency.code, name: &agency.name, mail: &agency.mail, old_code, code102, versions };
    // Texts and numbers alone: serde_json writes them all.
    is_listed.then(|| serde_json::to_string(&row).ok())?
}

async fn register(core: &Arc<Core>, parameters: &Parameters, body: &[u8]) -> Result<Answer, Failure> {
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|_| Refusal::new("10", "Nội dung không phải JSON"))?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = core.book().agency(&text("code")).cloned();
    if known.as_ref().is_some_and(|known| known.center() != parameters.center) {
        return Err(Refusal::new("19", "Đơn vị thuộc trung tâm khác").into());
    }
    let agency = Agency {
        code: text("code"),
        name: text("name"),
        parent: text("pcode"),
        mail: text("mail"),
        center: parameters.center.clone(),
        is_closed: false,
        ..known.unwrap_or_default()
    };
    core.put_agencies(vec![agency]).await.map_err(|(_, why)| Refusal::new("10", why))?;
    Ok(done(json!({})))
}

async fn delete(core: &Arc<Core>, parameters: &Parameters) -> Result<Answer, Failure> {
    let code = parameters.text("AgencyCode");
    let own = core.book().agency(code).filter(|agency| agency.center() == parameters.center && agency.code != parameters.center).cloned();
    let own = own.ok_or_else(|| Refusal::new("19", format!("Không có đơn vị {code} thuộc trung tâm này")))?;
    core.put_agencies(vec![Agency { is_closed: true, ..own }]).await.map_err(|(_, why)| Refusal::new("10", why))?;
    Ok(done(json!({})))
}
