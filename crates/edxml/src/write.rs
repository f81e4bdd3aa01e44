//! From words to the bytes of a packet, in the order in which the axis's own library writes them.

use std::io::{self, Read, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use domain::time::{Date, Timestamp};

use crate::NAMESPACE;
use crate::attachment::Reference;
use crate::moment::{write_date, write_timestamp};
use crate::packet::{Business, Edoc, Operation, Organ, OtherInfo, Packet, ResponseFor, SignerInfo, StaffInfo, Status, TraceHeader, Update};
use crate::tree::{Element, Node};

/// A file that goes out with a packet.
#[derive(Debug)]
pub struct Outgoing<R> {
    /// What the packet says of it; the id without `cid:`.
    pub about: Reference,
    /// Its bytes.
    pub content: R,
    /// Unknown elements that came with it.
    pub extra: Vec<Element>,
}

/// Writes a packet with its files, each of them read once and encoded as it goes. A status has no files.
///
/// # Errors
/// Where `out` cannot be written or a file not read; `InvalidData` where a text holds a character that XML does not allow.
pub fn write<W: Write, R: Read>(out: W, packet: &Packet, files: &mut [Outgoing<R>]) -> io::Result<W> {
    let mut writer = Writer { out };
    writer.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<edXML xmlns=\"")?;
    writer.raw(NAMESPACE)?;
    writer.raw("\"><edXML:edXMLEnvelope xmlns:edXML=\"")?;
    writer.raw(NAMESPACE)?;
    writer.raw("\">")?;
    match packet {
        Packet::Edoc(edoc) => {
            writer.edoc(edoc, files)?;
            writer.raw("</edXML:edXMLEnvelope>")?;
            writer.files(files)?;
            writer.extra(&edoc.extra.root)?;
        }
        Packet::Status(status) => {
            writer.block("edXMLHeader", |w| w.block("MessageHeader", |w| w.status(status)))?;
            writer.raw("</edXML:edXMLEnvelope>")?;
        }
    }
    writer.raw("</edXML>\n")?;
    Ok(writer.out)
}

struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    fn edoc<R>(&mut self, edoc: &Edoc, files: &[Outgoing<R>]) -> io::Result<()> {
        self.block("edXMLHeader", |w| {
            w.block("MessageHeader", |w| w.message_header(edoc))?;
            w.block("TraceHeaderList", |w| {
                edoc.trace.iter().try_for_each(|hop| w.trace_header(hop))?;
                w.block("Bussiness", |w| w.business(&edoc.business))?;
                w.extra(&edoc.extra.trace_header_list)
            })?;
            w.extra(&edoc.extra.header)
        })?;
        self.block("edXMLBody", |w| {
            w.raw("<edXML:edXMLManifest version=\"1.0\">")?;
            for file in files {
                w.block("Reference", |w| {
                    w.content_id(&file.about.content_id)?;
                    w.text("ContentType", &file.about.content_type)?;
                    w.text("Description", &file.about.description)?;
                    w.text("AttachmentName", &file.about.name)
                })?;
            }
            w.extra(&edoc.extra.manifest)?;
            w.raw("</edXML:edXMLManifest>")?;
            w.extra(&edoc.extra.body)
        })?;
        self.extra(&edoc.extra.envelope)
    }

    fn message_header(&mut self, edoc: &Edoc) -> io::Result<()> {
        self.block("From", |w| w.organ(&edoc.from))?;
        edoc.to.iter().try_for_each(|to| self.block("To", |w| w.organ(to)))?;
        self.text("DocumentId", &edoc.document_id)?;
        self.block("Code", |w| {
            w.text("CodeNumber", &edoc.code.number)?;
            w.text("CodeNotation", &edoc.code.notation)?;
            w.extra(&edoc.code.extra)
        })?;
        self.block("PromulgationInfo", |w| {
            w.text("Place", &edoc.place)?;
            w.date("PromulgationDate", edoc.promulgation_date)
        })?;
        self.block("DocumentType", |w| {
            w.number("Type", edoc.document_type.group)?;
            w.number("TypeDetail", edoc.document_type.detail)?;
            w.text("TypeName", &edoc.document_type.name)?;
            w.extra(&edoc.document_type.extra)
        })?;
        self.text("Subject", &edoc.subject)?;
        self.text("Content", &edoc.content)?;
        self.block("SignerInfo", |w| w.signer(&edoc.signer))?;
        self.date("DueDate", edoc.due_date)?;
        if edoc.other != OtherInfo::default() {
            self.block("OtherInfo", |w| w.other_info(&edoc.other))?;
        }
        edoc.response_for.iter().try_for_each(|response| self.response_for(response))?;
        self.number("SteeringType", edoc.steering_type)?;
        if !edoc.to_places.is_empty() {
            self.block("ToPlaces", |w| edoc.to_places.iter().try_for_each(|place| w.text("Place", place)))?;
        }
        self.extra(&edoc.extra.message_header)
    }

    fn status(&mut self, status: &Status) -> io::Result<()> {
        self.block("From", |w| w.organ(&status.from))?;
        self.response_for(&status.response_for)?;
        self.staff(&status.staff)?;
        self.text("StatusCode", &status.code.to_string())?;
        self.text("Description", &status.description)?;
        self.timestamp("Timestamp", status.timestamp)?;
        self.extra(&status.extra)
    }

    fn organ(&mut self, organ: &Organ) -> io::Result<()> {
        self.text("OrganId", &organ.organ_id)?;
        self.text("OrganizationInCharge", &organ.organization_in_charge)?;
        self.text("OrganName", &organ.organ_name)?;
        self.text("OrganAdd", &organ.organ_add)?;
        self.text("Email", &organ.email)?;
        self.text("Telephone", &organ.telephone)?;
        self.text("Fax", &organ.fax)?;
        self.text("Website", &organ.website)?;
        self.extra(&organ.extra)
    }

    fn signer(&mut self, signer: &SignerInfo) -> io::Result<()> {
        self.text("Competence", &signer.competence)?;
        self.text("Position", &signer.position)?;
        self.text("FullName", &signer.full_name)?;
        self.extra(&signer.extra)
    }

    fn other_info(&mut self, other: &OtherInfo) -> io::Result<()> {
        self.number("Priority", other.priority)?;
        self.text("SphereOfPromulgation", &other.sphere)?;
        self.text("TyperNotation", &other.typer_notation)?;
        self.number("PromulgationAmount", other.promulgation_amount)?;
        self.number("PageAmount", other.page_amount)?;
        if !other.appendixes.is_empty() {
            self.block("Appendixes", |w| other.appendixes.iter().try_for_each(|appendix| w.text("Appendix", appendix)))?;
        }
        self.extra(&other.extra)
    }

    fn response_for(&mut self, response: &ResponseFor) -> io::Result<()> {
        self.block("ResponseFor", |w| {
            w.text("OrganId", &response.organ_id)?;
            w.text("Code", &response.code)?;
            w.date("PromulgationDate", response.promulgation_date)?;
            w.text("DocumentId", &response.document_id)?;
            w.extra(&response.extra)
        })
    }

    fn trace_header(&mut self, hop: &TraceHeader) -> io::Result<()> {
        self.block("TraceHeader", |w| {
            w.text("OrganId", &hop.organ_id)?;
            w.timestamp("Timestamp", hop.timestamp)?;
            w.extra(&hop.extra)
        })
    }

    fn business(&mut self, business: &Business) -> io::Result<()> {
        self.text("DocumentId", &business.document_id)?;
        self.number("BussinessDocType", Some(business.operation.number()))?;
        self.text("BussinessDocReason", &business.reason)?;
        if let Operation::Update(update) = &business.operation {
            self.update(update)?;
        }
        if let Some(paper) = business.paper {
            self.number("Paper", Some(u8::from(paper)))?;
        }
        self.staff(&business.staff)?;
        if let Operation::Replace(replacements) = &business.operation {
            self.block("ReplacementInfoList", |w| {
                replacements.iter().try_for_each(|one| {
                    w.block("ReplacementInfo", |w| {
                        w.text("DocumentId", &one.document_id)?;
                        if one.organ_ids.is_empty() {
                            return Ok(());
                        }
                        w.block("OrganIdList", |w| one.organ_ids.iter().try_for_each(|organ_id| w.text("OrganId", organ_id)))
                    })
                })
            })?;
        }
        self.extra(&business.extra)
    }

    fn update(&mut self, update: &Update) -> io::Result<()> {
        self.block("BussinessDocumentInfo", |w| {
            w.number("DocumentInfo", Some(u8::from(update.document_info)))?;
            w.number("DocumentReceiver", Some(u8::from(update.document_receiver)))?;
            if update.receivers.is_empty() {
                return Ok(());
            }
            w.block("ReceiverList", |w| {
                update.receivers.iter().try_for_each(|receiver| {
                    w.block("Receiver", |w| {
                        w.text("OrganId", &receiver.organ_id)?;
                        w.number("ReceiverType", Some(u8::from(receiver.is_added)))
                    })
                })
            })
        })
    }

    fn staff(&mut self, staff: &StaffInfo) -> io::Result<()> {
        if *staff == StaffInfo::default() {
            return Ok(());
        }
        self.block("StaffInfo", |w| {
            w.text("Department", &staff.department)?;
            w.text("Staff", &staff.staff)?;
            w.text("Email", &staff.email)?;
            w.text("Mobile", &staff.mobile)?;
            w.extra(&staff.extra)
        })
    }

    fn files<R: Read>(&mut self, files: &mut [Outgoing<R>]) -> io::Result<()> {
        self.raw("<edXML:AttachmentEncoded xmlns:edXML=\"")?;
        self.raw(NAMESPACE)?;
        self.raw("\">")?;
        for file in files {
            self.block("Attachment", |w| {
                w.content_id(&file.about.content_id)?;
                w.text("AttachmentName", &file.about.name)?;
                w.text("Description", &file.about.description)?;
                w.text("ContentType", &file.about.content_type)?;
                w.raw("<edXML:ContentTransferEncoded>")?;
                let mut encoder = EncoderWriter::new(&mut w.out, &STANDARD);
                io::copy(&mut io::BufReader::with_capacity(64 * 1024, &mut file.content), &mut encoder)?;
                encoder.finish()?;
                drop(encoder);
                w.raw("</edXML:ContentTransferEncoded>")?;
                w.extra(&file.extra)
            })?;
        }
        self.raw("</edXML:AttachmentEncoded>")
    }

    fn content_id(&mut self, id: &str) -> io::Result<()> {
        if id.is_empty() { Ok(()) } else { self.text("ContentId", &format!("cid:{id}")) }
    }

    fn block(&mut self, name: &str, content: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        write!(self.out, "<edXML:{name}>")?;
        content(self)?;
        write!(self.out, "</edXML:{name}>")
    }

    /// Leaves an empty text out, as every program does.
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.block(name, |w| w.escaped(text))
    }

    fn number(&mut self, name: &str, number: Option<impl Into<u32>>) -> io::Result<()> {
        number.map_or(Ok(()), |number| self.text(name, &number.into().to_string()))
    }

    fn date(&mut self, name: &str, date: Option<Date>) -> io::Result<()> {
        date.map_or(Ok(()), |date| self.text(name, &write_date(date)))
    }

    fn timestamp(&mut self, name: &str, timestamp: Option<Timestamp>) -> io::Result<()> {
        timestamp.map_or(Ok(()), |timestamp| self.text(name, &write_timestamp(timestamp)))
    }

    fn extra(&mut self, elements: &[Element]) -> io::Result<()> {
        elements.iter().try_for_each(|element| self.element(element))
    }

    /// An unknown element, each with its own declarations: so it means the same wherever it stands.
    fn element(&mut self, element: &Element) -> io::Result<()> {
        self.raw("<")?;
        self.raw(&element.name)?;
        self.raw(" xmlns=\"")?;
        self.escaped(&element.namespace)?;
        self.raw("\"")?;
        for (number, (namespace, name, value)) in element.attributes.iter().enumerate() {
            match namespace.as_str() {
                "" => write!(self.out, " {name}=\"")?,
                "http://www.w3.org/XML/1998/namespace" => write!(self.out, " xml:{name}=\"")?,
                namespace => {
                    write!(self.out, " xmlns:a{number}=\"")?;
                    self.escaped(namespace)?;
                    write!(self.out, "\" a{number}:{name}=\"")?;
                }
            }
            self.escaped(value)?;
            self.raw("\"")?;
        }
        self.raw(">")?;
        for node in &element.nodes {
            match node {
                Node::Element(child) => self.element(child)?,
                Node::Text(text) => self.escaped(text)?,
            }
        }
        self.raw("</")?;
        self.raw(&element.name)?;
        self.raw(">")
    }

    fn raw(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// A text or a value: XML 1.0, 2.4 and 3.3.3; blanks that a reader would change go as references.
    fn escaped(&mut self, text: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, letter) in text.char_indices() {
            let reference = match letter {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\r' => "&#13;",
                '\n' => "&#10;",
                '\t' => "&#9;",
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    let what = format!("a text holds the character U+{:04X}, which XML does not allow", u32::from(letter));
                    return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                }
                _ => continue,
            };
            self.raw(&text[from..at])?;
            self.raw(reference)?;
            from = at + letter.len_utf8();
        }
        self.raw(&text[from..])
    }
}
