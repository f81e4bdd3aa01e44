//! Both clients against the sandbox: every operation, over plain HTTP and TLS.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::collections::BTreeMap;

use axis::sandbox::{self, Faults};
use axis::vxp::{DateForm, FetchBy, HashFile, Registration};
use axis::{Acknowledgement, Axis, Directory, Endpoint, Error, Message, Outage, Outgoing, Period, Tls, vxp};
use common::{SECRET, agencies, clock, digest, endpoint, fetch, lgsp, options, outgoing, packet, sandbox, status};
use edxml::{InMemory, Limits, Packet, StatusCode};
use futures::TryStreamExt as _;

async fn directory(axis: &dyn Axis, which: Directory) -> Vec<axis::AgencyRow> {
    axis.directory(which).await.unwrap().try_collect().await.unwrap()
}

/// The packet as it must arrive: as it was sent, with the axis's hop.
fn check_arrived(sent: &[u8], arrived: &[u8]) {
    let read = |bytes: &[u8]| edxml::read(bytes, &Limits::default(), &mut InMemory::default()).unwrap();
    let (sent, arrived) = (read(sent), read(arrived));
    assert_eq!(sent.attachments, arrived.attachments);
    match (sent.packet, arrived.packet) {
        (Packet::Edoc(mut sent), Packet::Edoc(mut arrived)) => {
            let hop = arrived.trace.pop().unwrap();
            assert_eq!(hop.organ_id, "VN.AXIS");
            sent.extra = edxml::Extra::default();
            arrived.extra = edxml::Extra::default();
            assert_eq!(sent, arrived);
        }
        (sent, arrived) => assert_eq!(sent, arrived),
    }
}

/// A document goes out, waits, is fetched and acknowledged; its status comes back the same way.
async fn exchange(sender: &dyn Axis, receiver: &dyn Axis, bytes: usize) {
    let document = packet("H12.15", &["H41.7", "H41"], 128, bytes);
    let doc_id = sender.send(&outgoing(Message::Edoc, "H12.15", document.clone())).await.unwrap();
    assert_eq!(receiver.count(Message::Edoc).await, Ok(2));
    let listing = receiver.received(Message::Edoc, None).await.unwrap();
    assert_eq!((listing.unreadable, listing.is_cut), (0, false));
    let to: Vec<&str> = listing.rows.iter().map(|row| row.to.as_str()).collect();
    assert_eq!(to, ["H41.7", "H41"]);
    let first = &listing.rows[0];
    assert_eq!((first.from.as_str(), first.status.as_str(), first.message_type.as_str()), ("H12.15", "initial", "edoc"));
    check_arrived(&document, &fetch(receiver, &first.doc_id).await.unwrap());

    receiver.acknowledge(&first.doc_id, Acknowledgement::Processing).await.unwrap();
    let listing = receiver.received(Message::Edoc, None).await.unwrap();
    assert_eq!((listing.rows.len(), listing.rows[0].status.as_str()), (2, "processing"));
    receiver.acknowledge(&first.doc_id, Acknowledgement::Done).await.unwrap();
    receiver.acknowledge(&first.doc_id, Acknowledgement::Done).await.unwrap();
    receiver.acknowledge(&listing.rows[1].doc_id, Acknowledgement::Fail).await.unwrap();
    assert_eq!(receiver.received(Message::Edoc, None).await.unwrap().rows, []);
    assert_eq!(receiver.count(Message::Edoc).await, Ok(0));

    match sender.sent(Message::Edoc, Some(&doc_id), None).await {
        Ok(sent) => {
            let states: BTreeMap<&str, &str> = sent.rows.iter().map(|row| (row.to.as_str(), row.receive_status.as_str())).collect();
            assert_eq!(states, BTreeMap::from([("H41.7", "done"), ("H41", "fail")]));
            assert_eq!((sent.rows[0].notation.as_str(), sent.rows[0].sender_doc_id.as_str()), ("128/UBND-VX", doc_id.as_str()));
            assert_eq!(sender.sent(Message::Edoc, None, None).await.unwrap().rows, sent.rows);
        }
        Err(error) => assert_eq!(error, Error::Unsupported("getSentEdocList")),
    }

    let accepted = status("H41.7", "H12.15", StatusCode::ACCEPTED, 128);
    receiver.send(&outgoing(Message::Status, "H41.7", accepted.clone())).await.unwrap();
    assert_eq!(sender.received(Message::Edoc, None).await.unwrap().rows, []);
    assert_eq!(sender.count(Message::Status).await, Ok(1));
    let listing = sender.received(Message::Status, None).await.unwrap();
    assert_eq!(fetch(sender, &listing.rows[0].doc_id).await.unwrap(), accepted);
    sender.acknowledge(&listing.rows[0].doc_id, Acknowledgement::Done).await.unwrap();
    assert_eq!(sender.count(Message::Status).await, Ok(0));
}

