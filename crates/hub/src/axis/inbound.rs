//! What comes in: listed, fetched, committed, and only then acknowledged.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ::axis as wire;
use api::status::Failure;
use domain::agency::{self, Agency, Code, Tier};
use domain::axis::{self, Command, Origin, Quarantined, Reference};
use domain::command;
use domain::delivery::{self, RefusalReason, Report, Status};
use domain::digest::Digest;
use domain::document;
use domain::event::Request;
use domain::payload;
use domain::principal::{self, Caller, Role};
use domain::refusal::Refusal;
use domain::state::Fault;
use domain::time::Date;
use edxml::{DocumentId, Edoc, Media, Operation, Packet, ReadError, Received, ResponseFor, StatusCode, Unwrapped};
use futures::StreamExt as _;
use store::vault::{Upload, UploadId, VaultError};

use super::directory::{Row, Standing};
use super::packet::{self, File};
use super::spool::{SpoolSink, SpoolWriter, Spooled};
use super::{Connector, Stop, stranger};
use crate::desk::Done;

/// What became of a packet.
pub(super) enum Taken {
    /// It is committed, or there was nothing to do any more.
    Done,
    /// It can never be taken in: it is set aside, and its sender told if that is possible.
    Refused { reason: String, from: String, answer: Option<(agency::Id, Reference)> },
}

/// Why a packet is not dealt with now.
pub(super) enum Trouble {
    /// The axis, or the line to it.
    Wire(wire::Error),
    /// This hub, for the time being.
    Hub(String),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Hub(fault.0)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Hub(error.to_string())
    }
}

impl From<wire::Error> for Trouble {
    fn from(error: wire::Error) -> Self {
        Self::Wire(error)
    }
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        Self::Hub(error.to_string())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Hub(failure.to_string())
    }
}

/// A packet that was read, its files on disk.
pub(super) type Parsed = Received<Spooled>;

impl Connector {
    /// Takes in what waits at the axis: documents first, since statuses may be about them.
    pub(super) async fn inbound(&self) -> Result<(), Stop> {
        for message in [wire::Message::Edoc, wire::Message::Status] {
            let listing = match self.inner.wire.received(message, None).await {
                Ok(listing) => listing,
                Err(error) => return Err(self.failed(&error)),
            };
            self.inner.state.succeeded(self.inner.shared.now());
            if listing.unreadable > 0 {
                tracing::error!(connection = %self.inner.connection, rows = listing.unreadable, "the axis lists rows that cannot be read");
            }
            for row in listing.rows {
                match self.take(message, &row).await {
                    Ok(()) => {}
                    Err(Trouble::Wire(error)) => return Err(self.failed(&error)),
                    Err(Trouble::Hub(why)) => return Err(self.at_fault(&why)),
                }
            }
        }
        self.inner.state.polled(self.inner.shared.now());
        Ok(())
    }

    async fn take(&self, message: wire::Message, row: &wire::Received) -> Result<(), Trouble> {
        let inner = &self.inner;
        inner.shared.require_space()?;
        let stem = inner.spool.join("in");
        let raw = self.fetch(&row.doc_id, stem.with_extension("edxml")).await?;
        let limits = edxml::Limits { packet_bytes: inner.settings.packet.0, ..edxml::Limits::default() };
        let (path, sink) = (raw.path.clone(), stem.clone());
        let read = tokio::task::spawn_blocking(move || parse(&path, &limits, sink)).await.map_err(|e| Trouble::Hub(e.to_string()))?;
        let taken = match read {
            Ok(parsed) => self.packet(row, &raw, parsed).await?,
            Err(ReadError::Refused(fault)) => {
                Taken::Refused { reason: format!("Gói tin không đúng quy chuẩn: {fault}"), from: row.from.clone(), answer: None }
            }
            Err(ReadError::Io(error)) => return Err(error.into()),
        };
        if let Taken::Refused { reason, from, answer } = taken {
            self.set_aside(message, row, &raw, (reason, from, answer)).await?;
        } else {
            inner.state.count(|counters| match message {
                wire::Message::Edoc => counters.documents_received += 1,
                wire::Message::Status => counters.statuses_received += 1,
            });
        }
        // Whatever was committed is listed again until this has worked; taking it in again changes nothing.
        inner.wire.acknowledge(&row.doc_id, wire::Acknowledgement::Done).await?;
        Ok(())
    }

