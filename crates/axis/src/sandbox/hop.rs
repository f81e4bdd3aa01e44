//! Where a packet's trace goes on: the axis writes itself in as one more hop, and leaves every other byte as it is.

use std::io::BufRead;

use domain::time::Timestamp;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::{Deserialize, Serialize};

/// Bytes that are put into a packet when it is handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hop {
    /// Where, in bytes from the packet's start.
    pub(crate) at: u64,
    /// What.
    pub(crate) text: String,
}

impl Hop {
    /// The hop for a packet that `edxml` has read already, which bounds it. A status has no trace.
    pub(crate) fn of(mut packet: impl BufRead, organ_id: &str, now: Timestamp) -> Option<Self> {
        // A byte order mark is a part of the packet, and none of what the XML reader counts.
        let mark = if packet.fill_buf().ok()?.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        packet.consume(mark);
        let mut reader = Reader::from_reader(packet);
        reader.config_mut().check_end_names = false;
        let (mut buffer, mut place) = (Vec::new(), None);
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer).ok()? {
                Event::Start(tag) if tag.local_name().as_ref() == b"TraceHeaderList" => {
                    let name = String::from_utf8(tag.name().as_ref().to_vec()).ok()?;
                    place = Some((reader.buffer_position(), prefix_of(&name).to_owned()));
                }
                Event::End(tag) if tag.local_name().as_ref() == b"TraceHeader" => {
                    let name = String::from_utf8(tag.name().as_ref().to_vec()).ok()?;
                    place = Some((reader.buffer_position(), prefix_of(&name).to_owned()));
                }
                Event::End(tag) if matches!(tag.local_name().as_ref(), b"TraceHeaderList" | b"edXMLHeader") => break,
                Event::Eof => break,
                _ => {}
            }
        }
        let (at, prefix) = place.map(|(at, prefix)| (at + mark as u64, prefix))?;
        let (date, second) = (now.date_in_vietnam(), now.second_of_day_in_vietnam());
        let text = format!(
            "<{prefix}TraceHeader><{prefix}OrganId>{organ_id}</{prefix}OrganId><{prefix}Timestamp>{:04}/{:02}/{:02} {:02}:{:02}:{:02}\
             </{prefix}Timestamp></{prefix}TraceHeader>",
            date.year(),
            date.month(),
            date.day(),
            second / 3600,
            second / 60 % 60,
            second % 60
        );
        Some(Self { at, text })
    }
}

/// `edXML:` of `edXML:TraceHeader`.
fn prefix_of(name: &str) -> &str {
    name.find(':').and_then(|colon| name.get(..=colon)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use edxml::{InMemory, Limits, Packet, TraceHeader};

    use super::*;

    /// A packet with its hop, as the sandbox hands it out.
    fn with_hop(packet: &str) -> String {
        let hop = Hop::of(packet.as_bytes(), "G22.99", Timestamp::from_micros(1_795_287_798_434_000)).unwrap();
        let at = usize::try_from(hop.at).unwrap();
        format!("{}{}{}", &packet[..at], hop.text, &packet[at..])
    }

    #[test]
    fn a_hop_stands_behind_the_last_one_and_the_rest_is_as_it_was() {
        let sample = include_str!("../../../edxml/samples/new.edxml");
        // As some programs save it: with a byte order mark, which counts among the bytes.
        for packet in [sample.to_owned(), format!("\u{feff}{sample}"), sample.replace('\n', "\r\n")] {
            let read = |text: &str| edxml::read(text.as_bytes(), &Limits::default(), &mut InMemory::default()).unwrap();
            let (before, after) = (read(&packet), read(&with_hop(&packet)));
            let (Packet::Edoc(mut before_edoc), Packet::Edoc(after_edoc)) = (before.packet, after.packet) else { panic!() };
            let at = Timestamp::from_seconds(1_795_287_798);
            before_edoc.trace.push(TraceHeader { organ_id: "G22.99".into(), timestamp: Some(at), ..TraceHeader::default() });
            assert_eq!(before_edoc, after_edoc);
            assert_eq!(before.attachments, after.attachments);
        }
    }

    #[test]
    fn a_trace_without_hops_gets_its_first_and_a_status_none() {
        assert_eq!(
            with_hop("<a xmlns='x'><TraceHeaderList v='1'><Bussiness/></TraceHeaderList></a>"),
            "<a xmlns='x'><TraceHeaderList v='1'><TraceHeader><OrganId>G22.99</OrganId><Timestamp>2026/11/22 02:03:18</Timestamp>\
             </TraceHeader><Bussiness/></TraceHeaderList></a>"
        );
        assert_eq!(Hop::of(&b"<a><b/></a>"[..], "G22.99", Timestamp::default()), None);
    }
}
