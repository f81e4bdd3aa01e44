//! LGSP from the other side, by the guide v2.2.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::request::Parts;
use http::{Method, Request, StatusCode, header};
use hyper::body::Incoming as RequestBody;
use ring::hmac;
use serde_json::{Value, json};

use super::book::{Agency, Kind, Refusal};
use super::exchange::{Core, Envelope, Failure};
use super::multipart::{Form, Piece};
use super::reply::{Answer, answer, around_base64, day, full, json, streamed};
use super::server::{Dropped, Intake, Outcome, drain, failed, next, short};
use super::vxp::{received_rows, rows};
use crate::axis::{Acknowledgement, Message};

/// How long a token is good, in seconds.
const TOKEN_SECONDS: i64 = 30 * 60;

pub(crate) fn refused(code: &str, words: &str) -> Answer {
    json(&json!({"success": false, "message": words, "data": {"docId": null, "status": "fail", "errorCode": code, "errorDesc": words}}))
}

fn unauthorised() -> Answer {
    let body = json!({"success": false, "message": "Token không hợp lệ hoặc đã hết hạn"});
    answer(StatusCode::UNAUTHORIZED, "application/json", full(body.to_string()))
}

pub(crate) async fn respond(core: &Arc<Core>, request: Request<RequestBody>) -> Result<Outcome, Dropped> {
    let (head, mut body) = request.into_parts();
    let path = head.uri.path();
    let operation = path.rsplit("/v1/").next().unwrap_or_default().to_owned();
    let unchanged = |answer| Ok(Outcome { answer, has_changed: false });
    if operation == "auth/login" && head.method == Method::POST {
        let body = short(&mut body).await?;
        return unchanged(login(core, &body));
    }
    let center = match caller(core, &head) {
        Ok(center) => center,
        Err(answer) => {
            drain(core, body).await;
            return unchanged(*answer);
        }
    };
    if operation == "sendEdoc" && head.method == Method::POST {
        let outcome = send(core, center, &head, body).await?;
        let has_changed = outcome.is_ok();
        let done = |id: u64| json(&json!({"success": true, "message": "Thành công", "docId": id.to_string()}));
        return Ok(Outcome { answer: outcome.map_or_else(|failure| failed(true, &failure), done), has_changed });
    }
    let body = short(&mut body).await?;
    let query = Query(head.uri.query().unwrap_or_default());
    let outcome = match (head.method.as_str(), operation.as_str()) {
        ("GET", "syncReceivedEdocList") => received(core, &center, &query),
        ("GET", "getEdoc") => packet(core, &center, &query.text("docId")).await,
        ("POST", "updateStatus") => update(core, &center, &body).await,
        ("GET", "getAgenciesList") => Ok(directory(core)),
        _ => Ok(answer(StatusCode::NOT_FOUND, "text/plain", full(""))),
    };
    let has_changed = outcome.is_ok() && operation == "updateStatus";
    Ok(Outcome { answer: outcome.unwrap_or_else(|failure| failed(true, &failure)), has_changed })
}

/// Username and password are those of the centre: `systemid` and secret.
fn login(core: &Core, body: &[u8]) -> Answer {
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let book = core.book();
    let system = book.agency(text("username")).filter(|system| !system.secret.is_empty() && system.secret == text("password"));
    match system {
        Some(system) => json(&json!({"success": true, "message": "Thành công", "data": {"token": token(core, &system.code)}})),
        None => json(&json!({"success": false, "message": "Sai tên đăng nhập hoặc mật khẩu"})),
    }
}

/// A JWT (RFC 7519) signed with HS256.
fn token(core: &Core, center: &str) -> String {
    let claims = json!({"sub": center, "exp": core.now().seconds() + TOKEN_SECONDS});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(&claims));
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&core.token_key, text.as_bytes()));
    format!("{text}.{tag}")
}

/// The centre of a token that is still good.
fn center_of(core: &Core, token: &str) -> Option<String> {
    let (text, tag) = token.rsplit_once('.')?;
    hmac::verify(&core.token_key, text.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).ok()?).ok()?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split_once('.')?.1).ok()?).ok()?;
    (core.now().seconds() < claims["exp"].as_i64()?).then(|| claims["sub"].as_str().map(str::to_owned))?
}

/// Who calls: by token, system and secret, all three of one centre.
fn caller(core: &Core, head: &Parts) -> Result<String, Box<Answer>> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = header(header::AUTHORIZATION.as_str()).strip_prefix("Bearer ").unwrap_or_default();
    let center = center_of(core, token).ok_or_else(|| Box::new(unauthorised()))?;
    let book = core.book();
    let system = book.agency(header("x-systemid")).filter(|system| system.code == center && system.secret == header("x-secretkey"));
    system.map(|system| system.code.clone()).ok_or_else(|| Box::new(refused("15", "Sai SystemId hoặc SecretKey")))
}

/// A message type is a word.
const FIELD_BYTES: usize = 100;