    async fn fetch(&self, doc_id: &str, path: PathBuf) -> Result<Spooled, Trouble> {
        let mut pieces = self.inner.wire.fetch(doc_id).await?;
        let mut writer = SpoolWriter::create(path)?;
        while let Some(piece) = pieces.next().await {
            writer.write_all(&piece?)?;
        }
        Ok(writer.finish()?)
    }

    pub(super) async fn packet(&self, row: &wire::Received, raw: &Spooled, parsed: Parsed) -> Result<Taken, Trouble> {
        for note in &parsed.notes {
            tracing::info!(connection = %self.inner.connection, axis_id = row.doc_id, %note, "a packet is not as the regulation has it");
        }
        let request = self.request(&row.doc_id, raw.digest)?;
        // Committed before, and not acknowledged: the line broke, or this hub did.
        match self.inner.shared.repeated(&Self::acting_for(Vec::new()), &request) {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(Taken::Done),
            Err(Failure::Refused(refusal)) => {
                return Ok(Taken::Refused { reason: in_vietnamese(&refusal), from: row.from.clone(), answer: None });
            }
            Err(failure) => return Err(failure.into()),
        }
        match parsed.packet {
            Packet::Edoc(edoc) => self.edoc(row, request, *edoc, parsed.attachments).await,
            Packet::Status(status) => self.status(request, *status).await,
        }
    }

    /// The same packet is the same request, however often it is listed.
    pub(super) fn request(&self, doc_id: &str, raw: Digest) -> Result<Request, Trouble> {
        let name = format!("{}/{doc_id}", self.inner.connection);
        let hash = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
        let hash = Digest::try_from(hash.as_ref()).map_err(|e| Trouble::Hub(e.to_string()))?;
        Ok(Request { id: hash.to_string().chars().take(48).collect(), digest: raw })
    }

