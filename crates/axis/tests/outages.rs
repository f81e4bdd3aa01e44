//! Every kind of outage is its own error, and none of them is "no mail".

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::time::Duration;

use axis::sandbox::Faults;
use axis::{Acknowledgement, Axis, Directory, Endpoint, Error, Message, Outage, Phase, vxp};
use common::{SECRET, answering, clock, endpoint, fetch, http, lgsp, outgoing, packet, sandbox};
use futures::TryStreamExt as _;

const JSON: &str = "application/json";

/// What an operation that reads something answers, by name: each must tell of the outage.
async fn errors(axis: &dyn Axis) -> Vec<(&'static str, Option<Error>)> {
    let directory = match axis.directory(Directory::All).await {
        Ok(rows) => rows.try_collect::<Vec<_>>().await.err(),
        Err(error) => Some(error),
    };
    let send = outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 9));
    vec![
        ("received", axis.received(Message::Edoc, None).await.err()),
        ("count", axis.count(Message::Edoc).await.err()),
        ("fetch", fetch(axis, "1").await.err()),
        ("acknowledge", axis.acknowledge("1", Acknowledgement::Done).await.err()),
        ("send", axis.send(&send).await.err()),
        ("directory", directory),
    ]
}

async fn check(answer: Vec<u8>, is_it: impl Fn(&Outage) -> bool) {
    let address = answering(answer.clone()).await;
    let by_json = vxp::Options { fetch_by: vxp::FetchBy::GetEdoc, ..vxp::Options::new(endpoint(address), "H12", SECRET) };
    let shown = String::from_utf8_lossy(&answer).into_owned();
    for axis in [&vxp::Client::new(by_json, clock()).unwrap() as &dyn Axis, &lgsp(endpoint(address), "H12")] {
        for (operation, error) in errors(axis).await {
            let error = error.unwrap_or_else(|| panic!("{operation} of {axis:?} took {shown:?} for an answer"));
            assert!(error.outage().is_some_and(&is_it), "{operation} of {axis:?} by {shown:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_status_other_than_2xx_is_one() {
    for (line, number) in [("502 Bad Gateway", 502), ("500 x", 500), ("404 Not Found", 404), ("302 Found", 302), ("403 Forbidden", 403)] {
        check(http(line, "text/html", "<html><h1>no</h1></html>"), |why| *why == Outage::Status(number)).await;
        check(http(line, JSON, "{}"), |why| *why == Outage::Status(number)).await;
    }
}

#[tokio::test]
async fn a_web_page_with_status_200_is_one() {
    for page in ["<html><body>Đăng nhập</body></html>", "  <!DOCTYPE html><html></html>"] {
        for kind in ["text/html", JSON] {
            check(http("200 OK", kind, page), |why| matches!(why, Outage::Html(start) if start.starts_with('<'))).await;
        }
    }
}

#[tokio::test]
async fn what_is_not_json_is_one() {
    check(http("200 OK", JSON, "Service unavailable"), |why| *why == Outage::NotJson("Service unavailable".into())).await;
}

#[tokio::test]
async fn an_empty_body_is_one() {
    for body in ["", "  \n"] {
        check(http("200 OK", JSON, body), |why| *why == Outage::Empty).await;
    }
    check(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec(), |why| *why == Outage::Empty).await;
}

#[tokio::test]
async fn an_answer_that_does_not_say_whether_it_worked_is_one() {
    for body in [r#"{"ErrorCode":"0","data":[]}"#, "{}", r#"{"status":null,"success":null,"data":[]}"#, r#"{"status":"","success":""}"#] {
        check(http("200 OK", JSON, body), |why| matches!(why, Outage::MissingStatus("status" | "success"))).await;
    }
}

#[tokio::test]
async fn an_answer_that_says_it_worked_and_gives_nothing_is_one() {
    for body in [r#"{"status":"OK","ErrorCode":"0","success":true}"#, r#"{"status":"OK","ErrorCode":"0","success":true,"data":"no list"}"#]
    {
        let address = answering(http("200 OK", JSON, body)).await;
        for axis in [&common::vxp(endpoint(address), "H12") as &dyn Axis, &lgsp(endpoint(address), "H12")] {
            let error = axis.received(Message::Edoc, None).await.unwrap_err();
            assert!(matches!(error.outage(), Some(Outage::Malformed(_))), "{error:?}");
        }
    }
    // `null` says in so many words that there is nothing.
    let address = answering(http("200 OK", JSON, r#"{"status":"OK","ErrorCode":"0","data":null}"#)).await;
    assert_eq!(common::vxp(endpoint(address), "H12").received(Message::Edoc, None).await.unwrap().rows, []);
}

#[tokio::test]
async fn json_that_ends_early_or_is_none_is_one() {
    for body in [r#"{"status":"OK","#, r#"{"status":"OK","success":true,"data":[{"docId":"1"}"#, r#"{"status":"OK" "x":1}"#] {
        check(http("200 OK", JSON, body), |why| matches!(why, Outage::Malformed(_))).await;
    }
}

#[tokio::test]
async fn an_unknown_error_code_is_one_and_alarms() {
    let body =
        r#"{"status":"FAIL","ErrorCode":"777","ErrorDesc":"Lỗi lạ","success":false,"data":{"errorCode":"777","errorDesc":"Lỗi lạ"}}"#;
    let is_it = |why: &Outage| matches!(why, Outage::UnknownCode { code, description } if code == "777" && description == "Lỗi lạ");
    let address = answering(http("200 OK", JSON, body)).await;
    let error = common::vxp(endpoint(address), "H12").received(Message::Edoc, None).await.unwrap_err();
    assert!(error.outage().is_some_and(is_it) && error.is_alarming(), "{error:?}");
    // OK with a code is no success, FAIL without one is no known failure.
    for body in [r#"{"status":"OK","ErrorCode":"777","ErrorDesc":"Lỗi lạ","data":[]}"#, r#"{"status":"FAIL","ErrorDesc":"x","data":[]}"#]
    {
        let address = answering(http("200 OK", JSON, body)).await;
        let error = common::vxp(endpoint(address), "H12").received(Message::Edoc, None).await.unwrap_err();
        assert!(matches!(error.outage(), Some(Outage::UnknownCode { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_code_that_is_known_counts_under_any_http_status() {
    let body = r#"{"status":"FAIL","ErrorCode":"18","ErrorDesc":"H41"}"#;
    for line in ["200 OK", "400 Bad Request", "500 x"] {
        let address = answering(http(line, JSON, body)).await;
        let error = common::vxp(endpoint(address), "H12").acknowledge("1", Acknowledgement::Done).await.unwrap_err();
        assert!(matches!(&error, Error::Final { code, .. } if code == "18"), "{line}: {error:?}");
    }
}

#[tokio::test]
async fn the_axis_may_ask_for_time_and_refuse_what_is_too_large_or_unauthorised() {
    let answer = b"HTTP/1.1 503 x\r\nRetry-After: 120\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    let error = common::vxp(endpoint(answering(answer).await), "H12").count(Message::Edoc).await.unwrap_err();
    assert_eq!(error, Error::Retriable { why: Outage::Status(503), after: Some(Duration::from_secs(120)) });
    assert!(!error.is_alarming());
    let error = common::vxp(endpoint(answering(http("401 x", "text/html", "")).await), "H12").count(Message::Edoc).await.unwrap_err();
    assert!(matches!(error, Error::StopConnector { .. }));
    let address = answering(http("413 x", "text/html", "")).await;
    let error =
        common::vxp(endpoint(address), "H12").send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 9))).await.unwrap_err();
    assert!(matches!(error, Error::Final { code, .. } if code == Error::TOO_LARGE));
}

#[tokio::test]
async fn a_refused_a_lost_and_a_silent_connection_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = common::vxp(endpoint(address), "H12").count(Message::Edoc).await.unwrap_err();
    assert!(matches!(error.outage(), Some(Outage::Refused(_))), "{error:?}");

    let error = common::vxp(endpoint("no-such-host.invalid:80"), "H12").count(Message::Edoc).await.unwrap_err();
    assert!(matches!(error.outage(), Some(Outage::Unreachable(_))), "{error:?}");

    check(Vec::new(), |why| matches!(why, Outage::Dropped(_))).await;
    let cut =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"status\":\"OK\",\"success\":true,\"data\":["
            .to_vec();
    check(cut, |why| matches!(why, Outage::Dropped(_))).await;
    check(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(), |why| matches!(why, Outage::Malformed(_))).await;

    // It accepts and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limit = Duration::from_millis(200);
    let impatient = Endpoint { idle_timeout: limit, ..endpoint(silent.local_addr().unwrap()) };
    for (axis, is_vxp) in [(&common::vxp(impatient.clone(), "H12") as &dyn Axis, true), (&lgsp(impatient.clone(), "H12"), false)] {
        for (operation, error) in errors(axis).await {
            // The axis has twice as long to read a packet; LGSP does not come so far as to send one.
            let limit = if is_vxp && operation == "send" { limit * 2 } else { limit };
            let expected = Outage::Timeout { phase: Phase::Idle, limit };
            assert_eq!(error.as_ref().and_then(Error::outage), Some(&expected), "{operation}");
        }
    }
    let whole = Endpoint { call_timeout: limit, ..endpoint(silent.local_addr().unwrap()) };
    let error = common::vxp(whole, "H12").count(Message::Edoc).await.unwrap_err();
    assert_eq!(error.outage(), Some(&Outage::Timeout { phase: Phase::Whole, limit }));
}

#[tokio::test]
async fn a_silence_in_the_middle_of_an_answer_is_a_timeout() {
    let (running, _dir) = sandbox(Faults { latency: 1.0, latency_ms: 60_000, ..Faults::default() }).await;
    let limit = Duration::from_millis(200);
    let error = common::vxp(Endpoint { idle_timeout: limit, ..endpoint(running.address) }, "H12").count(Message::Edoc).await.unwrap_err();
    assert_eq!(error.outage(), Some(&Outage::Timeout { phase: Phase::Idle, limit }));
}

#[tokio::test]
async fn an_answer_without_end_is_bounded() {
    let rows = r#"{"docId":"1"},"#.repeat(100_000);
    let address = answering(http("200 OK", JSON, &format!(r#"{{"status":"OK","ErrorCode":"0","data":[{rows}{{"docId":"1"}}]}}"#))).await;
    let small = Endpoint { list_bytes: 100_000, ..endpoint(address) };
    let error = common::vxp(small, "H12").received(Message::Edoc, None).await.unwrap_err();
    assert_eq!(error.outage(), Some(&Outage::TooLong { limit: 100_000 }));
    let listing = common::vxp(endpoint(address), "H12").received(Message::Edoc, None).await.unwrap();
    assert_eq!((listing.rows.len(), listing.is_cut), (10_000, true));
}

#[tokio::test]
async fn rows_that_lack_an_id_are_counted_and_the_others_read() {
    let body = r#"{"status":"OK","ErrorCode":"0","data":[{"docId":"1"},{"from":"H1"},7,{"docId":2}]}"#;
    let address = answering(http("200 OK", JSON, body)).await;
    let listing = common::vxp(endpoint(address), "H12").received(Message::Edoc, None).await.unwrap();
    assert_eq!(listing.rows.iter().map(|row| row.doc_id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(listing.unreadable, 2);
}

#[tokio::test]
async fn a_packet_that_is_not_base64_is_one_and_junk_before_it_comes_as_it_is() {
    let by = |fetch_by, address| {
        vxp::Client::new(vxp::Options { fetch_by, ..vxp::Options::new(endpoint(address), "H12", SECRET) }, clock()).unwrap()
    };
    let json = |data: &str| http("200 OK", JSON, &format!(r#"{{"status":"OK","ErrorCode":"0","data":"{data}"}}"#));
    // A letter that is none, bits behind the last byte (RFC 4648, 3.5), something behind the padding.
    for bad in ["PD94*", "PD9", "PD94bWw=PD94"] {
        let error = fetch(&by(vxp::FetchBy::GetEdoc, answering(json(bad)).await), "1").await.unwrap_err();
        assert!(matches!(error.outage(), Some(Outage::Content(_))), "{bad}: {error:?}");
    }
    // T10: `1212<?xml ...` is the reader's to judge; the wire hands out every byte. Gson writes `=` as an escape.
    for data in [
        r"MTIxMjw/eG1sIHZlcnNpb249IjEuMCI/Pg\u003d\u003d",
        "MTIxMjw/eG1sIHZlcnNpb249IjEuMCI/Pg==",
        r"MTIxMjw\/eG1sIHZl\ncnNpb249IjEuMCI\/Pg",
    ] {
        let bytes = fetch(&by(vxp::FetchBy::GetEdoc, answering(json(data)).await), "1").await.unwrap();
        assert_eq!(bytes, br#"1212<?xml version="1.0"?>"#);
    }
    let bytes =
        fetch(&by(vxp::FetchBy::DownloadEdoc, answering(http("200 OK", "application/octet-stream", "1212<?xml?>")).await), "1").await;
    assert_eq!(bytes.as_deref(), Ok(&b"1212<?xml?>"[..]));
    // The status behind the packet counts as well: what came before it is no packet.
    let late = http("200 OK", JSON, r#"{"data":"PD94bWw/Pg==","status":"FAIL","ErrorCode":"20","ErrorDesc":"x"}"#);
    let error = fetch(&by(vxp::FetchBy::GetEdoc, answering(late).await), "1").await.unwrap_err();
    assert!(matches!(error.outage(), Some(Outage::Fault { .. })), "{error:?}");
    // An answer in JSON, a web page or nothing instead of the raw packet.
    for (body, name) in
        [(r#"{"status":"FAIL","ErrorCode":"100","ErrorDesc":"x"}"#, "unknown_code"), ("<html></html>", "html"), ("", "empty")]
    {
        let error = fetch(&by(vxp::FetchBy::DownloadEdoc, answering(http("200 OK", "application/octet-stream", body)).await), "1").await;
        assert_eq!(error.unwrap_err().outage().map(Outage::name), Some(name), "{body}");
    }
}

#[tokio::test]
async fn an_axis_without_downloads_is_asked_once_and_then_by_the_other_way() {
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&asked);
    let address = common::answering_by(move |request| {
        let line = request.lines().next().unwrap_or_default().to_owned();
        let is_download = line.starts_with("GET /downloadEdoc");
        seen.lock().unwrap().push(line);
        if is_download {
            http("404 Not Found", "text/html", "<html>")
        } else {
            http("200 OK", JSON, r#"{"status":"OK","data":"PD94bWw/Pg=="}"#)
        }
    })
    .await;
    let client = common::vxp(endpoint(address), "H12");
    for _ in 0..2 {
        assert_eq!(fetch(&client, "1").await.as_deref(), Ok(&b"<?xml?>"[..]));
    }
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked, ["GET /downloadEdoc HTTP/1.1", "POST /getEdoc HTTP/1.1", "POST /getEdoc HTTP/1.1"]);
}

#[tokio::test]
async fn an_answer_before_the_end_of_a_large_packet_is_heard() {
    for (line, body) in [("413 x", ""), ("200 OK", r#"{"status":"FAIL","ErrorCode":"10","ErrorDesc":"x"}"#)] {
        let client = common::vxp(endpoint(answering(http(line, JSON, body)).await), "H12");
        let error = client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 8_000_000))).await.unwrap_err();
        assert!(matches!(error, Error::Final { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_sender_knows_when_nobody_knows_whether_its_packet_was_taken() {
    let (running, _dir) = sandbox(Faults { lose_answer: 1.0, ..Faults::default() }).await;
    let send = outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 9));
    let client = common::vxp(endpoint(running.address), "H12");
    assert!(client.send(&send).await.unwrap_err().outage().unwrap().is_in_doubt());
    assert_eq!(client.sent(Message::Edoc, None, None).await.unwrap().rows.len(), 1);
    running.set_faults(Faults { system_error: 1.0, ..Faults::default() });
    assert!(!client.send(&send).await.unwrap_err().outage().unwrap().is_in_doubt());
    drop(running);
    let error = client.send(&send).await.unwrap_err();
    assert!(
        matches!(error.outage(), Some(why @ (Outage::Refused(_) | Outage::Dropped(_))) if why.is_in_doubt() == matches!(why, Outage::Dropped(_)))
    );
}

#[tokio::test]
async fn every_fault_of_the_sandbox_is_what_it_should_be_to_a_client() {
    let always = 1.0;
    let cases: [(&str, Faults); 10] = [
        ("status", Faults { bad_gateway: always, ..Faults::default() }),
        ("html", Faults { web_page: always, ..Faults::default() }),
        ("empty", Faults { empty_answer: always, ..Faults::default() }),
        ("missing_status", Faults { missing_status: always, ..Faults::default() }),
        ("unknown_code", Faults { unknown_code: always, ..Faults::default() }),
        ("fault", Faults { system_error: always, ..Faults::default() }),
        ("dropped", Faults { drop_request: always, ..Faults::default() }),
        ("dropped", Faults { drop_answer: always, ..Faults::default() }),
        ("dropped", Faults { lose_answer: always, ..Faults::default() }),
        ("timeout", Faults { hang_answer: always, ..Faults::default() }),
    ];
    let (running, _dir) = sandbox(Faults::default()).await;
    let endpoint = Endpoint { idle_timeout: Duration::from_millis(500), ..endpoint(running.address) };
    let (vxp, lgsp) = (common::vxp(endpoint.clone(), "H12"), lgsp(endpoint, "H12"));
    // The login is over before the faults begin.
    lgsp.count(Message::Edoc).await.unwrap();
    let mut taken = 0;
    for (number, (expected, faults)) in cases.into_iter().enumerate() {
        running.set_faults(faults.clone());
        for axis in [&vxp as &dyn Axis, &lgsp] {
            let error = axis.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], u32::try_from(number).unwrap(), 400_000))).await;
            let error = error.unwrap_err();
            assert_eq!(error.outage().map(Outage::name), Some(expected), "{faults:?} of {axis:?}: {error:?}");
        }
        // The packet was taken where only the answer went wrong.
        taken += if faults.drop_answer + faults.lose_answer + faults.hang_answer > 0.0 { 2 } else { 0 };
        assert_eq!(running.counts().0, taken, "{faults:?}");
    }
    for (code, faults) in [
        ("18", Faults { unknown_receiver: always, ..Faults::default() }),
        ("23", Faults { locked_receiver: always, ..Faults::default() }),
        (Error::TOO_LARGE, Faults { oversize: always, ..Faults::default() }),
    ] {
        running.set_faults(faults);
        let error = vxp.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 1, 400_000))).await.unwrap_err();
        assert!(matches!(&error, Error::Final { code: found, .. } if found == code), "{error:?}");
    }
    running.set_faults(Faults { wrong_secret: always, ..Faults::default() });
    assert!(matches!(vxp.count(Message::Edoc).await, Err(Error::StopConnector { .. })));
    running.set_faults(Faults { duplicate_listing: always, shuffle_listing: always, ..Faults::default() });
    let receiver = common::vxp(common::endpoint(running.address), "H41");
    let listing = receiver.received(Message::Edoc, None).await.unwrap();
    let mut ids: Vec<u64> = listing.rows.iter().map(|row| row.doc_id.parse().unwrap()).collect();
    assert!(!ids.is_sorted());
    ids.sort_unstable();
    assert!(ids.len() == 2 * taken && ids.chunks(2).all(|pair| pair[0] == pair[1]));
}