#[tokio::test]
async fn vxp_carries_a_document_and_its_status() {
    for fetch_by in [FetchBy::Either, FetchBy::GetEdoc, FetchBy::DownloadEdoc] {
        let (running, _dir) = sandbox(Faults::default()).await;
        let client = |code: &str| {
            let options = vxp::Options { fetch_by, ..vxp::Options::new(endpoint(running.address), code, SECRET) };
            vxp::Client::new(options, clock()).unwrap()
        };
        exchange(&client("H12"), &client("H41"), 300_000).await;
    }
}

#[tokio::test]
async fn lgsp_carries_a_document_and_its_status() {
    let (running, _dir) = sandbox(Faults::default()).await;
    exchange(&lgsp(endpoint(running.address), "H12"), &lgsp(endpoint(running.address), "H41"), 300_000).await;
}

#[tokio::test]
async fn the_wires_may_be_mixed_and_a_base_path_stands_before_them() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let url = endpoint(format!("{}/gate/knobstick/", running.address));
    exchange(&common::vxp(url.clone(), "H12"), &lgsp(url, "H41"), 10).await;
}

#[tokio::test]
async fn the_hash_of_the_file_and_the_line_break_behind_it_are_as_configured() {
    let (running, _dir) = sandbox(Faults::default()).await;
    for (number, (hash_file, trailing_crlf)) in
        [(HashFile::Unpadded, true), (HashFile::Unpadded, false), (HashFile::Padded, true), (HashFile::Padded, false)]
            .into_iter()
            .enumerate()
    {
        let options = vxp::Options { hash_file, trailing_crlf, ..vxp::Options::new(endpoint(running.address), "H12", SECRET) };
        let client = vxp::Client::new(options, clock()).unwrap();
        client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], u32::try_from(number).unwrap(), 9))).await.unwrap();
    }
    assert_eq!(running.counts(), (4, 4));
}

#[tokio::test]
async fn a_packet_may_go_to_some_of_its_receivers_and_to_no_others() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let client = common::vxp(endpoint(running.address), "H12");
    let document = packet("H12", &["H41", "H41.7"], 1, 9);
    let some = |to: &[&str]| Outgoing {
        to: to.iter().map(|code| (*code).to_owned()).collect(),
        ..outgoing(Message::Edoc, "H12", document.clone())
    };
    let doc_id = client.send(&some(&["H41.7"])).await.unwrap();
    let sent = client.sent(Message::Edoc, Some(&doc_id), None).await.unwrap();
    assert_eq!(sent.rows.iter().map(|row| row.to.as_str()).collect::<Vec<_>>(), ["H41.7"]);
    assert!(matches!(client.send(&some(&["H12.15"])).await, Err(Error::Final { code, .. }) if code == "22"));
    let lgsp = lgsp(endpoint(running.address), "H12");
    assert!(matches!(lgsp.send(&some(&["H41"])).await, Err(Error::Unsupported(_))));
}