    async fn edoc(
        &self,
        row: &wire::Received,
        request: Request,
        edoc: Edoc,
        attachments: Vec<edxml::Attachment<Spooled>>,
    ) -> Result<Taken, Trouble> {
        let refused = |connector: &Self, reason: String| -> Result<Taken, Trouble> {
            Ok(Taken::Refused { reason, from: edoc.from.organ_id.clone(), answer: connector.answer(&edoc)? })
        };
        let Some(sender) = self.sender(&edoc).await? else {
            return refused(self, format!("Đơn vị gửi {} không thuộc trục này", edoc.from.organ_id));
        };
        let here = self.receivers(&edoc)?;
        if here.is_empty() {
            return refused(self, "Không có đơn vị nhận nào thuộc hệ thống này".into());
        }
        let caller = Self::acting_for(vec![sender.id.clone()]);
        let codes: Vec<&str> = here.iter().map(|(_, code)| code.as_str()).collect();
        let tables = &self.inner.shared.tables;
        let known = |name: &str| axis::named(tables, &edoc.from.organ_id, name);
        let command = match &edoc.business.operation {
            Operation::New | Operation::Replace(_) => {
                let mut replaces = Vec::new();
                for target in edoc.targets(&codes) {
                    if let Some(id) = known(target)?
                        && document::find(tables, &id)?.is_some_and(|document| matches!(document.state, document::State::Issued))
                    {
                        replaces.push(id);
                    }
                }
                replaces.sort();
                replaces.dedup();
                let files = self.keep(&caller, attachments).await?;
                let content = self.content(&edoc, &sender, &files)?;
                let reports = self.inner.shared.judge.attachments(&caller, &content.attachments, self.inner.shared.now()).await?;
                let replace_reason = if replaces.is_empty() { String::new() } else { reason_of(&edoc) };
                let submission = document::Command::Submit {
                    id: document::Id(*uuid::Uuid::now_v7().as_bytes()),
                    content,
                    recipients: here.iter().map(|(agency, _)| agency::Selector::Agency(agency.id.clone())).collect(),
                    replaces,
                    replace_reason,
                    reports,
                };
                let origin = Origin {
                    connection: self.inner.connection.clone(),
                    axis_id: row.doc_id.clone(),
                    from: edoc.from.organ_id.clone(),
                    document_id: edoc.document_id.clone(),
                    to: here.iter().map(|(agency, code)| (agency.id.clone(), code.clone())).collect(),
                };
                command::Command::Axis(Command::Receive { origin, submission: Box::new(submission) })
            }
            Operation::Recall => match edoc.targets(&codes).first().map(|target| known(target)).transpose()?.flatten() {
                Some(document) => command::Command::Document(document::Command::Recall { document, reason: reason_of(&edoc) }),
                None => return Ok(Taken::Refused { reason: unknown(&edoc), from: edoc.from.organ_id.clone(), answer: None }),
            },
            Operation::Update(update) => {
                let Some(document) = edoc.targets(&codes).first().map(|target| known(target)).transpose()?.flatten() else {
                    return refused(self, unknown(&edoc));
                };
                let is_changed = update.document_info || update.receivers.is_empty();
                let (content, reports) = if is_changed {
                    let files = self.keep(&caller, attachments).await?;
                    let content = self.content(&edoc, &sender, &files)?;
                    let reports = self.inner.shared.judge.attachments(&caller, &content.attachments, self.inner.shared.now()).await?;
                    (Some(content), reports)
                } else {
                    (None, Vec::new())
                };
                let (mut add, mut remove) = (Vec::new(), Vec::new());
                for receiver in &update.receivers {
                    let Some(agency) = self.local(&receiver.organ_id)? else { continue };
                    let holds = delivery::find(tables, &document, &agency.id)?.is_some();
                    match (receiver.is_added, holds) {
                        (true, false) => add.push(agency::Selector::Agency(agency.id)),
                        (false, true) => remove.push(agency.id),
                        _ => {}
                    }
                }
                let reason = reason_of(&edoc);
                command::Command::Document(document::Command::Amend { document, content, reports, add, remove, reason })
            }
        };
        match self.inner.shared.desk.carry_out(caller, Some(request), command).await {
            Ok(_) => Ok(Taken::Done),
            // Asked twice, for example over two connections.
            Err(Failure::Refused(Refusal::DocumentState { .. })) if edoc.business.operation == Operation::Recall => Ok(Taken::Done),
            Err(Failure::Refused(refusal)) => refused(self, in_vietnamese(&refusal)),
            Err(failure) => Err(failure.into()),
        }
    }

    fn content(&self, edoc: &Edoc, sender: &Agency, files: &[File]) -> Result<document::Content, Trouble> {
        let tables = &self.inner.shared.tables;
        let mut in_reply_to = None;
        for response in &edoc.response_for {
            in_reply_to = in_reply_to.or(self.ours(response)?.map(|document| document.id));
        }
        // What the sender answers must be something that it has, or the rules refuse the whole document for a reference.
        let in_reply_to = match in_reply_to {
            Some(id) if delivery::find(tables, &id, &sender.id)?.is_some() => Some(id),
            _ => None,
        };
        Ok(packet::content(&document::kinds(tables)?, edoc, &sender.id, files, in_reply_to))
    }

