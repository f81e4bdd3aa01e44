//! Whether a packet of our own keeps the regulation, before it goes out.

use crate::fault::{Position, ReadError, Rule};
use crate::packet::Packet;
use crate::{Fault, InMemory, Limits};

/// What the regulation asks for and this packet lacks: the same rules by which packets of others are read.
///
/// # Errors
/// All faults; places are those in the written packet.
pub fn check(packet: &Packet) -> Result<(), Vec<Fault>> {
    let everywhere = |rule| vec![Fault { at: Position::default(), path: String::new(), rule }];
    let written =
        crate::write::<_, &[u8]>(Vec::new(), packet, &mut []).map_err(|error| everywhere(Rule::NotWellFormed(error.to_string())))?;
    match crate::read(written.as_slice(), &Limits::default(), &mut InMemory::default()) {
        Ok(received) if received.notes.is_empty() => Ok(()),
        Ok(received) => Err(received.notes),
        Err(ReadError::Refused(fault)) => Err(vec![fault]),
        Err(ReadError::Io(error)) => Err(everywhere(Rule::NotWellFormed(error.to_string()))),
    }
}