#[tokio::test]
async fn lists_are_limited_to_days() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let send = common::vxp(endpoint(running.address), "H12");
    send.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 9))).await.unwrap();
    let today = clock()().date_in_vietnam();
    let yesterday = today.previous().unwrap();
    let (now, past) = (Period { from: yesterday, to: today }, Period { from: yesterday, to: yesterday });
    for date_form in [DateForm::YearFirst, DateForm::DayFirst, DateForm::Iso] {
        let options = vxp::Options { date_form, ..vxp::Options::new(endpoint(running.address), "H41", SECRET) };
        let receiver = vxp::Client::new(options, clock()).unwrap();
        assert_eq!(receiver.received(Message::Edoc, Some(now)).await.unwrap().rows.len(), 1);
        assert_eq!(receiver.received(Message::Edoc, Some(past)).await.unwrap().rows.len(), 0);
    }
    let receiver = lgsp(endpoint(running.address), "H41");
    assert_eq!(receiver.received(Message::Edoc, Some(now)).await.unwrap().rows.len(), 1);
    assert_eq!(receiver.received(Message::Edoc, Some(past)).await.unwrap().rows.len(), 0);
    assert_eq!(send.sent(Message::Edoc, None, Some(past)).await.unwrap().rows.len(), 0);
}

#[tokio::test]
async fn directories_have_both_codes_versions_and_closed_agencies() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let client = common::vxp(endpoint(running.address), "H12");
    let all = directory(&client, Directory::All).await;
    assert_eq!(all.len(), agencies().len() - 1);
    let unit = all.iter().find(|row| row.code == "H12.15").unwrap();
    let province = all.iter().find(|row| row.code == "H12").unwrap();
    assert_eq!((unit.old_code.as_str(), unit.name.as_str(), &unit.parent), ("000.00.15.H12", "Đơn vị H12.15", &province.id));
    let of_level = directory(&client, Directory::Qd20 { level: Some(2) }).await;
    assert_eq!(of_level.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["H12.15", "H41.7", "H41.8"]);
    assert_eq!(of_level[0].old_code, "000.00.15.H12");
    assert_eq!(directory(&client, Directory::Qd20 { level: None }).await.len(), all.len());

    let changes = directory(&client, Directory::Changes { after: 0 }).await;
    assert_eq!(changes.iter().filter(|row| row.is_deleted).map(|row| row.code.as_str()).collect::<Vec<_>>(), ["H04"]);
    let version = changes.iter().map(|row| row.version).max().unwrap();
    assert_eq!(directory(&client, Directory::Changes { after: version }).await, []);
    let registration = Registration {
        id: String::new(),
        pcode: "H12".into(),
        code: "H12.16".into(),
        name: "Sở Mới".into(),
        mail: String::new(),
        mobile: String::new(),
        fax: String::new(),
    };
    client.register_agency(&registration).await.unwrap();
    let changes = directory(&client, Directory::Changes { after: version }).await;
    assert_eq!(changes.iter().map(|row| (row.code.as_str(), row.center_code.as_str())).collect::<Vec<_>>(), [("H12.16", "H12")]);
    client.delete_agency("H12.16").await.unwrap();
    let changes = directory(&client, Directory::Changes { after: version }).await;
    assert!(changes[0].is_deleted && changes[0].version == version + 2);
    assert!(matches!(client.delete_agency("H41").await, Err(Error::Final { code, .. }) if code == "19"));

    let lgsp = lgsp(endpoint(running.address), "H12");
    let rows = directory(&lgsp, Directory::All).await;
    assert_eq!(rows.iter().find(|row| row.code == "H12.15").unwrap().parent, "H12");
    assert!(matches!(lgsp.directory(Directory::Changes { after: 0 }).await.err(), Some(Error::Unsupported(_))));
}