    async fn status(&self, request: Request, status: edxml::Status) -> Result<Taken, Trouble> {
        let tables = &self.inner.shared.tables;
        let refused = |reason: String| Taken::Refused { reason, from: status.from.organ_id.clone(), answer: None };
        let at = status.timestamp.unwrap_or_else(|| self.inner.shared.now());
        if status.code == StatusCode::TAKE_BACK {
            // The sender asks back what it sent: the document is named as its packet named it.
            let Some(document) = axis::named(tables, &status.from.organ_id, &status.response_for.document_id)? else {
                return Ok(refused("Không tìm thấy văn bản cần lấy lại".into()));
            };
            let issuer = document::find(tables, &document)?.map(|document| document.content.issuer);
            let reason =
                if status.description.is_empty() { "Lấy lại văn bản".to_owned() } else { shortened(&status.description, 500) };
            let command = command::Command::Document(document::Command::Recall { document, reason });
            let caller = Self::acting_for(issuer.into_iter().collect());
            return match self.inner.shared.desk.carry_out(caller, Some(request), command).await {
                Ok(_) | Err(Failure::Refused(Refusal::DocumentState { .. })) => Ok(Taken::Done),
                Err(Failure::Refused(refusal)) => Ok(refused(in_vietnamese(&refusal))),
                Err(failure) => Err(failure.into()),
            };
        }
        let Some(document) = self.ours(&status.response_for)? else {
            return Ok(refused(format!("Không tìm thấy văn bản {} của {}", status.response_for.code, status.response_for.organ_id)));
        };
        let Some(holder) = self.holder(&status.from.organ_id, &document.id)? else {
            return Ok(refused(format!("{} không nhận văn bản này", status.from.organ_id)));
        };
        let Some(reached) = status_of(status.code) else {
            return Ok(refused(format!("Mã trạng thái {} chưa được quy định", status.code)));
        };
        let needs_note = matches!(reached, Status::Refused | Status::TakeBackDeclined);
        let note = if needs_note && status.description.is_empty() { "(không nêu lý do)" } else { &status.description };
        let report = Report {
            status: reached,
            at,
            note: shortened(note, 500),
            refusal: (reached == Status::Refused).then_some(RefusalReason::R8),
            staff: shortened(&status.staff.staff, 100),
            register_number: String::new(),
        };
        let command = command::Command::Delivery(delivery::Command::Report { document: document.id, agency: holder.clone(), report });
        match self.inner.shared.desk.carry_out(Self::acting_for(vec![holder]), Some(request), command).await {
            Ok(_) => Ok(Taken::Done),
            // Out of order, or too late: what is displayed does not go back, and nobody can do anything about it.
            Err(Failure::Refused(refusal @ (Refusal::StepRefused { .. } | Refusal::NothingAsked | Refusal::Frozen))) => {
                tracing::info!(connection = %self.inner.connection, document = %document.id, %refusal, "a status from the axis changes nothing");
                Ok(Taken::Done)
            }
            Err(Failure::Refused(refusal)) => Ok(refused(in_vietnamese(&refusal))),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The agency that sends; one that nobody here knows is made provisionally. An agency of this hub does not send from outside:
    /// nobody, then.
    async fn sender(&self, edoc: &Edoc) -> Result<Option<Agency>, Trouble> {
        let tables = &self.inner.shared.tables;
        let Ok(code) = edoc.from.organ_id.parse::<Code>() else { return Ok(None) };
        let today = self.inner.shared.now().date_in_vietnam();
        // The directory knows an agency by both of its codes, this hub perhaps by the other one.
        let listed = self.inner.directory.lookup(code.as_str());
        let others = listed.as_ref().map(|row| stranger::other_codes(&code, row)).unwrap_or_default();
        for code in [&code].into_iter().chain(&others) {
            if let Some(agency) = agency::resolve_code(tables, code, today)? {
                return Ok(self.is_remote(&agency, today)?.then_some(agency));
            }
        }
        let parent = self.parent(listed.as_ref(), today)?;
        let mut provisional = stranger::provisional(&code, &edoc.from.organ_name, listed.as_ref(), parent.as_ref());
        if !self.is_remote(&provisional, today)? {
            return Ok(None);
        }
        if let Some(row) = listed.filter(|row| row.standing != Standing::Listed) {
            tracing::warn!(connection = %self.inner.connection, %code, standing = ?row.standing, "the directory does not list a sender any more");
        }
        let created = match self.create(&provisional).await {
            // Somebody here has had one of the other codes: not today, but the rules ask for all days.
            Err(Failure::Refused(Refusal::CodeTaken { code: taken, .. })) if taken != code => {
                provisional.codes.retain(|assigned| assigned.code == code);
                self.create(&provisional).await
            }
            created => created,
        };
        match created {
            Ok(_) => {
                let name = &provisional.name;
                tracing::warn!(connection = %self.inner.connection, %code, name, "an unknown sender was taken up provisionally");
                Ok(Some(provisional))
            }
            Err(Failure::Refused(Refusal::Exists { .. })) => Ok(agency::find(tables, &provisional.id)?),
            Err(Failure::Refused(_)) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn create(&self, agency: &Agency) -> Result<Done, Failure> {
        let admin = Caller { principal: principal::Id::hub(), role: Role::Admin };
        self.inner.shared.desk.carry_out(admin, None, command::Command::Agency(agency::Command::Create(agency.clone()))).await
    }

    /// The agency here that the directory says is above an unknown one. Never one of this hub's own: what an outside directory says
    /// shall put nobody below them, where documents for all below go.
    fn parent(&self, listed: Option<&Row>, today: Date) -> Result<Option<Agency>, Trouble> {
        let Some(Ok(code)) = listed.map(|row| row.parent.parse::<Code>()) else { return Ok(None) };
        let Some(parent) = agency::resolve_code(&self.inner.shared.tables, &code, today)? else { return Ok(None) };
        let fits =
            agency::as_of(&parent, today) == agency::State::Active && parent.tier != Tier::District && self.is_remote(&parent, today)?;
        Ok(fits.then_some(parent))
    }

    fn is_remote(&self, agency: &Agency, day: Date) -> Result<bool, Trouble> {
        let routes = axis::routes(&self.inner.shared.tables)?;
        Ok(axis::route_of(&routes, agency, day).is_some())
    }

    /// The agencies here that a packet is for, each with the code by which it was addressed. Others of its receivers are reached by
    /// other hubs.
    fn receivers(&self, edoc: &Edoc) -> Result<Vec<(Agency, String)>, Trouble> {
        let mut here: Vec<(Agency, String)> = Vec::new();
        for to in &edoc.to {
            if let Some(agency) = self.local(&to.organ_id)?
                && here.iter().all(|(other, _)| other.id != agency.id)
            {
                here.push((agency, to.organ_id.clone()));
            }
        }
        Ok(here)
    }

    /// The agency here that has the code; of a closed one the successor, if there is only one.
    fn local(&self, organ_id: &str) -> Result<Option<Agency>, Trouble> {
        let tables = &self.inner.shared.tables;
        let Ok(code) = organ_id.parse::<Code>() else { return Ok(None) };
        let today = self.inner.shared.now().date_in_vietnam();
        let Some(agency) = agency::resolve_code(tables, &code, today)? else { return Ok(None) };
        if self.is_remote(&agency, today)? {
            return Ok(None);
        }
        if agency::as_of(&agency, today) == agency::State::Active {
            return Ok(Some(agency));
        }
        match <[agency::Id; 1]>::try_from(agency::successors(tables, &agency.id, today)?) {
            Ok([only]) => {
                tracing::info!(connection = %self.inner.connection, code = organ_id, successor = %only, "a packet for a closed code goes to the successor");
                Ok(agency::find(tables, &only)?)
            }
            Err(_) => Ok(Some(agency)),
        }
    }

    /// Who answers for a packet that is refused, and how the packet names its document; nobody, if it is for nobody here.
    fn answer(&self, edoc: &Edoc) -> Result<Option<(agency::Id, Reference)>, Trouble> {
        let about = Reference {
            organ_id: edoc.from.organ_id.clone(),
            code: format!("{}/{}", edoc.code.number, edoc.code.notation),
            date: edoc.promulgation_date,
            document_id: edoc.document_id.clone(),
        };
        Ok(self.receivers(edoc)?.into_iter().next().map(|(agency, _)| (agency.id, about)))
    }

    /// The document of ours that a packet is about: by the name that we gave it, else by issuer, number and year.
    fn ours(&self, response: &ResponseFor) -> Result<Option<document::Document>, Trouble> {
        let tables = &self.inner.shared.tables;
        let by_id = DocumentId::parse(&response.document_id).map(|id| (id.organ_id, id.code, id.date));
        let by_code = response.promulgation_date.map(|date| (response.organ_id.clone(), response.code.clone(), date));
        for (organ_id, code, date) in by_id.into_iter().chain(by_code) {
            let Ok(organ) = organ_id.parse::<Code>() else { continue };
            let Some((number, notation)) = code.split_once('/') else { continue };
            let Some(issuer) = agency::resolve_code(tables, &organ, date)? else { continue };
            if let Some(document) = document::numbered(tables, &issuer.id, date.year(), number, notation)? {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    /// Which of a document's holders has, or had, the code.
    fn holder(&self, organ_id: &str, document: &document::Id) -> Result<Option<agency::Id>, Trouble> {
        let tables = &self.inner.shared.tables;
        let Ok(code) = organ_id.parse::<Code>() else { return Ok(None) };
        let today = self.inner.shared.now().date_in_vietnam();
        let Some(agency) = agency::resolve_code(tables, &code, today)? else { return Ok(None) };
        // One's own agencies report by themselves.
        if !self.is_remote(&agency, today)? {
            return Ok(None);
        }
        Ok(delivery::find(tables, document, &agency.id)?.map(|copy| copy.agency))
    }

    /// Takes the files into the vault, wrappings off.
    async fn keep(&self, caller: &Caller, attachments: Vec<edxml::Attachment<Spooled>>) -> Result<Vec<File>, Trouble> {
        let mut files = Vec::new();
        for (number, attachment) in attachments.into_iter().enumerate() {
            let name = attachment.about.name;
            let mut spooled = attachment.stored;
            if attachment.media == Media::Zip {
                let target = self.inner.spool.join(format!("in.{number}.bare"));
                let announced = name.clone();
                let unwrapped = tokio::task::spawn_blocking(move || unwrap(spooled, &announced, target));
                spooled = unwrapped.await.map_err(|e| Trouble::Hub(e.to_string()))??;
            }
            self.store(caller, &spooled).await?;
            files.push(File { digest: spooled.digest, size: spooled.size, name });
        }
        Ok(files)
    }

    /// Makes a file of the spool a payload.
    async fn store(&self, caller: &Caller, file: &Spooled) -> Result<(), Trouble> {
        let shared = &self.inner.shared;
        let id = UploadId(*uuid::Uuid::now_v7().as_bytes());
        let created_ms = u64::try_from(shared.now().micros() / 1_000).unwrap_or_default();
        let upload = Upload { owner: caller.principal.to_string(), size: file.size, expected: Some(file.digest.0), created_ms };
        shared.vault.start(id, upload).await?;
        let mut writer = shared.vault.writer(id).await?;
        let mut pieces = wire::Source::open(&file.path).await?;
        let mut offset = 0;
        while let Some(piece) = pieces.next().await {
            offset = writer.write(offset, piece?).await?;
        }
        writer.sync().await?;
        drop(writer);
        let _not_erasing = shared.erasing.read().await;
        let stored = shared.vault.finish(id).await?;
        let command = command::Command::Payload(payload::Command::Store { digest: Digest(stored.digest), size: stored.size });
        shared.desk.carry_out(caller.clone(), None, command).await?;
        Ok(())
    }

    /// Keeps a packet that cannot be taken in, and tells its sender where that is possible.
    async fn set_aside(
        &self,
        message: wire::Message,
        row: &wire::Received,
        raw: &Spooled,
        (reason, from, refused): (String, String, Option<(agency::Id, Reference)>),
    ) -> Result<(), Trouble> {
        let inner = &self.inner;
        let caller = Self::acting_for(Vec::new());
        self.store(&caller, raw).await?;
        tracing::error!(connection = %inner.connection, axis_id = row.doc_id, from, reason, "a packet is set aside");
        let packet = Quarantined {
            connection: inner.connection.clone(),
            axis_id: row.doc_id.clone(),
            message_type: message.as_str().into(),
            raw: raw.digest,
            size: raw.size,
            reason: shortened(&reason, 1_000),
            from: shortened(&from, 100),
            at: inner.shared.now(),
        };
        inner.shared.desk.carry_out(caller, None, command::Command::Axis(Command::Quarantine { packet, refused })).await?;
        inner.state.count(|counters| counters.quarantined += 1);
        Ok(())
    }
}

/// Reads a packet. Runs where it may block.
pub(super) fn parse(path: &Path, limits: &edxml::Limits, stem: PathBuf) -> Result<Parsed, ReadError> {
    let file = io::BufReader::with_capacity(64 * 1024, std::fs::File::open(path)?);
    edxml::read(file, limits, &mut SpoolSink::new(stem))
}

/// The file within a wrapping, or the file itself. Runs where it may block.
fn unwrap(file: Spooled, name: &str, target: PathBuf) -> io::Result<Spooled> {
    let mut out = SpoolWriter::create(target)?;
    let unwrapped = edxml::unwrap(file.open()?, file.size, name, &edxml::UnwrapLimits::default(), &mut out)?;
    let bare = out.finish()?;
    Ok(if let Unwrapped::Taken(_) = unwrapped { bare } else { file })
}

fn status_of(code: StatusCode) -> Option<Status> {
    Some(match code {
        StatusCode::ARRIVED => Status::Arrived,
        StatusCode::REFUSED => Status::Refused,
        StatusCode::ACCEPTED => Status::Accepted,
        StatusCode::ASSIGNED => Status::Assigned,
        StatusCode::IN_PROGRESS => Status::InProgress,
        StatusCode::DONE => Status::Done,
        StatusCode::AGREED => Status::TakeBackAgreed,
        StatusCode::DECLINED => Status::TakeBackDeclined,
        _ => return None,
    })
}

fn reason_of(edoc: &Edoc) -> String {
    let reason = edoc.business.reason.trim();
    if reason.is_empty() { "(không nêu lý do)".into() } else { shortened(reason, 500) }
}

fn unknown(edoc: &Edoc) -> String {
    let target = if edoc.business.document_id.is_empty() { &edoc.document_id } else { &edoc.business.document_id };
    format!("Không tìm thấy văn bản {target}")
}

/// Why a packet was refused, in the sender's language, with the rule's own words behind it.
fn in_vietnamese(refusal: &Refusal) -> String {
    let why = match refusal {
        Refusal::NumberTaken { .. } => "Trùng số, ký hiệu và đơn vị ban hành với văn bản đã nhận",
        Refusal::Secret { .. } => "Văn bản mang dấu chỉ độ mật, không được gửi qua hệ thống này",
        Refusal::SignatureRefused { .. } => "Chữ ký số không được chấp nhận",
        Refusal::Invalid(_) => "Thông tin văn bản thiếu hoặc không hợp lệ",
        Refusal::RecipientLocked(_) => "Đơn vị nhận đang bị khóa",
        Refusal::RecipientClosed { .. } => "Đơn vị nhận đã ngừng hoạt động",
        Refusal::DocumentState { .. } => "Văn bản không còn ở trạng thái cho phép thao tác này",
        Refusal::TooLarge(_) => "Văn bản vượt quá giới hạn",
        _ => "Không tiếp nhận được",
    };
    format!("{why} ({refusal})")
}

fn shortened(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_is_defined_has_a_status_but_the_take_back() {
        let known: Vec<u8> = (0..=99).filter(|code| status_of(StatusCode(*code)).is_some()).collect();
        assert_eq!(known, [1, 2, 3, 4, 5, 6, 15, 16]);
        assert_eq!(shortened("ễ".repeat(600).as_str(), 500).chars().count(), 500);
    }
}
