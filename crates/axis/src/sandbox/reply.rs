//! What the sandbox answers with.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::time::{Date, Timestamp};
use futures::stream::{self, StreamExt as _};
use http::{Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;

use crate::source::Pieces;

pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(crate) type Answer = Response<Body>;

pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn json(value: &serde_json::Value) -> Answer {
    answer(StatusCode::OK, "application/json", full(value.to_string()))
}

pub(crate) fn streamed(pieces: Pieces) -> Body {
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// JSON text, with base64 of a packet in the middle.
pub(crate) fn around_base64(before: String, packet: Pieces, after: &'static str) -> Body {
    let before = stream::once(async move { Ok(Bytes::from(before)) });
    let after = stream::once(async move { Ok(Bytes::from_static(after.as_bytes())) });
    streamed(before.chain(base64(packet)).chain(after).boxed())
}

fn base64(packet: Pieces) -> Pieces {
    stream::try_unfold((packet, Vec::new(), false), |(mut packet, mut left, is_ended)| async move {
        if is_ended {
            return Ok(None);
        }
        loop {
            let piece = packet.next().await.transpose()?;
            let is_ended = piece.is_none();
            left.extend_from_slice(&piece.unwrap_or_default());
            // Whole threes only: padding belongs to the end.
            let whole = if is_ended { left.len() } else { left.len() / 3 * 3 };
            if whole == 0 && !is_ended {
                continue;
            }
            let text = STANDARD.encode(left.get(..whole).unwrap_or_default());
            left.drain(..whole);
            return Ok(Some((Bytes::from(text), (packet, left, is_ended))));
        }
    })
    .boxed()
}

/// The same answer, broken off in the middle.
pub(crate) async fn cut(answer: Answer) -> Answer {
    let (head, mut body) = answer.into_parts();
    let first = loop {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => break bytes,
                Err(_) => {}
            },
            _ => break Bytes::new(),
        }
    };
    let half = first.slice(..first.len() / 2);
    let broken = stream::iter([Ok(half), Err(io::Error::other("cut by a switch"))]);
    Response::from_parts(head, streamed(broken.boxed()))
}

/// `2026-11-22 02:03:18`, by Vietnam's clock.
pub(crate) fn moment(micros: i64) -> String {
    let at = Timestamp::from_micros(micros);
    let second = at.second_of_day_in_vietnam();
    format!("{} {:02}:{:02}:{:02}", at.date_in_vietnam(), second / 3600, second / 60 % 60, second % 60)
}

/// A day in any of the forms in which clients write it.
pub(crate) fn day(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.get(..10)?.split(['/', '-']).collect();
    let [first, month, last] = parts.as_slice() else { return None };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn base64_in_pieces_is_base64_of_the_whole() {
        for cuts in [vec![1, 1, 1, 1], vec![3, 3], vec![2, 5], vec![], vec![7, 0, 1]] {
            let pieces: Vec<Bytes> = cuts.iter().map(|length| Bytes::from(vec![b'f'; *length])).collect();
            let whole: Vec<u8> = pieces.concat();
            let body = around_base64("<".into(), stream::iter(pieces.into_iter().map(Ok)).boxed(), ">");
            let text = body.collect().await.unwrap().to_bytes();
            assert_eq!(text, format!("<{}>", STANDARD.encode(whole)));
        }
    }

    #[test]
    fn days_are_read_in_the_three_forms() {
        let expected = "2026-11-02".parse().ok();
        for text in ["2026/11/02", "02/11/2026", "2026-11-02", "2026-11-02 10:00:00"] {
            assert_eq!(day(text), expected, "{text}");
        }
        for bad in ["", "2026/13/02", "02112026xx", "á026/11/02"] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_are_vietnams() {
        assert_eq!(moment(1_795_287_798_434_000), "2026-11-22 02:03:18");
    }
}