#[tokio::test]
async fn a_directory_by_lgsp_may_come_as_rows_alone_and_mail_may_not() {
    let rows = r#"[{"orgCode":"H37.1","orgName":"Xã Một","parentCode":"H37"},{"orgCode":"H37.2","orgName":"Xã Hai"}]"#;
    let login = r#"{"success":true,"data":{"token":"t"}}"#;
    let address = common::answering_by(move |request| {
        common::http("200 OK", "application/json", if request.contains("/auth/login") { login } else { rows })
    })
    .await;
    let client = lgsp(endpoint(address), "H37");
    assert_eq!(directory(&client, Directory::All).await.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["H37.1", "H37.2"]);
    let error = client.received(Message::Edoc, None).await.unwrap_err();
    assert!(matches!(error.outage(), Some(Outage::NotJson(_))), "{error:?}");
}

#[tokio::test]
async fn what_the_axis_cannot_take_is_refused_for_good_with_the_receivers_named() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let (vxp, lgsp) = (common::vxp(endpoint(running.address), "H12"), lgsp(endpoint(running.address), "H12"));
    let cases: [(&str, &[&str], &str, &str); 6] = [
        ("H12", &["H41", "H99"], "18", "H99"),
        ("H12", &["H41", "H41.8"], "23", "H41.8"),
        ("H12", &["H04"], "18", "kế thừa: H12"),
        ("H41", &["H12"], "19", "H41"),
        ("H98", &["H41"], "19", "H98"),
        ("H12.15", &["000.00.15.H12", "H99"], "18", "H99"),
    ];
    for (from, to, expected, words) in cases {
        for axis in [&vxp as &dyn Axis, &lgsp] {
            let refused = axis.send(&outgoing(Message::Edoc, from, packet(from, to, 1, 9))).await.unwrap_err();
            let Error::Final { code, description, .. } = &refused else { panic!("{refused}") };
            assert!(code == expected && description.contains(words), "{from} to {to:?}: {refused}");
        }
    }
    // Receivers are named where the call names them.
    let receivers = vec!["H41".to_owned(), "H41.8".to_owned()];
    let send = Outgoing { receivers, ..outgoing(Message::Edoc, "H12", packet("H12", &["H41", "H41.8"], 1, 9)) };
    for axis in [&vxp as &dyn Axis, &lgsp] {
        assert!(matches!(axis.send(&send).await, Err(Error::Final { receivers, .. }) if receivers == ["H41.8"]));
    }
    // T10 at the wire: junk before the declaration, and what is no packet at all.
    let junk = [b"1212".as_slice(), &packet("H12", &["H41"], 1, 9)].concat();
    let whole = packet("H12", &["H41"], 1, 9);
    for bad in [junk, b"<a/>".to_vec(), whole[..whole.len() / 2].to_vec(), b"<!DOCTYPE a><a/>".to_vec(), Vec::new()] {
        for axis in [&vxp as &dyn Axis, &lgsp] {
            let refused = axis.send(&outgoing(Message::Edoc, "H12", bad.clone())).await.unwrap_err();
            assert!(matches!(&refused, Error::Final { code, .. } if code == "22" || (bad.is_empty() && code == "10")), "{refused}");
        }
    }
    // Said to be a status.
    let refused = vxp.send(&outgoing(Message::Status, "H12", whole)).await;
    assert!(matches!(refused, Err(Error::Final { code, .. }) if code == "22"));
    assert_eq!(running.counts(), (0, 0));
}

#[tokio::test]
async fn either_form_of_a_code_reaches_the_same_agency_once() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let client = common::vxp(endpoint(running.address), "H41");
    client.send(&outgoing(Message::Edoc, "H41", packet("H41", &["000.00.15.H12", "H12.15"], 1, 9))).await.unwrap();
    let listing = common::vxp(endpoint(running.address), "H12").received(Message::Edoc, None).await.unwrap();
    assert_eq!(listing.rows.iter().map(|row| row.to.as_str()).collect::<Vec<_>>(), ["000.00.15.H12"]);
}

