//! The port on which a sandbox is told to go wrong. Plain HTTP and no questions asked: it belongs on the tester's own machine.
//!
//! `GET` and `PUT /faults` (some fields suffice), `DELETE /faults`; `GET` and `PUT /agencies/CODE`; `GET /documents`, `GET /counts`.

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming as RequestBody;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::book::{Agency, Document};
use super::exchange::Core;
use super::faults::Faults;
use super::reply::{Answer, answer, full, json, moment};
use super::server::{Dropped, short};

pub(crate) async fn serve(core: Arc<Core>, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let core = Arc::clone(&core);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let core = Arc::clone(&core);
                async move { respond(&core, request).await }
            });
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn respond(core: &Arc<Core>, request: Request<RequestBody>) -> Result<Answer, Dropped> {
    let (head, mut body) = request.into_parts();
    let body = short(&mut body).await?;
    let path: Vec<&str> = head.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let outcome = match (&head.method, path.as_slice()) {
        (&Method::GET, ["faults"]) => Ok(shown(&core.dice.faults())),
        (&Method::PUT, ["faults"]) => change(core, &body),
        (&Method::DELETE, ["faults"]) => {
            core.dice.set(Faults::default());
            Ok(shown(&Faults::default()))
        }
        (&Method::GET, ["agencies", code]) => core.book().agency(code).map(shown_agency).ok_or_else(|| format!("no agency {code}")),
        (&Method::PUT, ["agencies", code]) => put(core, code, &body).await,
        (&Method::GET, ["documents"]) => Ok(documents(core)),
        (&Method::GET, ["counts"]) => Ok(counts(core)),
        _ => Ok(answer(
            StatusCode::NOT_FOUND,
            "text/plain",
            full("GET|PUT|DELETE /faults, GET|PUT /agencies/CODE, GET /documents, GET /counts\n"),
        )),
    };
    Ok(outcome.unwrap_or_else(|why| answer(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", full(format!("{why}\n")))))
}

fn shown(value: &impl serde::Serialize) -> Answer {
    json(&serde_json::to_value(value).unwrap_or_default())
}

/// An agency without its secret.
fn shown_agency(agency: &Agency) -> Answer {
    let mut fields = serde_json::to_value(agency).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("secret");
    }
    json(&fields)
}

fn change(core: &Core, body: &[u8]) -> Result<Answer, String> {
    let changes: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let faults = core.dice.faults().merged(&changes).map_err(|error| error.to_string())?;
    core.dice.set(faults.clone());
    Ok(shown(&faults))
}

/// The fields that are given change, the others stay.
async fn put(core: &Core, code: &str, body: &[u8]) -> Result<Answer, String> {
    let known = core.book().agency(code).cloned().unwrap_or_else(|| Agency { code: code.into(), ..Agency::default() });
    let code = known.code.clone();
    let mut all = serde_json::to_value(known).map_err(|error| error.to_string())?;
    let changes: serde_json::Map<String, Value> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    for (name, value) in changes {
        all[name] = value;
    }
    let agency: Agency = serde_json::from_value(all).map_err(|error| error.to_string())?;
    if agency.code != code {
        return Err("a code stays with its agency: put another one".into());
    }
    core.put_agencies(vec![agency]).await.map_err(|(_, why)| why)?;
    core.book().agency(&code).map(shown_agency).ok_or_else(|| "it is not there".into())
}

/// The newest packets, at most a thousand.
fn documents(core: &Core) -> Answer {
    let book = core.book();
    let row = |document: &Document| {
        let deliveries =
            document.deliveries.iter().map(|one| json!({"docId": one.id.to_string(), "to": one.to, "state": one.state.as_str()}));
        json!({
            "docId": document.id.to_string(), "messageType": document.kind.as_str(), "from": document.from,
            "documentId": document.document_id, "notation": document.notation, "size": document.size, "sha256": document.digest,
            "taken": moment(document.at), "deliveries": deliveries.collect::<Vec<_>>(),
        })
    };
    json(&Value::from(book.documents().values().rev().take(1_000).map(row).collect::<Vec<_>>()))
}

fn counts(core: &Core) -> Answer {
    let book = core.book();
    let mut states = std::collections::BTreeMap::<String, u64>::new();
    for document in book.documents().values() {
        for delivery in &document.deliveries {
            *states.entry(format!("{}_{}", document.kind.as_str(), delivery.state.as_str())).or_default() += 1;
        }
    }
    json(&json!({"agencies": book.agency_count(), "documents": book.documents().len(), "deliveries": states}))
}
