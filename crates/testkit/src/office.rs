//! An office system that speaks to an axis by itself, without a hub: a ministry, or whoever a test needs on the other side.

use std::net::SocketAddr;
use std::sync::Arc;

use axis::{Acknowledgement, Axis, Endpoint, Message, Outgoing, vxp};
use bytes::Bytes;
use domain::digest::Digest;
use edxml::{InMemory, Limits, Organ, Packet, ResponseFor, Status, StatusCode};
use futures::TryStreamExt as _;
use hub::running::system_clock;

use crate::hub_box::Error;
use crate::provinces::SECRET;

/// The system of an agency that is a centre of the sandbox.
#[derive(Debug)]
pub struct Office {
    wire: vxp::Client,
    code: &'static str,
    name: &'static str,
}

fn unexpected(error: &dyn std::fmt::Display) -> Error {
    Error::Unexpected(error.to_string())
}

impl Office {
    /// The system of the agency with this code and name.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(axis: SocketAddr, code: &'static str, name: &'static str) -> Result<Self, Error> {
        let endpoint = Endpoint { allow_plain_http: true, ..Endpoint::new(format!("http://{axis}")) };
        let wire = vxp::Client::new(vxp::Options::new(endpoint, code, SECRET), system_clock()).map_err(|error| unexpected(&error))?;
        Ok(Self { wire, code, name })
    }

    /// Hands a packet over; the axis's id of it comes back.
    ///
    /// # Errors
    /// The axis does not take it.
    pub async fn hand_over(&self, message: Message, packet: Vec<u8>) -> Result<String, Error> {
        let digest = ring::digest::digest(&ring::digest::SHA256, &packet);
        let outgoing = Outgoing {
            message,
            from: self.code.into(),
            to: vec![],
            receivers: vec![],
            length: packet.len() as u64,
            digest: Digest::try_from(digest.as_ref()).map_err(|error| unexpected(&error))?,
            source: Arc::new(Bytes::from(packet)),
        };
        self.wire.send(&outgoing).await.map_err(|error| unexpected(&error))
    }

    /// Fetches what waits, and acknowledges it.
    ///
    /// # Errors
    /// The axis does not give it, or it is no packet.
    pub async fn fetch(&self, message: Message) -> Result<Vec<Packet>, Error> {
        let listing = self.wire.received(message, None).await.map_err(|error| unexpected(&error))?;
        let mut packets = Vec::new();
        for row in listing.rows {
            let pieces = self.wire.fetch(&row.doc_id).await.map_err(|error| unexpected(&error))?;
            let pieces: Vec<Bytes> = pieces.try_collect().await.map_err(|error| unexpected(&error))?;
            let received = edxml::read(pieces.concat().as_slice(), &Limits::default(), &mut InMemory::default());
            packets.push(received.map_err(|error| unexpected(&error))?.packet);
            self.wire.acknowledge(&row.doc_id, Acknowledgement::Done).await.map_err(|error| unexpected(&error))?;
        }
        Ok(packets)
    }

    /// Reports on a document that was fetched.
    ///
    /// # Errors
    /// The axis does not take the report.
    pub async fn report(&self, document: &edxml::Edoc, code: StatusCode, description: &str) -> Result<String, Error> {
        let status = Status {
            from: Organ { organ_id: self.code.into(), organ_name: self.name.into(), ..Organ::default() },
            response_for: ResponseFor {
                organ_id: document.from.organ_id.clone(),
                code: format!("{}/{}", document.code.number, document.code.notation),
                promulgation_date: document.promulgation_date,
                document_id: document.document_id.clone(),
                ..ResponseFor::default()
            },
            code,
            description: description.into(),
            timestamp: Some(system_clock()()),
            ..Status::default()
        };
        let none: &mut [edxml::Outgoing<&[u8]>] = &mut [];
        let packet = edxml::write(Vec::new(), &Packet::Status(Box::new(status)), none).map_err(|error| unexpected(&error))?;
        self.hand_over(Message::Status, packet).await
    }
}