#[tokio::test]
async fn wrong_credentials_stop_the_connector() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let wrong = |code: &str, secret: &str| vxp::Client::new(vxp::Options::new(endpoint(running.address), code, secret), clock()).unwrap();
    for client in [wrong("H12", "other"), wrong("H99", SECRET), wrong("H12.15", ""), wrong("H12.15", SECRET)] {
        let refused = client.received(Message::Edoc, None).await.unwrap_err();
        assert!(matches!(&refused, Error::StopConnector { code, .. } if code == "15"), "{refused}");
        assert!(refused.is_alarming());
        let refused = client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 300_000))).await.unwrap_err();
        assert!(matches!(&refused, Error::StopConnector { code, .. } if code == "15"), "{refused}");
    }
    let lgsp = |user: (&str, &str), system: (&str, &str)| {
        axis::lgsp::Client::new(axis::lgsp::Options::new(endpoint(running.address), user, system), clock()).unwrap()
    };
    let right = ("H12", SECRET);
    for (client, expected) in
        [(lgsp(("H12", "x"), right), "login"), (lgsp(right, ("H12", "x")), "15"), (lgsp(right, ("H41", SECRET)), "15")]
    {
        let refused = client.received(Message::Edoc, None).await.unwrap_err();
        assert!(matches!(&refused, Error::StopConnector { code, .. } if code == expected), "{refused}");
    }
}

#[tokio::test]
async fn nobody_fetches_or_acknowledges_what_is_anothers() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let (sender, receiver) = (common::vxp(endpoint(running.address), "H12"), common::vxp(endpoint(running.address), "H41"));
    sender.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 9))).await.unwrap();
    let doc_id = &receiver.received(Message::Edoc, None).await.unwrap().rows[0].doc_id;
    for id in [doc_id.as_str(), "1", "x", ""] {
        assert!(matches!(fetch(&sender, id).await, Err(Error::Final { code, .. }) if code == "10"));
        assert!(matches!(sender.acknowledge(id, Acknowledgement::Done).await, Err(Error::Final { code, .. }) if code == "10"));
    }
    assert!(fetch(&receiver, doc_id).await.is_ok());
}

#[tokio::test]
async fn a_timestamp_outside_of_the_window_is_refused_where_the_axis_looks_at_it() {
    let dir = tempfile::tempdir().unwrap();
    let running = sandbox::start(sandbox::Options { timestamp_window: Some(300), ..options(dir.path()) }).await.unwrap();
    let client = common::vxp(endpoint(running.address), "H12");
    assert_eq!(client.count(Message::Edoc).await, Ok(0));
    running.set_faults(Faults { clock_skew_seconds: -3_600, ..Faults::default() });
    assert!(
        matches!(client.count(Message::Edoc).await, Err(Error::StopConnector { description, .. }) if description.contains("timestamp"))
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let (running, _dir) = sandbox(Faults::default()).await;
    let client = lgsp(endpoint(running.address), "H12");
    assert_eq!(client.count(Message::Edoc).await, Ok(0));
    // An hour later at the axis the token has run out; here it still looks good.
    running.set_faults(Faults { clock_skew_seconds: 3_600, ..Faults::default() });
    assert_eq!(client.count(Message::Edoc).await, Ok(0));
    client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 9))).await.unwrap();
    running.set_faults(Faults { clock_skew_seconds: 7_200, ..Faults::default() });
    client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 2, 100_000))).await.unwrap();
    assert_eq!(running.counts(), (2, 2));
}

#[tokio::test]
async fn a_packet_that_is_not_what_was_announced_is_not_taken() {
    let (running, _dir) = sandbox(Faults::default()).await;
    for axis in [&common::vxp(endpoint(running.address), "H12") as &dyn Axis, &lgsp(endpoint(running.address), "H12")] {
        for change in [
            |outgoing: &mut Outgoing| outgoing.digest = digest(b""),
            |outgoing: &mut Outgoing| outgoing.length += 1,
            |outgoing: &mut Outgoing| outgoing.length -= 1,
            |outgoing: &mut Outgoing| outgoing.source = std::sync::Arc::new(std::path::PathBuf::from("/nowhere")),
        ] {
            let mut outgoing = outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 300_000));
            change(&mut outgoing);
            let error = axis.send(&outgoing).await.unwrap_err();
            assert!(matches!(error.outage(), Some(Outage::Source(_))), "{error}");
        }
    }
    assert_eq!(running.counts(), (0, 0));
}