async fn send(core: &Arc<Core>, center: String, head: &Parts, mut body: RequestBody) -> Result<Result<u64, Failure>, Dropped> {
    let no_form = || Failure::from(Refusal::new("10", "Nội dung không phải multipart/form-data"));
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(mut form) = Form::new(content_type) else {
        drain(core, body).await;
        return Ok(Err(no_form()));
    };
    let mut intake = Intake::new(core);
    let (mut part, mut message, mut has_file, mut is_form) = (String::new(), Vec::new(), false, true);
    while let Some(bytes) = next(&mut body).await? {
        let mut pieces = Vec::new();
        is_form = is_form && form.feed(&bytes, &mut pieces).is_ok();
        for piece in pieces {
            match piece {
                Piece::Begin(name) => {
                    has_file |= name == "edocFile";
                    part = name;
                }
                Piece::Bytes(bytes) if part == "edocFile" => intake.write(&bytes)?,
                Piece::Bytes(bytes) if part == "messageType" && message.len() + bytes.len() <= FIELD_BYTES => message.extend(bytes),
                Piece::Bytes(_) => {}
            }
        }
    }
    let message = Message::parse(String::from_utf8_lossy(&message).trim());
    let incoming = match intake.finish() {
        _ if !is_form || !form.is_complete() => return Ok(Err(no_form())),
        _ if !has_file => return Ok(Err(Refusal::new("10", "Thiếu edocFile").into())),
        Ok(incoming) => incoming,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(message) = message else { return Ok(Err(Refusal::new("10", "messageType là edoc hoặc status").into())) };
    Ok(core.take(incoming, Envelope { message, center, from: None, to: Vec::new(), hash_file: None }).await)
}

struct Query<'a>(&'a str);

impl Query<'_> {
    fn text(&self, name: &str) -> String {
        let value = self.0.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name)).map(|(_, value)| value);
        decoded(value.unwrap_or_default())
    }
}

/// Percent-decoding (RFC 3986, 2.1) of a query's value, `+` being a blank.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        (rest, _) = match (first, hex) {
            (b'%', Some(byte)) => (behind.get(2..).unwrap_or_default(), bytes.push(byte)),
            (b'+', _) => (behind, bytes.push(b' ')),
            (byte, _) => (behind, bytes.push(*byte)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn received(core: &Core, center: &str, query: &Query<'_>) -> Result<Answer, Failure> {
    let message = Message::parse(&query.text("messageType")).ok_or_else(|| Refusal::new("10", "messageType là edoc hoặc status"))?;
    let bound = |name: &str| day(&query.text(name)).ok_or_else(|| Refusal::new("10", format!("{name} không phải là ngày YYYY/MM/DD")));
    let (from, to) = (bound("fromDate")?, bound("toDate")?);
    let is_within = |micros| (from..=to).contains(&domain::time::Timestamp::from_micros(micros).date_in_vietnam());
    let rows = received_rows(core, center, Kind::from(message), is_within, false);
    Ok(json(&json!({"success": true, "message": "Thành công", "count": rows.len(), "data": rows})))
}

async fn packet(core: &Core, center: &str, doc_id: &str) -> Result<Answer, Failure> {
    let (document, from_name) = {
        let book = core.book();
        let document = book.own_delivery(center, doc_id)?.0.clone();
        let name = book.agency(&document.from).map(|agency| agency.name.clone()).unwrap_or_default();
        (document, name)
    };
    let (packet, _) = core.packet(&document).await?;
    let fields = json!({
        "docId": doc_id, "from": document.from, "fromName": from_name, "edocCode": document.notation, "edocAbstract": document.title,
    });
    let fields = fields.to_string();
    let before = format!("{{\"success\":true,\"message\":\"\",\"data\":{},\"edxml\":\"", fields.trim_end_matches('}'));
    Ok(answer(StatusCode::OK, "application/json", around_base64(before, packet, "\",\"attachments\":[]}}")))
}

async fn update(core: &Core, center: &str, body: &[u8]) -> Result<Answer, Failure> {
    let fields: Value = serde_json::from_slice(body).map_err(|_| Refusal::new("10", "Nội dung không phải JSON"))?;
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let acknowledgement = Acknowledgement::parse(text("status"))
        .ok_or_else(|| Refusal::new("10", format!("status là processing, done hoặc fail, không phải `{}`", text("status"))))?;
    core.acknowledge(center, text("docId"), acknowledgement).await?;
    Ok(json(&json!({"success": true, "message": "Thành công"})))
}

fn directory(core: &Arc<Core>) -> Answer {
    let row = |_: usize, _: usize, agency: &Agency| {
        (!agency.is_closed).then(|| {
            let row = json!({
                "orgCode": agency.code, "orgName": agency.name, "parentCode": agency.parent,
                "address": "", "email": agency.mail, "phone": "",
            });
            row.to_string()
        })
    };
    let before = stream::once(async { Ok(Bytes::from_static(b"{\"success\":true,\"message\":\"\",\"data\":[")) });
    let after = stream::once(async { Ok(Bytes::from_static(b"]}")) });
    answer(StatusCode::OK, "application/json", streamed(before.chain(rows(Arc::clone(core), row)).chain(after).boxed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_queries_are_decoded() {
        let query = Query("a=2026%2F11%2F22&b=x+y%2&c");
        assert_eq!([query.text("a"), query.text("b"), query.text("c"), query.text("d")], ["2026/11/22", "x y%2", "", ""]);
    }
}