struct Identity {
    roots: Vec<u8>,
    chain: Vec<u8>,
    key: Vec<u8>,
}

fn identity(name: &str) -> Identity {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    Identity { roots: cert.pem().into(), chain: cert.pem().into(), key: signing_key.serialize_pem().into() }
}

#[tokio::test]
async fn both_wires_go_over_tls_and_trust_the_configured_roots_alone() {
    let dir = tempfile::tempdir().unwrap();
    let own = identity("localhost");
    let tls = Some((own.chain.clone(), own.key.clone()));
    let running = sandbox::start(sandbox::Options { tls, ..options(dir.path()) }).await.unwrap();
    let at = |host: &str, roots: &[u8]| Endpoint {
        tls: Some(Tls::from_pem(roots, None).unwrap()),
        ..Endpoint::new(format!("https://{host}:{}/x", running.address.port()))
    };
    exchange(&common::vxp(at("localhost", &own.roots), "H12"), &lgsp(at("localhost", &own.roots), "H41"), 100_000).await;
    for wrong in [at("localhost", &identity("localhost").roots), at("127.0.0.1", &own.roots)] {
        let error = common::vxp(wrong, "H12").received(Message::Edoc, None).await.unwrap_err();
        assert!(matches!(error.outage(), Some(Outage::Tls(_))) && error.is_alarming(), "{error}");
    }
    // Plain HTTP to a port that speaks TLS, and the other way round.
    let plain = common::vxp(endpoint(running.address), "H12").received(Message::Edoc, None).await.unwrap_err();
    assert!(plain.outage().is_some(), "{plain}");
    let (plain, _dir) = sandbox(Faults::default()).await;
    let https = Endpoint {
        tls: Some(Tls::from_pem(&own.roots, None).unwrap()),
        ..Endpoint::new(format!("https://localhost:{}", plain.address.port()))
    };
    let error = common::vxp(https, "H12").received(Message::Edoc, None).await.unwrap_err();
    assert!(matches!(error.outage(), Some(Outage::Tls(_))), "{error}");
}

/// A server that lets in only whom `clients` (PEM) has issued, and answers that one item waits.
async fn asking_who_calls(own: &Identity, clients: &[u8]) -> std::net::SocketAddr {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = |pem: &[u8]| CertificateDer::from_pem_slice(pem).unwrap().into_owned();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate(clients)).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::from_pem_slice(&own.key).unwrap();
    let config = builder.with_client_cert_verifier(verifier).with_single_cert(vec![certificate(&own.chain)], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b"{}") && stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
            let answer = common::http("200 OK", "application/json", r#"{"status":"OK","ErrorCode":"0","count":1}"#);
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_configured() {
    let (server, ours, strangers) = (identity("localhost"), identity("hub.example"), identity("hub.example"));
    let address = asking_who_calls(&server, &ours.roots).await;
    let client = |identity: Option<&Identity>| {
        let identity = identity.map(|identity| (identity.chain.as_slice(), identity.key.as_slice()));
        let tls = Some(Tls::from_pem(&server.roots, identity).unwrap());
        common::vxp(Endpoint { tls, ..Endpoint::new(format!("https://localhost:{}", address.port())) }, "H12")
    };
    assert_eq!(client(Some(&ours)).count(Message::Edoc).await, Ok(1));
    for stranger in [None, Some(&strangers)] {
        let error = client(stranger).count(Message::Edoc).await.unwrap_err();
        assert!(matches!(error.outage(), Some(Outage::Tls(_))) && error.is_alarming(), "{error:?}");
    }
}
